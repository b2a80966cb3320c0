import django.contrib.postgres.fields
from django.db import migrations, models

# What ended in the days that are shown, as workers count it from now on: on the scale of `engine.duration_scale`.
_COUNT_WHAT_ENDED = """
WITH ended AS (
    SELECT executor, (finished_at AT TIME ZONE 'UTC')::date AS day, status = 'failed' AS is_failed,
           greatest(extract(epoch FROM finished_at - started_at)::float8 * 1000, 1) AS milliseconds
    FROM orchestration_taskrun
    WHERE finished_at >= (date_trunc('day', now() AT TIME ZONE 'UTC') - interval '6 days') AT TIME ZONE 'UTC'
      AND started_at IS NOT NULL AND attempt > 0 AND executor IS NOT NULL
), counted AS (
    SELECT executor, day, least(ceil(ln(milliseconds) / ln(2) * 3), 79)::int AS place, count(*) AS runs,
           count(*) FILTER (WHERE is_failed) AS failures
    FROM ended GROUP BY 1, 2, 3
)
INSERT INTO orchestration_executoruse (executor, day, runs, failures, buckets)
SELECT k.executor, k.day, sum(k.runs), sum(k.failures), (
    SELECT array_agg(COALESCE(c.runs, 0) ORDER BY p)
    FROM generate_series(0, 79) p LEFT JOIN counted c ON (c.executor, c.day, c.place) = (k.executor, k.day, p))
FROM counted k GROUP BY k.executor, k.day
"""


class Migration(migrations.Migration):
    dependencies = [
        ("orchestration", "0014_backfills"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExecutorUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("executor", models.CharField(max_length=255)),
                ("day", models.DateField()),
                ("runs", models.PositiveBigIntegerField(default=0)),
                ("failures", models.PositiveBigIntegerField(default=0)),
                (
                    "buckets",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=80
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="executoruse",
            constraint=models.UniqueConstraint(fields=("day", "executor"), name="executor_use_of_day"),
        ),
        migrations.RunSQL(_COUNT_WHAT_ENDED, migrations.RunSQL.noop),
        # It served that count alone.
        migrations.RemoveIndex(model_name="taskrun", name="task_run_ended"),
        migrations.AddIndex(
            model_name="runevent",
            index=models.Index(condition=models.Q(("type", "run.hooks")), fields=["run"], name="event_of_run_hooks"),
        ),
        migrations.AddIndex(
            model_name="schedulefire",
            index=models.Index(fields=["-due_at", "-id"], name="schedule_fire_newest"),
        ),
        migrations.AddIndex(
            model_name="schedulefire",
            index=models.Index(fields=["outcome", "-due_at", "-id"], name="schedule_fire_of_outcome"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["status", "-created_at", "-id"], name="webhook_delivery_of_status"),
        ),
        migrations.AddIndex(
            model_name="webhookreceipt",
            index=models.Index(fields=["outcome", "-id"], name="webhook_receipt_of_outcome"),
        ),
    ]
