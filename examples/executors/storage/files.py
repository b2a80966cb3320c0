"""Keeping reports as files."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, Field

from apflow import BaseTask, executor_register
from examples.config import data_dir

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\Z")


class SaveReportInputs(BaseModel):
    """What `save_report` takes."""

    name: str = Field(description="The file's name, without .md: letters, digits, - and _")
    markdown: str = Field(description="The text")
    output_dir: str = Field("reports", description="A folder in the data directory")


class SaveReportResult(BaseModel):
    """What `save_report` returns."""

    path: str = Field(description="Where the report is")
    bytes: int = Field(description="Its size")


@executor_register()
class SaveReport(BaseTask):
    """
    Saves a report as a file below the data directory. Saving it again replaces it, in one step.

    Args (inputs):
        name (str): The file's name, without .md
        markdown (str): The text
        output_dir (str): A folder in the data directory (default: reports)

    Returns:
        dict: `path` and `bytes`

    Example:
        task = create_task(name="save_report", inputs={"name": "disks", "markdown": "# Disks"})
    """

    id = "save_report"
    name = "Save a report"
    tags = ["example", "storage"]
    examples = [{"name": "disks", "markdown": "# Disks"}]
    inputs_schema = SaveReportInputs
    outputs_schema = SaveReportResult

    def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Write the file."""
        name, markdown = inputs.get("name"), inputs.get("markdown")
        if not isinstance(name, str) or not _NAME.match(name):
            error = "inputs.name must be letters, digits, - and _"
            return {"status": "failed", "error": error, "error_type": "validation_error"}
        if not isinstance(markdown, str):
            return {"status": "failed", "error": "inputs.markdown must be text", "error_type": "validation_error"}
        folder = report_folder(inputs.get("output_dir") or "reports")
        if folder is None:
            error = "inputs.output_dir must be a folder in the data directory"
            return {"status": "failed", "error": error, "error_type": "validation_error"}
        content = markdown.encode()
        path = write_atomically(folder / f"{name}.md", content)
        self.log.info("Saved %s (%d bytes)", path, len(content))
        return {"status": "completed", "result": {"path": str(path), "bytes": len(content)}}

    def get_demo_result(self, task: Any = None, inputs: dict[str, Any] | None = None) -> Any:
        """Return the place of a report that isn't there."""
        return {"path": f"reports/{(inputs or {}).get('name', 'disks')}.md", "bytes": 1234}


def report_folder(output_dir: str) -> Path | None:
    """Return the folder to write to, or None when it lies outside the data directory."""
    root = data_dir().resolve()
    folder = (root / output_dir).resolve()
    return folder if folder.is_relative_to(root) else None


def write_atomically(path: Path, content: bytes) -> Path:
    """Write a file so that readers see the old content or the new, and never a part. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path
