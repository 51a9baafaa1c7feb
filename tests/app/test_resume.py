"""Sweeps that go on from their folder alone, and trials that are run again from their record."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

from regsweep.app.resume import read_going_on, remember_command, restore
from regsweep.paths import SweepPaths
from tests.conftest import Finished, Regsweep

SWEEP = ("-m", "sweep=regularization", "hydra/launcher=basic", "trainer.epochs=2", "dataset.train_size=200",
         "model.hidden=[16]")  # fmt: skip


def digests(folder: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in folder.glob("*/result.json")}


@pytest.mark.faults
def test_a_killed_sweep_goes_on_from_another_folder(
    regsweep: Regsweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-m", "regsweep", *SWEEP, "hydra.sweeper.n_trials=8", "hydra.sweep.dir=sweep"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    next(line for line in process.stdout if line.startswith("trial 1:"))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = digests(tmp_path / "sweep")
    assert 2 <= len(before) < 8
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    done = regsweep("resume", "../sweep")
    assert done.code == 0, done.err
    after = digests(tmp_path / "sweep")
    for path in (tmp_path / "sweep").glob("*/trial.json"):
        accuracy = json.loads(path.with_name("result.json").read_text())["metrics"]["validation"]["accuracy"]
        assert json.loads(path.read_text())["values"] == [accuracy]
    assert before.items() <= after.items()
    assert len(after) == 8
    assert "8 trials: 8 complete" in done.out
    assert not list(elsewhere.iterdir())


def test_a_sweep_is_extended_from_another_folder(
    regsweep: Regsweep, search: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digests(search)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    done = regsweep("resume", "../sweep", "n_trials=4")
    assert done.code == 0, done.err
    assert "4 trials: 4 complete" in done.out
    assert f"to draw report.html: regsweep report {tmp_path}/sweep\n" in done.out, "as it has to be typed here"
    assert before.items() < digests(search).items()
    assert not list(elsewhere.iterdir())


def test_a_changed_configuration_is_refused(regsweep: Regsweep, tmp_path: Path) -> None:
    conf = tmp_path / "conf" / "model"
    conf.mkdir(parents=True)
    own = conf / "small.yaml"
    own.write_text("_target_: regsweep.models.mlp.MLP\nhidden: [8]\n")
    sweep = [argument for argument in SWEEP if "hidden" not in argument]
    started = regsweep("--config-dir", "conf", "model=small", *sweep, "hydra.sweeper.n_trials=2", "hydra.sweep.dir=s")
    assert started.code == 0, started.err
    own.write_text("_target_: regsweep.models.mlp.MLP\nhidden: [9]\n")
    done = regsweep("resume", "s", "n_trials=3")
    assert done.code == 2
    assert "model.hidden=[9]: the sweep began with [8]" in done.err
    own.write_text("_target_: regsweep.models.mlp.MLP\nhidden: [8]\n")
    assert regsweep("resume", "s", "n_trials=3").code == 0
    assert len(digests(tmp_path / "s")) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("nowhere",), "no sweep that can go on"), ((".", "x=1"), "no sweep that can go on")],
)
def test_what_cannot_go_on_is_said(regsweep: Regsweep, arguments: tuple[str, ...], message: str) -> None:
    done = regsweep("resume", *arguments)
    assert done.code == 2
    assert message in done.err


def test_a_wrong_value_in_a_command_is_named_by_its_file(regsweep: Regsweep, search: Path) -> None:
    command = SweepPaths(search).command
    command.write_text(command.read_text().replace("trainer.epochs=2", "trainer.epochs=0"))
    before = digests(search)
    done = regsweep("resume", "sweep", "n_trials=4")
    assert done.code == 2
    first, second = done.err.splitlines()
    assert first.startswith("regsweep: trainer.epochs=0: ")
    assert second == f"regsweep: the sweep's own arguments stand in sweep/{command.name}"
    assert digests(search) == before


def test_pruned_trials_are_pruned_in_every_record_and_reproduced_up_to_there(
    regsweep: Regsweep, tmp_path: Path
) -> None:
    arguments = [argument for argument in SWEEP if "epochs" not in argument]
    pruner = ("trainer.epochs=6", "hydra/sweeper/pruner=median", "hydra.sweeper.pruner.n_startup_trials=2")
    done = regsweep(*arguments, *pruner, "hydra.sweeper.n_trials=8", "hydra.sweep.dir=s")
    assert done.code == 0, done.err
    pruned = [
        path for path in (tmp_path / "s").glob("*/result.json") if json.loads(path.read_text())["status"] == "pruned"
    ]
    assert pruned
    assert f"{len(pruned)} pruned" in done.out
    for path in pruned:
        record = json.loads(path.read_text())
        assert record["epochs"] < 6
        assert set(record["metrics"]) == {"train", "validation"}
        assert 0 <= record["sparsity"]["overall"] <= record["near_zero"]["overall"] < 1
        assert json.loads((path.parent / "trial.json").read_text())["status"] == "pruned"
    done = reproduced(regsweep, str(pruned[0].parent))
    assert done.code == 0, done.out
    assert "reproduced bit for bit" in done.out


def test_a_pruner_needs_a_way_back_from_the_job(regsweep: Regsweep, tmp_path: Path) -> None:
    done = regsweep(*SWEEP, "hydra/sweeper/pruner=median", "hydra.sweeper.direction=[maximize,maximize]",
                    "hydra.sweeper.objectives=[validation_accuracy,sparsity]", "hydra.sweeper.n_trials=2")  # fmt: skip
    assert done.code == 2
    assert "Optuna prunes for a single objective" in done.err


@pytest.mark.full
def test_accuracy_and_sparsity_make_a_front(regsweep: Regsweep, tmp_path: Path) -> None:
    done = regsweep(*SWEEP, "regularizer=l1", "hydra.sweeper.direction=[maximize,maximize]", "hydra.sweep.dir=s",
                    "hydra.sweeper.objectives=[validation_accuracy,sparsity]", "hydra.sweeper.n_trials=4")  # fmt: skip
    assert done.code == 0, done.err
    assert "solutions:" in (tmp_path / "s" / "optimization_results.yaml").read_text()


def reproduced(regsweep: Regsweep, folder: str) -> Finished:
    return regsweep("reproduce", folder)


def test_a_trial_is_reproduced_bit_for_bit_or_not(regsweep: Regsweep, search_once: Path, tmp_path: Path) -> None:
    shutil.copytree(search_once / "1", tmp_path / "copy")
    done = reproduced(regsweep, str(tmp_path / "copy"))
    assert done.code == 0, done.err
    assert "reproduced bit for bit" in done.out
    path = tmp_path / "copy" / "result.json"
    record = json.loads(path.read_text())
    record["metrics"]["train"]["loss"] += 1e-9
    record["versions"]["torch"] = "1.0"
    path.write_text(json.dumps(record))
    done = reproduced(regsweep, str(tmp_path / "copy"))
    assert done.code == 1
    assert "NOT reproduced" in done.out
    assert "metrics.train.loss: " in done.out
    assert "other than then: versions.torch: 1.0 then" in done.out


def test_a_run_that_diverged_is_reproduced_too(regsweep: Regsweep, tmp_path: Path) -> None:
    assert regsweep("optimizer.lr=1e9", "trainer.epochs=3", "hydra.run.dir=diverged").code == 1
    done = reproduced(regsweep, "diverged")
    assert done.code == 0, done.err
    assert "reproduced bit for bit" in done.out


@pytest.mark.faults
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small disk")
def test_a_full_disk_ends_a_sweep_with_code_3_and_it_goes_on_once_there_is_room(
    regsweep: Regsweep, tmp_path: Path
) -> None:
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        done = regsweep(*SWEEP, "hydra.sweeper.n_trials=8", "hydra.sweep.dir=small/s")
        assert done.code == 3
        assert "disk full writing " in done.err or "database or disk is full" in done.err
        before = digests(place / "s")
        assert 0 < len(before) < 8
        subprocess.run(["mount", "-o", "remount,size=8m", str(place)], check=True)
        done = regsweep("resume", "small/s")
        assert done.code == 0, done.err
        after = digests(place / "s")
        assert before.items() <= after.items()
        assert len(after) == 8
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_an_extension_that_is_stopped_goes_on_to_its_end(regsweep: Regsweep, search: Path) -> None:
    assert regsweep("resume", str(search), "n_trials=4").code == 0
    for path in ("3/trial.json", "3/result.json"):
        (search / path).unlink()
    with sqlite3.connect(search / "study.db") as study:
        study.execute("UPDATE trials SET state = 'RUNNING', datetime_complete = NULL WHERE number = 3")
        study.execute("DELETE FROM trial_values WHERE trial_id = 4")
    done = regsweep("resume", str(search))
    assert done.code == 0, done.err
    assert "resume: 3 done kept, 1 interrupted rerun, 0 left" in done.out
    assert "4 trials: 4 complete" in done.out


def test_a_duplicate_is_marked_and_has_its_numbers(regsweep: Regsweep, tmp_path: Path) -> None:
    searched = ("regularizer=batch_norm", "optimizer.lr=0.05", "hydra.sweeper.n_trials=4")
    done = regsweep(*SWEEP, *searched, "hydra.sweep.dir=s")
    assert done.code == 0, done.err
    assert "4 trials: 4 complete" in done.out
    assert "complete (as 0)" in done.out
    rows = pd.read_csv(tmp_path / "s" / "trials.csv", index_col="number")
    again = rows[rows["duplicate_of"].notna()]
    assert len(again) == 2
    for _, row in again.iterrows():
        earlier = rows.loc[int(row["duplicate_of"])]
        for column in ("regularizer.batch_norm.use", "validation_accuracy", "train_loss"):
            assert row[column] == earlier[column]
    done = regsweep("reproduce", f"s/{again.index[0]}")
    assert done.code == 2
    assert "its result is that of trial" in done.err


@pytest.mark.full
def test_a_run_is_reproduced_in_the_precision_that_it_was_computed_in(
    regsweep: Regsweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in the one that device.precision=auto comes to on a processor that can do more, or less; pruned ones too."""
    given = ["-m", "sweep=regularization", "hydra/launcher=basic", "model=cnn", "trainer.epochs=4"]
    given += [
        "dataset.train_size=200",
        "hydra/sweeper/pruner=successive_halving",
    ]
    assert regsweep(*given, "hydra.sweeper.n_trials=5", "hydra.sweep.dir=s").code == 0
    trials = pd.read_csv("s/trials.csv", index_col="number")
    assert {"complete", "pruned"} <= set(trials.status), "the case is one in which it matters"
    then = json.loads(Path("s/0/result.json").read_text())["machine"]["precision"]
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": then == "float32"}, raising=False)
    for status in ("complete", "pruned"):
        done = regsweep("reproduce", f"s/{trials.index[trials.status == status][0]}")
        assert (done.code, "reproduced bit for bit" in done.out) == (0, True), done.out


