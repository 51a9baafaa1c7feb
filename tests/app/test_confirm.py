"""From a sweep to an answer: ``regsweep confirm``."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import torch
import yaml

from regsweep.app.candidates import choose_kinds, unregularized
from regsweep.build import build
from regsweep.chosen import no_method
from regsweep.config import RunConfig
from regsweep.paths import SweepPaths
from regsweep.regularizers.batch_norm import has_batch_norm
from regsweep.report.effort import count_configurations, spread_of_differences
from regsweep.report.read_confirmation import read_confirmation
from regsweep.report.sweep import read_sweep
from regsweep.run_record import RunRecord
from regsweep.sweeper.plugin import RegsweepSweeper
from tests.conftest import PROJECT, Regsweep, Shell, made_once, run_in

CONFIRM = (sys.executable, "-m", "regsweep", "confirm")
SMALL = ("trainer.epochs=2", "dataset.train_size=200", "model.hidden=[16]")
SWEEP = ("-m", "sweep=regularization", *SMALL, "hydra/launcher=basic", "hydra.sweep.dir=s")
GRID = ("-m", "regularizer=none,[l2,dropout]", "seed=0,1", "optimizer.lr=0.1", *SMALL, *SWEEP[-2:])


@pytest.fixture(scope="session")
def confirmed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a real grid that was confirmed on two seeds, to be read only."""

    def make(place: Path) -> None:
        run_in(place, *GRID)
        run_in(place, "confirm", "s", "--seeds", "2")

    return made_once(tmp_path_factory, "confirmed", make) / "s"


