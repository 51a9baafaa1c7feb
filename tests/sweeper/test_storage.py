"""Which storage waits for the disk: the sweep's own file can be rebuilt from the records, another may hold more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import RDBStorage
from sqlalchemy import text

from regsweep.sweeper import storage
from regsweep.sweeper.storage import open_file, open_storage

OFF, FULL = 0, 2


@pytest.mark.parametrize(("is_own", "level"), [(True, OFF), (False, FULL)])
def test_only_the_sweeps_own_file_does_not_wait_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_own: bool, level: int
) -> None:
    made: list[RDBStorage] = []

    class Kept(RDBStorage):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            made.append(self)

    monkeypatch.setattr(storage, "RDBStorage", Kept)
    monkeypatch.setattr(optuna.storages, "RDBStorage", Kept)
    file = tmp_path / "a ?%23 b" / "study.db"
    file.parent.mkdir()
    opened = open_file(file) if is_own else open_storage(f"sqlite:///{tmp_path / 'study.db'}")
    study = optuna.create_study(storage=opened)
    study.add_trial(optuna.create_trial(value=1.0))

    def read_level(_: int) -> int:
        with made[0].engine.connect() as connection:
            return int(connection.execute(text("PRAGMA synchronous")).scalar_one())

    with ThreadPoolExecutor(3) as threads:  # each of which opens a connection of its own
        assert set(threads.map(read_level, range(3))) == {level}
    assert file.exists() == is_own
