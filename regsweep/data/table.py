"""A table as a data set: a row for each example, a column that is predicted, the others inputs."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from regsweep.config import DatasetConfig
from regsweep.data.arrays import require_file
from regsweep.data.columns import Columns
from regsweep.data.dataset import Raw, Source
from regsweep.data.targets import targets_of
from regsweep.errors import ConfigError, DatasetError, show
from regsweep.memory import available_memory, in_gigabytes
from regsweep.names import listed
from regsweep.signatures import offer

if TYPE_CHECKING:
    from pandas import DataFrame, Series

SUFFIXES = (".csv", ".parquet")

_STREAM = "give it as rows that are streamed (dataset=torch, or dataset=arrays where all are numbers)"

_DATE = r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d.*)?"
"""A word that is a date (ISO 8601), with or without a time."""

_FEW_WORDS = 50
"""Different words that a column may have in any case; more of them only where most are there twice or more."""


def load_table(config: DatasetConfig, task: str) -> Source:
    """Return the table in `config.path`.

    Raises:
        DatasetError: when the file cannot be read, or a column cannot be used.
        ConfigError: when a setting does not fit it.
    """
    path = require_file(config, SUFFIXES)
    _require_room(path)
    try:
        table = read_table(path, unnamed=config.ignore)
    except MemoryError as error:
        raise DatasetError(f"{path}: a table is held in memory, and this one does not fit; {_STREAM}") from error
    try:
        return _source(config, task, table)
    except DatasetError as error:
        raise DatasetError(f"{path}: {error}") from error


def read_table(path: Path, words: Collection[str] = (), unnamed: Collection[str] = ()) -> DataFrame:
    """Return the rows of a CSV or Parquet file.

    Args:
        path: the file, named by its suffix.
        words: columns of a CSV file that are read as words, whatever stands in them.
        unnamed: columns without a name that are expected, as pandas calls them.

    Raises:
        DatasetError: when it cannot be read, or two columns have one name, or one has none.
    """
    import pandas as pd  # noqa: PLC0415  (a second of import that other data sets do not need)

    try:
        if path.suffix.lower() == ".parquet":
            table = _parquet(path)
            names = list(map(str, table.columns))
        else:
            header = pd.read_csv(path, header=None, nrows=1, dtype=str, keep_default_na=False)
            names = [str(name) or f"Unnamed: {place}" for place, name in enumerate(header.iloc[0])]
            table = pd.read_csv(path, dtype=dict.fromkeys(words, str), low_memory=False)
    except DatasetError:
        raise
    except (OSError, ValueError, UnicodeError) as error:  # of pandas and of pyarrow, too
        raise DatasetError(f"{path}: no {path.suffix} file, or damaged ({show(error)})") from error
    _require_names(path, names, unnamed)
    return table.set_axis(names, axis=1)


def _require_room(path: Path) -> None:
    """Refuse a file that takes more memory than is free: a table is held as a whole, and no less than its text."""
    needed, free = path.stat().st_size, available_memory()
    if path.suffix.lower() == ".parquet" and importlib.util.find_spec("pyarrow") is not None:
        needed = max(needed, _size_of_parquet(path))
    if needed > free:
        reason = f"a table is held in memory, needs {in_gigabytes(needed)} or more, and {in_gigabytes(free)} are free"
        raise DatasetError(f"{path}: {reason}; {_STREAM}")


def _size_of_parquet(path: Path) -> int:
    """Return the bytes of a file's columns as numbers; 0 where it is none, which reading it says."""
    from pyarrow import ArrowException  # noqa: PLC0415
    from pyarrow.parquet import read_metadata  # noqa: PLC0415

    try:
        found = read_metadata(path)
    except (ArrowException, OSError):
        return 0
    return int(found.num_rows * found.num_columns * np.float64().itemsize)


def _parquet(path: Path) -> DataFrame:
    import pandas as pd  # noqa: PLC0415

    if importlib.util.find_spec("pyarrow") is None:
        raise DatasetError(f"{path}: Parquet needs pyarrow; pip install 'regsweep[parquet]', or write it as .csv")
    return pd.read_parquet(path, engine="pyarrow")


def _require_names(path: Path, names: list[str], unnamed: Collection[str]) -> None:
    for place, name in enumerate(names):
        if name in names[:place]:
            raise DatasetError(f"{path}: two columns are named {name}; rename one")
        if name.startswith("Unnamed: ") and name not in unnamed:
            reason = f"name it, or leave it out (dataset.ignore=['{name}'])"
            raise DatasetError(f"{path}: column {place + 1} has no name; row numbers that pandas wrote? {reason}")


