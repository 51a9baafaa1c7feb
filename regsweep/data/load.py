"""From raw images to the three splits: stratified, fixed by `dataset.split_seed`, the same for every run."""

import functools

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from sklearn.utils import resample
from torch import Tensor

from regsweep import seeding
from regsweep.config import DatasetConfig
from regsweep.data.dataset import Dataset, Split
from regsweep.data.sources import Raw, Source, load_source
from regsweep.errors import ConfigError, DatasetError

TEST_FRACTION = 0.2
"""Share of the images that becomes the test set where a data set has none of its own."""


@functools.lru_cache(maxsize=2)
def load_dataset(config: DatasetConfig) -> Dataset:
    """Return the splits that `config` describes, on the CPU.

    The test set is the data set's own, or a stratified fifth. Of the rest, `val_fraction` is held out for
    validation; of what remains, `train_size` images are kept. Then `label_noise` of the training labels,
    rounded to a whole number, are flipped to another class, each other class being equally likely;
    validation and test labels stay clean.

    The last results are kept, so that the trials of a sweep share them.

    Raises:
        DatasetError: when the data set is missing or damaged.
        ConfigError: when it is too small for what was asked.
    """
    source = load_source(config)
    seed = seeding.derive(config.split_seed, "split")
    rest, test = _hold_out_test(source, seed)
    labels = source.train.labels.numpy()
    train, validation = (
        _split(rest, labels, config.val_fraction, seed, "dataset.val_fraction") if config.val_fraction else (rest, None)
    )
    train = _subset(train, labels, config)
    train_split = _take(source.train, train)
    noisy = flip_labels(train_split.labels_N, config.label_noise, source.num_classes, config.split_seed)
    return Dataset(
        name=config.name,
        num_classes=source.num_classes,
        train=Split(train_split.images_NCHW, noisy),
        validation=None if validation is None else _take(source.train, validation),
        test=test,
    )


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


def _hold_out_test(source: Source, seed: int) -> tuple[np.ndarray, Split]:
    everything = np.arange(len(source.train.labels))
    if source.test is not None:
        return everything, _take(source.test, np.arange(len(source.test.labels)))
    try:
        rest, test = train_test_split(
            everything, test_size=TEST_FRACTION, stratify=source.train.labels.numpy(), random_state=seed
        )
    except ValueError as error:
        raise DatasetError(f"too few images for a test set of a fifth of each class: {error}") from error
    return np.sort(rest), _take(source.train, np.sort(test))


def _split(chosen: np.ndarray, labels: np.ndarray, share: float, seed: int, key: str) -> tuple[np.ndarray, np.ndarray]:
    try:
        kept, held_out = train_test_split(chosen, test_size=share, stratify=labels[chosen], random_state=seed)
    except ValueError as error:
        raise ConfigError(
            key, share, f"cannot hold out that share of {len(chosen)} images from every class ({error})"
        ) from error
    return np.sort(kept), np.sort(held_out)


def _subset(chosen: np.ndarray, labels: np.ndarray, config: DatasetConfig) -> np.ndarray:
    size = config.train_size
    if size is None or size == len(chosen):
        return chosen
    if size > len(chosen):
        raise ConfigError(
            "dataset.train_size", size, f"there are {len(chosen)} training images; ask for that many or fewer"
        )
    num_classes = len(np.unique(labels[chosen]))
    if size < num_classes:
        raise ConfigError(
            "dataset.train_size", size, f"there are {num_classes} classes; ask for that many images or more"
        )
    seed = seeding.derive(config.split_seed, "subset")
    kept = resample(chosen, replace=False, n_samples=size, stratify=labels[chosen], random_state=seed)
    return np.sort(kept)


def _take(raw: Raw, chosen: np.ndarray) -> Split:
    index = torch.from_numpy(chosen)
    images = raw.images[index].to(torch.float32).div_(127.5).sub_(1)
    return Split(images.contiguous(memory_format=torch.channels_last), raw.labels[index])
