"""The generated secret key."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from apflow_site.secret_key import stored_secret_key


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    data_dir = tmp_path / "not" / "yet"
    key = stored_secret_key(data_dir)
    assert len(key) >= 50
    assert stored_secret_key(data_dir) == key
    assert stat.S_IMODE((data_dir / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in data_dir.iterdir()] == ["secret_key"]


def test_all_who_race_get_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(stored_secret_key, [tmp_path] * 64))
    assert len(keys) == 1


def test_an_empty_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()
    with pytest.raises(ImproperlyConfigured, match="is empty"):
        stored_secret_key(tmp_path)


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ImproperlyConfigured, match="file/data/secret_key can't be read or created"):
        stored_secret_key(tmp_path / "file" / "data")
