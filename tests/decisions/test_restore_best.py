"""Which epoch's weights a network ends with."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD

from regsweep import member, training
from regsweep.data import Dataset, Split
from regsweep.hooks import Methods
from regsweep.losses import Loss
from regsweep.member import EpochRow, Member, Settings
from regsweep.metrics import Scoring
from regsweep.objectives import Objective
from regsweep.training import Training

NUM_IMAGES = 10


class Scripted(nn.Module):
    """A network that has, after epoch n, `right[n - 1]` of ten images right; its state says which n it is."""

    epoch: Tensor

    def __init__(self, right: list[int]) -> None:
        super().__init__()
        self.right = right
        self.weight = nn.Parameter(torch.zeros(2))
        self.register_buffer("epoch", torch.tensor(0))

    def forward(self, images: Tensor) -> Tensor:
        if self.training:
            self.epoch += 1  # there is one batch in an epoch
            return self.weight.expand(len(images), 2)
        is_right = torch.arange(len(images)) < self.right[int(self.epoch) - 1]
        return torch.stack([is_right.float(), 1 - is_right.float()], dim=1)  # every image is of class 0


class Rows:
    def __init__(self) -> None:
        self.rows: list[EpochRow] = []

    def on_step(self) -> None: ...

    def on_epoch(self, row: EpochRow) -> None:
        self.rows.append(row)


def train(right: list[int], *, restore_best: bool, has_validation: bool = True) -> tuple[int, int | None, list[float]]:
    """Return the epoch whose weights the network ends with, what is returned as best, validation accuracy by epoch."""
    split = Split(torch.zeros(NUM_IMAGES, 1, 1, 1), torch.zeros(NUM_IMAGES, dtype=torch.long))
    data = Dataset("synthetic", ("a", "b"), split, split if has_validation else None, split)
    settings, rows = Settings(len(right), NUM_IMAGES, restore_best=restore_best), Rows()
    made = trained(Scripted(right), data, settings, rows)
    kept = made.trained()
    assert isinstance(kept, Scripted)
    assert made.kept.epoch == int(kept.epoch), "the record's metrics are those of the weights that are kept"
    best = None if made.best is None else made.best.epoch
    return int(kept.epoch), best, [row.validation["accuracy"] for row in rows.rows if row.validation]


def trained(model: nn.Module, data: Dataset, settings: Settings, rows: Rows, scoring: Scoring | None = None) -> Member:
    optimizer = SGD(model.parameters(), lr=0.1)
    made = Member(model, data, optimizer, Methods([]), settings=settings, seed=0, observer=rows, scoring=scoring)
    Training([made]).run()
    assert made.error is None
    return made


@pytest.mark.parametrize(
    ("right", "best"),
    [
        ([5, 9, 7], 2),
        ([5, 9, 9, 9], 2),
        ([9, 9, 5], 1),
        ([5, 6, 7], 3),
        ([0, 0], 1),
        ([7, 5, 6], 1),
        ([3], 1),
    ],
)
def test_the_best_epoch_is_the_first_of_the_most_accurate(right: list[int], best: int) -> None:
    for restore_best, kept in ((True, best), (False, len(right))):
        epoch, found, accuracies = train(right, restore_best=restore_best)
        assert (epoch, found) == (kept, best)
        assert accuracies == pytest.approx([number / NUM_IMAGES for number in right])


class Read:
    """A metric whose number, after each epoch, is read from a list: two evaluations each, the first of training."""

    def __init__(self, numbers: list[float]) -> None:
        self.numbers = [number for number in numbers for _ in ("training", "validation")]

    def update(self, outputs: Tensor, targets: Tensor) -> None: ...

    def compute(self) -> float:
        return self.numbers.pop(0)


@pytest.mark.parametrize(("maximize", "best"), [(True, 3), (False, 2)])
def test_another_objective_than_accuracy_and_loss_decides_in_its_direction(*, maximize: bool, best: int) -> None:
    """Epoch 1 has the highest accuracy and the lowest loss, epoch 4 the opposite."""
    split = Split(torch.zeros(NUM_IMAGES, 1, 1, 1), torch.zeros(NUM_IMAGES, dtype=torch.long))
    data, metric = Dataset("synthetic", ("a", "b"), split, split, split), Read([0.5, 0.2, 0.9, 0.4])
    objective = Objective("revenue", maximize, is_own=True, target="mine.revenue")
    scoring = Scoring(Loss("cross_entropy", 2), objective, None, lambda _: metric)
    rows = Rows()
    made = trained(Scripted([9, 8, 7, 2]), data, Settings(4, NUM_IMAGES, restore_best=True), rows, scoring)
    assert [row.validation["accuracy"] for row in rows.rows if row.validation] == [0.9, 0.8, 0.7, 0.2]
    assert made.kept.epoch == best


@pytest.mark.parametrize("restore_best", [True, False])
def test_without_validation_images_the_last_epoch_stays(*, restore_best: bool) -> None:
    assert train([5, 9, 7], restore_best=restore_best, has_validation=False) == (3, None, [])


@pytest.mark.parametrize(("precision", "dtype"), [("float32", None), ("bfloat16", torch.bfloat16)])
def test_an_epoch_counts_its_seconds_and_steps_in_the_precision_that_is_set(
    monkeypatch: pytest.MonkeyPatch, precision: str, dtype: torch.dtype | None
) -> None:
    """Steps, and the wait for the device at their end, take 1 and 4 seconds, the evaluation after them 2 and 6."""
    first, second = ((0.0, 0.75), (1.0, 1.25), (2.0, 4.0)), ((10.0, 13.0), (14.0, 15.0), (20.0, 26.0))
    clock = iter([moment for times in (*first, *second) for moment in times])
    for module in (training, member):
        monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    split = Split(torch.zeros(NUM_IMAGES, 1, 1, 1), torch.zeros(NUM_IMAGES, dtype=torch.long))
    model, rows = Scripted([5, 6]), Rows()
    seen: set[torch.dtype | None] = set()

    def note(*_: object) -> None:
        seen.add(torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else None)

    model.register_forward_pre_hook(note)
    data = Dataset("synthetic", ("a", "b"), split, split, split)
    trained(model, data, Settings(2, NUM_IMAGES, precision=precision), rows)
    assert [(row.epoch, row.train_seconds, row.evaluate_seconds) for row in rows.rows] == [(1, 1, 2), (2, 4, 6)]
    assert seen == {dtype}
