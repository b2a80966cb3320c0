"""`system_info_executor`: what the worker's machine has."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, Field, RootModel

from apflow import BaseTask, executor_register

from .support.envelope import InvalidInputsError, completed, failed, read_inputs

_CPU_INFO: Final = Path("/proc/cpuinfo")
_MEMORY_INFO: Final = Path("/proc/meminfo")

Resource = Literal["cpu", "memory", "disk", "all"]


class SystemInfoInputs(BaseModel):
    """What `system_info_executor` takes."""

    resource: Resource = Field("all", description="What to look at")
    path: str = Field("/", description="disk: a path on the file system that is meant", max_length=4096)


class CpuInfo(BaseModel):
    """The processor. A load average that the system doesn't know is None."""

    system: str = Field(description="The operating system")
    brand: str = Field(description="The processor's name")
    cores: int = Field(description="Logical processors that this worker may use")
    load_average: float | None = Field(None, description="The load of the last minute")


class MemoryInfo(BaseModel):
    """The memory, in bytes."""

    system: str = Field(description="The operating system")
    total: int = Field(description="Bytes of memory")
    available: int | None = Field(None, description="Bytes that programs can still get")
    used_percent: float | None = Field(None, description="Share that is not available, in percent")


class DiskInfo(BaseModel):
    """One file system, in bytes."""

    total: int = Field(description="Bytes of the file system")
    used: int = Field(description="Bytes in use")
    available: int = Field(description="Bytes free for this worker")
    used_percent: float = Field(description="Share in use, in percent")


class SystemInfo(BaseModel):
    """Everything together."""

    cpu: CpuInfo
    memory: MemoryInfo
    disk: DiskInfo


class SystemInfoResult(RootModel[SystemInfo | CpuInfo | MemoryInfo | DiskInfo]):
    """What `system_info_executor` returns: one of four shapes, by the wanted resource."""


@executor_register()
class SystemInfoExecutor(BaseTask):
    """Tells about the processor, the memory or the disk of the worker's machine. Starts no program."""

    id = "system_info_executor"
    name = "System information"
    tags = ["system"]
    examples = [{"resource": "cpu"}, {"resource": "disk", "path": "/"}, {"resource": "all"}]
    inputs_schema = SystemInfoInputs
    outputs_schema = SystemInfoResult

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Look at the machine."""
        try:
            wanted = read_inputs(SystemInfoInputs, inputs)
            # A network drive may keep its caller waiting.
            info = await asyncio.to_thread(look_at, wanted.resource, wanted.path)
        except InvalidInputsError as error:
            return failed(str(error), error.error_type)
        except OSError as error:
            return failed(f"{wanted.resource} can't be read: {error}", "system_error", retryable=True)
        return completed(info.model_dump())

    def get_demo_result(self, task: Any = None, inputs: dict[str, Any] | None = None) -> Any:
        """Return the facts of an invented machine."""
        facts = {
            "cpu": {"system": "Linux", "brand": "Example CPU 3.0 GHz", "cores": 8, "load_average": 0.42},
            "memory": {
                "system": "Linux",
                "total": 16 * 1024**3,
                "available": 12 * 1024**3,
                "used_percent": 25.0,
            },
            "disk": {"total": 10**12, "used": 4 * 10**11, "available": 6 * 10**11, "used_percent": 40.0},
        }
        return facts.get((inputs or {}).get("resource", "all"), facts)


def look_at(resource: Resource, path: str) -> BaseModel:
    """Return the facts about one resource, or all of them. Raises OSError, InvalidInputsError."""
    if resource == "cpu":
        return cpu_info()
    if resource == "memory":
        return memory_info()
    if resource == "disk":
        return disk_info(path)
    return SystemInfo(cpu=cpu_info(), memory=memory_info(), disk=disk_info(path))


def cpu_info() -> CpuInfo:
    """Return the facts about the processor."""
    try:
        load: float | None = round(os.getloadavg()[0], 2)
    except OSError:
        load = None
    return CpuInfo(system=platform.system(), brand=_cpu_brand(), cores=_cores(), load_average=load)


def _cores() -> int:
    # A container or a task set may give this process fewer processors than the machine has.
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _cpu_brand() -> str:
    facts = _colon_lines(_CPU_INFO)
    return facts.get("model name") or facts.get("Hardware") or platform.processor() or platform.machine() or "unknown"


def memory_info() -> MemoryInfo:
    """Return the facts about the memory. Raises OSError where the system tells nothing."""
    facts = _colon_lines(_MEMORY_INFO)
    if "MemTotal" not in facts:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return MemoryInfo(system=platform.system(), total=total, available=None, used_percent=None)
    total, available = (_kilobytes(facts.get(name, "0 kB")) for name in ("MemTotal", "MemAvailable"))
    return MemoryInfo(
        system=platform.system(), total=total, available=available, used_percent=_percent(total - available, total)
    )


def disk_info(path: str) -> DiskInfo:
    """Return the facts about the file system that a path is on. Raises InvalidInputsError, OSError."""
    try:
        usage = shutil.disk_usage(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise InvalidInputsError(f"inputs.path: there is no {path!r} on this worker") from None
    return DiskInfo(
        total=usage.total,
        used=usage.used,
        available=usage.free,
        used_percent=_percent(usage.used, usage.used + usage.free),
    )


def _colon_lines(path: Path) -> dict[str, str]:
    """Read `name: value` lines; of equal names the first counts. A file that isn't there has none."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return {}
    facts: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        facts.setdefault(name.strip(), value.strip())
    return facts


def _kilobytes(text: str) -> int:
    return int(text.split()[0]) * 1024


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0
