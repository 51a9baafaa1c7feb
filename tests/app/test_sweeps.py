"""Grids and Optuna sweeps, through the command line, and their tables."""

import csv
import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
import torch
import yaml
from omegaconf import OmegaConf

from regsweep.config import RunConfig
from regsweep.data import load_dataset
from regsweep.report.sweep import read_sweep
from tests.conftest import Regsweep

# One trial after the other: what several workers draw depends on which ends first. The pool has tests of its own.
SEARCH = ("-m", "sweep=regularization", "hydra/launcher=basic")
QUICK = ("trainer.epochs=2", "dataset.train_size=200", "model.hidden=[16]")
SWEPT = [
    "regularizer.l2.use", "regularizer.l2.lambda", "regularizer.dropout.use", "regularizer.dropout.p",
    "regularizer.batch_norm.use", "optimizer.lr",
]  # fmt: skip


def only_folder(tmp_path: Path) -> Path:
    (folder,) = tmp_path.glob("multirun/*/*")
    return folder


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "trials.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_grid_is_every_combination(regsweep: Regsweep, tmp_path: Path) -> None:
    done = regsweep("-m", "regularizer=none,l1", "seed=0,1", *QUICK)
    assert done.code == 0, done.err
    folder = only_folder(tmp_path)
    rows = rows_of(folder)
    assert [(row["regularizer"], row["seed"]) for row in rows] == [(r, s) for r in ("none", "l1") for s in "01"]
    assert (folder / "multirun.yaml").is_file()
    accuracies = [
        json.loads((folder / str(n) / "result.json").read_text())["metrics"]["validation"]["accuracy"] for n in range(4)
    ]
    assert [float(row["validation_accuracy"]) for row in rows] == accuracies
    assert all(not row["test_accuracy"] for row in rows), "the test set stays closed"
    table = [line.split() for line in done.out.splitlines()]
    start = next(index for index, cells in enumerate(table) if cells[:2] == ["regularizer", "mean"])
    means = [sum(accuracies[:2]) / 2, sum(accuracies[2:]) / 2]
    assert [cells[1] for cells in table[start + 1 : start + 3]] == [f"{v:.4f}" for v in sorted(means, reverse=True)]
    assert "nothing is confirmed" in done.out
    tune = f"regsweep compare regularizer=l1 {shlex.join(QUICK)}\n"
    assert tune in done.out


def test_the_optuna_sweep_searches_the_declared_space(regsweep: Regsweep, tmp_path: Path) -> None:
    done = regsweep(*SEARCH, "hydra.sweeper.n_trials=6", *QUICK)
    assert done.code == 0, done.err
    folder = only_folder(tmp_path)
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{folder / 'study.db'}")
    assert study.direction == optuna.study.StudyDirection.MAXIMIZE
    assert [trial.state for trial in study.trials] == [optuna.trial.TrialState.COMPLETE] * 6
    space = {name: distribution for trial in study.trials for name, distribution in trial.distributions.items()}
    assert set(space) == set(SWEPT)
    assert space["regularizer.l2.lambda"] == optuna.distributions.FloatDistribution(1e-6, 0.1, log=True)
    for trial in study.trials:
        result = json.loads((folder / str(trial.number) / "result.json").read_text())
        assert trial.value == result["metrics"]["validation"]["accuracy"]
        assert "test" not in result["metrics"]
        config = OmegaConf.load(folder / str(trial.number) / ".hydra" / "config.yaml")
        for name, setting in (("l2", "lambda"), ("dropout", "p")):
            used = result["methods"].get(name)
            assert config.regularizer[name].use == trial.params[f"regularizer.{name}.use"] == (used is not None)
            assert trial.params.get(f"regularizer.{name}.{setting}") == (used and used["settings"][setting])
    assert study.trials[0].params == {
        "regularizer.l2.use": False, "regularizer.dropout.use": False, "regularizer.batch_norm.use": False,
        "optimizer.lr": 0.05,
    }  # fmt: skip
    results = yaml.safe_load((folder / "optimization_results.yaml").read_text())
    assert results["best_trial"] == {
        "number": study.best_trial.number,
        "folder": str(study.best_trial.number),
    }
    assert results["best_value"] == study.best_value
    assert not [name for trial in study.trials for name in trial.user_attrs if name.startswith("test")]
    assert study.metric_names == ["validation_accuracy"], "as other programs show it"
    assert [trial.user_attrs["folder"] for trial in study.trials] == [str(number) for number in range(6)]


