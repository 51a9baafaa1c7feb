"""Splits are fixed, stratified and apart; noise flips to other classes and touches training labels alone."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from regsweep.config import RunConfig
from regsweep.data import Dataset, Split, load_dataset
from regsweep.data.load import flip_labels
from regsweep.errors import ConfigError

Load = Callable[..., Dataset]


@pytest.fixture
def load(configure: Callable[..., RunConfig]) -> Load:
    def run(*overrides: str) -> Dataset:
        return load_dataset(configure(*overrides).dataset)

    return run


def images_of(split: Split | None) -> set[bytes]:
    assert split is not None
    return {image.numpy().tobytes() for image in split.inputs.contiguous()}


def test_digits_are_the_whole_set_in_three_parts(load: Load) -> None:
    dataset = load()
    assert dataset.validation is not None
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (1149, 288, 360)
    assert (dataset.input_shape, dataset.num_outputs) == ((1, 8, 8), 10)
    assert not images_of(dataset.train) & images_of(dataset.test)
    assert not images_of(dataset.train) & images_of(dataset.validation)


def test_images_are_floats_from_minus_one_to_one_in_channels_last(load: Load) -> None:
    images = load().train.inputs
    assert (images.dtype, images.min().item(), images.max().item()) == (torch.float32, -1.0, 1.0)
    assert images.is_contiguous(memory_format=torch.channels_last)


def test_every_class_has_its_share(load: Load) -> None:
    dataset = load("dataset.train_size=300")
    for split, size in ((dataset.train, 300), (dataset.validation, 288), (dataset.test, 360)):
        assert split is not None
        counts = torch.bincount(split.targets)
        assert counts.sum() == size
        assert (counts.double() / size - 0.1).abs().max() < 0.01


def test_the_split_does_not_follow_the_seed(load: Load) -> None:
    first, second = load("seed=0", "dataset.train_size=500"), load("seed=7", "dataset.train_size=500")
    assert torch.equal(first.train.inputs, second.train.inputs)
    other = load("dataset.split_seed=1", "dataset.train_size=500")
    assert not torch.equal(first.train.targets, other.train.targets)


def test_any_size_may_be_asked_for(load: Load) -> None:
    for size in (10, 1145, 1149):
        labels = load(f"dataset.train_size={size}").train.targets
        assert len(labels) == size
        assert set(labels.tolist()) == set(range(10))


def test_a_smaller_training_set_leaves_validation_and_test_as_they_were(load: Load) -> None:
    whole, small = load(), load("dataset.train_size=100")
    assert len(small.train) == 100
    assert images_of(small.train) <= images_of(whole.train)
    assert images_of(small.validation) == images_of(whole.validation)
    assert images_of(small.test) == images_of(whole.test)


def test_without_validation_everything_is_trained_on(load: Load) -> None:
    dataset = load("dataset.val_fraction=0")
    assert dataset.validation is None
    assert len(dataset.train) == 1149 + 288


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5])
def test_noise_flips_that_share_to_other_classes(load: Load, share: float) -> None:
    clean, noisy = load(), load(f"dataset.label_noise={share}")
    changed = clean.train.targets != noisy.train.targets
    assert changed.sum() == round(share * 1149)
    assert torch.equal(clean.test.targets, noisy.test.targets)
    assert clean.validation is not None
    assert noisy.validation is not None
    assert torch.equal(clean.validation.targets, noisy.validation.targets)
    assert torch.equal(noisy.train.targets, load(f"dataset.label_noise={share}").train.targets)


def test_every_other_class_is_equally_likely() -> None:
    labels: Tensor = torch.full((9000,), 3)
    counts = Counter(flip_labels(labels, 1.0, 10, seed=0).tolist())
    assert set(counts) == set(range(10)) - {3}
    assert all(abs(count - 1000) < 150 for count in counts.values())


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("dataset.train_size=1150",), "there are 1149 training examples"),
        (("dataset.train_size=5",), "there are 10 classes; take that many"),
        (
            ("dataset.val_fraction=0.001",),
            r"^dataset.val_fraction=0.001: cannot hold out that share of 1437 examples from every class: 2 would be "
            "held out, and there are 10 classes; 0.2 is usual$",
        ),
        (
            ("dataset.val_fraction=0.999",),
            r"cannot hold out that share of 1437 examples from every class: 1 would be left to train on, and there are",
        ),
        (
            ("dataset=diabetes", "dataset.val_fraction=0.999"),
            r"cannot hold out that share of 353 examples: 0 would be left to train on; 0.2 is usual$",
        ),
    ],
)
def test_too_few_images_are_refused(load: Load, overrides: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(*overrides)


def test_a_split_that_leaves_no_example_of_a_class_is_refused(configure: Callable[..., RunConfig]) -> None:
    y = np.minimum(np.arange(100) // 2, 4)  # four classes of two, and one of 92
    np.savez("data.npz", x=np.zeros((100, 1)), y=y, x_test=np.zeros((5, 1)), y_test=np.arange(5))
    config = configure("dataset=arrays", "dataset.path=data.npz", "dataset.val_fraction=0.9").dataset
    with pytest.raises(ConfigError, match=r"no example of class \d would be left to train on; 0.2 is usual"):
        load_dataset(config)
