"""From raw images to the three splits: stratified, fixed by `dataset.split_seed`, the same for every run."""

import functools
from dataclasses import dataclass, replace

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from sklearn.utils import resample
from torch import Tensor

from regsweep import seeding
from regsweep.config import DatasetConfig
from regsweep.data.dataset import Dataset, Raw, Source, Split
from regsweep.data.sources import load_source
from regsweep.errors import ConfigError, DatasetError

TEST_FRACTION = 0.2
"""Share of the images that becomes the test set where a data set has none of its own."""

VALIDATION_FRACTION = 0.2
"""Share of the rest held out for validation, where the data set has no such images of its own and no share is set."""


@functools.lru_cache(maxsize=2)
def load_dataset(config: DatasetConfig) -> Dataset:
    """Return the splits that `config` describes, on the CPU.

    The test set is the data set's own, or a stratified fifth. Validation images are the data set's own, or
    `val_fraction` of the rest. Of what remains, `train_size` images are kept. Then `label_noise` of the training
    labels, rounded to a whole number, are flipped to another class, each other class being equally likely;
    validation and test labels stay clean.

    The last results are kept, so that the trials of a sweep share them.

    Raises:
        DatasetError: when the data set is missing or damaged.
        ConfigError: when it is too small for the configuration.
    """
    source = load_source(config)
    drawn = draw(source, config)
    train_split = _take(source.train, drawn.train, source.train.folder)
    noisy = flip_labels(train_split.labels_N, config.label_noise, len(source.classes), config.split_seed)
    return Dataset(
        name=config.name,
        classes=source.classes,
        train=replace(train_split, labels_N=noisy),
        validation=_validation(source, drawn),
        test=_test(source, drawn),
        skipped=source.skipped,
        is_mirrored=source.is_mirrored,
    )


@dataclass(frozen=True)
class Drawn:
    """Which of a source's training images make up each split: their numbers, ascending.

    Attributes:
        train: what is trained on.
        validation: None where the source has its own, or none are held out.
        test: None where the source has its own.
    """

    train: np.ndarray
    validation: np.ndarray | None
    test: np.ndarray | None


def draw(source: Source, config: DatasetConfig) -> Drawn:
    """Return which images `config.split_seed` draws for each split.

    Raises:
        DatasetError: when they are too few for a test set.
        ConfigError: when they are too few for the configuration.
    """
    seed = seeding.derive(config.split_seed, "split")
    rest, test = _hold_out_test(source, seed)
    train, validation = _hold_out_validation(source, rest, config.val_fraction, seed)
    return Drawn(_subset(train, source.train.labels_N.numpy(), config), validation, test)


def flip_labels(labels_N: Tensor, share: float, num_classes: int, seed: int) -> Tensor:
    """Return `labels_N` with `share` of them, rounded to a whole number, flipped to any other class."""
    count = round(share * len(labels_N))
    if count == 0:
        return labels_N
    generator = seeding.generator(seed, "labels")
    chosen = torch.randperm(len(labels_N), generator=generator)[:count]
    shifts = torch.randint(1, num_classes, (count,), generator=generator)
    noisy = labels_N.clone()
    noisy[chosen] = (noisy[chosen] + shifts) % num_classes
    return noisy


def _hold_out_test(source: Source, seed: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the numbers of the images that remain, and of the test set; None where the source has its own."""
    everything = np.arange(len(source.train.labels_N))
    if source.test is not None:
        return everything, None
    try:
        return _split(everything, source, TEST_FRACTION, seed)
    except ValueError as error:
        raise DatasetError(f"too few images for a test set of a fifth of each class: {error}") from error


def _hold_out_validation(
    source: Source, rest: np.ndarray, share: float | None, seed: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the numbers of the images to train on, and of those held out; None where none are."""
    if source.validation is not None or share == 0:
        return rest, None
    try:
        return _split(rest, source, VALIDATION_FRACTION if share is None else share, seed)
    except ValueError as error:
        if share is None:
            next_step = "add images, or a folder of validation images, or set dataset.val_fraction=0 for a single run"
            raise DatasetError(f"too few images to validate on a fifth of each class: {error}; {next_step}") from error
        raise ConfigError(
            "dataset.val_fraction",
            share,
            f"cannot hold out that share of {len(rest)} images from every class ({error})",
        ) from error


def _validation(source: Source, drawn: Drawn) -> Split | None:
    if drawn.validation is not None:
        return _take(source.train, drawn.validation)
    return None if source.validation is None else _take_whole(source.validation)


def _test(source: Source, drawn: Drawn) -> Split:
    if source.test is not None:
        return _take_whole(source.test)
    assert drawn.test is not None
    of_folder = f" of {source.train.folder}" if source.train.folder else ""
    return _take(source.train, drawn.test, f"a fifth of each class{of_folder}")


def _split(chosen: np.ndarray, source: Source, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what remains of the images that are `chosen`, and a stratified `share` of them.

    Raises:
        ValueError: when they are too few for that.
    """
    labels = source.train.labels_N.numpy()[chosen]
    sizes = np.bincount(labels, minlength=len(source.classes))
    if sizes.min() < 2:  # noqa: PLR2004
        raise ValueError(f"class {source.classes[sizes.argmin()]} has {sizes.min()} of them, and needs 2 or more")
    kept, held_out = train_test_split(chosen, test_size=share, stratify=labels, random_state=seed)
    return np.sort(kept), np.sort(held_out)


def _subset(chosen: np.ndarray, labels: np.ndarray, config: DatasetConfig) -> np.ndarray:
    size = config.train_size
    if size is None or size == len(chosen):
        return chosen
    if size > len(chosen):
        raise ConfigError(
            "dataset.train_size", size, f"there are {len(chosen)} training images; take that many or fewer"
        )
    num_classes = len(np.unique(labels[chosen]))
    if size < num_classes:
        raise ConfigError("dataset.train_size", size, f"there are {num_classes} classes; take that many images or more")
    seed = seeding.derive(config.split_seed, "subset")
    kept = resample(chosen, replace=False, n_samples=size, stratify=labels[chosen], random_state=seed)
    return np.sort(kept)


def _take_whole(raw: Raw) -> Split:
    return _take(raw, np.arange(len(raw.labels_N)), raw.folder)


def _take(raw: Raw, chosen: np.ndarray, origin: str = "") -> Split:
    index = torch.from_numpy(chosen)
    images_NCHW = raw.images_NCHW[index].to(torch.float32).div_(127.5).sub_(1)
    return Split(images_NCHW.contiguous(memory_format=torch.channels_last), raw.labels_N[index], origin)
