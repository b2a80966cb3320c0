"""What Django's models can't say: composite foreign keys, and room for in-place updates."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

# A dependency's two tasks are in its tree, whoever writes the row. Deferred, so that a tree can be rewritten in any order.
_SAME_TREE = """
ALTER TABLE orchestration_dependency
    ADD CONSTRAINT dependency_task_in_tree FOREIGN KEY (tree_id, task_id)
        REFERENCES orchestration_task (tree_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT dependency_depends_on_in_tree FOREIGN KEY (tree_id, depends_on_id)
        REFERENCES orchestration_task (tree_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE orchestration_task
    ADD CONSTRAINT task_parent_in_tree FOREIGN KEY (tree_id, parent_id)
        REFERENCES orchestration_task (tree_id, id) DEFERRABLE INITIALLY DEFERRED;
"""
_SAME_TREE_BACK = """
ALTER TABLE orchestration_dependency
    DROP CONSTRAINT dependency_task_in_tree, DROP CONSTRAINT dependency_depends_on_in_tree;
ALTER TABLE orchestration_task DROP CONSTRAINT task_parent_in_tree;
"""

# A task run is updated at least twice and a run at every flush. With free space on the page, and no index on a column
# that changes, PostgreSQL updates in place (HOT) and writes no index entry.
_FILLFACTOR = """
ALTER TABLE orchestration_taskrun SET (fillfactor = 50);
ALTER TABLE orchestration_run SET (fillfactor = 50);
ALTER TABLE orchestration_worker SET (fillfactor = 50);
"""
_FILLFACTOR_BACK = """
ALTER TABLE orchestration_taskrun RESET (fillfactor);
ALTER TABLE orchestration_run RESET (fillfactor);
ALTER TABLE orchestration_worker RESET (fillfactor);
"""


class Migration(migrations.Migration):
    """Storage settings and composite foreign keys."""

    dependencies: ClassVar = [("orchestration", "0001_initial")]
    operations: ClassVar = [
        migrations.RunSQL(_SAME_TREE, _SAME_TREE_BACK),
        migrations.RunSQL(_FILLFACTOR, _FILLFACTOR_BACK),
    ]
