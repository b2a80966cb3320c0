"""Making Markdown of results."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from apflow import BaseTask, executor_register
from examples.markdown import document, escape, section, table


class ReportInputs(BaseModel):
    """What `write_report` takes."""

    title: str = Field(description="The report's title", min_length=1)
    summary: str = Field("", description="A sentence that stands at the top")
    sections: dict[str, Any] = Field(description="What to show, by heading: a dict becomes a table, a list bullets")


@executor_register()
class WriteReport(BaseTask):
    """
    Writes results as a Markdown document.

    Args (inputs):
        title (str): The title
        summary (str): A sentence for the top (default: none)
        sections (dict): Anything by heading

    Returns:
        dict: `markdown`, the document

    Example:
        task = create_task(name="write_report", inputs={"title": "Disks", "sections": {"/": {"used": 10}}})
    """

    id = "write_report"
    name = "Write a report"
    tags = ["example", "data"]
    examples = [{"title": "Machine", "sections": {"Processor": {"cores": 8}, "Notes": ["All is well"]}}]
    inputs_schema = ReportInputs

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Write the document."""
        title, sections = inputs.get("title"), inputs.get("sections")
        if not title or not isinstance(sections, dict):
            error = "A report needs a title and sections"
            return {"status": "failed", "error": error, "error_type": "validation_error"}
        summary = inputs.get("summary") or ""
        parts = [f"{escape(summary)}\n"] if summary else []
        parts += [section(heading, body(content)) for heading, content in sections.items()]
        self.log.info("Wrote a report of %d sections", len(sections))
        return {"status": "completed", "result": {"markdown": document(str(title), parts)}}

    def get_demo_result(self, task: Any = None, inputs: dict[str, Any] | None = None) -> Any:
        """Return a short document."""
        return {"markdown": "# Machine\n\n## Processor\n\n| | |\n| --- | --- |\n| cores | 8 |\n"}


@executor_register()
class WriteLogReport(BaseTask):
    """
    Writes the merged counts of a log as a Markdown document.

    Args (inputs):
        The result of `merge_log_counts`, and where there is one, `client_names` of `name_networks`

    Returns:
        dict: `markdown`, the document

    Example:
        task = create_task(
            name="write_log_report",
            dependencies=[{"id": merge.id, "required": True}, {"id": names.id, "required": False}],
        )
    """

    id = "write_log_report"
    name = "Write the log's report"
    tags = ["example", "data"]
    examples = [{"title": "One day of the shop"}]

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Write the document."""
        missing = [name for name in ("lines", "statuses", "top_paths", "top_clients") if name not in inputs]
        if missing:
            error = f"The counts lack {', '.join(missing)}; depend on a merge_log_counts task"
            return {"status": "failed", "error": error, "error_type": "validation_error"}
        if "client_names" not in inputs:
            self.log.warning("Without names of networks")
        markdown = log_report(inputs.get("title", "Access log"), inputs)
        return {"status": "completed", "result": {"markdown": markdown, "lines": inputs["lines"]}}

    def get_demo_result(self, task: Any = None, inputs: dict[str, Any] | None = None) -> Any:
        """Return a short document."""
        return {"markdown": "# Access log\n\n10 requests of 1 visitors.\n", "lines": 10}


def body(content: Any) -> str:
    """Return content as Markdown: a dict as a table, a list as bullets, anything else as a paragraph."""
    if isinstance(content, dict):
        return table(["", ""], content.items())
    if isinstance(content, list):
        return "\n".join(f"- {escape(item)}" for item in content) or "nothing"
    return "nothing" if content is None else escape(content)


def log_report(title: str, counts: dict[str, Any]) -> str:
    """Return the report of a log's merged counts."""
    names = counts.get("client_names", {})
    good = counts["lines"] - counts.get("malformed", 0)
    errors = sum(number for status, number in counts["statuses"].items() if status >= "500")
    intro = (
        f"{good:,} requests of {counts.get('client_count', 0):,} visitors, {counts.get('bytes', 0) / 1e6:,.1f} MB. "
        f"{errors:,} were answered with a server error, and {counts.get('malformed', 0):,} lines could not be read.\n"
    )
    clients = [(address, number, names.get(address, "")) for address, number in counts["top_clients"]]
    parts = [
        intro,
        section("Status codes", table(["Status", "Requests"], counts["statuses"].items())),
        section("Busiest pages", table(["Page", "Requests"], counts["top_paths"])),
        section("Busiest visitors", table(["Address", "Requests", "Network"], clients)),
        section("Hours", table(["Hour (UTC)", "Requests"], counts.get("hours", {}).items())),
    ]
    return document(title, parts)
