"""From stored examples to the three splits: fixed by `dataset.split_seed`, the same for every run.

Every class has its share of each split, and no group is in two of them. What depends on the data is fitted to the
training examples, after the split.
"""

import functools
import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from sklearn.utils import resample
from torch import Tensor

from regsweep import seeding
from regsweep.config import DatasetConfig
from regsweep.data.dataset import Dataset, Raw, Source, Split
from regsweep.data.groups import hold_out_groups
from regsweep.data.preparation import Preparation, Scale
from regsweep.data.sources import load_source
from regsweep.data.streamed import Streamed
from regsweep.errors import ConfigError, DatasetError

TEST_FRACTION = 0.2
"""Share of the examples that becomes the test set where a data set has none of its own."""

VALIDATION_FRACTION = 0.2
"""Share of the rest held out for validation, where the data set has no such examples of its own and no share is set."""

_CPU = torch.device("cpu")


@functools.lru_cache(maxsize=2)
def load_dataset(config: DatasetConfig, task: str = "auto", device: torch.device = _CPU) -> Dataset:
    """Return the splits that `config` describes, on the CPU.

    The test set is the data set's own, or a stratified fifth. Validation examples are the data set's own, or
    `val_fraction` of the rest. Of what remains, `train_size` examples are kept. Then `label_noise` of the training
    labels, rounded to a whole number, are flipped to another class, each other class being equally likely;
    validation and test labels stay clean.

    The last results are kept, so that the trials of a sweep share them, by the configuration alone: what may find other
    files at its paths calls ``load_dataset.cache_clear()`` first.

    Args:
        config: of the data.
        task: ``classification``, ``regression``, or ``auto``: by the targets.
        device: to which they will go; it must have the memory for those that are not streamed.

    Raises:
        DatasetError: when the data set is missing or damaged.
        ConfigError: when it is too small for the configuration.
    """
    source = load_source(config, task, device)
    if source.kind == "regression" and config.label_noise > 0:
        raise ConfigError("dataset.label_noise", config.label_noise, "only classes can be flipped; set it to 0")
    drawn = draw(source, config)
    prepare = _Prepare.fitted(source, drawn.train)
    train = prepare.some(source.train, drawn.train, source.train.folder)
    if source.kind == "classification":
        noisy = flip_labels(train.targets, config.label_noise, len(source.outputs), config.split_seed)
        train = replace(train, targets=noisy)
    return Dataset(
        name=config.title,
        outputs=source.outputs,
        train=train,
        validation=_validation(source, drawn, prepare),
        test=_test(source, drawn, prepare),
        skipped=source.skipped,
        is_mirrored=source.is_mirrored,
        kind=source.kind,
        preparation=prepare.inputs,
        scale=prepare.targets,
        groups="" if source.train.groups is None else config.group_column or "",
    )


@dataclass(frozen=True)
class _Prepare:
    """Makes splits of stored examples, with what was fitted to those that are trained on."""

    inputs: Preparation
    targets: Scale | None

    @staticmethod
    def fitted(source: Source, train: np.ndarray) -> "_Prepare":
        targets = source.train.targets[torch.from_numpy(train)]
        scale = Scale().fit(targets) if source.kind == "regression" else None
        return _Prepare(source.preparation.fit(source.train.chosen(train)), scale)

    def some(self, raw: Raw, numbers: np.ndarray, origin: str = "") -> Split:
        targets = raw.targets[torch.from_numpy(numbers)]
        stored = raw.chosen(numbers)
        inputs = stored.prepared(self.inputs) if isinstance(stored, Streamed) else self.inputs(stored)
        return Split(inputs, self.targets(targets) if self.targets else targets, origin)

    def all(self, raw: Raw) -> Split:
        return self.some(raw, np.arange(len(raw.targets)), raw.folder)


@dataclass(frozen=True)
class Drawn:
    """Which of a source's training examples make up each split: their numbers, ascending.

    Attributes:
        train: what is trained on.
        validation: None where the source has its own, or none are held out.
        test: None where the source has its own.
    """

    train: np.ndarray
    validation: np.ndarray | None
    test: np.ndarray | None


