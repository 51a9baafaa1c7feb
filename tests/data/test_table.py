"""A table of the user's own: how its columns become inputs, fitted to training rows alone, and what is refused."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from regsweep.config import RunConfig
from regsweep.data import Dataset, describe, load_dataset, table
from regsweep.data.columns import Columns
from regsweep.data.preparation import AsTheyAre, Pixels, Preparation, Scale, preparation_of
from regsweep.data.table import read_table
from regsweep.errors import ConfigError, DatasetError

Load = Callable[..., Dataset]

N = 60


def made(**columns: Any) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.normal(40, 9, N),
            "city": rng.choice(["Rome", "Oslo", "Lima"], N),
            "member": rng.integers(0, 2, N) == 1,
            "price": rng.normal(9, 2, N),
            "kind": ["a", "b"] * (N // 2),
        }
    )
    frame.loc[::7, "age"] = np.nan
    frame.loc[::9, "city"] = None
    return frame.assign(**columns)


@pytest.fixture
def load(configure: Callable[..., RunConfig]) -> Load:
    """Return a function that writes a table, and loads it."""

    def run(frame: pd.DataFrame, *overrides: str, suffix: str = ".csv", target: str = "kind") -> Dataset:
        path = Path(f"data{suffix}")
        if suffix == ".csv":
            frame.to_csv(path, index=False)
        else:
            frame.to_parquet(path)
        config = configure("dataset=table", f"dataset.path={path}", f"dataset.target={target}", *overrides)
        load_dataset.cache_clear()
        return load_dataset(config.dataset, config.task)

    return run


def test_columns_are_what_scikit_learn_makes_of_them() -> None:
    train, other = made().iloc[:30], made().iloc[30:].assign(city="Rome")
    other.iloc[0, 1] = "Quito"
    columns = Columns({"age": False, "city": True}).fit(train)
    theirs = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), ["age"]),
        (OneHotEncoder(handle_unknown="ignore", categories=[["Lima", "Oslo", "Rome", None]]), ["city"]),
        sparse_threshold=0,
    ).fit(train.assign(city=train.city.astype(object).where(train.city.notna(), None)))
    for rows in (train, other):
        expected = theirs.transform(rows.assign(city=rows.city.astype(object).where(rows.city.notna(), None)))
        assert torch.allclose(columns(rows), torch.from_numpy(expected).float(), atol=1e-6)
    assert columns(other)[0, 1:].tolist() == [0, 0, 0, 0], "an unseen category has none"


FITTED: list[tuple[list[Any], bool, dict[str, Any]]] = [
    # The values of a column, whether numbers are standardized, and what is fitted. The median of what is there stands
    # for what is missing; mean and deviation are of all rows, imputed ones, too.
    ([1.0, 2.0, None, 9.0], True, {"median": 2.0, "mean": 3.5, "deviation": np.std([1, 2, 2, 9])}),
    ([1, 2, 3, 10], True, {"median": 2.5, "mean": 4.0, "deviation": np.std([1, 2, 3, 10])}),
    ([0.1] * 3, True, {"median": 0.1, "mean": pytest.approx(0.1), "deviation": 1.0}),
    ([4.0, None], True, {"median": 4.0, "mean": 4.0, "deviation": 1.0}),
    ([1.0, None, 9.0, 9.0], False, {"median": 9.0, "mean": 0.0, "deviation": 1.0}),
    (["z", "a", None, "z"], True, {"values": ["a", "z"], "has_missing": True}),
    (["z", "a", "z"], True, {"values": ["a", "z"], "has_missing": False}),
    (["nan", "None", "a"], True, {"values": ["None", "a", "nan"], "has_missing": False}),
]


@pytest.mark.parametrize(("values", "standardize", "expected"), FITTED)
def test_what_is_fitted_to_a_column(values: list[Any], expected: dict[str, Any], *, standardize: bool) -> None:
    columns = Columns({"c": isinstance(values[0], str)}, standardize).fit(pd.DataFrame({"c": values}))
    assert columns.constants() == {"name": "columns", "columns": [{"column": "c", **expected}]}


def test_a_column_that_never_changes_is_not_blown_up() -> None:
    """Its deviation would be 1e-17 by rounding."""
    columns = Columns({"c": False}).fit(pd.DataFrame({"c": [0.1] * 3}))
    assert columns(pd.DataFrame({"c": [0.1, 0.6]})).flatten().tolist() == pytest.approx([0, 0.5])


@pytest.mark.parametrize(
    ("trained", "given", "line"),
    [
        (["a", "b"], ["a", "b"], None),
        (["a", None], ["a", None], None),
        (["a", "b"], ["a", "d", "d", "c"], "column c: c and 1 more in no training row; taken for none"),
        (["a", "b"], ["a", "d"], "column c: d in no training row; taken for none"),
        (["a", "b"], ["a", None], "column c: nothing in no training row; taken for none"),
        (["a", None], ["a", "nothing"], "column c: nothing in no training row; taken for none"),
    ],
)
def test_words_that_no_training_row_had_are_named(
    trained: list[str | None], given: list[str | None], line: str | None
) -> None:
    columns = Columns({"n": False, "c": True}).fit(pd.DataFrame({"n": 1.0, "c": trained}))
    rows = pd.DataFrame({"n": 1.0, "c": given})
    assert columns.notes(rows) == ([] if line is None else [line])
    assert columns(rows)[:, 1:].sum(1).tolist() == [float(word in trained) for word in given]


@pytest.mark.parametrize(("target", "kind", "outputs"), [("kind", "classification", ("a", "b")),
                                                         ("price", "regression", ("price",)),
                                                         ("member", "classification", ("False", "True"))])  # fmt: skip
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_target_of_each_kind(load: Load, target: str, kind: str, outputs: tuple[str, ...], suffix: str) -> None:
    dataset = load(made(), target=target, suffix=suffix)
    assert (dataset.kind, dataset.outputs) == (kind, outputs)
    assert [len(split) for split in dataset.splits.values()] == [38, 10, 12]
    assert dataset.train.inputs.isfinite().all()


def test_numbers_are_standardized_unless_that_is_left_out_and_columns_may_be_too(load: Load) -> None:
    usual = load(made(), "dataset.ignore=[city,price]").train.inputs.double()
    assert usual.mean(0).tolist() == pytest.approx([0, 0], abs=1e-6)
    assert usual.std(0, correction=0).tolist() == pytest.approx([1, 1], abs=1e-6)
    dataset = load(made(), "dataset.standardize=false", "dataset.ignore=[city,price]")
    assert dataset.input_shape == (2,)
    assert set(dataset.train.inputs[:, 1].tolist()) == {0.0, 1.0}
    assert dataset.train.inputs[:, 0].mean() > 30


IMAGES = torch.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
PREPARATIONS = [
    (Pixels(), IMAGES.to(torch.uint8)),
    (AsTheyAre(), IMAGES.float()),
    (Scale().fit(torch.randn(9, 4)), torch.randn(3, 4)),
    (Columns({"age": False, "city": True, "member": False}).fit(made()[:30]), made()[30:]),
    (Columns({"age": False, "city": True}, standardize=False).fit(made()[9:10]), made()[30:]),
]


@pytest.mark.parametrize(("preparation", "stored"), PREPARATIONS, ids=[type(row[0]).__name__ for row in PREPARATIONS])
def test_a_preparation_is_made_again_from_its_constants(preparation: Preparation, stored: object) -> None:
    constants = json.loads(json.dumps(preparation.constants()))
    assert torch.equal(preparation_of(constants)(stored), preparation(stored))


def test_new_rows_are_prepared_or_refused() -> None:
    columns = preparation_of(Columns({"age": False, "city": True}).fit(made()).constants())
    assert torch.equal(columns(made()[["city", "age", "price"]]), columns(made()))
    with pytest.raises(DatasetError, match=r"no column age; did you mean ages\? there is ages, city"):
        columns(made()[["age", "city"]].rename(columns={"age": "ages"}))
    with pytest.raises(
        DatasetError, match=r"column age: .* in row 1 \(counted from 1, below the header\) is no number"
    ):
        columns(made(age="old"))
    with pytest.raises(DatasetError, match=r"^column age: infinite in row 3 \(counted from 1, below the header\)"):
        columns(made(age=[1.0, np.nan, -np.inf, *[2.0] * (N - 3)]))


def test_words_that_look_like_numbers_may_be_read_as_words() -> None:
    Path("data.csv").write_text("code,age\n01,3\n,4\n")
    assert read_table(Path("data.csv"), words=["code"])["code"].fillna("-").tolist() == ["01", "-"]


def words(different: int, rows: int, missing: int = 0) -> pd.Series:
    return pd.Series([None] * missing + [f"w{row % different}" for row in range(rows)], name="c")


HOLDS: list[tuple[pd.Series, bool | None]] = [
    # What a column holds, and whether that makes categories; None: it is refused.
    (pd.Series([1, 2, 1]), False),
    (pd.Series([1.5, None]), False),
    (pd.Series([True, False]), False),
    (pd.Series([1, None], dtype="Int64"), False),
    (pd.Series([True, None], dtype="boolean"), False),
    (pd.Series([True, None, False], dtype=object), True),
    (pd.Series(["a", None]), True),
    (pd.Series(["1", "2"]), True),
    (pd.Series([1, 2], dtype="category"), True),
    (pd.Series(["a", 1]), None),
    (pd.Series([None, None]), None),
    (words(50, 50), True),
    (words(51, 51), None),
    (words(51, 102), True),
    (words(52, 103), None),
    (words(51, 60, missing=60), None),
]


@pytest.mark.parametrize(("series", "expected"), HOLDS)
def test_what_is_a_category_and_what_a_number(series: pd.Series, *, expected: bool | None) -> None:
    """Words of which most are there once, as names and dates are, are none; up to 50 are in any case."""
    if expected is None:
        with pytest.raises(DatasetError, match=r"^column .*; leave it out|^column .*leave it out \(dataset\.ignore\)"):
            table._holds_words(series)
    else:
        assert table._holds_words(series) == expected


PREDICTED = [
    (pd.Series([True, False]), "b", [True, False]),
    (pd.Series([True, False], dtype="boolean"), "b", [True, False]),
    (pd.Series([3, 1], dtype="Int64"), "i", [3, 1]),
    (pd.Series([0.5, 1]), "f", [0.5, 1]),
    (pd.Series(["b", "a"], dtype="category"), "U", ["b", "a"]),
    (pd.Series(["b", 1], dtype=object), "U", ["b", "1"]),
]


@pytest.mark.parametrize(("series", "kind", "values"), PREDICTED)
def test_a_column_that_is_predicted_holds_numbers_words_or_booleans(
    series: pd.Series, kind: str, values: list[Any]
) -> None:
    found = table.present_target(series)
    assert (found.dtype.kind, found.tolist()) == (kind, values)


def test_a_column_that_never_changes_is_left_out_and_that_is_told(load: Load) -> None:
    dataset = load(made(rig=1, made_in="Oslo"))
    assert list(dataset.preparation.are_categories) == ["age", "city", "member", "price"]  # type: ignore[attr-defined]
    assert describe(dataset)[-1] == "skipped      rig and made_in, the same in every row"
    with pytest.raises(DatasetError, match=r"rig: the same in every row, and there is no other beside the target"):
        load(made(rig=1)[["rig", "kind"]])


@pytest.mark.parametrize("dates", [pd.Series(pd.date_range("2020", periods=3)), pd.Series(pd.to_timedelta([1, 2]))])
def test_dates_are_not_predicted(dates: pd.Series) -> None:
    with pytest.raises(DatasetError, match=r"^column when: holds dates; make numbers of them to predict them"):
        table.present_target(dates.rename("when"))


def test_names_of_columns_stay_as_they_are_written() -> None:
    Path("data.csv").write_text("01,1.0,NA,x\n1,2,3,4\n5,6,7,8\n")
    assert list(read_table(Path("data.csv"))) == ["01", "1.0", "NA", "x"]


DAYS = pd.date_range("2020-01-01", periods=N)
REFUSED = [
    (made(), "dataset.target=knd", "dataset.target=knd: no such column; did you mean kind? there is age, city, kind,"),
    (made(), "dataset.target=null", "dataset.target=null: names the column that is predicted; there is age, city, kin"),
    (made(), "dataset.ignore=[x]", "dataset.ignore=x: no such column; there is age, city, kind, member, price"),
    (made(), "dataset.group_column=cty", "dataset.group_column=cty: no such column; did you mean city?"),
    (made(kind=[None, *"ab" * 29, "a"]), "", "data.csv: column kind: missing in row 1 (counted from 1, below the head"),
    (made(kind=None), "", "data.csv: column kind: missing in row 1 and 59 more"),
    (made(kind="a"), "", "data.csv: kind: holds a single class, a; two or more are needed"),
    (made(price=1.5), "dataset.target=price", "data.csv: price: is 1.5 in every example; there is nothing to predict"),
    (made(age=np.nan), "", "data.csv: column age: empty in every row; leave it out (dataset.ignore)"),
    (made(age=[*range(N - 1), np.inf]), "", "data.csv: column age: infinite in row 60 (counted from 1"),
    (made(age=[1, -1e300, *range(N - 2)]), "", "column age: -1e+300, too large for float32, in row 2 (counted from 1"),
    (made(price=[np.inf, *range(N - 1)]), "dataset.target=price", "column price: infinite in row 1 (counted from 1"),
    (made(), "dataset.group_column=kind", "dataset.group_column=kind: is the column that is predicted"),
    (made(), "dataset.ignore=[kind]", "dataset.ignore=kind: is the column that is predicted (dataset.target)"),
    (made()[["kind"]], "dataset.target=knd", "the file has a single column; are its columns separated by commas? kind"),
    (made(city=["2020-01-01", "2020-01-02"] * (N // 2)), "", "column city: holds dates; make numbers of them, as the"),
    (made(city=["2020-01-01T10:00", None] * (N // 2)), "", "column city: holds dates; make numbers of them, as the d"),
    (made(city=[f"id {row}" for row in range(N)]), "", "data.csv: column city: holds 60 different words in 60 rows; i"),
    (made(city=None, age=None), "", "column age: empty in every row"),
    (made(city=["", *"x" * (N - 1)]), "dataset.group_column=city", "column city: missing in row 1"),
    (made()[["kind"]], "", "data.csv: holds no column beside the target"),
    (made()[:3], "", "too few examples for a test set of a fifth of each class: class b has 1 of them"),
    (made(), "dataset.target=price task=classification", "task=classification: price holds numbers with a fraction ("),
    (made(), "task=regression", "task=regression: kind holds words (a), no numbers; leave it auto"),
]  # fmt: skip


@pytest.mark.parametrize(("frame", "overrides", "message"), REFUSED, ids=[row[2] for row in REFUSED])
def test_tables_are_refused(load: Load, frame: pd.DataFrame, overrides: str, message: str) -> None:
    with pytest.raises((ConfigError, DatasetError)) as refused:
        load(frame, *overrides.split())
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("column", "kind"), [(DAYS, "datetime64"), ([day.date() for day in DAYS], "date"), ([1 + 2j] * N, "complex")]
)
def test_columns_that_hold_neither_numbers_nor_words_are_refused(
    load: Load, monkeypatch: pytest.MonkeyPatch, column: object, kind: str
) -> None:
    frame = made(day=column)
    monkeypatch.setattr(table, "read_table", lambda *_, **__: frame)  # Parquet has no complex numbers
    with pytest.raises(DatasetError, match=rf"data\.csv: column day: holds {kind}; make numbers or words of it"):
        load(made())


FILES = [
    ("data.csv", b"", "data.csv: no .csv file, or damaged ("),
    ("data.csv", b"PAR1\x00\xff\xfe", "data.csv: no .csv file, or damaged ("),
    ("data.csv", b"a,b\n1,2\n1,2,3\n", "data.csv: no .csv file, or damaged ("),
    ("data.parquet", b"a,b\n1,2\n", "data.parquet: no .parquet file, or damaged ("),
    ("data.csv", b"a,b,a\n1,2,3\n", "data.csv: two columns are named a; rename one"),
    ("data.csv", b",a\n0,2\n", "data.csv: column 1 has no name; row numbers that pandas wrote? name it, or leave it "),
    ("data.csv", b"a,b\n", "data.csv: holds no rows"),
    ("data.xls", b"", "dataset.path=data.xls: must end in .csv or .parquet"),
]


@pytest.mark.parametrize(("name", "content", "message"), FILES)
def test_files_are_refused(configure: Callable[..., RunConfig], name: str, content: bytes, message: str) -> None:
    Path(name).write_bytes(content)
    with pytest.raises((ConfigError, DatasetError)) as refused:
        load_dataset(configure("dataset=table", f"dataset.path={name}", "dataset.target=a").dataset)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_without_pyarrow_the_extra_is_named(
    configure: Callable[..., RunConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("data.parquet").write_bytes(b"")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(DatasetError, match=r"data\.parquet: Parquet needs pyarrow; pip install 'regsweep\[parquet\]'"):
        load_dataset(configure("dataset=table", "dataset.path=data.parquet", "dataset.target=a").dataset)


def test_settings_of_other_data_sets_are_refused(configure: Callable[..., RunConfig]) -> None:
    for override, message in {
        "dataset.path=x": r"dataset\.path=x: digits has no such setting, only arrays and table",
        "dataset._target_=a.b": r"dataset\._target_=a\.b: digits has no such setting, only torch",
        "dataset.stream=false": r"dataset\.stream=false: digits has no such setting, only image_folder, arrays and t",
        "dataset.image_size=8": r"dataset\.image_size=8: digits has no such setting, only image_folder",
    }.items():
        with pytest.raises(ConfigError, match=message):
            configure(override)


@pytest.mark.parametrize(("suffix", "size"), [(".csv", 4 + 5000 * 4), (".parquet", 5000 * 2 * 8)])
def test_a_table_that_does_not_fit_into_memory_is_refused(
    load: Load, monkeypatch: pytest.MonkeyPatch, suffix: str, size: int
) -> None:
    """Its text is held, or each number of a Parquet file, however few bytes that has."""
    frame = pd.DataFrame({"a": np.arange(5000) % 7, "y": np.arange(5000) % 2})
    monkeypatch.setattr(table, "available_memory", lambda: size)
    assert len(load(frame, suffix=suffix, target="y").train) == 3200
    monkeypatch.setattr(table, "available_memory", lambda: size - 1)
    with pytest.raises(DatasetError, match=r"needs 0\.0 GB or more, and 0\.0 GB are free; give it as rows that are st"):
        load(frame, suffix=suffix, target="y")
