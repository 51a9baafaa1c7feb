"""A comparison that is killed ten times in each of its stages: it goes on, and nothing that ended is trained again."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from regsweep.report.read_confirmation import read_confirmation
from regsweep.report.sweep import read_sweep
from tests.sweeper.audit import kill_group

pytestmark = pytest.mark.faults

NUM_KILLS = 10
STAGES = {
    "timing": 2,
    "searches/none": 3,
    "searches/l1": 3,
    "confirmation/choosing": 18,
    "confirmation/seeds": 12,
    (OWN := "confirmation/own_baselines"): 6,
}
"""The trials of each stage of the comparison below."""

# So strong a penalty is shown to hurt, so that a second baseline is trained.
COMPARE = (
    "compare",
    *("regularizer=l1", "regularizer.l1.lambda=interval(0.3,0.5)"),
    *("model=linear", "model._target_=slow.Slow", "trainer.epochs=3", "dataset.train_size=200"),
    *("n_trials=3", "--seeds", "6", "hydra.sweep.dir=c"),
)

MODEL = """
import time
from pathlib import Path
import torch
from hydra.core.hydra_config import HydraConfig
from regsweep.models.linear import Linear

HERE = Path(__file__).parent

class Slow(Linear):
    has_begun = False

    def forward(self, images_BCHW):
        if torch.is_grad_enabled() and not self.has_begun:  # no check before the training
            self.has_begun = True
            folder = HydraConfig.get().runtime.output_dir
            with (HERE / "trained").open("a") as file:
                print(folder, file=file)
            if (HERE / "slow").read_text() in folder:
                time.sleep(2)
        return super().forward(images_BCHW)
"""
"""A network whose training takes two seconds, in the folders that a file names."""


def start(cwd: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "regsweep", *arguments], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    )  # fmt: skip


def trained(cwd: Path) -> list[str]:
    """Return the folder of each training that began, from the comparison's."""
    path = cwd / "trained"
    lines = path.read_text().splitlines() if path.exists() else []
    return [str(Path(line).relative_to(cwd / "c")) for line in lines]


def ended(cwd: Path) -> dict[str, str]:
    """Return the digest of each record, by its folder."""
    paths = (cwd / "c").rglob("result.json")
    return {str(p.parent.relative_to(cwd / "c")): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}


@pytest.mark.parametrize("stage", STAGES)
def test_ten_kills_lose_nothing(tmp_path: Path, stage: str) -> None:
    (tmp_path / "slow.py").write_text(MODEL)
    (tmp_path / "slow").write_text(f"/c/{stage}/")
    chance, command = random.Random(stage), [*COMPARE]  # noqa: S311
    records: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for kill in range(NUM_KILLS):
        began = len(trained(tmp_path))
        process = start(tmp_path, *command)
        while not any(folder.startswith(stage) for folder in trained(tmp_path)[began:]):
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.02)
        # During a training; or about its end, as long as enough trials are left for the kills to come.
        num_left = STAGES[stage] - sum(folder.startswith(stage) for folder in records)
        is_late = kill == NUM_KILLS - 1 or num_left > 6
        time.sleep(chance.uniform(1.8, 2.4) if is_late else chance.uniform(0, 1.8))
        kill_group(process)
        now = ended(tmp_path)
        assert records.items() <= now.items(), "a record was changed"
        again = Counter(trained(tmp_path)) - counts
        assert not again.keys() & records.keys(), "what had ended was trained again"
        records, counts = now, Counter(trained(tmp_path))
        command = ["resume", "c"]
    (tmp_path / "slow").write_text("nothing")
    process = start(tmp_path, *command)
    printed, _ = process.communicate(timeout=300)
    assert process.returncode == 0, printed
    assert records.items() <= ended(tmp_path).items()
    assert not (Counter(trained(tmp_path)) - counts).keys() & records.keys()
    audit(tmp_path / "c")


def audit(folder: Path) -> None:
    """Check that each stage has its trials, each once and complete, and that the answer is there."""
    for stage, num_trials in STAGES.items():
        if stage == OWN and not (folder / stage).exists():
            continue  # both were tuned to one rate, at which the tuned baseline is its own
        sweep = read_sweep(folder / stage)
        assert sweep.trials["status"].tolist() == ["complete"] * num_trials, stage
        assert sweep.trials["number"].tolist() == list(range(num_trials))
        assert not sweep.problems
    found = read_confirmation(folder)
    assert found is not None
    (candidate,) = found.candidates
    assert candidate.claim.sign == -1
    assert not found.is_sequential, "the seeds were fixed beforehand, and a kill changes nothing about that"
    assert len(found.seeds) == 6
    assert "L1 hurts." in json.loads((folder / "summary.json").read_text())["answer"]
    assert not list(folder.rglob("*.tmp"))
