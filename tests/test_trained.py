"""A trained network predicts what its run evaluated: from its folder alone, without the run's data."""

import contextlib
import importlib
import io
import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import safetensors.torch
import torch
from PIL import Image
from sklearn.datasets import load_diabetes, load_digits

import regsweep as package
from regsweep.app.run_folder import started_in
from regsweep.data.load import draw
from regsweep.data.sources import load_source
from regsweep.errors import RegsweepError
from regsweep.losses import Loss
from regsweep.paths import RunPaths
from tests.conftest import Regsweep, made_once, run_in

NETS = '''
import torch
from torch import nn

class Bag(nn.Module):
    """Looks the words up that are its inputs."""

    def __init__(self, num_classes):
        super().__init__()
        self.words = nn.EmbeddingBag(20, 8)
        self.last = nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, num_classes))

    def forward(self, words_BT):
        return self.last(self.words(words_BT.long()))

def mostly_right(shares_BK, targets_B):
    return (shares_BK.argmax(1) == targets_B).float().mean()
'''


def write_digits() -> None:
    digits = load_digits()
    np.savez("digits.npz", x=(digits.images * 15).astype(np.uint8), y=digits.target)


def write_people() -> None:
    rng = np.random.default_rng(0)
    people = pd.DataFrame({"row": np.arange(200), "age": rng.normal(40, 9, 200).round(1)})
    people["zip"] = np.array(["01", "02", "B3", None])[rng.integers(0, 4, 200)]
    people["member"] = np.array([True, False, None])[rng.integers(0, 3, 200)]
    people.loc[::9, "age"] = np.nan
    people["kind"] = np.where(people.age.fillna(40) + 9 * (people.zip == "01") + rng.normal(0, 4, 200) > 42, "x", "yy")
    people.to_csv("people.csv", index=False)


def write_words() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 20, (300, 5))
    np.savez("words.npz", x=x, y=(x < 5).any(1).astype(int))
    Path("nets.py").write_text(NETS)
    forget_nets()


def forget_nets() -> None:
    """Each test has a module of that name in a folder of its own."""
    sys.modules.pop("nets", None)
    importlib.invalidate_caches()


QUICK = ("trainer.epochs=2", "hydra.run.dir=run")
SMALL = "model.hidden=[16]"
TABLE = ("dataset=table", "dataset.path=people.csv", "dataset.target=kind", "dataset.ignore=[row]", SMALL)
ARRAYS = ("dataset=arrays", "dataset.path=digits.npz", "dataset.train_size=300")
OWN = ("dataset=arrays", "dataset.path=words.npz", "~model.hidden", "model._target_=nets.Bag")
CASES: dict[str, tuple[Callable[[], None], tuple[str, ...]]] = {
    "pictures": (write_digits, (*ARRAYS, SMALL)),
    "BatchNorm, bfloat16": (
        write_digits,
        (*ARRAYS, "model=cnn", "regularizer=[dropout,batch_norm]", "device.precision=bfloat16"),
    ),
    "an average of the weights": (write_digits, (*ARRAYS, SMALL, "regularizer=[ema,batch_norm]")),
    "a table": (write_people, (*TABLE, "objective=balanced_accuracy", "regularizer=[dropout,l2]")),
    "words, by an own network": (write_words, (*OWN, "regularizer=[dropout,batch_norm]")),
}


def test_examples(run: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of a run's test examples, and the names of their classes, or their numbers."""
    model = package.load_model(run)
    with contextlib.chdir(started_in(RunPaths(run.absolute()))):
        source = load_source(model.config.dataset)
    test = draw(source, model.config.dataset).test
    assert test is not None
    targets = source.train.targets.numpy()[test]
    return test, np.array(source.outputs)[targets] if source.kind == "classification" else targets


test_examples.__test__ = False  # type: ignore[attr-defined]


def read(path: str, rows: np.ndarray) -> Any:
    if path.endswith(".npz"):
        return np.load(path)["x"][rows]
    return pd.read_csv(path, dtype={"zip": str}).iloc[rows]


def metrics(folder: str = "run") -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path(folder, "result.json").read_text())
    return dict(content["metrics"]["test"])