def test_the_same_seed_draws_the_same_trials_and_another_one_others(regsweep: Regsweep, tmp_path: Path) -> None:
    for name, seed in (("first", 0), ("second", 0), ("other", 1)):
        done = regsweep(*SEARCH, "hydra.sweeper.n_trials=2", f"seed={seed}", f"hydra.sweep.dir={name}", *QUICK)
        assert done.code == 0, done.err
    first, second, other = (
        [{k: v for k, v in row.items() if not k.endswith("seconds")} for row in rows_of(tmp_path / name)]
        for name in ("first", "second", "other")
    )
    assert first == second
    assert not {row["optimizer.lr"] for row in first[1:]} & {row["optimizer.lr"] for row in other[1:]}


def test_a_sweep_of_one_trial_shows_what_it_swept(regsweep: Regsweep, tmp_path: Path) -> None:
    done = regsweep(*SEARCH, "hydra.sweeper.n_trials=1", "optimizer.lr=interval(0.01,0.02)", *QUICK)
    assert done.code == 0, done.err
    assert rows_of(only_folder(tmp_path))[0]["optimizer.lr"]


@pytest.mark.full
def test_the_chosen_methods_are_searched(regsweep: Regsweep, tmp_path: Path) -> None:
    """Two penalties, too: none of them, each alone, and both."""
    done = regsweep(*SEARCH, "regularizer=[l1,l2]", "hydra.sweeper.n_trials=12", "seed=1", *QUICK)
    assert done.code == 0, done.err
    found = set()
    for number in range(12):
        methods = json.loads((only_folder(tmp_path) / str(number) / "result.json").read_text())["methods"]
        found.add(tuple(methods))
        assert all(1e-6 <= method["settings"]["lambda"] <= 1e-1 for method in methods.values())
    assert found == {(), ("l1",), ("l2",), ("l1", "l2")}


def test_what_the_network_has_no_place_for_leaves_the_search_where_nobody_named_it(
    regsweep: Regsweep, tmp_path: Path
) -> None:
    """Named, it is refused, see tests/app/test_bad_input.py."""
    quick = [argument for argument in QUICK if "hidden" not in argument]
    done = regsweep(*SEARCH, "hydra.sweeper.n_trials=2", "model=linear", *quick)
    assert done.code == 0, done.err
    assert done.out.splitlines()[:3] == [
        "searches L2 and the learning rate; trial 0 uses no method",
        "dropout leaves the search: Linear has no place for it (no layer of dropout, no argument dropout)",
        "BatchNorm leaves the search: Linear has no place for it (no layer with its activation behind it in an "
        "nn.Sequential, no argument batch_norm)",
    ]
    assert set(read_sweep(only_folder(tmp_path)).swept) == {
        "regularizer.l2.use",
        "regularizer.l2.lambda",
        "optimizer.lr",
    }
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{only_folder(tmp_path) / 'study.db'}")
    assert study.trials[0].params == {"regularizer.l2.use": False, "optimizer.lr": 0.05}


def test_a_parameter_may_be_fixed_or_narrowed(regsweep: Regsweep, tmp_path: Path) -> None:
    done = regsweep(
        *SEARCH,
        "hydra.sweeper.n_trials=3",
        "regularizer.dropout=0",
        "regularizer.lambda=1e-3",
        "optimizer.lr=interval(0.01,0.02)",
        *QUICK,
    )
    assert done.code == 0, done.err
    rows = rows_of(only_folder(tmp_path))
    assert not [column for column in rows[0] if column.startswith("regularizer.dropout")]
    assert "regularizer.l2.lambda" not in rows[0]
    assert all(0.01 <= float(row["optimizer.lr"]) <= 0.02 for row in rows)
    for row in rows:
        methods = json.loads((only_folder(tmp_path) / row["folder"] / "result.json").read_text())["methods"]
        assert "dropout" not in methods
        assert ("l2" in methods) == (row["regularizer.l2.use"] == "True")
        assert "l2" not in methods or methods["l2"]["settings"]["lambda"] == 1e-3


