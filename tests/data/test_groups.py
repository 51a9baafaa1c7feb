"""A group stays on one side of every split, with about its share of each class; what cannot be divided is refused."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regsweep.config import RunConfig
from regsweep.data import describe, load_dataset
from regsweep.data.groups import hold_out_groups
from regsweep.data.load import Drawn, draw
from regsweep.data.overlap import measure_overlap
from regsweep.data.sources import load_source
from regsweep.errors import ConfigError, DatasetError

RNG = np.random.default_rng(0)
GROUPS = np.repeat(np.arange(60), RNG.integers(1, 12, 60))
N = len(GROUPS)


def parts_of(drawn: Drawn) -> list[np.ndarray]:
    return [part for part in (drawn.train, drawn.validation, drawn.test) if part is not None]


@pytest.fixture(params=["arrays", "table"])
def grouped(request: pytest.FixtureRequest, configure: Callable[..., RunConfig]) -> Callable[..., RunConfig]:
    """Return a function that configures a data set with groups, of classes or of numbers."""
    x, classes, numbers = RNG.normal(size=(N, 2)), RNG.integers(0, 3, N), RNG.normal(size=N)

    def run(*overrides: str, regression: bool = False) -> RunConfig:
        y = numbers if regression else classes
        if request.param == "arrays":
            np.savez("data.npz", x=x, y=y, patient=[f"p{group}" for group in GROUPS])
            return configure("dataset=arrays", "dataset.path=data.npz", "dataset.group_column=patient", *overrides)
        frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": y, "patient": [f"p{group}" for group in GROUPS]})
        frame.to_csv("data.csv", index=False)
        named = ("dataset.path=data.csv", "dataset.target=y", "dataset.group_column=patient")
        return configure("dataset=table", *named, *overrides)

    return run


@pytest.mark.parametrize("regression", [False, True])
@pytest.mark.parametrize("overrides", [(), ("dataset.train_size=50",), ("dataset.val_fraction=0.5",)])
def test_no_group_is_in_two_splits(
    grouped: Callable[..., RunConfig], overrides: tuple[str, ...], *, regression: bool
) -> None:
    config = grouped(*overrides, regression=regression)
    drawn = draw(load_source(config.dataset), config.dataset)
    for one, other in combinations(parts_of(drawn), 2):
        assert not set(GROUPS[one]) & set(GROUPS[other])
    sizes = [len(part) for part in parts_of(drawn)]
    assert sizes[2] == pytest.approx(0.2 * N, rel=0.1)
    assert sizes[1] == pytest.approx((0.4 if "val_fraction" in str(overrides) else 0.16) * N, rel=0.1)
    assert sizes[0] == (50 if "train_size" in str(overrides) else N - sizes[1] - sizes[2])
    assert load_dataset(config.dataset).input_shape == (2,), "the group is no input"


def test_every_class_has_about_its_share_and_another_seed_draws_another_split(
    grouped: Callable[..., RunConfig],
) -> None:
    config = grouped().dataset
    source = load_source(config)
    labels = source.train.targets.numpy()
    drawn = [draw(source, config.model_copy(update={"split_seed": seed})) for seed in range(5)]
    for each in drawn:
        assert each.test is not None
        assert np.bincount(labels[each.test]) / np.bincount(labels) == pytest.approx(0.2, abs=0.05)
    assert len({tuple(part) for each in drawn for part in parts_of(each)}) == 15


def test_a_run_says_that_groups_were_kept_together(grouped: Callable[..., RunConfig]) -> None:
    config = grouped()
    first, *_ = describe(load_dataset(config.dataset, config.task))
    assert first.endswith(", 3 classes, 2 numbers, each patient on one side of a split")
    without = load_dataset(config.dataset.model_copy(update={"group_column": None}), config.task)
    assert "side of a split" not in describe(without)[0]


def test_the_overlap_of_splits_is_that_of_their_examples(grouped: Callable[..., RunConfig]) -> None:
    config = grouped().dataset
    found = measure_overlap(config, range(8))
    assert found.train == pytest.approx(0.64, abs=0.05)
    assert found.test == pytest.approx(0.2, abs=0.1)


def test_groups_that_cannot_be_divided_are_refused() -> None:
    for groups, labels, message in [
        (np.zeros(4, int), None, "there is 1 group; 2 or more are needed"),
        (np.arange(4) // 2, np.arange(4) // 2, "class a lies in 1 group; 2 or more are needed"),
        (np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 0, 1]), None),
    ]:
        if message is None:
            assert hold_out_groups(groups, labels, 0.2, 0, "ab").sum() == 2
            continue
        with pytest.raises(ValueError, match=message):
            hold_out_groups(groups, labels, 0.2, 0, "ab")
    with pytest.raises(ValueError, match="of 4 groups none would be left to train on"):
        hold_out_groups(np.arange(4), None, 0.999, 0)
    with pytest.raises(ValueError, match="no division of 3 groups has every class on both sides"):
        hold_out_groups(np.repeat([0, 1, 2], 2), np.array([0, 1, 1, 2, 2, 0]), 0.3, 0, "abc")


def test_they_are_refused_in_one_line(configure: Callable[..., RunConfig]) -> None:
    Path("data.csv").write_text("a,y,g\n" + "".join(f"{row},{row % 2},{row % 2}\n" for row in range(20)))
    config = configure("dataset=table", "dataset.path=data.csv", "dataset.target=y", "dataset.group_column=g")
    with pytest.raises((ConfigError, DatasetError), match="a fifth of each class: class 0 lies in 1 group; 2 or more"):
        load_dataset(config.dataset)


def test_of_all_divisions_the_one_nearest_to_the_share_of_each_class_is_taken() -> None:
    """Six groups have fifteen pairs; the draws have each of them, and their order does not decide."""
    rng = np.random.default_rng(1)
    groups, labels = rng.integers(0, 6, 90), rng.integers(0, 3, 90)
    total = np.bincount(labels)

    def distance(held_out: np.ndarray) -> float:
        return float(np.abs(np.bincount(labels[held_out], minlength=3) / total - 1 / 3).max())

    every = sorted(distance(np.isin(groups, pair)) for pair in combinations(range(6), 2))
    assert every[0] < every[4], "the case is one in which it matters"
    for seed in range(3):
        found = hold_out_groups(groups, labels, 1 / 3, seed, "abc")
        assert distance(found) == every[0]
    assert len(np.unique(groups[hold_out_groups(groups, None, 1 / 3, 0)])) == 2


@pytest.mark.parametrize("share", [0.2, 0.8])
def test_a_division_that_leaves_a_class_on_one_side_is_not_taken_however_near_its_sizes_are(share: float) -> None:
    """Group 0 has most of both classes; any other one has a single class, so to hold out or keep that alone is out."""
    groups = np.repeat(np.arange(5), [16, 2, 2, 2, 2])
    labels = np.concatenate([np.arange(16) % 2, [0, 0, 0, 0, 1, 1, 1, 1]])
    found = hold_out_groups(groups, labels, share, 0, "ab")
    assert np.array_equal(found, (groups == 0) == (share < 0.5))


@pytest.mark.parametrize("labels", [None, np.arange(N) % 3])
def test_a_seed_draws_the_same_groups_in_every_process(labels: np.ndarray | None) -> None:
    """Of many divisions that are equally good, too: the runs of a sweep are compared on the same examples."""
    found = [hold_out_groups(GROUPS, labels, 0.2, seed, "abc") for seed in (7, 7, 8)]
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])
