"""`aggregate_results_executor`: brings the results of several tasks together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from apflow import BaseTask, executor_register

from .support.envelope import completed


class AggregateInputs(BaseModel):
    """What `aggregate_results_executor` takes: anything; results of dependencies arrive under their ids."""

    model_config = ConfigDict(extra="allow")


class AggregateResult(BaseModel):
    """What `aggregate_results_executor` returns."""

    summary: str = Field(description="One sentence for people")
    timestamp: str = Field(description="When the results were brought together (ISO 8601, UTC)")
    results: dict[str, Any] = Field(description="The result of each dependency, by its id")
    result_count: int = Field(description="How many results there are")


@executor_register()
class AggregateResultsExecutor(BaseTask):
    """Brings the results of all its dependencies together, each under the id of its task.

    Optional dependencies that failed are not among them. Own inputs of the task are taken as results as well.
    """

    id = "aggregate_results_executor"
    name = "Aggregate results"
    tags = ["data"]
    examples = [{}]
    inputs_schema = AggregateInputs
    outputs_schema = AggregateResult
    dependency_inputs = "by_id"

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Bring the results together."""
        count = len(inputs)
        return completed(
            {
                "summary": f"Aggregated {count} {'result' if count == 1 else 'results'}",
                "timestamp": datetime.now(UTC).isoformat(),
                "results": dict(inputs),
                "result_count": count,
            }
        )

    def get_demo_result(self, task: Any = None, inputs: dict[str, Any] | None = None) -> Any:
        """Return two results brought together."""
        results = dict(inputs or {}) or {"task-1": {"cores": 8}, "task-2": {"total": 16 * 1024**3}}
        return {
            "summary": f"Aggregated {len(results)} results",
            "timestamp": "2026-01-01T12:00:00+00:00",
            "results": results,
            "result_count": len(results),
        }