URLS = ("postgresql://me:{}@host/db", "mysql://host/db?user=me&password={}&x=1", "mysql://host/db?pwd={}")


@pytest.mark.parametrize("url", URLS)
def test_a_password_is_not_kept_and_given_again(
    regsweep: Regsweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["regsweep", "-m", f"hydra.sweeper.storage='{url.format('s3cret')}'", "seed=1"])
    remember_command(SweepPaths(tmp_path))
    assert "s3cret" not in (tmp_path / "command.json").read_text()
    done = regsweep("resume", ".")
    assert done.code == 2
    assert done.err == (
        "regsweep: .: the password of its storage is not kept; give it with regsweep resume . storage=URL\n"
    )
    monkeypatch.delenv("REGSWEEP_RESUMED", raising=False)
    restore(read_going_on([".", f"storage={url.format('n3w')}"]))
    monkeypatch.setenv("REGSWEEP_RESUMED", "")
    given = f'hydra.sweeper.storage="{url.format("n3w")}"'
    assert sys.argv == ["regsweep", "-m", "seed=1", given, f'hydra.sweep.dir="{tmp_path}"']


@pytest.mark.parametrize(
    ("started", "given", "message"),
    [
        (["hydra.sweeper.storage=postgresql://me:old@host/db"], "postgresql://me:new@other/db",
         "storage=postgresql://me:***@other/db: the sweep began with postgresql://me:***@host/db; "
         "only the password may be another"),
        ([], "postgresql://me:new@host/db",
         "storage=postgresql://me:***@host/db: the sweep was started without hydra.sweeper.storage=URL; leave it out"),
    ],
)  # fmt: skip
def test_a_sweep_goes_on_with_its_own_storage_alone(
    regsweep: Regsweep, tmp_path: Path, started: list[str], given: str, message: str
) -> None:
    sys.argv = ["regsweep", "-m", *started]
    remember_command(SweepPaths(tmp_path))
    done = regsweep("resume", ".", f"storage={given}")
    assert (done.code, done.err) == (2, f"regsweep: {message}\n")