OPTUNA = (
    "hydra/sweeper=optuna",
    "hydra.sweeper.direction=maximize",
    "hydra.sweeper.max_failure_rate=1.0",
    "hydra.sweeper.n_trials=4",
    "hydra.sweeper.sampler.seed=1",
)


@pytest.mark.parametrize("arguments", [("optimizer.lr=1e30,0.1",), (*OPTUNA, "optimizer.lr=choice(1e30,0.1)")])
def test_trials_that_diverge_do_not_end_the_sweep(
    regsweep: Regsweep, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = regsweep("-m", *arguments, *QUICK)
    assert done.code == 1, "finished with failed trials"
    assert "diverged at epoch 1: the loss is nan; try a lower optimizer.lr" in done.out
    assert "Traceback" not in done.out + done.err
    sweep = read_sweep(only_folder(tmp_path))
    by_status = sweep.trials.groupby("status")["optimizer.lr"].unique()
    assert by_status["diverged"].tolist() == [1e30]
    assert by_status["complete"].tolist() == [0.1]
    best = sweep.best()
    assert best is not None
    assert sweep.row(best.number)["optimizer.lr"] == 0.1
    if len(arguments) > 1:
        study = optuna.load_study(study_name=None, storage=f"sqlite:///{only_folder(tmp_path) / 'study.db'}")
        states = {trial.params["optimizer.lr"]: trial.state.name for trial in study.trials}
        assert states == {1e30: "FAIL", 0.1: "COMPLETE"}


def test_an_objective_that_is_not_finite_is_a_failure_in_record_study_and_table(
    regsweep: Regsweep, tmp_path: Path, configure: Callable[..., RunConfig]
) -> None:
    """Only the test set can make it one: the loop ends a run with such a loss of the others."""
    inputs = load_dataset(configure(*QUICK).dataset, "auto", torch.device("cpu")).test.inputs  # as runs ask for it
    inputs[:] = inputs.sign() * 3e38
    named = ("hydra.sweeper.objectives=[test_loss]", "hydra.sweeper.direction=minimize", "trainer.test=true")
    done = regsweep(*SEARCH, *named, "hydra.sweeper.n_trials=2", *QUICK)
    assert done.code == 1
    folder = only_folder(tmp_path)
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{folder / 'study.db'}")
    for trial, row in zip(study.trials, rows_of(folder), strict=True):
        result, record = (
            json.loads((folder / row["folder"] / f"{name}.json").read_text()) for name in ("result", "trial")
        )
        assert (result["status"], record["status"], trial.state.name, row["status"]) == (
            *("diverged", "failed", "FAIL", "diverged"),
        )
        assert result["error"] == record["error"] == trial.user_attrs["error"] == row["error"]
    assert read_sweep(folder).best() is None


def test_a_trial_that_fails_does_not_end_the_sweep(
    regsweep: Regsweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network of the user's own that breaks in the middle of its training."""
    (tmp_path / "conf" / "model").mkdir(parents=True)
    (tmp_path / "conf" / "model" / "brittle.yaml").write_text("_target_: brittle_models.Brittle\nbreaks: false\n")
    (tmp_path / "brittle_models.py").write_text(
        "import torch\nfrom torch import nn\n\nclass Brittle(nn.Module):\n"
        "    def __init__(self, input_shape, num_classes, breaks=False):\n"
        "        super().__init__()\n        self.linear, self.breaks = nn.Linear(64, num_classes), breaks\n"
        "    def forward(self, images):\n"
        "        if self.breaks and torch.is_grad_enabled():\n"
        "            raise ValueError('a bug in <my> [bold]network')\n"
        "        return self.linear(images.flatten(1))\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    done = regsweep("--config-dir", "conf", "-m", "model=brittle", "model.breaks=true,false", "trainer.epochs=2")
    assert done.code == 1
    folder = only_folder(tmp_path)
    record = json.loads((folder / "0" / "result.json").read_text())
    line = "the network Brittle failed on a batch of (64, 1, 8, 8) (ValueError: a bug in <my> [bold]network, in "
    assert (record["status"], record["error"]) == ("failed", f"{line}brittle_models.py, line 10)")
    assert f"trial 0: {line}" in done.out
    assert "Traceback" in (folder / "0" / "regsweep.log").read_text(), "the log has the whole story"
    assert [row["status"] for row in rows_of(folder)] == ["failed", "complete"]


@pytest.mark.full
def test_report_reads_a_grid_a_sweep_and_a_single_run(regsweep: Regsweep, search: Path, tmp_path: Path) -> None:
    regsweep("-m", "regularizer=l1", "regularizer.lambda=1e-4,1e-3", "hydra.sweep.dir=grid", *QUICK)
    search.rename("optuna")
    regsweep("regularizer=dropout", "hydra.run.dir=single", *QUICK)
    for name, swept, count in (
        ("grid", ["regularizer.lambda"], 2),
        ("optuna", ["regularizer.l1.use", "regularizer.l1.lambda", "optimizer.lr"], 3),
        ("single", None, 1),
    ):
        (tmp_path / name / "trials.csv").unlink(missing_ok=True)
        done = regsweep("report", name)
        assert done.code == 0, done.err
        rows = rows_of(tmp_path / name)
        assert len(rows) == count
        assert f"{count} trial{'s' if count > 1 else ''}: {count} complete" in done.out
        for column in ("trial", "validation accuracy", "status", "seconds"):
            assert column in done.out
        if swept:
            assert set(read_sweep(tmp_path / name).swept) == set(swept)
            assert all(key.removesuffix(".use").rpartition(".")[2] in done.out for key in swept)
            assert (
                max(rows, key=lambda row: float(row["validation_accuracy"]))["number"]
                == done.out.split("best: trial ")[1].split(",")[0]
            )


def test_report_names_what_it_cannot_read(regsweep: Regsweep, tmp_path: Path) -> None:
    regsweep("-m", "seed=0,1,2", "hydra.sweep.dir=grid", *QUICK)
    for name in ("result.json", "trial.json"):
        (tmp_path / "grid" / "0" / name).unlink()
    (tmp_path / "grid" / "1" / "result.json").write_text('{"status": "comp')
    shutil.rmtree(tmp_path / "grid" / "2" / ".hydra")
    done = regsweep("report", "grid")
    assert done.code == 0
    assert [row["status"] for row in rows_of(tmp_path / "grid")] == ["interrupted", "unreadable", "complete"]
    assert "result.json: not a readable record" in done.out


def test_an_interrupted_sweep_can_be_reviewed(regsweep: Regsweep, search: Path) -> None:
    for name in ("optimization_results.yaml", "trials.csv", "2/result.json", "2/trial.json"):
        (search / name).unlink()
    done = regsweep("report", "sweep")
    assert done.code == 0
    assert "3 trials: 2 complete, 1 interrupted" in done.out


def test_trials_may_lie_in_folders_of_other_names(regsweep: Regsweep, tmp_path: Path) -> None:
    done = regsweep("-m", "seed=0,1", "hydra.sweep.subdir=run_of_${seed}", "hydra.sweep.dir=named", *QUICK)
    assert done.code == 0, done.err
    assert [row["folder"] for row in rows_of(tmp_path / "named")] == ["run_of_0", "run_of_1"]


def test_a_sweep_in_which_every_trial_diverges_ends_in_its_table(regsweep: Regsweep) -> None:
    done = regsweep(*SEARCH, "hydra.sweeper.n_trials=2", "optimizer.lr=1e30", *QUICK)
    assert done.code == 1
    assert "2 trials: 2 diverged" in done.out
    assert "Traceback" not in done.out + done.err


def test_too_many_failures_end_the_sweep_in_one_line_and_its_table(regsweep: Regsweep) -> None:
    done = regsweep(*SEARCH, "hydra.sweeper.max_failure_rate=0", "optimizer.lr=1e30", *QUICK)
    assert done.code == 1
    start = (
        "regsweep: 1 of 1 trials failed, hydra.sweeper.max_failure_rate=0 allows fewer; trial 0: diverged at epoch 1"
    )
    assert done.err.splitlines()[-1].startswith(start)
    assert "1 trial: 1 diverged" in done.out
    assert "Traceback" not in done.out + done.err
