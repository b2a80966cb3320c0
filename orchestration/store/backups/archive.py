"""The file of a backup: a tar archive, compressed with gzip, that is written and read from its beginning to its end.

    manifest.json          what it is and who made it, and the tables with their columns
    data/TABLE/00000000    rows of a table, as COPY writes them, in pieces of a few MiB
    summary.json           rows, bytes and SHA-256 of each table; only a whole file has it

Neither side holds more than one piece in memory; a row that is larger than a piece is one by itself.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, Final

from .errors import BackupError, DamagedBackupError

FORMAT: Final = "apflow-backup"
VERSION: Final = 1
#: Rows of a table are cut into pieces of about this size.
PIECE_BYTES: Final = 4 * 1024**2
#: More costs much time and saves little.
_COMPRESSION: Final = 3
_MANIFEST: Final = "manifest.json"
_SUMMARY: Final = "summary.json"
_DATA: Final = "data/"
#: A manifest or summary that is larger than this is none of ours.
_MAX_JSON_BYTES: Final = 16 * 1024**2


@dataclass(frozen=True, slots=True)
class Manifest:
    """The beginning of a file. `migrations` are those that were applied, in their order; `tables` have columns."""

    created_at: str
    product_version: str
    server_version: str
    migrations: tuple[tuple[str, str], ...]
    tables: dict[str, list[str]]
    left_out: tuple[str, ...] = ()


@dataclass(slots=True)
class TableSum:
    """What a table has in a file; the size is in bytes, before compression."""

    rows: int = 0
    size: int = 0
    sha256: str = ""
    _digest: Any = field(default_factory=hashlib.sha256, repr=False, compare=False)

    def add(self, piece: bytes) -> None:
        """Count a piece. COPY escapes line breaks in values, so that each one ends a row."""
        self.rows += piece.count(b"\n")
        self.size += len(piece)
        self._digest.update(piece)
        self.sha256 = self._digest.hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Return what is written of it."""
        return {"rows": self.rows, "bytes": self.size, "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class Contents:
    """A whole file, checked: `sequences` maps `table.column` to the last number given, and whether it was."""

    manifest: Manifest
    tables: dict[str, TableSum]
    sequences: dict[str, tuple[int, bool]]

    @property
    def rows(self) -> int:
        """All rows of all tables."""
        return sum(table.rows for table in self.tables.values())


class ArchiveWriter:
    """Writes a backup into an open file: the manifest, table after table, then the summary."""

    def __init__(self, file: BinaryIO, manifest: Manifest) -> None:
        self._gzip = gzip.GzipFile(filename="", mode="wb", compresslevel=_COMPRESSION, fileobj=file, mtime=0)
        self._tar = tarfile.open(fileobj=self._gzip, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115  (see finish)
        self._manifest = _encoded({"format": FORMAT, "version": VERSION, **asdict(manifest)})
        self._tables: dict[str, TableSum] = {}
        self._add(_MANIFEST, self._manifest)

    def add_table(self, name: str, rows: Iterable[bytes | memoryview]) -> Iterator[TableSum]:
        """Write the rows of a table, and tell after each piece how far that is."""
        self._tables[name] = total = TableSum()
        waiting = bytearray()
        number = 0
        for row in rows:
            waiting += row
            if len(waiting) >= PIECE_BYTES:
                self._add_piece(name, number, total, bytes(waiting))
                waiting.clear()
                number += 1
                yield total
        self._add_piece(name, number, total, bytes(waiting))
        yield total

    def finish(self, sequences: dict[str, tuple[int, bool]]) -> Contents:
        """Write the end; the file itself stays open."""
        summary = {
            "manifest_sha256": hashlib.sha256(self._manifest).hexdigest(),
            "tables": {name: total.as_json() for name, total in self._tables.items()},
            "sequences": sequences,
        }
        self._add(_SUMMARY, _encoded(summary))
        self._tar.close()
        self._gzip.close()
        return Contents(_manifest(self._manifest), self._tables, sequences)

    def _add_piece(self, name: str, number: int, total: TableSum, piece: bytes) -> None:
        total.add(piece)
        self._add(f"{_DATA}{name}/{number:08d}", piece)

    def _add(self, name: str, content: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        info.mode = 0o600
        self._tar.addfile(info, io.BytesIO(content))


def read_manifest(path: Path) -> Manifest:
    """Read the beginning of a file. Raises BackupError."""
    for name, content in _members(path):
        if name != _MANIFEST:
            break
        return _manifest(content)
    raise BackupError(f"{path} is no backup: it has no {_MANIFEST}.")


def verify(path: Path) -> Contents:
    """Read a file from its beginning to its end and compare all sums. Raises BackupError with the place."""
    read_manifest(path)
    found: dict[str, TableSum] = {}
    texts: dict[str, bytes] = {}
    for name, content in _members(path):
        if name.startswith(_DATA):
            found.setdefault(_table_of(name), TableSum()).add(content)
        else:
            texts[name] = content
    return _compared(found, texts)


def read_tables(path: Path) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield each table with its pieces; what is not read of one is passed over."""
    data = (member for member in _members(path) if member[0].startswith(_DATA))
    for table, members in groupby(data, key=lambda member: _table_of(member[0])):
        yield table, (content for _name, content in members)


def _table_of(member: str) -> str:
    return member.split("/")[1]


def _compared(found: dict[str, TableSum], texts: dict[str, bytes]) -> Contents:
    if _SUMMARY not in texts:
        raise DamagedBackupError("its end", "the summary is missing, so the file was cut off")
    manifest = _manifest(texts[_MANIFEST])
    summary = _decoded(_SUMMARY, texts[_SUMMARY])
    if summary["manifest_sha256"] != hashlib.sha256(texts[_MANIFEST]).hexdigest():
        raise DamagedBackupError(_MANIFEST, "its checksum is another one")
    for name, wanted in summary["tables"].items():
        if name not in found or found[name].as_json() != wanted:
            raise DamagedBackupError(f"the table {name}", "its checksum or number of rows is another one")
    if not found.keys() == summary["tables"].keys() == manifest.tables.keys():
        raise DamagedBackupError("its list of tables", "it is another one than that of the manifest")
    sequences = {name: (int(value[0]), bool(value[1])) for name, value in summary["sequences"].items()}
    return Contents(manifest, found, sequences)


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each member, to the very end, where gzip's own checksum stands."""
    place = "its beginning"
    try:
        with path.open("rb") as file, gzip.GzipFile(fileobj=file) as unpacked:
            with tarfile.open(fileobj=unpacked, mode="r|") as tar:
                while (info := tar.next()) is not None:
                    place = info.name
                    content = tar.extractfile(info)
                    if content is None or (not place.startswith(_DATA) and info.size > _MAX_JSON_BYTES):
                        raise DamagedBackupError(place, "no backup has such a member")
                    yield info.name, content.read()
            while unpacked.read(PIECE_BYTES):
                pass
    except (gzip.BadGzipFile, tarfile.TarError, zlib.error, EOFError) as error:
        if place == "its beginning":
            raise BackupError(f"{path} is no backup, or is damaged at its beginning ({error}).") from error
        raise DamagedBackupError(place, str(error)) from error
    except OSError as error:
        raise BackupError(f"{path} can't be read: {error.strerror or error}.") from error


def _manifest(content: bytes) -> Manifest:
    read = _decoded(_MANIFEST, content)
    if read.get("format") != FORMAT:
        raise BackupError(f"The file is no backup: its manifest has no format {FORMAT!r}.")
    if read.get("version") != VERSION:
        raise BackupError(
            f"The file has version {read.get('version')} of the format of backups and this program knows {VERSION}: "
            "restore it with the version of the program that made it."
        )
    try:
        return Manifest(
            created_at=str(read["created_at"]),
            product_version=str(read["product_version"]),
            server_version=str(read["server_version"]),
            migrations=tuple((str(app), str(name)) for app, name in read["migrations"]),
            tables={str(name): [str(column) for column in columns] for name, columns in read["tables"].items()},
            left_out=tuple(read["left_out"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedBackupError(_MANIFEST, f"a field is missing or is another thing ({error})") from error


def _encoded(document: dict[str, Any]) -> bytes:
    return json.dumps(document, indent=1).encode()


def _decoded(name: str, content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except ValueError as error:
        raise DamagedBackupError(name, str(error)) from error
    if not isinstance(document, dict):
        raise DamagedBackupError(name, "it is no object")
    return document