@pytest.mark.parametrize("case", CASES)
def test_predictions_are_those_that_the_run_evaluated(
    regsweep: Regsweep, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each test example; loaded in another folder, where the data are gone."""
    write, settings = CASES[case]
    write()
    assert regsweep(*settings, *QUICK).code == 0
    rows, expected = test_examples(Path("run"))
    data, recorded = read(settings[1].removeprefix("dataset.path="), rows), metrics()
    for path in [*Path().glob("*.npz"), *Path().glob("*.csv")]:
        path.unlink()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    state = torch.get_rng_state()
    model = package.load_model("../run")
    found = model.predict(data)
    assert torch.equal(state, torch.get_rng_state()), "torch's own random numbers stay as they are"
    assert Path.cwd() == tmp_path / "elsewhere"
    assert (found.prediction.to_numpy() == expected).mean() == recorded["accuracy"]
    assert list(found)[1:] == [f"probability_{name}" for name in model.classes]
    assert np.allclose(found.iloc[:, 1:].sum(axis=1), 1, atol=1e-6)
    likelihood = found.iloc[:, 1:].to_numpy()[np.arange(len(rows)), [model.classes.index(name) for name in expected]]
    assert -np.log(likelihood).mean() == pytest.approx(recorded["loss"], rel=1e-4)
    assert not any(module.training for module in model.network.modules())


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with trained runs of a table, of numbers and of pictures, to be read only."""
    settings = {"table": TABLE, "digits": (*ARRAYS, SMALL), "diabetes": ("dataset=diabetes", SMALL)}
    losses = {"diabetes": "huber"}

    def make(place: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(place)
            write_people()
            write_digits()
        for name, keys in settings.items():
            loss = losses.get(name, "null")
            run_in(place, *keys, "trainer.epochs=2", f"trainer.loss={loss}", f"hydra.run.dir={name}")
        run_in(place, *settings["diabetes"], "-m", "sweep=grid", "trainer.epochs=1", "trainer.save_weights=true,false",
               "trainer.test=true", "hydra/launcher=basic", "hydra.sweep.dir=grid")  # fmt: skip

    return made_once(tmp_path_factory, "trained", make)


def test_probabilities_follow_from_the_loss_of_the_training(trained: Path) -> None:
    model = package.load_model(trained / "digits")
    trainer = model.config.trainer.model_copy(update={"loss": "mse"})
    of_squares = replace(model, config=model.config.model_copy(update={"trainer": trainer}))
    images = np.load(trained / "digits.npz")["x"][:20]
    outputs = model.outputs_of(model.examples(images))
    for each, shares in ((model, outputs.double().softmax(1)), (of_squares, Loss("mse", 10).shares(outputs))):
        assert np.array_equal(each.predict(images).iloc[:, 1:].to_numpy(), shares.numpy())
    assert not torch.equal(outputs.softmax(1), Loss("mse", 10).shares(outputs))


@pytest.mark.parametrize("folder", ["diabetes", "grid/0"])
def test_numbers_are_predicted_in_their_own_unit(trained: Path, folder: str) -> None:
    """Of a sweep's trial, too; the error is computed by hand."""
    model = package.load_model(trained / folder)
    rows, expected = test_examples(trained / folder)
    data = torch.from_numpy(load_diabetes(scaled=False).data[rows])
    found = model.predict(data)
    assert (list(found), model.classes, model.outputs) == (["prediction"], (), ("progression",))
    error = np.sqrt(np.square(found.to_numpy().astype(np.float64) - expected).mean())
    assert error == pytest.approx(metrics(str(trained / folder))["rmse"], rel=1e-6)
    with torch.no_grad():
        outputs = model.network(model.prepare(data))
    assert model.scale is not None
    assert torch.equal(model.scale.back(outputs), torch.tensor(found.to_numpy()))
    np.savez("test.npz", x=data, y=expected)
    examples = model.examples("test.npz")
    scored = model.score(model.outputs_of(examples), examples)
    assert dict(scored.values) == pytest.approx(metrics(str(trained / folder)), rel=1e-5)
    assert (scored.objective, scored.maximize) == ("rmse", False)


def test_the_command_line_writes_rows_and_prints_the_run_s_own_score(regsweep: Regsweep, trained: Path) -> None:
    rows, expected = test_examples(trained / "digits")
    images = np.load(trained / "digits.npz")["x"][rows]
    np.savez("test.npz", x=images, y=expected)
    done = regsweep("predict", str(trained / "digits"), "test.npz")
    table = pd.read_csv(io.StringIO(done.out), dtype={"prediction": str})
    score = metrics(str(trained / "digits"))["accuracy"]
    assert (done.code, len(table), (table.prediction == expected).mean()) == (0, len(rows), score)
    assert re.match(rf"{len(rows)} examples of test.npz: \d in \d+, \d in \d+, \d in \d+, \d more class", done.err)
    counts = [int(count) for count in re.findall(r" in (\d+)", done.err.splitlines()[0])]
    assert counts == sorted(counts, reverse=True), "the most frequent ones"
    assert f"\naccuracy {score:.4f}\n" in done.err
    safetensors.torch.save_file({"x": torch.from_numpy(images[:, None])}, "test.safetensors")
    again = regsweep("predict", str(trained / "digits"), "test.safetensors", "--output", "p.csv")
    assert (again.code, again.out, Path("p.csv").read_text()) == (0, "", done.out)
    assert "written to p.csv" in again.err
    assert "accuracy" not in again.err


def test_a_table_may_have_its_target_and_words_that_are_new(regsweep: Regsweep, trained: Path) -> None:
    people = pd.read_csv(trained / "people.csv", dtype={"zip": str})
    rows, _ = test_examples(trained / "table")
    people.iloc[rows].to_csv("test.csv", index=False)
    done = regsweep("predict", str(trained / "table"), "test.csv")
    assert f"\naccuracy {metrics(str(trained / 'table'))['accuracy']:.4f}\n" in done.err
    people.loc[rows[0], "kind"] = None
    people.loc[rows[1], "zip"] = "C4"
    people.iloc[rows].to_csv("test.csv", index=False)
    done = regsweep("predict", str(trained / "table"), "test.csv")
    assert done.code == 0
    assert f"column kind: missing in 1 of {len(rows)} rows, so there is no score" in done.err
    assert "column zip: C4 in no training row" in done.err
    assert "accuracy" not in done.err
    only = people.loc[rows[2:3], ["zip", "member", "age"]].set_index(pd.Index(["Ann"]))
    model = package.load_model(trained / "table")
    assert list(model.predict(only).index) == ["Ann"]
    turned = model.predict(only[["member", "age", "zip"]].assign(more=1, age=[np.nan]))
    assert turned.equals(model.predict(only.assign(age=[model.preparation.constants()["columns"][0]["median"]])))
    assert model.examples(only.assign(age=[np.nan])).notes[0].startswith("column age: missing in 1 of 1 row; taken for")


def test_pictures_are_read_as_the_run_read_them(regsweep: Regsweep, trained: Path) -> None:
    """A folder of them, one folder for each class, and a single one; a grey one may be stored with colours."""
    images, classes = (np.load(trained / "digits.npz")[name][:12] for name in "xy")
    for number, (image, name) in enumerate(zip(images, classes, strict=True)):
        folder = Path("pictures", str(name))
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).convert("RGB" if number % 2 else "L").save(folder / f"{number}.png")
    Path("pictures/notes.txt").touch()
    model = package.load_model(trained / "digits")
    expected = model.predict(images)
    found = model.predict("pictures")
    numbers = [int(Path(name).stem) for name in found.index]
    assert [Path(name).parent.name for name in found.index] == sorted(map(str, classes))
    assert np.array_equal(found.to_numpy(), expected.iloc[numbers].to_numpy())
    done = regsweep("predict", str(trained / "digits"), "pictures")
    score = np.mean(expected.prediction == classes.astype(str))
    assert f"\naccuracy {score:.4f}\nskipped 1 .txt\n" in done.err
    assert done.out.splitlines()[0].startswith("file,prediction,probability_0")
    one = regsweep("predict", str(trained / "digits"), f"pictures/{found.index[0]}")
    assert one.out.splitlines()[1].startswith(f"{Path(found.index[0]).name},{found.prediction.iloc[0]},")


def test_an_objective_of_one_s_own_scores_predictions(
    regsweep: Regsweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_words()
    objective = ("objective=nets.mostly_right", "objective_direction=maximize")
    assert regsweep(*OWN, *objective, *QUICK).code == 0
    rows, expected = test_examples(Path("run"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    np.savez("test.npz", x=np.load("../words.npz")["x"][rows], y=expected.astype(int))
    done = regsweep("predict", "../run", "test.npz")
    assert f"mostly right {metrics('../run')['mostly_right']:.4f}" in done.err


PEOPLE = pd.DataFrame({"age": [40.0], "zip": ["01"], "member": [True]})
IMAGES, ROW = np.zeros((2, 8, 8), np.uint8), np.zeros((1, 10))
BAD_DATA: list[tuple[str, Any, str]] = [
    ("table", PEOPLE.rename(columns={"zip": "zips"}), "no column zip; did you mean zips? there is age, member, zips"),
    ("table", pd.concat([PEOPLE, PEOPLE.assign(age=["old"])], ignore_index=True),
     "column age: old in row 2 (counted from 1, below the header) is no number; the column must hold numbers alone"),
    ("table", PEOPLE.assign(age=pd.to_datetime(["2020-01-01"])), "column age: must hold numbers alone, not datetime64"),
    ("table", PEOPLE.assign(age=pd.Series([[1.0]])), "column age: [1.0] in row 1"),
    ("table", pd.concat([PEOPLE, PEOPLE]).assign(age=np.nan), "column age: empty in every row, and the run was"),
    ("table", pd.concat([PEOPLE, PEOPLE]).assign(zip=None), "column zip: empty in every row, and the run was"),
    ("table", "old.csv", "old.csv: column age: old in row 1"),
    ("table", "short.csv", "short.csv: no column member; there is age, zip"),
    ("table", "header.csv", "header.csv: holds no examples"),
    ("table", "empty.csv", "empty.csv: no .csv file, or damaged (No columns to parse from file)"),
    ("table", PEOPLE.assign(age=[np.inf]), "column age: infinite in row 1"),
    ("table", PEOPLE.iloc[:0], "data: holds no examples"),
    ("table", pd.concat([PEOPLE, PEOPLE], axis=1), "two columns are named age; rename one"),
    ("table", ROW, "the run was trained on a table; give one with the columns age, zip, member"),
    ("table", "a folder", "a folder: is a folder, and the run was trained on a table; give such"),
    ("diabetes", PEOPLE, "the run was trained on arrays, not on a table; give an array of the shape (N, 10)"),
    ("diabetes", ROW[0], "data: must have the shape (N, 10), a row for each example, not (10,)"),
    ("diabetes", ROW[:, 1:], "data: must have the shape (N, 10), a row for each example, not (1, 9)"),
    ("diabetes", ROW * np.nan, "data: NaN in row 0, column 0 (counted from 0), and in 9 more places"),
    ("diabetes", ROW.astype(str), "data: must hold numbers, not <U"),
    ("diabetes", ROW + 3e38, "example 0 (counted from 0): the network's outputs are not finite"),
    ("diabetes", [[1.0]], "list: give a DataFrame, an array, a tensor, or the path of a file"),
    ("diabetes", "no_such.npz", "no_such.npz: no such file or folder"),
    ("diabetes", "text.txt", "text.txt: must be a table or arrays (.csv, .parquet, .npz, .safetensors), a picture"),
    ("diabetes", "text.npz", "text.npz: no .npz file, or damaged"),
    ("diabetes", "y.npz", "y.npz: holds no array x; there is y"),
    ("diabetes", "other.npz", "other.npz: x and y must have a row for each example, not (1, 10) and (3,)"),
    ("diabetes", "none.npz", "none.npz: holds no examples"),
    ("diabetes", np.float64(1), "float64: give a DataFrame, an array, a tensor, or the path of a file"),
    ("diabetes", np.zeros(()), "data: must have the shape (N, 10), a row for each example, not ()"),
    ("digits", IMAGES.astype(float), "the run was trained on images of bytes, 0 to 255; make them uint8, not float64"),
    ("digits", IMAGES[:, :7], "data: must have the shape (N, 1, 8, 8), a row for each example, not (2, 7, 8)"),
    ("digits", "a folder", "a folder: holds no examples"),
    ("digits", "wide.png", "wide.png: has 9×8 pixels, the run's 8×8; resize it"),
    ("digits", "red.png", "red.png: has colours, and the run's pictures have none; make it grey"),
]  # fmt: skip


@pytest.mark.parametrize("case", BAD_DATA, ids=[message for *_, message in BAD_DATA])
def test_examples_that_do_not_fit_are_refused_in_a_line(trained: Path, case: tuple[str, Any, str]) -> None:
    name, data, message = case
    Path("a folder").mkdir()
    for file in ("text.txt", "text.npz"):
        Path(file).write_text("hello")
    np.savez("y.npz", y=ROW)
    np.savez("other.npz", x=ROW, y=np.zeros(3))
    np.savez("none.npz", x=ROW[:0])
    for file, rows in (("old", "old,01,True"), ("header", "")):
        Path(f"{file}.csv").write_text(f"age,zip,member\n{rows}\n")
    Path("short.csv").write_text("age,zip\n40,01\n")
    Path("empty.csv").touch()
    Image.new("L", (9, 8)).save("wide.png")
    Image.new("RGB", (8, 8), "red").save("red.png")
    with pytest.raises(RegsweepError) as refused:
        package.load_model(trained / name).predict(data)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def _weights_of_another(run: Path) -> None:
    shutil.copy(run.parent / "table" / "model.safetensors", run)


def _other_weights(run: Path) -> None:
    weights = safetensors.torch.load_file(run / "model.safetensors")
    safetensors.torch.save_file({name: weight + 1 for name, weight in weights.items()}, run / "model.safetensors")


def _spoiled(name: str, old: str, new: str) -> Callable[[Path], None]:
    def spoil(run: Path) -> None:
        (run / name).write_text((run / name).read_text().replace(old, new, 1))

    return spoil


BAD_RUNS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "grid: it is a sweep; name one of its trials, grid/0 for example": ("grid", lambda run: None),
    "grid/1: the run saved no weights; train it again with trainer.save_weights=true": ("grid/1", lambda run: None),
    "nowhere: holds no finished run (result.json and .hydra/config.yaml)": ("nowhere", lambda run: None),
    "diabetes/preparation.json: is missing": ("diabetes", lambda run: (run / "preparation.json").unlink()),
    "preparation.json: not a readable record (KeyError": ("diabetes", _spoiled("preparation.json", '"mean"', '"man"')),
    "preparation.json: not a readable record": ("diabetes", _spoiled("preparation.json", '"kind"', '"king"')),
    "diabetes: the run is pruned, and has no trained network": (
        "diabetes", _spoiled("result.json", "complete", "pruned")),
    "of another network than this run's: it has in another shape features.0.weight": ("diabetes", _weights_of_another),
    "not the weights that the run ended with (weights_sha256 in result.json)": ("diabetes", _other_weights),
    "diabetes/model.safetensors: cannot be read as weights": (
        "diabetes", lambda run: (run / "model.safetensors").write_text("hello")),
}  # fmt: skip


@pytest.mark.parametrize("message", BAD_RUNS)
def test_a_run_that_cannot_be_loaded_is_refused_in_a_line(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, message: str
) -> None:
    shutil.copytree(trained, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    folder, spoil = BAD_RUNS[message]
    spoil(Path(folder))
    with pytest.raises(RegsweepError) as refused:
        package.load_model(folder)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_device_that_is_none_is_refused(trained: Path) -> None:
    with pytest.raises(RegsweepError, match="device=gpu: must be auto, cpu, cuda or mps"):
        package.load_model(trained / "diabetes", device="gpu")


def test_a_run_that_was_moved_is_loaded_where_its_own_modules_are(regsweep: Regsweep, tmp_path: Path) -> None:
    """Its network is the user's own; the folder that it was started in is gone."""
    write_words()
    assert regsweep(*OWN, *QUICK).code == 0
    settings = Path("run/.hydra/hydra.yaml")
    settings.write_text(settings.read_text().replace(f"cwd: {tmp_path}", f"cwd: {tmp_path}/gone"))
    assert package.load_model("run").predict(np.zeros((1, 5))).shape == (1, 3)
    Path("nets.py").unlink()
    forget_nets()
    with pytest.raises(RegsweepError, match=r"nets.*; the run was started in .*/gone, which is gone: go to the folder"):
        package.load_model("run")


@pytest.mark.parametrize(
    ("output", "message"),
    [("p.parquet", "must end in .csv"), ("nowhere/p.csv", "no folder nowhere; make it first")],
)
def test_a_file_that_cannot_be_written_is_refused_at_once(
    regsweep: Regsweep, trained: Path, output: str, message: str
) -> None:
    done = regsweep("predict", str(trained / "diabetes"), "no_such.npz", "--output", output)
    assert (done.code, done.out, done.err) == (2, "", f"regsweep: --output {output}: {message}\n")