@pytest.fixture(scope="session")
def seeds_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a real grid of seeds, in which nothing regularizes, to be read only."""
    arguments = ("-m", "seed=0,1", *SMALL, "hydra.sweep.dir=s")
    return made_once(tmp_path_factory, "seeds", lambda place: run_in(place, *arguments)) / "s"


@pytest.fixture
def confirmed_grid(confirmed_once: Path, tmp_path: Path) -> Path:
    """Return a copy that a test may go on from, or damage."""
    return Path(shutil.copytree(confirmed_once, tmp_path / "s"))


def digests(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("result.json")}


def composed(folder: Path) -> dict[str, object]:
    config = yaml.safe_load((folder / ".hydra" / "config.yaml").read_text())
    assert isinstance(config, dict)
    return config


@pytest.mark.full  # in tests/test_readme.py a search is confirmed too
def test_a_search_is_confirmed_and_goes_on_with_more_seeds(regsweep: Regsweep, search: Path) -> None:
    sweep = search.rename("s")
    before = digests(sweep)
    done = regsweep("confirm", "s", "--top", "2", "--seeds", "2")
    assert done.code == 0, done.err
    assert "2 seeds cannot show a difference" in done.out
    kinds = json.loads((sweep / "confirmation" / "plan.json").read_text())["kinds"]
    require_tuned_without_regularization(sweep, num_trials=3)
    runs = [json.loads(path.read_text()) for path in sweep.glob("confirmation/seeds/*/result.json")]
    assert sorted(run["seed"] for run in runs) == sorted([4, 5] * (1 + len(kinds)))
    require_goes_on_with_more_seeds(regsweep, sweep, before)
    found = read_confirmation(sweep)
    assert found is not None
    assert {len(candidate.runs) for candidate in (found.baseline, *found.candidates)} == {3}
    other = regsweep("confirm", "s", "--top", "3")
    assert (other.code, "begun with --top 2" in other.err) == (2, True)


def test_a_mixture_is_taken_apart_on_the_same_seeds(regsweep: Regsweep, confirmed_grid: Path) -> None:
    before = digests(confirmed_grid)
    done = regsweep("confirm", "s", "--ablate")
    assert done.code == 0, done.err
    assert before.items() <= digests(confirmed_grid).items()
    parts = [composed(path)["regularizer"] for path in sorted(confirmed_grid.glob("confirmation/ablation/[0-9]*"))]
    used = [{name for name in ("l2", "dropout") if part[name] is not None} for part in parts]  # type: ignore[index]
    assert used == [{"dropout"}, {"l2"}] * 2
    found = read_confirmation(confirmed_grid)
    assert found is not None
    assert found.ablation is not None
    assert [(each.ingredient, each.to) for each in found.ablation.additions] == [
        ("L2 λ=0.001", "to the rest"),
        ("dropout 0.5", "to the rest"),
        ("L2 λ=0.001", "alone"),
        ("dropout 0.5", "alone"),
    ]
    for each in found.ablation.additions:
        assert each.comparison is not None
        assert each.comparison.num_seeds == 2
    assert "What each ingredient of L2 λ=0.001 with dropout 0.5, at lr 0.1, adds, at these settings" in done.out
    summary = json.loads((confirmed_grid / "summary.json").read_text())
    jsonschema.validate(summary, json.loads((PROJECT / "docs" / "summary.schema.json").read_text()))
    after = digests(confirmed_grid)
    again = regsweep("confirm", "s")
    assert (again.code, digests(confirmed_grid)) == (0, after)


def require_tuned_without_regularization(sweep: Path, num_trials: int, batch_norm: bool | None = None) -> None:
    """Of a sweep that never touched BatchNorm (None) the network keeps its own; else it is without."""
    tuned = [composed(path) for path in sweep.glob("confirmation/baseline/[0-9]*")]
    assert len(tuned) == num_trials
    for config in tuned:
        kept = config["regularizer"]
        assert isinstance(kept, dict)
        assert kept == {**no_method(), "batch_norm": batch_norm}
    assert len({config["optimizer"]["lr"] for config in tuned}) == num_trials  # type: ignore[index]


def require_goes_on_with_more_seeds(regsweep: Regsweep, sweep: Path, before: dict[str, bytes]) -> None:
    """From two seeds to three; `before`: the records of the sweep's own trials."""
    # The test set is opened in the runs on fresh seeds, and only there.
    runs = [json.loads(path.read_text()) for path in sweep.glob("confirmation/seeds/*/result.json")]
    assert all("test" in run["metrics"] for run in runs)
    assert not any("test" in json.loads(text)["metrics"] for text in before.values())
    assert not any(
        "test" in json.loads(p.read_text())["metrics"] for p in sweep.glob("confirmation/baseline/*/result.json")
    )
    for path in sweep.glob("confirmation/seeds/[0-9]*"):
        accuracy = json.loads((path / "result.json").read_text())["metrics"]["test"]["accuracy"]
        assert np.load(path / "test_correct.npy").mean() == pytest.approx(accuracy, abs=1e-12)
    earlier = digests(sweep)
    again = regsweep("confirm", str(sweep))
    assert (again.code, digests(sweep)) == (0, earlier)
    first = read_confirmation(sweep)
    assert first is not None
    assert not first.is_sequential, "without --seeds it means those that it was begun with"
    for candidate in first.candidates:
        assert candidate.against_tuned.comparison is not None
        assert candidate.against_tuned.comparison.interval_with_images is not None
    more = regsweep("confirm", str(sweep), "--seeds", "3")
    assert more.code == 0, more.err
    assert "3 seeds cannot show a difference" in more.out
    assert earlier.items() < digests(sweep).items()
    found = read_confirmation(sweep)
    assert found is not None
    assert found.seeds == [first.seeds[0] + number for number in range(3)]
    assert found.is_sequential, "the seeds were looked at twice"
    for candidate in found.candidates:
        assert candidate.against_tuned.comparison is not None
        assert candidate.against_tuned.comparison.interval_with_images is None
    assert all(len(candidate.runs) == 3 for candidate in (found.baseline, *found.candidates))


