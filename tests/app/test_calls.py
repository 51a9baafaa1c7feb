"""The command line's work, called from Python."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from regsweep.app import calls
from regsweep.errors import RegsweepError

SCRIPT = """
import json
from pathlib import Path
import regsweep
from regsweep.errors import RegsweepError

QUICK = ["dataset=wine", "trainer.epochs=2"]

def refused(call, overrides, **more):
    try:
        call(overrides, **more)
    except RegsweepError as error:
        return str(error)

if __name__ == "__main__":
    record = regsweep.train([*QUICK, "regularizer=l2"], folder="one run")
    table = regsweep.search([*QUICK, "hydra.sweeper.n_trials=2", "hydra/launcher=basic"])
    grid = regsweep.search([*QUICK, "sweep=grid", "optimizer.lr=0.1,1e30", "hydra/launcher=basic"], folder="grid")
    print("FOUND", json.dumps({
        "accuracy": record.metrics["test"]["accuracy"],
        "written": json.loads(Path("one run/result.json").read_text())["metrics"]["test"]["accuracy"],
        "trials": table["number"].tolist(),
        "best by": table.attrs["objective"],
        "place": Path(table.attrs["folder"]).relative_to(Path.cwd()).parts[0],
        "grid": sorted(grid["status"]),
        "unknown": refused(regsweep.train, ["dataset=wein"]),
        "wrong": refused(regsweep.search, ["trainer.epochs=0"]),
        "many": refused(regsweep.train, ["-m", *QUICK]),
        "one word": refused(regsweep.search, "dataset=wine"),
        "left": [str(path) for path in Path("outputs").rglob("*-*-*/*") if path.is_dir()],
        "again": refused(regsweep.train, QUICK, folder="one run"),
    }))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("calls")
    (folder / "script.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "script.py"], cwd=folder, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("FOUND")]
    assert lines, done.stderr
    content: dict[str, object] = json.loads(lines[0].removeprefix("FOUND "))
    return content


def test_a_run_returns_its_record_and_a_search_its_table(found: dict[str, object]) -> None:
    assert found["accuracy"] == found["written"]
    assert (found["trials"], found["best by"], found["place"]) == ([0, 1], "validation_accuracy", "multirun")


def test_a_trial_that_fails_stands_in_the_table(found: dict[str, object]) -> None:
    assert found["grid"] == ["complete", "diverged"]


def test_what_the_command_line_refuses_is_raised(found: dict[str, object]) -> None:
    assert str(found["unknown"]).startswith("dataset=wein: no such option; did you mean dataset=wine?")
    assert str(found["wrong"]).startswith("trainer.epochs=0: must be a whole number of 1 or more")
    assert "this folder is not empty" in str(found["again"])
    assert found["many"] == "regsweep.train: trains one run; for many there is regsweep.search"
    assert found["one word"] == "overrides=dataset=wine: must be a list, ['dataset=wine']"
    assert found["left"] == [], "no folder where nothing began"


def _write(num: int) -> None:
    x = np.random.default_rng(0).normal(size=(num, 3)).astype(np.float32)
    np.savez("a.npz", x=x, y=(x[:, 0] > 0).astype(int))


def test_a_second_call_in_one_process_reads_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was overwritten, or of the same name in another working folder; and that folder's repository."""
    quick = ["dataset=arrays", "dataset.path=a.npz", "trainer.epochs=1", "model.hidden=[2]", "device=cpu"]
    records = []
    for number, (folder, num) in enumerate((("a", 100), ("a", 150), ("b", 200))):
        (tmp_path / folder).mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / folder)
        if folder == "b":
            subprocess.run(["git", "init", "-q"], check=True)
            who = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
            subprocess.run(["git", *who, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
        _write(num)
        records.append(calls.train(quick, tmp_path / f"run {number}"))
    assert [sum(record.class_sizes["train"]) for record in records] == [64, 96, 128]
    assert [record.git is None for record in records] == [True, True, False]


def test_an_end_of_the_command_line_is_raised_as_an_error() -> None:
    with pytest.raises(RegsweepError, match=r"^ended with exit code 3; the reason stands above"), calls._raising():
        raise SystemExit(3)
    with pytest.raises(KeyError), calls._raising():
        raise KeyError("a fault of the program's own")


@pytest.mark.parametrize(("files", "stays"), [((), False), (("result.json",), True), ((".hydra/config.yaml",), True)])
def test_a_folder_in_which_nothing_began_is_removed(files: tuple[str, ...], *, stays: bool) -> None:
    place = Path("run")
    place.mkdir()
    for file in files:
        (place / file).parent.mkdir(exist_ok=True)
        (place / file).touch()
    with pytest.raises(RegsweepError, match="too early"), calls._no_empty_folder(place):
        raise RegsweepError("too early")
    assert place.exists() == stays


def test_a_folder_is_where_it_was_named_or_a_new_one_of_this_second() -> None:
    assert calls._place("a/b", "outputs") == Path.cwd() / "a" / "b"
    assert not Path("a").exists(), "the run makes it"
    first, second = (calls._place(None, "outputs") for _ in range(2))
    assert first != second
    assert all(each.is_dir() and each.is_relative_to(Path.cwd() / "outputs") for each in (first, second))


def test_importing_the_package_imports_no_torch() -> None:
    code = "import regsweep, sys; print({'torch', 'optuna', 'plotly', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_single_run_imports_neither_optuna_nor_what_draws(tmp_path: Path) -> None:
    """Seconds of start-up that it has no use for; pandas comes with scikit-learn, which has the digits."""
    code = (
        "import sys, atexit\n"
        "unused = {'optuna', 'plotly', 'torchmetrics', 'statsmodels', 'torchvision'}\n"
        "atexit.register(lambda: print('FOUND', sorted(unused & {name.partition('.')[0] for name in sys.modules})))\n"
        "sys.argv = ['regsweep', 'trainer.epochs=1']\n"
        "from regsweep.cli import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "FOUND []", done.stdout
