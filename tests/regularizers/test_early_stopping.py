"""Early stopping: ends `patience` epochs after the best one, and keeps that one's weights."""

from collections.abc import Callable, Sequence

import pytest

from regsweep.build import build, require_buildable
from regsweep.config import RunConfig
from regsweep.errors import ConfigError
from regsweep.member import EpochRow
from regsweep.metrics import Metrics, evaluate
from regsweep.regularizers.early_stopping import EarlyStopping
from regsweep.training import Training
from tests.regularizers.made import method


def rows(accuracies: Sequence[float]) -> list[EpochRow]:
    return [EpochRow(i, Metrics({}), Metrics({"accuracy": a}), 0.0, 0.0, 0.0) for i, a in enumerate(accuracies, 1)]


@pytest.mark.parametrize(
    ("accuracies", "patience", "stops"),
    [
        ([0.5], 1, False),
        ([0.5, 0.4], 1, True),
        ([0.5, 0.5], 1, True),  # equal is no rise
        ([0.5, 0.4], 2, False),
        ([0.5, 0.4, 0.45], 2, True),
        ([0.5, 0.4, 0.6], 2, False),
        ([0.5, 0.6, 0.4, 0.6], 2, True),
    ],
)
def test_it_stops_when_the_best_epoch_is_that_long_ago(accuracies: list[float], patience: int, stops: bool) -> None:
    assert method(EarlyStopping, patience=patience).should_stop(rows(accuracies)) is stops


def test_the_run_ends_with_the_weights_of_its_best_epoch(configure: Callable[..., RunConfig]) -> None:
    config = configure(
        "regularizer.early_stopping=2", "optimizer.lr=0.3", "trainer.epochs=60", "dataset.train_size=100"
    )
    member = build(config).member(config)
    Training([member]).run()
    accuracies = [row.validation["accuracy"] for row in member.history if row.validation]
    best = accuracies.index(max(accuracies))
    assert len(accuracies) == best + 3 < 60
    validation = member.dataset.validation
    assert validation is not None
    found = evaluate(member.trained(), validation, member.scoring)
    assert found == member.kept.validation
    assert member.kept.epoch == best + 1


def test_it_needs_validation_images(configure: Callable[..., RunConfig]) -> None:
    with pytest.raises(
        ConfigError, match=r"regularizer\.early_stopping=3: needs validation examples; set dataset\.val_f"
    ):
        require_buildable(configure("regularizer.early_stopping=3", "dataset.val_fraction=0"))
