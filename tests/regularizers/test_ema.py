"""EMA: the average is the closed form of its recursion, and what is evaluated, kept and saved."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from regsweep import weights
from regsweep.build import build
from regsweep.config import RunConfig
from regsweep.paths import RunPaths
from regsweep.regularizers.ema import EMA
from regsweep.run import run as run_run
from regsweep.run_record import RunRecord
from regsweep.training import Training
from tests.regularizers.made import method, run


@pytest.mark.parametrize("decay", [0.5, 0.99])
def test_the_average_is_its_recursion_written_out(decay: float) -> None:
    """a ← d a + (1 − d) w with d = min(decay, (1 + t)/(10 + t)), from the weights before the first step."""
    model = nn.Linear(2, 1, bias=False).double()
    ema = method(EMA, decay=decay)
    ema.start(run(model))
    expected = model.weight.detach().clone()
    for step in range(30):
        with torch.no_grad():
            model.weight.copy_(torch.tensor([[step**2, -float(step)]]))
        ema.after_step(model, step)
        d = min(decay, (1 + step) / (10 + step))
        expected = d * expected + (1 - d) * model.weight.detach()
    averaged = ema.evaluated(model)
    torch.testing.assert_close(averaged.weight.detach(), expected, rtol=1e-12, atol=0)
    assert model.weight.tolist() == [[841.0, -29.0]], "the network itself goes on from its own weights"


def test_it_is_described_by_its_whole_decay() -> None:
    assert [EMA.describe(EMA.Settings(decay=decay)) for decay in (0.9, 0.997, 0.999)] == [
        "EMA 0.9",
        "EMA 0.997",
        "EMA 0.999",
    ]


def test_the_average_is_saved_and_the_exact_zeros_are_those_that_were_trained(
    configure: Callable[..., RunConfig], tmp_path: Path
) -> None:
    small = ("trainer.epochs=4", "dataset.train_size=200", "model.hidden=[16]")
    shares = {}
    for name in ("l1", "[l1,ema]"):
        folder = tmp_path / name
        folder.mkdir()
        run_run(configure(f"regularizer={name}", "regularizer.lambda=3e-2", *small), folder, is_trial=False)
        record = RunRecord.read(RunPaths(folder).result)
        shares[name] = record.sparsity["overall"]
    assert shares["l1"] == shares["[l1,ema]"] > 0.1
    assert record.methods is not None
    assert record.methods["ema"].numbers["sparsity"] < shares["l1"]
    assert share_of_zeros(tmp_path / "[l1,ema]") == pytest.approx(record.methods["ema"].numbers["sparsity"])


def share_of_zeros(folder: Path) -> float:
    """Return the share of exact zeros in the weights that a run saved."""
    saved = [weight for weight in load_file(RunPaths(folder).weights).values() if weight.ndim > 1]
    return sum(int((weight == 0).sum()) for weight in saved) / sum(weight.numel() for weight in saved)


def test_both_zeros_are_those_of_the_epoch_that_is_kept(configure: Callable[..., RunConfig], tmp_path: Path) -> None:
    """With so short an average some weights stay exactly zero in it, and others become zero after the best epoch."""
    small = ("dataset.train_size=60", "model.hidden=[16]", "optimizer.lr=0.1", "trainer.batch_size=16")
    chosen = ("regularizer=[l1,ema]", "regularizer.ema=0.05", "regularizer.lambda=0.02", *small)
    run_run(configure(*chosen, "trainer.restore_best=true"), tmp_path, is_trial=False)
    record = RunRecord.read(RunPaths(tmp_path).result)
    assert record.best_epoch is not None
    assert record.epochs is not None
    assert record.best_epoch < record.epochs
    assert record.methods is not None
    assert record.methods["ema"].numbers["sparsity"] == pytest.approx(share_of_zeros(tmp_path))
    again = configure(*chosen, f"trainer.epochs={record.best_epoch}")
    member = build(again).member(again)
    Training([member]).run()
    assert record.sparsity["overall"] == weights.count_zeros(member.model)["overall"]
    assert record.methods["ema"].numbers["sparsity"] < record.sparsity["overall"]
