"""How many images the splits of several seeds have in common, against the images themselves."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
import torch

from regsweep.config import RunConfig
from regsweep.data import Split, load_dataset
from regsweep.data.dataset import Raw, Source
from regsweep.data.load import draw
from regsweep.data.overlap import measure_overlap


def images_of(split: Split) -> set[bytes]:
    return {image.numpy().tobytes() for image in split.inputs.contiguous()}


@pytest.mark.parametrize("typed", [(), ("dataset.train_size=300",)])
def test_the_overlap_of_digits_is_that_of_what_runs_train_and_test_on(
    configure: Callable[..., RunConfig], typed: tuple[str, ...]
) -> None:
    config = configure(*typed).dataset
    found = measure_overlap(config, [4, 5, 6])
    sets = [load_dataset(config.model_copy(update={"split_seed": seed})) for seed in (4, 5, 6)]
    for part, overlap in (("train", found.train), ("test", found.test)):
        images = [images_of(each.splits[part]) for each in sets]  # digits has no image twice
        shares = [len(one & other) / len(one) for one, other in combinations(images, 2)]
        assert overlap == pytest.approx(np.mean(shares))
    assert found.train == pytest.approx((300 if typed else 1149) / 1797, abs=0.02), "of all that may be drawn"
    assert found.test == pytest.approx(360 / 1797, abs=0.02)


LABELS = torch.arange(600) % 2
RAW = Raw(torch.empty(600, 0), LABELS)


@pytest.mark.parametrize(
    ("has_validation", "has_test", "train_size", "train", "test"),
    [
        (False, True, None, 0.8, None),
        (False, True, 60, 0.1, None),
        (True, True, 60, 0.1, None),
        (True, True, None, 1.0, None),  # nothing is drawn
        (True, False, None, 0.8, 0.2),
        (False, False, None, 0.64, 0.2),
    ],
)
def test_own_images_stay(
    configure: Callable[..., RunConfig],
    *,
    has_validation: bool,
    has_test: bool,
    train_size: int | None,
    train: float,
    test: float | None,
) -> None:
    source = Source(("a", "b"), RAW, RAW if has_validation else None, RAW if has_test else None)
    config = configure().dataset.model_copy(update={"train_size": train_size})
    found = measure_overlap(config, range(8), source=source)
    assert found.train == pytest.approx(train, abs=0.02)
    assert found.test == (None if test is None else pytest.approx(test, abs=0.02))
    drawn = draw(source, config)
    assert (drawn.validation is None, drawn.test is None) == (has_validation, has_test)
    parts = [each for each in (drawn.train, drawn.validation, drawn.test) if each is not None]
    assert len(np.unique(np.concatenate(parts))) == sum(map(len, parts)), "no image is in two splits"
