"""What the tests of methods share: they train by the hundred on the same data, which is read once."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test works in an empty folder of its own; the data set stays, as none of these changes it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REGSWEEP_WORKING_FOLDER", raising=False)
    monkeypatch.delenv("REGSWEEP_TYPED_IN", raising=False)