def draw(source: Source, config: DatasetConfig) -> Drawn:
    """Return which examples `config.split_seed` draws for each split.

    Raises:
        DatasetError: when they are too few for a test set.
        ConfigError: when they are too few for the configuration.
    """
    seed = seeding.derive(config.split_seed, "split")
    rest, test = _hold_out_test(source, seed)
    train, validation = _hold_out_validation(source, rest, config.val_fraction, seed)
    return Drawn(_subset(train, source, config), validation, test)


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
    """Return the numbers of the examples that remain, and of the test set; None where the source has its own."""
    everything = np.arange(len(source.train.targets))
    if source.test is not None:
        return everything, None
    try:
        return _split(everything, source, TEST_FRACTION, seed)
    except ValueError as error:
        raise DatasetError(f"too few examples for a test set of a fifth{_of_each(source)}: {error}") from error


def _hold_out_validation(
    source: Source, rest: np.ndarray, share: float | None, seed: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the numbers of the examples to train on, and of those held out; None where none are."""
    if source.validation is not None or share == 0:
        return rest, None
    try:
        return _split(rest, source, VALIDATION_FRACTION if share is None else share, seed)
    except ValueError as error:
        if share is None:
            next_step = "add examples, or a validation set of its own, or set dataset.val_fraction=0 for a single run"
            reason = f"too few examples to validate on a fifth{_of_each(source)}: {error}; {next_step}"
            raise DatasetError(reason) from error
        of_classes = " from every class" if source.kind == "classification" else ""
        raise ConfigError(
            "dataset.val_fraction",
            share,
            f"cannot hold out that share of {len(rest)} examples{of_classes}: {error}; 0.2 is usual",
        ) from error


def _validation(source: Source, drawn: Drawn, prepare: _Prepare) -> Split | None:
    if drawn.validation is not None:
        return prepare.some(source.train, drawn.validation)
    return None if source.validation is None else prepare.all(source.validation)


def _test(source: Source, drawn: Drawn, prepare: _Prepare) -> Split:
    if source.test is not None:
        return prepare.all(source.test)
    assert drawn.test is not None
    of_what = "of each class" if source.kind == "classification" else "of the examples"
    of_folder = f" of {source.train.folder}" if source.train.folder else ""
    return prepare.some(source.train, drawn.test, f"a fifth {of_what}{of_folder}")


def _split(chosen: np.ndarray, source: Source, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what remains of the examples that are `chosen`, and a `share` of them, of each class alike.

    Raises:
        ValueError: when they are too few for that.
    """
    labels = _labels(source, chosen)
    if source.train.groups is not None:
        is_held_out = hold_out_groups(source.train.groups[chosen], labels, share, seed, source.outputs)
        return chosen[~is_held_out], chosen[is_held_out]
    if labels is not None:
        sizes = np.bincount(labels, minlength=len(source.outputs))
        if sizes.min() < 2:  # noqa: PLR2004
            raise ValueError(f"class {source.outputs[sizes.argmin()]} has {sizes.min()} of them, and needs 2 or more")
    num_held_out, num_classes = math.ceil(share * len(chosen)), 1 if labels is None else len(source.outputs)
    for number, where in ((len(chosen) - num_held_out, "be left to train on"), (num_held_out, "be held out")):
        if number < num_classes:
            of = f", and there are {num_classes} classes" if num_classes > 1 else ""
            raise ValueError(f"{number} would {where}{of}")
    kept, held_out = train_test_split(chosen, test_size=share, stratify=labels, random_state=seed)
    if labels is not None:
        left = np.bincount(source.train.targets.numpy()[kept], minlength=num_classes)
        if left.min() == 0:
            raise ValueError(f"no example of class {source.outputs[left.argmin()]} would be left to train on")
    return np.sort(kept), np.sort(held_out)


def _of_each(source: Source) -> str:
    return " of each class" if source.kind == "classification" else ""


def _labels(source: Source, chosen: np.ndarray) -> np.ndarray | None:
    """Return the classes of the examples that are `chosen`; None where numbers are predicted."""
    return source.train.targets.numpy()[chosen] if source.kind == "classification" else None


def _subset(chosen: np.ndarray, source: Source, config: DatasetConfig) -> np.ndarray:
    size = config.train_size
    if size is None or size == len(chosen):
        return chosen
    if size > len(chosen):
        raise ConfigError(
            "dataset.train_size", size, f"there are {len(chosen)} training examples; take that many or fewer"
        )
    labels = _labels(source, chosen)
    num_classes = 0 if labels is None else len(np.unique(labels))
    if size < num_classes:
        allowed = f"there are {num_classes} classes; take that many examples or more"
        raise ConfigError("dataset.train_size", size, allowed)
    seed = seeding.derive(config.split_seed, "subset")
    return np.sort(resample(chosen, replace=False, n_samples=size, stratify=labels, random_state=seed))