def test_a_confirmation_goes_on_with_more_seeds(
    regsweep: Regsweep, confirmed_grid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = {name: text for name, text in digests(confirmed_grid).items() if not name.startswith("confirmation")}
    require_tuned_without_regularization(confirmed_grid, num_trials=2)
    require_goes_on_with_more_seeds(regsweep, confirmed_grid, trials)
    other = regsweep("confirm", "s", "--top", "2")
    assert (other.code, "begun with --top 3" in other.err) == (2, True)


def test_a_grid_is_confirmed_against_a_baseline_with_a_tuned_rate(regsweep: Regsweep, confirmed_grid: Path) -> None:
    found = read_confirmation(confirmed_grid)
    assert found is not None
    assert [candidate.name for candidate in found.candidates] == ["L2 λ=0.001 with dropout 0.5, at lr 0.1"]
    assert found.seeds == [5, 6], "after the sweep's seeds, and three on which is chosen"
    rates = [composed(p)["optimizer"]["lr"] for p in sorted((confirmed_grid / "confirmation/baseline").glob("[0-9]*"))]  # type: ignore[index]
    assert rates[0] == 0.1
    assert len(set(rates)) == 2
    assert all(0.01 <= rate <= 1 for rate in rates)
    for run in (confirmed_grid / "confirmation/seeds").glob("[0-9]*"):
        methods = {
            "l2": {"use": True, "lambda": 1e-3, "scope": "weights"},
            "dropout": {"use": True, "p": 0.5},
        }
        is_baseline = int(run.name) % 2 == 0
        assert composed(run)["regularizer"] == {**no_method(), **({} if is_baseline else methods)}
        assert RunRecord.read(run / "result.json").batch_norm is False
    settled = regsweep("confirm", "s", "--until-settled", "--seeds", "2")
    assert settled.code == 0, settled.err
    assert "not settled after 2 seeds" in settled.out, "two seeds bound nothing"
    assert "−∞ to ∞" in settled.out


@pytest.mark.parametrize(
    ("arguments", "typed", "has_it"),
    [
        (["regularizer=none,batchnorm,dropout"], "false", False),
        (["sweep=regularization", "regularizer.batch_norm=true", "hydra.sweeper.n_trials=2"], "false", False),
        (["sweep=regularization", "regularizer.batch_norm=false", "hydra.sweeper.n_trials=2"], "null", False),
        *[
            pytest.param(["model=resnet18", *arguments], typed, has_it, marks=pytest.mark.full)
            for arguments, typed, has_it in (
                (["regularizer=none,l2"], "null", True),
                (["regularizer=[l2,batch_norm],l2"], "null", True),
                (["regularizer=l2,dropout", "regularizer.batch_norm=false"], "false", False),
                (["regularizer=l2,dropout", "regularizer.batch_norm=null,false"], "false", False),
            )
        ],
    ],
)
def test_the_baseline_has_no_regularization(
    regsweep: Regsweep,
    configure: Callable[..., RunConfig],
    tmp_path: Path,
    *,
    arguments: list[str],
    typed: str,
    has_it: bool,
) -> None:
    """BatchNorm is out of it where the sweep put it in or took it out; else the network has what it has of itself."""
    is_resnet = "model=resnet18" in arguments
    small = ["trainer.epochs=1", "dataset.train_size=60"] if is_resnet else SMALL
    assert regsweep("-m", *small, *arguments, "hydra/launcher=basic", "hydra.sweep.dir=s").code == 0
    sweep = read_sweep(tmp_path / "s")
    made = unregularized(sweep, [row for rows in choose_kinds(sweep, 3, 3) for row in rows])
    assert made.get("regularizer.batch_norm", "null") == typed
    baseline = configure(
        f"model={'resnet18' if is_resnet else 'mlp'}", *(f"{key}={text}" for key, text in made.items())
    )
    assert baseline.regularizer.in_use == []
    assert has_batch_norm(build(baseline).model) is has_it


def test_damaged_records_of_a_confirmation_are_named(regsweep: Regsweep, confirmed_grid: Path) -> None:
    paths = SweepPaths(confirmed_grid).confirmation
    (paths.seeds / "1" / "test_correct.npy").write_bytes(b"")
    done = regsweep("report", "s")
    assert (done.code, "test_correct.npy: cannot be used" in " ".join(done.out.split())) == (0, True)
    (paths.seeds / "0" / "result.json").write_text("{")
    done = regsweep("report", "s")
    assert (done.code, "1 of 2 seeds is complete: too few for an answer" in done.out) == (0, True)
    paths.plan.write_text('{"configurations": [')
    done = regsweep("report", "s")
    assert done.code == 0
    assert "plan.json" in (confirmed_grid / "report.html").read_text()
    assert regsweep("confirm", "s").code == 3


def test_a_lost_command_leaves_the_runs_that_it_made(
    regsweep: Regsweep, confirmed_grid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without what a part was started with, its runs are read as before, and those of further seeds join them."""
    (confirmed_grid / "confirmation" / "seeds" / "command.json").unlink()
    before = digests(confirmed_grid)
    as_it_is = regsweep("confirm", "s")
    assert (as_it_is.code, digests(confirmed_grid)) == (0, before), as_it_is.err
    more = regsweep("confirm", "s", "--seeds", "3")
    assert more.code == 0, more.err
    assert before.items() < digests(confirmed_grid).items()
    found = read_confirmation(confirmed_grid)
    assert found is not None
    assert {len(candidate.complete) for candidate in (found.baseline, *found.candidates)} == {3}


def test_a_confirmation_whose_sweep_crashes_has_not_succeeded(
    regsweep: Regsweep, confirmed_grid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with exit code 1, which is also that of a sweep with failed trials."""

    def sweep(*_: object, **__: object) -> None:
        raise RuntimeError("the sweeper crashed")

    before = digests(confirmed_grid)
    monkeypatch.setattr(RegsweepSweeper, "sweep", sweep)
    done = regsweep("confirm", "s", "--seeds", "3")
    assert done.code == 1
    assert (
        "2 of 6 runs in s/confirmation/seeds were not made, for the reason above; go on with: regsweep confirm s"
        in done.out
    )
    assert "the sweeper crashed" in done.err
    assert digests(confirmed_grid) == before


@pytest.mark.faults
def test_a_confirmation_that_is_killed_goes_on(regsweep: Regsweep, shell: Shell, tmp_path: Path) -> None:
    assert regsweep(*SWEEP, "hydra.sweeper.n_trials=3").code == 0
    command = [*CONFIRM, "s", "--top", "1", "--seeds", "6"]
    seeds = tmp_path / "s" / "confirmation" / "seeds"
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, start_new_session=True)
    while len(list(seeds.glob("*/result.json"))) < 2:
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    before = digests(tmp_path / "s")
    num_done = len(list(seeds.glob("*/result.json")))
    assert 2 <= num_done < 12
    done = shell(*command)
    assert done.code == 0, done.err
    after = digests(tmp_path / "s")
    assert before.items() <= after.items()
    assert len(list(seeds.glob("*/result.json"))) == 12
    assert "beats" in done.out or "difference" in done.out


@pytest.mark.faults
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_a_confirmation_and_says_how_to_go_on(
    regsweep: Regsweep, tmp_path: Path, number: signal.Signals
) -> None:
    assert regsweep(*SWEEP, "hydra.sweeper.n_trials=2").code == 0
    process = subprocess.Popen(
        [*CONFIRM, "s", "--top", "1", "--seeds", "40"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    while not list((tmp_path / "s" / "confirmation" / "seeds").glob("*/result.json")):
        assert process.poll() is None
        time.sleep(0.01)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does
    else:
        process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "go on with: regsweep confirm s" in out


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_runs_of_one_seed_share_their_initial_weights(configure, name: str) -> None:  # type: ignore[no-untyped-def]
    plain, regularized = (
        dict(build(configure(f"model={name}", "seed=3", *more)).model.named_parameters())
        for more in ([], ["regularizer=[l2,dropout,batchnorm]"])
    )
    shapes = [tuple(value.shape) for value in regularized.values()]
    matrices = [value for value in plain.values() if value.ndim > 1]
    assert all(tuple(value.shape) in shapes for value in matrices)
    for value in matrices:
        assert any(value.shape == other.shape and torch.equal(value, other) for other in regularized.values())


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nowhere"], "no sweep to confirm"),
        (["."], "no sweep to confirm"),
        (["s", "--seeds", "1"], "must be a whole number of 2 or more"),
        (["s", "--margin", "0.1"], "has a meaning only with --until-settled"),
        (["s", "--until-settled", "--margin", "nan"], "must be points or per cent above 0"),
        (["s", "--top", "x"], "must be a whole number of 1 or more"),
        (["s"], "no complete trial regularizes"),
    ],
)
def test_what_cannot_be_confirmed_is_refused_in_a_line(
    regsweep: Regsweep, arguments: list[str], expected: str, seeds_once: Path, tmp_path: Path
) -> None:
    shutil.copytree(seeds_once, tmp_path / "s")
    done = regsweep("confirm", *arguments)
    assert done.code == 2
    assert expected in done.err
    assert not (tmp_path / "s" / "confirmation").exists()


def test_effort_is_judged_from_the_sweep(confirmed_once: Path) -> None:
    sweep = read_sweep(confirmed_once)
    assert count_configurations(sweep) == 2
    values = sweep.trials.set_index("number")["validation_accuracy"]
    # Trials 0 and 1, and 2 and 3, are one configuration under two seeds: a pair's variance is half its squared gap.
    variance = ((values[0] - values[1]) ** 2 / 2 + (values[2] - values[3]) ** 2 / 2) / 2
    assert spread_of_differences(sweep) == pytest.approx((2 * variance) ** 0.5)
