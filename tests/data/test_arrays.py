"""Arrays of the user's own: what is an image, what is a class, and what is refused in one line."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch

from regsweep import weights
from regsweep.build import build
from regsweep.config import RunConfig
from regsweep.data import Dataset, array_files, arrays, describe, load_dataset, preparation
from regsweep.data.array_files import Rows
from regsweep.data.arrays import stored_inputs
from regsweep.data.targets import targets_among, targets_of
from regsweep.errors import ConfigError, DatasetError
from regsweep.training import Training

Load = Callable[..., Dataset]

N = 40
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(N, 3)).astype(np.float32), np.arange(N) % 2


@pytest.fixture
def load(configure: Callable[..., RunConfig]) -> Load:
    """Return a function that writes arrays, and loads them."""

    def run(*overrides: str, suffix: str = ".npz", **given: Any) -> Dataset:
        path = Path(f"data{suffix}")
        if suffix == ".npz":
            np.savez(path, **given)
        else:
            safetensors.numpy.save_file({name: np.ascontiguousarray(array) for name, array in given.items()}, path)
        config = configure("dataset=arrays", f"dataset.path={path}", *overrides)
        load_dataset.cache_clear()
        return load_dataset(config.dataset, config.task)

    return run


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_splits_of_its_own_are_kept_and_floats_stay_as_they_are(load: Load, suffix: str) -> None:
    dataset = load(
        x=X, y=Y, x_validation=X[:4] + 1, y_validation=Y[:4], x_test=X[:6] + 2, y_test=Y[:6], notes=Y, suffix=suffix
    )
    assert [len(split) for split in dataset.splits.values()] == [N, 4, 6]
    assert torch.equal(dataset.train.inputs, torch.from_numpy(X))
    assert torch.equal(dataset.test.inputs, torch.from_numpy(X[:6] + 2))
    lines = describe(dataset)
    assert lines[0] == f"data         data{suffix}: train 40 / validation 4 / test 6, 2 classes, 3 numbers"
    assert lines[-1] == "skipped      notes", "a mistyped name is seen"


def test_without_splits_a_fifth_is_held_out_twice(load: Load) -> None:
    assert [len(split) for split in load(x=X, y=Y).splits.values()] == [25, 7, 8]


def test_standardized_numbers_have_the_training_examples_mean_and_deviation(load: Load) -> None:
    dataset = load("dataset.standardize=true", x=X * 5 + 3, y=Y)
    train = dataset.train.inputs.double()
    assert train.mean(0).abs().max() < 1e-6
    assert (train.std(0, correction=0) - 1).abs().max() < 1e-6


BYTES = {
    (N, 5, 6): (1, 5, 6),
    (N, 1, 5, 6): (1, 5, 6),
    (N, 3, 5, 6): (3, 5, 6),
    (N, 5, 6, 3): (3, 5, 6),
    (N, 5, 6, 1): (1, 5, 6),
    (N, 3, 6, 3): (3, 6, 3),  # PyTorch's own order comes first
    (N, 7): (7,),  # no images
}


@pytest.mark.parametrize("shape", BYTES)
def test_bytes_are_images(load: Load, shape: tuple[int, ...]) -> None:
    x = RNG.integers(0, 256, shape, dtype=np.uint8)
    dataset = load(x=x, y=Y, x_test=x, y_test=Y)
    assert dataset.input_shape == BYTES[shape]
    if len(shape) > 2:
        first = dataset.test.inputs[0]
        pixels = (first if shape[-1] not in (1, 3) or shape[1] in (1, 3) else first.permute(1, 2, 0)).numpy()
        assert np.allclose(pixels.reshape(shape[1:]), x[0] / 127.5 - 1, atol=1e-6)


def test_floats_of_the_shape_of_images_are_taken_as_they_are(load: Load) -> None:
    x = RNG.normal(size=(N, 2, 4, 5))
    dataset = load(x=x, y=Y, x_test=x, y_test=Y)
    assert torch.equal(dataset.test.inputs, torch.from_numpy(x.astype(np.float32)))
    assert dataset.test.inputs.is_contiguous(memory_format=torch.channels_last), "as the kernels of networks have it"


WHOLE = np.arange(60)
TAKEN = [
    ("auto", WHOLE % 3, "classification", ("0", "1", "2")),
    ("auto", WHOLE % 20, "classification", tuple(map(str, range(20)))),
    ("auto", WHOLE % 21, "regression", ("y",)),
    ("auto", (WHOLE % 20).astype(float), "classification", tuple(map(str, range(20)))),
    ("auto", (WHOLE % 21).astype(float), "regression", ("y",)),
    ("auto", WHOLE % 3 + 0.5, "regression", ("y",)),
    ("auto", WHOLE % 2 == 0, "classification", ("False", "True")),
    ("auto", np.array(["b", "a"] * 30), "classification", ("a", "b")),
    ("auto", np.array([str(number) for number in WHOLE]), "classification", tuple(sorted(map(str, range(60))))),
    ("auto", np.array(["é".encode(), b"a"] * 30), "classification", ("a", "é")),
    ("auto", np.stack([WHOLE % 2, WHOLE], 1).astype(float), "regression", ("y 0", "y 1")),
    ("auto", (WHOLE % 3)[:, None], "classification", ("0", "1", "2")),
    ("regression", np.eye(3)[WHOLE % 3], "regression", ("y 0", "y 1", "y 2")),
    ("auto", np.stack([WHOLE % 2, WHOLE % 3 == 0], 1), "regression", ("y 0", "y 1")),  # a row may have both
    ("classification", WHOLE, "classification", tuple(map(str, range(60)))),
    ("regression", WHOLE % 2, "regression", ("y",)),
]


@pytest.mark.parametrize(("task", "y", "kind", "outputs"), TAKEN)
def test_targets_are(task: str, y: np.ndarray, kind: str, outputs: tuple[str, ...]) -> None:
    targets = targets_of({"y": y, "y_test": y[:1]}, task)
    assert (targets.kind, targets.outputs) == (kind, outputs)
    assert len(targets.parts["y"]) == 60
    assert torch.equal(targets.parts["y_test"], targets.parts["y"][:1])
    if kind == "classification":
        assert targets.parts["y"].max() == len(outputs) - 1
    else:
        assert torch.equal(targets.parts["y"], torch.from_numpy(y.reshape(60, -1).astype(np.float32)))


def test_names_of_classes_make_whole_numbers_classes() -> None:
    targets = targets_of({"y": WHOLE % 30}, classes=[f"c{number}" for number in range(31)])
    assert (targets.kind, len(targets.outputs)) == ("classification", 31)


NAMES = ("c0", "c1", "c2")
NAMED = [
    ("auto", np.array([0, 2, 2]), "classification", NAMES, [0, 2, 2]),
    ("classification", np.array([0, 2, 2]), "classification", NAMES, [0, 2, 2]),
    ("regression", np.array([0, 2, 2]), "regression", ("y",), [[0], [2], [2]]),
    ("auto", np.array([1, 3, 3]), "classification", ("1", "3"), [0, 1, 1]),
    ("auto", np.array([-1, 0, 0]), "classification", ("-1", "0"), [0, 1, 1]),
    ("auto", np.array([0.5, 2, 2]), "regression", ("y",), [[0.5], [2], [2]]),
    ("auto", np.array(["u", "v", "v"]), "classification", ("u", "v"), [0, 1, 1]),
]


@pytest.mark.parametrize(("task", "y", "kind", "outputs", "expected"), NAMED)
def test_names_are_those_of_whole_numbers_that_count_them(
    task: str, y: np.ndarray, kind: str, outputs: tuple[str, ...], expected: list[Any]
) -> None:
    targets = targets_of({"y": y, "y_test": y[:2]}, task, NAMES)
    assert (targets.kind, targets.outputs) == (kind, outputs)
    assert [part.tolist() for part in targets.parts.values()] == [expected, expected[:2]]


def test_a_class_that_has_a_name_may_be_in_the_test_examples_alone() -> None:
    parts = targets_of({"y": np.array([0, 2, 2]), "y_test": np.array([1])}, classes=NAMES).parts
    assert parts["y_test"].tolist() == [1]
    with pytest.raises(DatasetError, match=r"y_test: 1 in row 0 \(counted from 0\) is no class of y"):
        targets_of({"y": np.array([0, 2, 2]), "y_test": np.array([1])})


AMONG = [
    # What a trained network predicts; what is given; which outputs are meant.
    (("a", "b"), np.array(["b", "a"]), [1, 0]),
    (("a", "b"), np.array([["b"], ["a"]]), [1, 0]),
    (("a", "b"), np.array([1, 0]), [1, 0]),
    (("a", "b"), np.array([1.0, 0.0]), "a: 1 in row 0 (counted from 0) is no class of the run; there is a, b"),
    (("a", "b"), np.array([0, 2]), "a: 0 in row 0 (counted from 0) is no class of the run; there is a, b"),
    (("a", "b"), np.array([1, -1]), "a: 1 in row 0 (counted from 0) is no class of the run"),
    (("1", "2"), np.array([2, 1]), [1, 0]),
    (("1", "2"), np.array([1, 0]), "a: 0 in row 1 (counted from 0) is no class of the run; there is 1, 2"),
    (("1", "x"), np.array(["x", "1"]), [1, 0]),
    (("1", "x"), np.array([1, 1]), [0, 0]),
    (("0", "1"), np.array([1.0, 0.0]), [1, 0]),
    (("False", "True"), np.array([True, False]), [1, 0]),
    (("a", "é"), np.array(["é".encode(), b"a"]), [1, 0]),
    (("oslo", "rome"), np.array(["rome", "osl"]), "osl in row 1 (counted from 0) is no class of the run; did you mean"),
    (("a", "b"), np.array([["a", "b"]]), "in row 0 (counted from 0) is no class of the run"),
    (("a", "b"), np.array([0.0, np.nan]), "a: NaN in row 1 (counted from 0); remove or replace it"),
]


@pytest.mark.parametrize(("outputs", "given", "expected"), AMONG)
def test_classes_of_further_examples_are_found_by_name_or_refused(
    outputs: tuple[str, ...], given: np.ndarray, expected: list[int] | str
) -> None:
    if isinstance(expected, list):
        found = targets_among("a", given, "classification", outputs)
        assert (found.dtype, found.tolist()) == (torch.int64, expected)
        return
    for is_of_table in (False, True):
        with pytest.raises(DatasetError) as refused:
            targets_among("a", given, "classification", outputs, is_of_table=is_of_table)
        assert is_of_table or expected in str(refused.value)
        assert (
            not is_of_table
            or "NaN" in expected
            or re.search(r"in row [12] \(counted from 1, below the header\)", str(refused.value))
        )


def test_numbers_of_further_examples_have_the_shape_of_the_run_s() -> None:
    assert targets_among("y", np.array([1.5, 2]), "regression", ["y"]).tolist() == [[1.5], [2.0]]
    assert targets_among("y", np.array([[3, 4]]), "regression", ["y 0", "y 1"]).tolist() == [[3.0, 4.0]]
    for given, outputs, message in [
        (np.array([1.5, 2]), ["y 0", "y 1"], r"^y: must hold 2 numbers of each example, not the shape \(2,\)"),
        (np.array(["1.5"]), ["y"], "^y: must hold 1 numbers of each example, not words"),
        (np.array([1.5, np.inf]), ["y"], "^y: infinite in row 1"),
        (np.array([1.5, 1e300]), ["y"], r"^y: 1e\+300 in row 1 \(counted from 0\) is too large for float32"),
    ]:
        with pytest.raises(DatasetError, match=message):
            targets_among("y", given, "regression", outputs)


def hole(place: tuple[int, ...], value: float = np.nan) -> np.ndarray:
    x = X.copy()
    x[place] = value
    return x


REFUSED = [
    ("", {"x": X}, "data.npz: holds no array y; there is x"),
    ("", {"X_train": X, "y": Y}, "data.npz: holds no array x; there is X_train, y"),
    ("", {"x": X, "y": Y, "x_test": X}, "data.npz: holds no array y_test; did you mean "),
    ("", {"x": hole((3, 1)), "y": Y}, "data.npz: x: NaN in row 3, column 1 (counted from 0); remove or replace it"),
    ("", {"x": hole((3, 1), np.inf), "y": Y}, "x: infinite in row 3, column 1 (counted from 0)"),
    ("", {"x": X, "y": Y, "x_test": hole((2, 0))[:3], "y_test": Y[:3]}, "x_test: NaN in row 2, column 0"),
    ("", {"x": X, "y": np.where(Y == 1, np.nan, 0.5)}, "y: NaN in row 1 (counted from 0), and in 19 more places"),
    ("", {"x": X.astype(float) * 1e300, "y": Y}, "in row 0 (counted from 0) is too large for float32, in which"),
    ("", {"x": X, "y": X[:, 0].astype(float) * 1e300}, "is too large for float32"),
    ("", {"x": X, "y": Y[:-1]}, "x and y must have a row for each example, not (40, 3) and (39,)"),
    ("", {"x": X, "y": Y, "x_test": X[:, :2], "y_test": Y}, "x_test has examples of (2,) float32, x of (3,) float32"),
    ("", {"x": X, "y": Y, "x_test": X.astype(np.uint8), "y_test": Y}, "x_test has examples of (3,) uint8, x of (3,)"),
    ("", {"x": X, "y": Y.astype(object)}, "data.npz: y holds Python objects, which are not read; make it numbers or w"),
    ("", {"x": X.astype(str), "y": Y}, "data.npz: x: must hold numbers, not <U"),
    ("", {"x": X.astype(complex), "y": Y}, "data.npz: x: must hold numbers, not complex128"),
    ("", {"x": X, "y": np.zeros(N, int)}, "data.npz: y: holds a single class, 0; two or more are needed"),
    ("", {"x": X, "y": np.full(N, 0.5)}, "data.npz: y: is 0.5 in every example; there is nothing to predict"),
    ("", {"x": X, "y": np.stack([X[:, 0], X[:, 0] * 0], 1)}, "data.npz: y 1: is 0.0 in every example"),
    ("", {"x": X, "y": Y, "x_test": X, "y_test": Y + 1}, "y_test: 2 in row 1 (counted from 0) is no class of y"),
    ("", {"x": X, "y": Y, "x_test": X, "y_test": Y + 0.5}, "y_test: 0.5 in row 0 (counted from 0) is no class of"),
    ("", {"x": X, "y": Y, "x_test": X, "y_test": Y.astype(str)}, "y_test: 0 in row 0 (counted from 0) is no class"),
    ("", {"x": X, "y": Y.reshape(2, 4, 5)}, "y: must have the shape (N,) or (N, M), not (2, 4, 5)"),
    ("", {"x": X, "y": np.array([["a", "b"]] * N)}, "y: has 2 columns of words; a class is one word"),
    ("", {"x": X, "y": X[:, 0], "x_test": X, "y_test": X}, "y_test: has the shape (40, 3), y (40,)"),
    ("", {"x": X[:3], "y": Y[:3]}, "too few examples for a test set of a fifth of each class: class 1 has 1 of them"),
    ("", {"x": X[:, :0], "y": Y}, "data.npz: x: has no numbers in an example: (40, 0)"),
    ("", {"x": X[:0], "y": Y[:0]}, "data.npz: y: holds no examples"),
    ("", {"x": np.zeros((N, 4, 4, 2), np.uint8), "y": Y}, "bytes are images with 1 or 3 channels, in the second or th"),
    ("task=classification", {"x": X, "y": Y / 2}, "task=classification: y holds numbers with a fraction (0.5 in row 1"),
    ("task=classification", {"x": X, "y": np.where(Y == 1, np.nan, 0)}, "y: NaN in row 1 (counted from 0), and in 19"),
    (
        "",
        {"x": X, "y": np.eye(3)[Y]},
        "task=auto: y has 3 columns, and in each row one is 1 and the others 0: are these "
        "classes? store the number of each, y.argmax(1); to predict the columns as numbers, set task=regression",
    ),
    (
        "task=classification",
        {"x": X, "y": np.eye(2, dtype=bool)[Y]},
        "task=classification: y has 2 columns, and in each",
    ),
    ("task=classification", {"x": X, "y": X}, "task=classification: y has 3 columns; classes are one; leave it auto"),
    ("task=regression", {"x": X, "y": Y.astype(str)}, "task=regression: y holds words (0), no numbers; leave it auto"),
    ("dataset.standardize=true", {"x": np.zeros((N, 4, 4), np.uint8), "y": Y}, "dataset.standardize=true: images are"),
    (
        "dataset.val_fraction=0.1",
        {"x": X, "y": Y, "x_validation": X, "y_validation": Y},
        "dataset.val_fraction=0.1: the data set has validation examples of its own; leave it null",
    ),
    ("dataset.group_column=g", {"x": X, "y": Y, "group": Y}, "dataset.group_column=g: no such array; there is group"),
    (
        "dataset.group_column=g",
        {"x": X, "y": Y, "g": np.arange(N), "x_test": X[:2], "y_test": Y[:2]},
        "data.npz: holds g, and no g_test: a group of x_test may be in x, too; add it",
    ),
    ("dataset.group_column=g", {"x": X, "y": Y, "g": Y[1:]}, "g must name the group of each example, (40,), not (39,)"),
    (
        "dataset.group_column=g",
        {"x": X, "y": Y, "g": np.arange(N), "x_test": X[:2], "y_test": Y[:2], "g_test": [50, 7]},
        "data.npz: group 7 is in g and g_test; it must be in one part",
    ),
    (
        "dataset.group_column=g",
        {"x": X, "y": Y, "g": np.arange(N), "x_test": X[:2], "y_test": Y[:2], "g_test": ["50", "8"]},
        "data.npz: group 8 is in g and g_test; it must be in one part",
    ),
    ("dataset.label_noise=0.1", {"x": X, "y": X}, "dataset.label_noise=0.1: only classes can be flipped; set it to 0"),
]


@pytest.mark.parametrize(("override", "given", "message"), REFUSED, ids=[row[2] for row in REFUSED])
def test_arrays_are_refused(load: Load, override: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigError, DatasetError)) as refused:
        load(*override.split(), **given)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


FILES = [
    ("data.npz", b"x,y\n1,2\n", "data.npz: no .npz file, or damaged ("),
    (
        "data.npz",
        b"\x80\x05]\x94.",
        "data.npz: no .npz file, or damaged (no arrays, or Python objects, which are not",
    ),
    ("data.npz", b"", "data.npz: no .npz file, or damaged ("),
    ("data.npz", b"PK\x03\x04 cut", "data.npz: no .npz file, or damaged ("),
    ("data.safetensors", b"PK\x03\x04 cut", "data.safetensors: no .safetensors file, or damaged ("),
    ("data.npz", None, "dataset.path=data.npz: no such file; did you mean dat.npz? there is dat.npz"),
    ("data.pt", b"", "dataset.path=data.pt: must end in .npz or .safetensors"),
]


@pytest.mark.parametrize(("name", "content", "message"), FILES)
def test_files_are_refused(configure: Callable[..., RunConfig], name: str, content: bytes | None, message: str) -> None:
    if content is None:
        Path("dat.npz").write_bytes(b"")
    else:
        Path(name).write_bytes(content)
    with pytest.raises((ConfigError, DatasetError)) as refused:
        load_dataset(configure("dataset=arrays", f"dataset.path={name}").dataset)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_a_single_array_is_no_npz_file(configure: Callable[..., RunConfig]) -> None:
    with Path("data.npz").open("wb") as file:
        np.save(file, X)
    with pytest.raises(DatasetError, match=r"data\.npz: holds a single array, no \.npz file; write it with numpy"):
        load_dataset(configure("dataset=arrays", "dataset.path=data.npz").dataset)


def test_a_path_is_needed(configure: Callable[..., RunConfig]) -> None:
    with pytest.raises(ConfigError, match=r"dataset\.path=null: names the file of the data \(\.npz or \.safetensors\)"):
        load_dataset(configure("dataset=arrays").dataset)


def test_a_single_number_of_each_example_is_one_input() -> None:
    assert stored_inputs("x", np.arange(4)).shape == (4, 1)


STREAM = "dataset.stream=true"
PICTURES = RNG.integers(0, 256, (N, 5, 6, 3), dtype=np.uint8)
STREAMED: dict[str, tuple[np.ndarray, np.ndarray]] = {
    "floats": (X, Y),
    "doubles": (RNG.normal(size=(N, 2, 4, 5)), Y),
    "halves": (X.astype(np.float16), Y),
    "whole": (RNG.integers(-9, 9, (N, 4)), RNG.normal(size=(N, 2))),
    "truth": (X > 0, Y == 1),
    "single": (X[:, 0], X[:, 1]),
    "pictures": (PICTURES, Y),
    "grey": (PICTURES[..., 0], Y),
    "bytes": (PICTURES[:, 0, :, 0], Y),
}


def assert_alike(streamed: Dataset, held: Dataset) -> None:
    """Both have the same bits."""
    assert (held.train.is_streamed, streamed.train.is_streamed) == (False, True)
    assert streamed.constants() == held.constants()
    assert describe(streamed) == [f"{describe(held)[0]}, streamed", *describe(held)[1:]]
    for part, split in held.splits.items():
        (inputs, targets), *more = streamed.splits[part].in_order(100)
        assert not more
        assert torch.equal(inputs, split.inputs)
        assert inputs.stride() == split.inputs.stride()
        assert torch.equal(targets, split.targets)


@pytest.mark.parametrize("parts", ["train", "test", "all"])
@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize("name", STREAMED)
def test_held_or_streamed_the_arrays_are_the_same(
    load: Load, monkeypatch: pytest.MonkeyPatch, name: str, suffix: str, parts: str
) -> None:
    monkeypatch.setattr(arrays, "num_workers", lambda: 0)  # other tests have processes, which cost time
    monkeypatch.setattr(array_files, "_AT_ONCE", 16)
    monkeypatch.setattr(preparation, "_AT_ONCE", 16)
    x, y = STREAMED[name]
    given = {"x": x, "y": y, "notes": X, "group": np.arange(N) // 3}
    if parts != "train":
        given |= {"x_test": x[::-1], "y_test": y[::-1], "group_test": np.arange(N) + N}
    if parts == "all":
        given |= {"x_validation": x[:9], "y_validation": y[:9], "group_validation": np.arange(9) + 2 * N}
    typed = ["dataset.standardize=true"] if x.dtype != np.uint8 else []
    typed += ["dataset.group_column=group"] if name == "floats" else []
    held = load(*typed, "dataset.stream=false", suffix=suffix, **given)
    assert_alike(load(*typed, STREAM, suffix=suffix, **given), held)


def test_numbers_that_numpy_has_no_type_for_are_streamed_likewise(configure: Callable[..., RunConfig]) -> None:
    config = configure("dataset=arrays", "dataset.path=data.safetensors", "dataset.standardize=true").dataset
    numbers = torch.from_numpy(X)
    for kind in (torch.bfloat16, torch.float8_e4m3fn):
        safetensors.torch.save_file({"x": numbers.to(kind), "y": torch.arange(N) % 2}, "data.safetensors")
        load_dataset.cache_clear()
        held, streamed = (config.model_copy(update={"stream": stream}) for stream in (False, True))
        if kind == torch.bfloat16:
            assert_alike(load_dataset(streamed), load_dataset(held))
            continue
        load_dataset(held)
        message = (
            r"^data\.safetensors: x holds F8_E4M3: it cannot be streamed; save it in a \.safetensors file, as byte"
        )
        with pytest.raises(DatasetError, match=message):
            load_dataset(streamed)


@pytest.mark.parametrize("threads", [1, 0])
def test_streamed_arrays_train_to_the_bits_of_held_ones(
    load: Load, configure: Callable[..., RunConfig], monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    """Read by a process of its own, or by none."""
    monkeypatch.setattr(arrays, "num_workers", lambda: threads)
    load(suffix=".safetensors", x=X, y=Y, x_test=X[:9], y_test=Y[:9])
    typed = ("dataset=arrays", "dataset.path=data.safetensors", "dataset.standardize=true", "model=mlp")
    found = []
    for stream in ("dataset.stream=false", STREAM):
        settings = ("trainer.epochs=2", "trainer.batch_size=4", "device.precision=float32")
        config = configure(*typed, stream, *settings, "regularizer=[l2,dropout,batch_norm,mixup]")
        load_dataset.cache_clear()
        parts = build(config)
        assert parts.dataset.train.is_streamed == (stream == STREAM)
        member = parts.member(config)
        Training([member]).run()
        assert member.error is None
        rows = [(row.train.values, row.validation) for row in member.history]
        found.append((weights.digest(member.trained()), rows))
    assert found[0] == found[1]


@pytest.mark.parametrize(("name", "needed"), [("floats", 3 * N * 4 * 3), ("pictures", 90 * N * (2 + 4))])
@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_arrays_that_do_not_fit_into_half_of_the_memory_are_streamed(
    load: Load, monkeypatch: pytest.MonkeyPatch, name: str, needed: int, suffix: str
) -> None:
    """They are stored, chosen for a split, and made numbers of 4 bytes; those of all parts count, and nothing else."""
    x, y = STREAMED[name]
    given = {"x": x[:30], "y": y[:30], "x_test": x[30:], "y_test": y[30:], "notes": X}
    for free, is_streamed in ((2 * needed, False), (2 * needed - 2, True)):
        monkeypatch.setattr("regsweep.data.streamed.available_memory", lambda free=free: free)
        assert load(suffix=suffix, **given).train.is_streamed == is_streamed
    monkeypatch.setattr("regsweep.data.streamed.available_memory", lambda: needed - 1)
    with pytest.raises(ConfigError, match=r"dataset\.stream=false: the examples need 0\.0 GB of memory, and"):
        load("dataset.stream=false", suffix=suffix, **given)


def test_what_is_not_needed_is_never_read_as_a_whole(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[str, int]] = []
    whole, rows = Rows.whole, Rows.read

    def whole_noted(self: Rows) -> np.ndarray:
        read.append((self.name, len(self)))
        return whole(self)

    def rows_noted(self: Rows, begin: int, end: int) -> np.ndarray:
        read.append((self.name, end - begin))
        return rows(self, begin, end)

    monkeypatch.setattr(array_files, "_AT_ONCE", 12)
    monkeypatch.setattr(Rows, "whole", whole_noted)
    monkeypatch.setattr(Rows, "read", rows_noted)
    for suffix in (".npz", ".safetensors"):
        load(STREAM, suffix=suffix, x=X, y=Y, notes=X)
        assert set(read) == {("y", N), ("x", 12 // 3)}
        read.clear()


@pytest.mark.parametrize(("override", "given", "message"), REFUSED, ids=[row[2] for row in REFUSED])
def test_streamed_arrays_are_refused_with_the_same_words(
    load: Load, monkeypatch: pytest.MonkeyPatch, override: str, given: dict[str, Any], message: str
) -> None:
    monkeypatch.setattr(array_files, "_AT_ONCE", 4)
    test_arrays_are_refused(load, f"{override} {STREAM}", given, message)


def test_a_later_piece_is_named_by_its_row_in_the_file(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_files, "_AT_ONCE", 12)
    x = X.copy()
    x[9, 2] = x[11, 0] = x[39, 1] = np.inf
    message = (
        r"^data\.npz: x: infinite in row 9, column 2 \(counted from 0\), and in 2 more places; remove or replace it$"
    )
    with pytest.raises(DatasetError, match=message):
        load(STREAM, x=x, y=Y)
    large = np.where(np.isinf(x), 1e300, x.astype(float))
    with pytest.raises(
        DatasetError, match=r"^data\.npz: x: 1e\+300 in row 9 \(counted from 0\) is too large for float32"
    ):
        load(STREAM, x=large, y=Y)


@pytest.mark.parametrize("stream", [None, True])
@pytest.mark.parametrize("how", ["is compressed", "is stored column by column"])
def test_what_cannot_be_read_in_pieces_is_not_streamed(
    configure: Callable[..., RunConfig], monkeypatch: pytest.MonkeyPatch, how: str, stream: bool | None
) -> None:
    (np.savez_compressed if how == "is compressed" else np.savez)("data.npz", x=np.asfortranarray(X), y=Y)
    config = configure("dataset=arrays", "dataset.path=data.npz").dataset.model_copy(update={"stream": stream})
    if stream is None:
        load_dataset.cache_clear()
        assert not load_dataset(config).train.is_streamed
        monkeypatch.setattr("regsweep.data.streamed.available_memory", lambda: 1500)
    load_dataset.cache_clear()
    with pytest.raises(DatasetError) as refused:
        load_dataset(config)
    held = ", or hold it all (dataset.stream=false): half of the memory does not take it" if stream is None else ""
    reason = f"it cannot be streamed; save it in a .safetensors file, as bytes or float32{held}"
    assert str(refused.value) == f"data.npz: x {how}: {reason}"


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content[:-100], r"\(row \d+: x: rows \d+ to \d+ cannot be read \("),
        (lambda content: content[:-480] + b"\xff" * 480, r"\(row \d+: x: NaN in row 0, column 0"),
        (None, r"\(row \d+: x: rows \d+ to \d+ cannot be read \(.*No such file"),
    ],
)
def test_a_file_that_changes_during_the_training_is_named(
    load: Load, monkeypatch: pytest.MonkeyPatch, workers: int, change: Callable[[bytes], bytes] | None, message: str
) -> None:
    monkeypatch.setattr(arrays, "num_workers", lambda: workers)
    dataset = load(STREAM, suffix=".safetensors", x=X, y=Y.astype(np.float64))
    path = Path("data.safetensors")
    content = path.read_bytes()
    path.unlink()
    if change is not None:
        path.write_bytes(change(content))
    begin = r"^data\.safetensors: was changed during the training, or cannot be read any more; start again "
    with pytest.raises(DatasetError, match=begin + message):
        list(dataset.train.in_order(100))


def test_a_damaged_safetensors_file_is_refused(configure: Callable[..., RunConfig]) -> None:
    path = Path("data.safetensors")
    safetensors.numpy.save_file({"x": X, "y": Y}, path)
    content = path.read_bytes()
    config = configure("dataset=arrays", f"dataset.path={path}", STREAM).dataset
    header = int.from_bytes(content[:8], "little")
    for damaged in (
        content[:-1],
        content[:20],
        content[:8] + b"[1]" + content[11:],
        content.replace(b'"F32"', b'"F64"'),
        content.replace(b"data_offsets", b"data_offsetz"),
        (1).to_bytes(8, "little") + b"1",
        content[:8] + b"[]" + b" " * (header - 2) + content[8 + header :],
    ):
        path.write_bytes(damaged)
        load_dataset.cache_clear()
        with pytest.raises(DatasetError, match=r"^data\.safetensors: no \.safetensors file, or damaged \([^\n]*$"):
            load_dataset(config)


def test_moments_of_pieces_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = torch.from_numpy(RNG.normal(1e4, [1, 0.01, 3], (1000, 3)).astype(np.float32))
    numbers[:, 2] = 7.1
    whole = preparation.Scale().fit(numbers)
    monkeypatch.setattr(preparation, "_AT_ONCE", 10)
    pieces = preparation.Scale().fit(numbers)
    doubles = numbers.double().numpy()
    for scale in (whole, pieces):
        assert scale.mean is not None
        assert scale.deviation is not None
        np.testing.assert_allclose(scale.mean, doubles.mean(0), rtol=1e-7)
        np.testing.assert_allclose(scale.deviation[:2], doubles.std(0)[:2], rtol=1e-6)
        assert scale.deviation[2] == 1
