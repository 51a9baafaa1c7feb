"""``regsweep resume`` and ``confirm`` on the sweep of another Hydra application."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
import yaml

from regsweep.paths import SweepPaths
from regsweep.report.read_confirmation import read_confirmation
from regsweep.report.sweep import read_sweep
from tests.conftest import PROJECT, Finished, Regsweep, made_once, run_in, run_script_in

SCRIPT = Path(__file__).parent / "application" / "train.py"
SWEEP = ("-m", "lr=tag(log,interval(1e-3,0.1))", "noise=choice(0,0.2,0.4)", "hydra.sweep.dir=s")
CONFIRM = ("confirm", "s", "--baseline", "noise=0", "--seed-key", "run.seed")


@pytest.fixture(scope="session")
def swept_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a real sweep of the application, to be read only."""

    def make(place: Path) -> None:
        code, printed = run_script_in(place, SCRIPT, *SWEEP)
        assert code == 0, printed

    return made_once(tmp_path_factory, "application", make)


@pytest.fixture(scope="session")
def confirmed_once(swept_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same, confirmed on six seeds."""

    def make(place: Path) -> None:
        shutil.copytree(swept_once / "s", place / "s")
        run_in(place, *CONFIRM, "--seeds", "6")

    return made_once(tmp_path_factory, "application_confirmed", make)


@pytest.fixture
def swept(swept_once: Path, tmp_path: Path) -> Path:
    """Return a copy that a test may go on from."""
    shutil.copytree(swept_once / "s", tmp_path / "s")
    return tmp_path / "s"


def refused(done: Finished, message: str) -> None:
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"regsweep: {message}")
    assert done.err.count("\n") == 1


def test_the_sweeper_records_how_the_application_was_started(swept: Path) -> None:
    command = json.loads(SweepPaths(swept).command.read_text())
    assert command["interpreter"] == sys.executable
    assert command["program"] == [str(SCRIPT)]
    assert command["arguments"] == list(SWEEP)
    assert not read_sweep(swept).is_own


def test_it_goes_on_from_its_folder_alone(swept: Path, regsweep: Regsweep) -> None:
    before = (swept / "5" / "trial.json").read_bytes()
    done = regsweep("resume", "s", "n_trials=7")
    assert done.code == 0
    assert f"{sys.executable} {SCRIPT}" in done.out
    assert read_sweep(swept).trials["status"].tolist() == ["complete"] * 7
    assert (swept / "5" / "trial.json").read_bytes() == before


@pytest.mark.full
def test_a_module_is_started_as_a_module(tmp_path: Path) -> None:
    shutil.copytree(SCRIPT.parent, tmp_path / "package")
    words = [
        sys.executable,
        "-m",
        "package.train",
        "-m",
        "noise=0.5",
        "lr=interval(0.01,0.1)",
        "hydra.sweeper.n_trials=1",
        "hydra.sweep.dir=s",
    ]
    subprocess.run(words, check=True, capture_output=True)
    command = json.loads((tmp_path / "s" / "command.json").read_text())
    assert command["program"] == ["-m", "package.train"]
    done = subprocess.run(
        [sys.executable, "-m", "regsweep", "resume", str(tmp_path / "s"), "n_trials=2"],
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    assert f"runs in {tmp_path}: {sys.executable} -m package.train -m noise=0.5 'lr=interval(0.01,0.1)'" in done.stdout
    assert len(read_sweep(tmp_path / "s").trials) == 2


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.full)]
)
def test_a_signal_is_passed_on_and_loses_nothing(swept: Path, number: signal.Signals, code: int) -> None:
    words = [sys.executable, "-m", "regsweep", "resume", "s", "n_trials=500"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    while not (swept / "7" / "trial.json").exists():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.02)
    process.send_signal(number)
    printed = process.communicate(timeout=60)[0]
    assert process.returncode == code, printed
    assert "resume with: regsweep resume" in printed
    assert len(read_sweep(swept).trials) < 100, "nothing runs any longer"


def test_what_helps_is_shown_against_both_baselines(confirmed_once: Path) -> None:
    found = read_confirmation(confirmed_once / "s")
    assert found is not None
    (candidate,) = found.candidates
    assert found.baseline.name.startswith("noise=0 (tuned), at lr ")
    assert candidate.name.startswith("noise 0.4, at lr ")
    assert len(found.seeds) == 6
    assert set(found.seeds).isdisjoint({0, 1, 2, 3}), "neither the sweep's nor those that chose"
    assert candidate.claim.sign == 1, "less of a loss is better"
    tuned, own = candidate.against_tuned, candidate.against_own
    assert own is not None
    assert own.baseline.parameters["lr"] == candidate.parameters["lr"]
    ours, theirs = (
        {row["seed"]: row["score"] for row in each.runs.to_dict("records")} for each in (candidate, found.baseline)
    )
    assert tuned.differences.tolist() == pytest.approx([theirs[seed] - ours[seed] for seed in tuned.seeds])


def test_the_answer_names_numbers_as_the_application_has_them(confirmed_once: Path) -> None:
    summary = json.loads((confirmed_once / "s" / "summary.json").read_text())
    jsonschema.validate(summary, json.loads((PROJECT / "docs" / "summary.schema.json").read_text()))
    first, second, last = summary["answer"][0], summary["answer"][1], summary["answer"][-1]
    assert "beats the tuned baseline by 0.0" in first
    assert "and the same with noise=0 by 0.0" in first
    assert "points" not in " ".join(summary["answer"])
    assert second.startswith("Value on fresh seeds: 0.4")
    confirmation = summary["confirmation"]
    assert confirmation["compared_by"] == {"name": "value", "direction": "minimize"}
    assert (confirmation["baseline_keys"], confirmation["seed_key"]) == ({"noise": "0"}, "run.seed")
    command = last.partition(" once more: ")[2]
    assert command == confirmation["once_more"]
    assert command.startswith(f"cd {confirmed_once} && {sys.executable} {SCRIPT} ".replace("_confirmed", ""))


@pytest.mark.full
def test_a_confirmation_goes_on_with_more_seeds(confirmed_once: Path, tmp_path: Path, regsweep: Regsweep) -> None:
    shutil.copytree(confirmed_once / "s", tmp_path / "s")
    done = regsweep("confirm", "s", "--seeds", "7", "--json")
    assert done.code == 0
    summary = json.loads(done.out)
    assert summary["confirmation"]["is_sequential"]
    assert len(summary["confirmation"]["seeds"]) == 7
    refused(
        regsweep("confirm", "s", "--baseline", "noise=0.2"),
        "--baseline: this sweep's confirmation was begun with another (noise=0); leave it out, or move",
    )


def test_the_check_is_in_the_number_s_own_unit(confirmed_once: Path, regsweep: Regsweep, tmp_path: Path) -> None:
    shutil.copytree(confirmed_once / "s", tmp_path / "s")
    yes, no = regsweep("check", "s", "--by", "0.001"), regsweep("check", "s", "--by", "1000")
    assert (yes.code, no.code) == (0, 5)
    assert yes.out.startswith("shown: noise 0.4, at lr ")
    assert "points" not in yes.out + no.out


@pytest.mark.full
def test_a_seed_that_changes_nothing_is_named(swept: Path, regsweep: Regsweep) -> None:
    regsweep("confirm", "s", "--baseline", "noise=0", "--seed-key", "run.other", "--seeds", "2", "--trials", "1")
    answer = json.loads((swept / "summary.json").read_text())["answer"]
    assert any(line.startswith("Careful: other values of run.other changed nothing") for line in answer)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "",
            "s: a sweep of another application; name what it is compared with: --baseline KEY=VALUE (the sweep",
        ),
        ("--baseline noise", "argument --baseline: noise: must be KEY=VALUE; the sweep's folder stands before"),
        ("--baseline nois=0", "--baseline nois=0: its trials have no such key; the sweep varied lr, noise"),
        ("--baseline noise=0", "--seed-key seed: its trials have no such key; name the one that"),
        ("--baseline noise=0 --objective los", "--objective los: no such number in these trials; there are: value"),
        ("--baseline noise=0 --seed-key run.seed --ablate", "--ablate: takes mixtures of methods apart; with"),
        ("--baseline noise=0 --seed-key run.seed --trials 1,1", "argument --trials: 1,1: must be numbers of trials"),
        ("--baseline noise=0 --seed-key run.seed --trials 1 --top 2", "--top 2: has no meaning beside --trials"),
        (
            "--baseline noise=0 --seed-key run.seed --until-settled",
            "--until-settled: name the largest difference of value",
        ),
        ("--baseline noise=0 --seed-key run.seed --margin 1", "--margin 1: has a meaning only with --until-settled"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_begun(swept: Path, regsweep: Regsweep, words: str, message: str) -> None:
    refused(regsweep("confirm", "s", *words.split()), message)
    assert not (swept / "confirmation").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--seed-key run.seed", "--seed-key run.seed: belongs to another application's sweep; regsweep's own runs"),
        ("--objective test_loss", "--objective test_loss: belongs to another application's sweep; regsweep's own runs"),
        ("--baseline regularizer.l2=null", "--baseline regularizer.l2=null: methods are compared with none without"),
        ("--minimize", "--minimize: belongs to another application's sweep; of accuracy more is better"),
    ],
)
def test_own_sweeps_have_their_seed_and_their_number(
    search_once: Path, tmp_path: Path, regsweep: Regsweep, words: str, message: str
) -> None:
    shutil.copytree(search_once, tmp_path / "own")
    refused(regsweep("confirm", "own/sweep" if (tmp_path / "own/sweep").exists() else "own", *words.split()), message)


@pytest.mark.full
def test_own_settings_that_are_no_method_are_confirmed_too(tmp_path: Path, regsweep: Regsweep) -> None:
    small = ("trainer.epochs=1", "dataset.train_size=100", "model.hidden=[8]", "hydra.sweep.dir=own")
    assert regsweep("-m", "trainer.batch_size=50,10", "seed=0,1", *small).code == 0
    assert regsweep("confirm", "own", "--baseline", "trainer.batch_size=50", "--seeds", "2").code == 0
    found = read_confirmation(tmp_path / "own")
    assert found is not None
    assert (found.baseline.name, [each.name for each in found.candidates]) == (
        "trainer.batch_size=50 (tuned)",
        ["batch_size 10"],
    )
    runs = tmp_path / "own" / "confirmation" / "seeds"
    sizes = [yaml.safe_load((runs / f"{n}/.hydra/config.yaml").read_text())["trainer"]["batch_size"] for n in range(4)]
    assert sizes == [50, 10, 50, 10]
    assert found.num_images == 360, "the test set was opened"


def test_what_is_gone_is_named(swept: Path, regsweep: Regsweep) -> None:
    file = SweepPaths(swept).command
    command = json.loads(file.read_text())
    for key, value, message in (
        ("program", ["/gone/train.py"], "/gone/train.py: the script that ran the sweep is gone"),
        ("interpreter", "/gone/python", "/gone/python: the Python that ran the sweep is gone"),
        ("working_folder", "/gone", "/gone: the sweep's working folder is gone"),
    ):
        file.write_text(json.dumps({**command, key: value}))
        refused(regsweep("resume", "s"), message)


def test_a_damaged_command_is_written_anew_by_the_sweep_itself(swept: Path) -> None:
    SweepPaths(swept).command.write_text("{")
    assert run_script_in(swept.parent, SCRIPT, *SWEEP, "hydra.sweeper.n_trials=6")[0] == 0
    assert json.loads(SweepPaths(swept).command.read_text())["program"] == [str(SCRIPT)]