def _source(config: DatasetConfig, task: str, table: DataFrame) -> Source:
    names = list(table.columns)
    if config.target is None:
        raise ConfigError("dataset.target", None, f"names the column that is predicted; {offer('', names)}")
    for key, name in [("target", config.target), ("group_column", config.group_column)]:
        if name is not None and name not in names:
            only = f"the file has a single column; are its columns separated by commas? {names[0]}"
            raise ConfigError(f"dataset.{key}", name, f"no such column; {offer(name, names) if names[1:] else only}")
    for key, name in [("group_column", config.group_column), *(("ignore", name) for name in config.ignore)]:
        if name == config.target:
            raise ConfigError(f"dataset.{key}", name, "is the column that is predicted (dataset.target); name another")
    for name in config.ignore:
        if name not in names:
            raise ConfigError("dataset.ignore", name, f"no such column; {offer(name, names)}")
    if table.empty:
        raise DatasetError("holds no rows")
    left_out = {config.target, config.group_column, *config.ignore}
    inputs = {str(name): _holds_words(table[name]) for name in names if name not in left_out}
    constant = [name for name in inputs if table[name].nunique(dropna=False) == 1]
    inputs = {name: are_words for name, are_words in inputs.items() if name not in constant}
    if not inputs and constant:
        raise DatasetError(f"{listed(constant)}: the same in every row, and there is no other beside the target")
    if not inputs:
        raise DatasetError("holds no column beside the target")
    target = present_target(table[config.target])
    if target.dtype.kind == "f":
        _require_float32(table[config.target])
    targets = targets_of({config.target: target}, task)
    groups = None if config.group_column is None else _groups(table[config.group_column])
    raw = Raw(table[list(inputs)], targets.parts[config.target], groups=groups)
    columns = Columns(inputs, config.standardize is not False)
    skipped = f"{listed(constant)}, the same in every row" if constant else ""
    return Source(targets.outputs, raw, None, None, skipped, kind=targets.kind, preparation=columns)


def _holds_words(series: Series) -> bool:
    """Return whether a column holds words, which become categories, and not numbers.

    Raises:
        DatasetError: when it is empty, or holds neither.
    """
    from pandas.api import types  # noqa: PLC0415

    if series.isna().all():
        raise DatasetError(f"column {series.name}: empty in every row; leave it out (dataset.ignore)")
    if types.is_bool_dtype(series) or (types.is_numeric_dtype(series) and not types.is_complex_dtype(series)):
        _require_float32(series)
        return False
    kind = types.infer_dtype(series, skipna=True)
    if kind not in ("string", "categorical", "boolean"):
        reason = "make numbers or words of it, or leave it out (dataset.ignore)"
        raise DatasetError(f"column {series.name}: holds {kind}; {reason}")
    if series.dropna().astype(str).str.fullmatch(_DATE).all():
        reason = "make numbers of them, as the days since one of them, or leave it out (dataset.ignore)"
        raise DatasetError(f"column {series.name}: holds dates; {reason}")
    different, present = series.nunique(), int(series.notna().sum())
    if different > max(_FEW_WORDS, present / 2):
        reason = "it is no category (a name, a date?); leave it out (dataset.ignore), or make numbers of it"
        raise DatasetError(f"column {series.name}: holds {different} different words in {present} rows; {reason}")
    return True


def present_target(series: Series) -> np.ndarray:
    """Return what is predicted as an array of numbers, words or booleans.

    Raises:
        DatasetError: where a row has none, and for dates.
    """
    from pandas.api import types  # noqa: PLC0415

    _require_present(series)
    if types.is_bool_dtype(series):
        return series.to_numpy(dtype=bool)
    if types.is_numeric_dtype(series):
        return series.to_numpy()
    if types.is_datetime64_any_dtype(series) or types.is_timedelta64_dtype(series):
        raise DatasetError(f"column {series.name}: holds dates; make numbers of them to predict them")
    return series.astype(str).to_numpy(dtype=str)


def _require_float32(series: Series) -> None:
    """Refuse numbers that are not finite as float32, in which networks compute."""
    values = np.abs(series.to_numpy(dtype=np.float64, na_value=np.nan))
    is_bad = values > np.finfo(np.float32).max
    if is_bad.any():
        row = int(is_bad.argmax())
        value = "infinite" if np.isinf(values[row]) else f"{series.iloc[row]:.3g}, too large for float32,"
        raise DatasetError(
            f"column {series.name}: {value} in row {row + 1} (counted from 1, below the header); remove or replace it"
        )


def _groups(series: Series) -> np.ndarray:
    _require_present(series)
    return np.unique(series.astype(str).to_numpy(dtype=str), return_inverse=True)[1]


def _require_present(series: Series) -> None:
    is_missing = series.isna().to_numpy()
    if is_missing.any():
        row, more = int(is_missing.argmax()) + 1, int(is_missing.sum()) - 1
        also = f" and {more} more" if more else ""
        reason = "remove these rows or fill them in"
        raise DatasetError(
            f"column {series.name}: missing in row {row}{also} (counted from 1, below the header); {reason}"
        )
