"""What a configuration is, and its value: trials that differ in the seed alone count as one, by their mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from numbers import Real
from statistics import fmean
from typing import Any

SEEDS = ("seed", "random_seed", "random_state")
"""What the last part of a seed's key is, in capital or small letters."""

DATA_KEYS = (
    "dataset",
    "dataset.name",
    "dataset.root",
    "dataset.path",
    "dataset.target",
    "dataset._target_",
    "dataset.arguments",
    "dataset.arguments.*",
)
"""Keys of this project's runs that choose the data, or what is predicted of them; ``*`` stands for any name."""


def chooses_data(key: str) -> bool:
    """Return whether runs that differ in `key` have other data, so that their scores are no comparison."""
    return any(fnmatchcase(key, pattern) for pattern in DATA_KEYS)


@dataclass(frozen=True)
class Trial:
    """What of a trial decides where it is pooled.

    Attributes:
        number: of the trial.
        settings: values of all swept keys but the seed's, as text; None where they are lost: it is like no other then.
        seed: that it ran on; None where that is not known.
        status: ``complete``, or how else it ended.
        value: of the objective; None without one.
    """

    number: int
    settings: tuple[str, ...] | None
    seed: int | None
    status: str
    value: float | None


@dataclass(frozen=True)
class Pooled:
    """A configuration: trials that agree in everything but the seed. A seed that ran twice counts once, the first time.

    Attributes:
        numbers: of the complete trials, one per seed, ascending.
        seeds: on which these ran.
        values: that these have.
        others: numbers of the trials on further seeds, none of which is complete.
        lost: how many of its seeds have no complete trial, by status.
    """

    numbers: tuple[int, ...]
    seeds: tuple[int | None, ...]
    values: tuple[float, ...]
    others: tuple[int, ...]
    lost: Mapping[str, int]

    @property
    def number(self) -> int:
        """The first trial: the configuration's settings are read there."""
        return (self.numbers or self.others)[0]

    @property
    def mean(self) -> float:
        """Of the values: what it ranks by."""
        return fmean(self.values)

    @property
    def num_seeds(self) -> int:
        """On which it ran, complete or not."""
        return len(self.numbers) + sum(self.lost.values())

    @property
    def by_seed(self) -> dict[int | None, float]:
        """Its values."""
        return dict(zip(self.seeds, self.values, strict=True))


def seed_keys(columns: Mapping[str, Iterable[Any]]) -> list[str]:
    """Return the swept keys that may be the seed: the last part is one of `SEEDS`, the values are whole numbers.

    Args:
        columns: the values of the swept keys in all trials, of which there must be several; None and NaN where one is
            lost.
    """
    return [key for key, values in columns.items() if key.rpartition(".")[2].lower() in SEEDS and _are_seeds(values)]


def seed_key(columns: Mapping[str, Iterable[Any]]) -> str | None:
    """Return the swept key that is the seed, None where no seed was swept.

    It is the one of `seed_keys`; of several the one that is nothing but ``seed``, and else none of them: which one is
    meant is not known.
    """
    found = seed_keys(columns)
    return "seed" if "seed" in found else found[0] if len(found) == 1 else None


def seed_of(value: Any) -> int | None:
    """Return a seed as a number, None for what is none."""
    is_whole = isinstance(value, Real) and not isinstance(value, bool) and float(value).is_integer()
    return int(value) if is_whole else None


def pool(trials: Iterable[Trial], *, maximize: bool) -> list[Pooled]:
    """Return the configurations, the best mean first, the earliest of equals, those without a complete trial last.

    Means that agree in twelve digits are equal. A repetition whose values are another trial's is left out beforehand.
    """
    groups: dict[Any, list[Trial]] = {}
    for trial in sorted(trials, key=lambda each: each.number):
        groups.setdefault(trial.number if trial.settings is None else trial.settings, []).append(trial)
    found = [_pooled(group) for group in groups.values()]
    sign = -1 if maximize else 1
    scored = sorted((each for each in found if each.values), key=lambda e: (sign * _rounded(e.mean), e.number))
    return [*scored, *(each for each in found if not each.values)]


def _pooled(group: list[Trial]) -> Pooled:
    by_seed: dict[Any, Trial] = {}
    lost: dict[Any, Trial] = {}
    for trial in group:
        seed = f"trial {trial.number}" if trial.seed is None else trial.seed
        (by_seed if trial.status == "complete" and trial.value is not None else lost).setdefault(seed, trial)
    others = [trial for seed, trial in lost.items() if seed not in by_seed]
    counts: dict[str, int] = {}
    for trial in others:
        status = "without a value" if trial.status == "complete" else trial.status
        counts[status] = counts.get(status, 0) + 1
    kept = list(by_seed.values())
    return Pooled(
        tuple(trial.number for trial in kept),
        tuple(trial.seed for trial in kept),
        tuple(trial.value for trial in kept if trial.value is not None),
        tuple(trial.number for trial in others),
        counts,
    )


def are_equal(one: float, other: float) -> bool:
    """Return whether two means are equal, noise of their floating point apart."""
    return _rounded(one) == _rounded(other)


def _rounded(value: float) -> float:
    return float(f"{value:.12g}")


def _are_seeds(values: Iterable[Any]) -> bool:
    known = [value for value in values if value is not None and value == value]  # noqa: PLR0124  (NaN is not)
    seeds = {seed_of(value) for value in known}
    return None not in seeds and len(seeds) > 1