def test_a_result_that_was_written_and_not_told_is_told_and_not_trained_again(regsweep: Regsweep, search: Path) -> None:
    for path in ("2/trial.json", "trials.csv"):
        (search / path).unlink()
    with sqlite3.connect(search / "study.db") as study:
        study.execute("UPDATE trials SET state = 'RUNNING', datetime_complete = NULL WHERE number = 2")
        study.execute("DELETE FROM trial_values WHERE trial_id = 3")
    before = digests(search)
    done = regsweep("resume", str(search))
    assert done.code == 0, done.err
    assert "trial 2: finished before, its result is read from its record" in done.out
    assert digests(search) == before
    assert (search / "2" / "trial.json").is_file()


def test_damaged_records_are_told_from_what_is_whole_or_set_aside_and_trained_again(
    regsweep: Regsweep, search: Path
) -> None:
    """A damaged trial.json beside a whole result.json is replaced from that; with both damaged the trial runs again."""
    (search / "study.db").unlink()
    for path in ("1/trial.json", "2/trial.json", "2/result.json"):
        (search / path).write_text("{")
    before, overrides = digests(search), (search / "2" / ".hydra" / "overrides.yaml").read_text()
    done = regsweep("resume", str(search))
    assert done.code == 0, done.err
    assert "1 ended and 2 to run" in done.out
    assert "trial 1: finished before, its result is read from its record" in done.out
    assert "result.json.damaged, and trial 2 runs again" in done.out
    after = digests(search)
    assert {name: after[name] for name in "01"} == {name: before[name] for name in "01"}
    assert json.loads(after["2"])["status"] == "complete"
    assert (search / "2" / ".hydra" / "overrides.yaml").read_text() == overrides
    assert (search / "2" / "result.json.damaged").read_text() == "{"


def test_a_sweeper_that_counts_from_zero_again_cannot_go_on(regsweep: Regsweep, tmp_path: Path) -> None:
    sweep = (
        "-m",
        "hydra/sweeper=optuna",
        "hydra.sweeper.direction=maximize",
        "optimizer.lr=interval(0.01,0.1)",
        *SWEEP[3:],
        "hydra.sweep.dir=s",
    )
    assert regsweep(*sweep, "hydra.sweeper.n_trials=1").code == 0
    before = digests(tmp_path / "s")
    done = regsweep("resume", "s", "n_trials=2")
    assert done.code == 2
    assert "hydra/sweeper=optuna: it would count its trials from 0 again" in done.err
    assert digests(tmp_path / "s") == before
