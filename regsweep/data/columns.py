"""Columns of a table as inputs of a network: numbers imputed and standardized, categories one-hot encoded.

Shapes: N rows; F inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from regsweep.errors import DatasetError, show
from regsweep.signatures import offer

if TYPE_CHECKING:
    from pandas import DataFrame, Series


@dataclass(frozen=True)
class Number:
    """A column of numbers, one input.

    Attributes:
        column: its name.
        median: stands for what is missing.
        mean: over the rows that it was fitted to, imputed ones among them.
        deviation: likewise; 1 where the column never changes.
    """

    column: str
    median: float
    mean: float = 0.0
    deviation: float = 1.0

    @staticmethod
    def fitted(series: Series, *, standardize: bool) -> Number:
        """Return it with the constants of these rows.

        Raises:
            DatasetError: when no row has a number.
        """
        values = _numbers(series)
        is_missing = np.isnan(values)
        if is_missing.all():
            raise DatasetError(f"column {series.name}: empty in every training row; leave it out (dataset.ignore)")
        median = float(np.median(values[~is_missing]))
        if not standardize:
            return Number(str(series.name), median)
        values[is_missing] = median
        deviation = float(values.std()) if values.min() != values.max() else 1.0
        return Number(str(series.name), median, float(values.mean()), deviation)

    def inputs(self, series: Series) -> np.ndarray:
        """Return the inputs (N, 1)."""
        values = _numbers(series)
        return ((np.where(np.isnan(values), self.median, values) - self.mean) / self.deviation)[:, None]


@dataclass(frozen=True)
class Category:
    """A column of words: an input for each, 1 where the row has it; a row with a word not among them has 0 in all.

    Attributes:
        column: its name.
        values: the words, sorted.
        has_missing: whether a last input is 1 where there is none.
    """

    column: str
    values: tuple[str, ...]
    has_missing: bool

    @staticmethod
    def fitted(series: Series) -> Category:
        """Return it with the words of these rows."""
        words = _words(series)
        values = tuple(sorted({word for word in words if word is not None}))
        return Category(str(series.name), values, None in words)

    def inputs(self, series: Series) -> np.ndarray:
        """Return the inputs (N, F)."""
        known = [*self.values, None] if self.has_missing else self.values
        place = {word: column for column, word in enumerate(known)}
        places = np.array([place.get(word, -1) for word in _words(series)], dtype=np.int64)
        is_there: np.ndarray = places[:, None] == np.arange(len(known))
        return is_there.astype(np.float64)

    def unknown(self, series: Series) -> list[str]:
        """Return the words that are none of these, sorted; ``nothing`` is one where none was missing."""
        words = {"nothing" if word is None and not self.has_missing else word for word in _words(series)}
        return sorted({word for word in words if word is not None} - set(self.values))


@dataclass(frozen=True)
class Columns:
    """The inputs that a table's columns make, in their order.

    Attributes:
        are_categories: by the name of each column, whether it holds words.
        standardize: whether numbers get mean 0 and standard deviation 1.
        fitted: the columns with their constants; None before they are fitted.
    """

    are_categories: Mapping[str, bool]
    standardize: bool = True
    fitted: tuple[Number | Category, ...] | None = None

    def fit(self, stored: DataFrame) -> Columns:
        """Return these columns with the constants of the rows in `stored`.

        Raises:
            DatasetError: when a column of numbers has none there.
        """
        fitted = tuple(
            Category.fitted(stored[name]) if is_category else Number.fitted(stored[name], standardize=self.standardize)
            for name, is_category in self.are_categories.items()
        )
        return Columns(self.are_categories, self.standardize, fitted)

    def __call__(self, stored: DataFrame) -> Tensor:
        """Return the inputs (N, F), float32; other columns of `stored` have no part in them.

        Raises:
            DatasetError: when a column is not there, or has words in place of numbers.
        """
        assert self.fitted is not None
        self.require(stored)
        parts = [each.inputs(stored[each.column]) for each in self.fitted]
        with np.errstate(over="ignore"):  # numbers far from those of the training: the network's outputs tell
            return torch.from_numpy(np.concatenate(parts, axis=1).astype(np.float32))

    def require(self, stored: DataFrame) -> None:
        """Refuse a table that lacks a column.

        Raises:
            DatasetError: naming the first, and the one that may be meant.
        """
        for name in self.are_categories:
            if name not in stored:
                raise DatasetError(f"no column {name}; {offer(name, map(str, stored.columns))}")

    def notes(self, stored: DataFrame) -> list[str]:
        """Return what is to be known of further rows, a line for each column.

        These are words that no row had to which it was fitted, and missing numbers.

        Raises:
            DatasetError: when a column is not there, is empty in all of several rows, or has words in place of numbers.
        """
        self.require(stored)
        lines = []
        for each in self.fitted or ():
            series = stored[each.column]
            if len(series) > 1 and series.isna().all():
                reason = "empty in every row, and the run was trained on it; fill it in"
                raise DatasetError(f"column {each.column}: {reason}")
            if isinstance(each, Category) and (unknown := each.unknown(series)):
                more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
                lines.append(f"column {each.column}: {unknown[0]}{more} in no training row; taken for none")
            elif isinstance(each, Number) and (num_missing := int(np.isnan(_numbers(series)).sum())):
                of = f"missing in {num_missing:,} of {len(series):,} row{'s' if len(series) > 1 else ''}"
                lines.append(f"column {each.column}: {of}; taken for the training rows' median, {each.median:g}")
        return lines

    def constants(self) -> dict[str, Any]:
        """Return its name, and by column what was fitted."""
        assert self.fitted is not None
        return {"name": "columns", "columns": [_constants(each) for each in self.fitted]}

    @staticmethod
    def from_constants(constants: Mapping[str, Any]) -> Columns:
        """Return the fitted columns whose `constants` these are."""
        fitted = tuple(
            Category(each["column"], tuple(each["values"]), each["has_missing"])
            if "values" in each
            else Number(each["column"], each["median"], each["mean"], each["deviation"])
            for each in constants["columns"]
        )
        return Columns({each.column: isinstance(each, Category) for each in fitted}, fitted=fitted)


def _constants(column: Number | Category) -> dict[str, Any]:
    plain = dict(vars(column))
    return plain | {"values": list(column.values)} if isinstance(column, Category) else plain


def _numbers(series: Series) -> np.ndarray:
    """Return the numbers (N,) float64, NaN where one is missing.

    Raises:
        DatasetError: when there is something else among them.
    """
    if series.dtype.kind in "cmM":
        raise DatasetError(f"column {series.name}: must hold numbers alone, not {series.dtype}")
    try:
        values = series.to_numpy(dtype=np.float64, na_value=np.nan).copy()
    except (TypeError, ValueError) as error:
        row = _first_of_no_number(series)
        reason = f"{show(series.iloc[row])} in row {row + 1} (counted from 1, below the header) is no number"
        raise DatasetError(f"column {series.name}: {reason}; the column must hold numbers alone") from error
    if np.isinf(values).any():
        row = int(np.isinf(values).argmax()) + 1
        raise DatasetError(f"column {series.name}: infinite in row {row} (counted from 1, below the header)")
    return values


def _first_of_no_number(series: Series) -> int:
    for row, (value, is_missing) in enumerate(zip(series, series.isna(), strict=True)):
        try:
            float("nan" if is_missing else value)
        except (TypeError, ValueError):
            return row
    return 0


def _words(series: Series) -> list[str | None]:
    return [None if is_missing else str(word) for word, is_missing in zip(series, series.isna(), strict=True)]
