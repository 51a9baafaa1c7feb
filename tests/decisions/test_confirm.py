"""What a confirmation trains, step by step, where the results of its runs are given: nothing is trained here."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from regsweep.app import choosing, confirm, planning, stages
from regsweep.errors import RegsweepError
from regsweep.paths import SweepPaths
from regsweep.report.confirmation import Confirmation
from regsweep.report.read_confirmation import read_confirmation
from tests.decisions.confirmable import COMMAND, OFF, SWEEP, made, trial, write_command
from tests.decisions.handmade import write_sweep, write_trial

TUNING = [0.5, 0.9, 0.8, 0.7, 0.1, 0.1, 0.1, 0.1]
"""Validation accuracy of the baseline's trials, whose learning rates are 0.01, 0.02 …"""

ON_CHOOSING_SEEDS = {"0.02": 0.6, "0.03": 0.7, "0.04": 0.65, "0.3": 0.7, "0.4": 0.72, "0.2": 0.74}
"""Validation accuracy by learning rate: of the baseline its third trial is best, and of dropout trial 2."""

BASE = 0.8
"""Test accuracy of the tuned baseline."""


@dataclass
class Runs:
    """Runs that end at once, in place of the process that would train them.

    Attributes:
        folder: of the sweep that is confirmed.
        gains: by how much a configuration of this learning rate is better than the tuned baseline on the test set, on
            one seed after the other and over again; None: it diverges. Others are as good as the baseline.
        own: test accuracy of networks without regularization at a configuration's own other settings.
        stops_after: so many runs on fresh seeds, as by Ctrl-C.
        typed: what each sweep was started with.
    """

    folder: Path
    gains: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    own: float = BASE
    stops_after: int | None = None
    typed: list[list[str]] = field(default_factory=list)

    def __call__(self, typed: Sequence[str], place: Path, import_path: Sequence[str]) -> int:
        assert (place, import_path) == (self.folder.parent, ["/code"])
        self.typed.append(list(typed))
        given = dict(each.split("=", 1) for each in typed if "=" in each)
        folder = Path(typed[1] if typed[0] == "resume" else given["hydra.sweep.dir"].strip('"'))
        if not folder.exists():
            write_command(write_sweep(folder, []), typed)
        paths = SweepPaths(self.folder).confirmation
        if folder == paths.baseline:
            assert typed[0] == "-m"
            settings = {key: value for key, value in given.items() if key.startswith("regularizer.")}
            trials: list[dict[str, Any]] = [
                {**settings, "optimizer.lr": (1 + n) / 100} for n in range(int(given["hydra.sweeper.n_trials"]))
            ]
        else:
            trials = json.loads(paths.trials(folder).read_text())
        stops = folder == paths.seeds and self.stops_after is not None
        for number, overrides in enumerate(trials[: self.stops_after] if stops else trials):
            if not (folder / str(number)).exists():
                made = {key: yaml.safe_load(str(value)) for key, value in overrides.items()}
                seed = int(overrides.get("seed", 0))
                given_to = {"overrides": made, "config": OFF, "choices": {"regularizer": "none"}, "seed": seed}
                result = {**given_to, **self.result(folder.name, number, made)}
                write_trial(folder / str(number), number, result)
        if stops:
            raise KeyboardInterrupt
        return 0

    def result(self, sweep: str, number: int, overrides: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a run ends with."""
        rate = str(overrides["optimizer.lr"])
        if sweep == "baseline":
            return {"accuracy": TUNING[number]}
        if sweep == "choosing":
            return {"accuracy": ON_CHOOSING_SEEDS.get(rate, 0.5)}
        if sweep == "own_baselines":
            return {"accuracy": 0.7, "test": self.own}
        gains = self.gains.get(rate, [0.0])
        gain = gains[overrides["seed"] % len(gains)]
        if gain is None:
            return {"status": "diverged", "error": "it diverged"}
        return {"accuracy": 0.7, "test": BASE + gain}

    def of(self, sweep: str) -> list[tuple[int, str, str, str]]:
        """Return seed, learning rate, dropout and BatchNorm of each run of a sweep, as typed."""
        file = SweepPaths(self.folder).confirmation.folder / f"{sweep}.json"
        keys = ("seed", "optimizer.lr", "regularizer.dropout", "regularizer.batch_norm")
        trials = json.loads(file.read_text())
        assert {trial["regularizer"] for trial in trials} == {"none"}, "whatever else was composed"
        return [tuple(trial[key] for key in keys) for trial in trials]


def run_confirm(runs: Runs, *arguments: str) -> Confirmation:
    """Confirm the sweep with these runs; the report is left out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(runs.folder.parent)
        patch.setattr(os, "cpu_count", lambda: 1)
        patch.setattr(stages, "call", runs)
        patch.setattr(confirm, "report_confirmed", lambda _: None)
        confirm.main([runs.folder.name, *arguments])
    found = read_confirmation(runs.folder)
    assert found is not None
    return found


GAIN = [0.02, 0.03, 0.025, 0.02]


def test_a_confirmation_from_the_first_trial_to_the_claim(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path / "s")
    runs = Runs(tmp_path / "s", {"0.2": GAIN, "0.5": [0.01, -0.01]})
    found = run_confirm(runs, "--top", "2", "--seeds", "8")
    assert [each[-1].rpartition("/")[2].strip('"') for each in runs.typed] == [
        *("baseline", "choosing", "seeds", "own_baselines")
    ]
    opened = [[each for each in typed if each.startswith("trainer.test=")] for typed in runs.typed]
    assert opened == [[], ["trainer.test=false"], ["trainer.test=true"], ["trainer.test=true"]], "the test set"
    off, on = ("null", "false"), "{use: true}"
    dropout = {n: (f"0.{n}", f"{{use: true, p: 0.{n}}}", "false") for n in (2, 3, 4)}
    contenders = [("0.02", *off), ("0.03", *off), ("0.04", *off), *(dropout[n] for n in (3, 4, 2))]
    assert runs.of("choosing") == [(seed, *each) for seed in (1, 2, 3) for each in contenders], "after the sweep's seed"
    chosen = [("0.03", *off), dropout[2], ("0.5", "null", on)]
    assert runs.of("seeds") == [(seed, *each) for seed in range(4, 12) for each in chosen], "and after those"
    assert runs.of("own_baselines") == [(seed, "0.2", *off) for seed in range(4, 12)], "where a difference is shown"
    assert found.baseline.name == "no regularization (tuned), at lr 0.03"
    assert [candidate.name for candidate in found.candidates] == ["dropout 0.2, at lr 0.2", "BatchNorm, at lr 0.5"]
    assert [candidate.selected_for for candidate in found.candidates] == [0.7, 0.85]
    assert [candidate.claim.sign for candidate in found.candidates] == [1, 0]
    assert found.candidates[1].against_own is None
    printed = capsys.readouterr().out.splitlines()
    assert [line for line in printed if line] == [
        "confirm s: the best of 2 kinds and the tuned baseline on seeds 4 to 11",
        "8 trials of tuning, up to 21 runs to choose on seeds 1 to 3, 24 runs with the test set: about 53 min at "
        "the sweep's pace",
        "where differences are shown, up to 16 more, of second baselines: about 16 min",
        "the network without regularization, tuned with 8 trials as the sweep was",
        "6 configurations on 3 seeds, of which the best of each kind is confirmed",
        "chosen: no regularization (tuned), at lr 0.03 (trial 2, validation accuracy 0.8000); dropout 0.2, at lr 0.2 "
        "(trial 2, validation accuracy 0.7000); BatchNorm, at lr 0.5 (trial 5, validation accuracy 0.8500)",
        "3 configurations on 8 seeds, with the test set",
        "the same network without regularization at a configuration's own other settings, for a claim",
    ]
    again = Runs(tmp_path / "s", runs.gains)
    assert not run_confirm(again).is_sequential
    assert again.typed == [], "all is there"
    assert capsys.readouterr().out == ""
    longer = run_confirm(again, "--seeds", "9")
    assert longer.is_sequential, "the number was changed after it was seen what 8 show"
    folder = tmp_path / "s" / "confirmation"
    assert again.typed == [
        ["resume", str(folder / name), f"n_trials={number}"] for name, number in (("seeds", 27), ("own_baselines", 9))
    ]
    assert "3 runs with the test set: about 3 min" in capsys.readouterr().out
    assert longer.seeds == list(range(4, 13))
    assert longer.candidates[0].against_own is not None
    assert longer.candidates[0].against_own.seeds == list(range(4, 13))


SMALL = [trial(0.5, 0.1), trial(0.9, 0.2, dropout=0.2)]
"""One kind, of one configuration."""


@pytest.mark.parametrize(
    ("gains", "arguments", "counts"),
    [
        ([0.02, 0.021], ["--seeds", "12"], [5]),
        ([0.004, -0.003, 0.001], ["--seeds", "11"], [5, 10, 11]),
        ([0.004, -0.003, 0.001], ["--margin", "2"], [5]),
        ([0.0015, -0.0005], [], [5, 10]),  # the margin is 0.25 points
    ],
)
def test_until_settled_it_looks_every_five_seeds(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    gains: list[float | None],
    arguments: list[str],
    counts: list[int],
) -> None:
    made(tmp_path / "s", SMALL)
    runs = Runs(tmp_path / "s", {"0.2": gains}, own=0.7)
    found = run_confirm(runs, "--until-settled", *arguments)
    numbers = [each[-1] if each[0] == "resume" else each[-2] for each in runs.typed if "own_baselines" not in str(each)]
    assert [each.rpartition("=")[2] for each in numbers] == ["2", "6", *(str(2 * count) for count in counts)]
    assert found.is_sequential
    printed = capsys.readouterr().out
    assert printed.endswith(f"\n{'not settled' if counts[-1] == 11 else 'settled'} after {counts[-1]} seeds\n")
    assert "looks every 5 seeds" in printed


def test_until_settled_goes_on_from_a_number_of_seeds_that_was_fixed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path / "s", SMALL)
    runs = Runs(tmp_path / "s", {"0.2": [0.02, -0.02, 0.001]})
    run_confirm(runs, "--seeds", "3")
    found = run_confirm(runs, "--until-settled", "--margin", "0.01")
    assert capsys.readouterr().out.endswith("\nnot settled after 30 seeds\n")
    assert found.candidates[0].against_tuned.seeds == list(range(4, 34))


@pytest.mark.parametrize(("num_ended", "first"), [(0, 6), (0, 20), (1, 6), (1, 20)])
def test_a_number_of_seeds_that_changes_after_a_run_has_ended_is_a_look(
    tmp_path: Path, num_ended: int, first: int
) -> None:
    made(tmp_path / "s", SMALL)
    with pytest.raises(KeyboardInterrupt):
        run_confirm(Runs(tmp_path / "s", stops_after=num_ended), "--seeds", str(first))
    found = run_confirm(Runs(tmp_path / "s"), "--seeds", "7")
    assert (found.is_sequential, found.num_planned) == ((True, max(first, 7)) if num_ended else (False, 7))


def test_runs_that_are_not_complete_are_counted_and_the_exit_code_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path / "s", SMALL)
    runs = Runs(tmp_path / "s", {"0.2": [0.02, 0.02, None, 0.02, 0.02, None, 0.02]})
    with pytest.raises(SystemExit) as stop:
        run_confirm(runs, "--seeds", "7")
    assert stop.value.code == 1
    assert "2 of 14 runs are not complete, and count as the answer has it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("trials", "arguments", "lines"),
    [
        pytest.param(
            SMALL,
            ["--seeds", "6"],
            [
                "the sweep has complete trials of no more than one kind of regularization",
                "confirm s: the best of one kind and the tuned baseline on seeds 4 to 9",
                "2 trials of tuning, 6 runs to choose on seeds 1 to 3, 12 runs with the test set: about 20 min "
                "at the sweep's pace",
                "where differences are shown, up to 6 more, of second baselines: about 6 min",
            ],
            id="as many seeds as can just show it",
        ),
        pytest.param(
            [trial(0.9, 0.2, dropout=0.2) | {"seconds": 0.1}],
            ["--top", "1", "--seeds", "5"],
            [
                "confirm s: the best of one kind and the tuned baseline on seeds 4 to 8",
                "1 trial of tuning, 0 runs to choose on seeds 1 to 3, 10 runs with the test set: less than 10 s at the "
                "sweep's pace",
                "where differences are shown, up to 5 more, of second baselines: less than 10 s",
                "5 seeds cannot show a difference: the smallest possible p-value of one configuration is 0.062; take "
                "--seeds 6 or more",
            ],
            id="one fewer than that, and no choice",
        ),
        pytest.param(
            [trial(a, 0.1, seed, dropout=d) for seed in (3, 5) for d, a in ((0.1, 0.50 + seed / 100), (0.2, 0.9))],
            ["--top", "1", "--seeds", "8"],
            [
                "confirm s: the best of one kind and the tuned baseline on seeds 9 to 16",
                "2 trials of tuning, 12 runs to choose on seeds 6 to 8, 16 runs with the test set: about 30 min "
                "at the sweep's pace",
                "where differences are shown, up to 8 more, of second baselines: about 8 min",
                # Variances 0.02²/2 and 0: a difference of two runs has √(2 · 0.0001) = 1.41 points.
                "seeds needed to show a difference: 317 for 0.25 points, 81 for 0.5 points, 22 for 1 point (80 % "
                "power; two runs differ by about 1.41 points, estimated from the sweep)",
            ],
            id="how many seeds it takes",
        ),
        pytest.param(
            [
                trial(a, 0.1, seed, **more)
                for seed in (3, 5)
                for more, a in (({"dropout": 0.1}, 0.50 + seed / 100), ({"batch_norm": True}, 0.9))
            ],
            ["--top", "2", "--seeds", "8"],
            [
                "confirm s: the best of 2 kinds and the tuned baseline on seeds 9 to 16",
                "2 trials of tuning, 6 runs to choose on seeds 6 to 8, 24 runs with the test set: about 32 min "
                "at the sweep's pace",
                "where differences are shown, up to 16 more, of second baselines: about 16 min",
                # As above, each at half the level.
                "seeds needed to show a difference: 377 for 0.25 points, 96 for 0.5 points, 26 for 1 point (80 % "
                "power; two runs differ by about 1.41 points, estimated from the sweep)",
            ],
            id="more seeds for two kinds",
        ),
        pytest.param(
            SWEEP,
            ["--until-settled"],
            [
                "confirm s: the best of 3 kinds and the tuned baseline on seeds 4 to 33",
                "8 trials of tuning, up to 21 runs to choose on seeds 1 to 3, 120 runs with the test set: about 2.5 h "
                "at the sweep's pace",
                "where differences are shown, up to 90 more, of second baselines: about 90 min",
                "looks every 5 seeds; what 5 seeds can settle is little, so it may take them all",
            ],
            id="30 seeds where it may stop before",
        ),
        pytest.param(
            SWEEP,
            [],
            [
                "confirm s: the best of 3 kinds and the tuned baseline on seeds 4 to 13",
                "8 trials of tuning, up to 21 runs to choose on seeds 1 to 3, 40 runs with the test set: about 69 "
                "min at the sweep's pace",
                "where differences are shown, up to 30 more, of second baselines: about 30 min",
            ],
            id="ten seeds without a spread",
        ),
    ],
)
def test_what_it_takes_is_said_beforehand(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    trials: list[dict[str, Any]],
    arguments: list[str],
    lines: list[str],
) -> None:
    made(tmp_path / "s", trials)
    SweepPaths(tmp_path / "s").command.write_text(json.dumps({**COMMAND, "working_folder": str(tmp_path / "gone")}))
    with pytest.raises(RegsweepError, match=r"gone: the sweep's working folder is gone"):
        run_confirm(Runs(tmp_path / "s"), *arguments)
    printed = capsys.readouterr().out.splitlines()
    assert printed[: len(lines)] == lines
    assert printed[len(lines)] == ""


def test_of_what_was_begun_the_rest_is_announced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = made(tmp_path / "s", SMALL)
    SweepPaths(sweep.folder).command.write_text(json.dumps({**COMMAND, "working_folder": str(tmp_path / "gone")}))
    paths = SweepPaths(sweep.folder).confirmation
    paths.folder.mkdir()
    plan = planning.read_or_choose(sweep, None)

    def announced() -> list[str]:
        with pytest.raises(RegsweepError, match="the sweep's working folder is gone"):
            run_confirm(Runs(sweep.folder), "--seeds", "6")
        return capsys.readouterr().out.splitlines()[2:4]

    write_sweep(paths.baseline, [trial(0.5, 0.1)])
    assert announced()[0].startswith("1 trial of tuning, 6 runs to choose on seeds 1 to 3, 12 runs with the test set")
    write_trial(paths.baseline / "1", 1, trial(0.6, 0.2))
    choosing.take_contenders(plan, sweep)
    write_sweep(paths.choosing, [trial(0.5)] * 2)
    assert announced()[0].startswith("0 trials of tuning, 4 runs to choose on seeds 1 to 3, 12 runs with the test set")
    choosing.take_best(plan, {0: {1: 0.5}, 1: {1: 0.6}})
    write_sweep(paths.seeds, [trial(0.5)] * 5)
    write_sweep(paths.own, [trial(0.5)] * 4)
    runs, own = announced()
    assert runs.startswith("0 trials of tuning, 0 runs to choose on seeds 1 to 3, 7 runs with the test set")
    assert own.startswith("where differences are shown, up to 2 more, of second baselines")


@pytest.mark.parametrize(
    ("mixture", "num_runs"),
    [
        pytest.param({"l2": 0.1, "dropout": 0.2}, 12, id="each of two alone is what the other is left out of"),
        pytest.param({"l2": 0.1, "dropout": 0.2, "mixup": 0.3}, 36, id="of three, six networks"),
    ],
)
def test_runs_that_take_the_best_mixture_apart_are_announced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mixture: dict[str, Any], num_runs: int
) -> None:
    sweep = made(tmp_path / "s", [trial(0.5), trial(0.9, l2=0.1), trial(0.8, **mixture)])
    SweepPaths(sweep.folder).command.write_text(json.dumps({**COMMAND, "working_folder": str(tmp_path / "gone")}))
    apart = " more without an ingredient of the best mixture or with one alone: about "

    def announced(*arguments: str) -> list[str]:
        with pytest.raises(RegsweepError, match="the sweep's working folder is gone"):
            run_confirm(Runs(sweep.folder), "--seeds", "6", *arguments)
        return [line.partition(apart)[0] for line in capsys.readouterr().out.splitlines() if apart in line]

    assert announced() == []
    assert announced("--ablate") == [str(num_runs)]
    write_sweep(SweepPaths(sweep.folder).confirmation.ablation, [trial(0.5)] * 5)
    assert announced("--ablate") == [str(num_runs - 5)]


def test_a_sweep_that_has_grown_is_confirmed_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path / "s", SMALL)
    runs = Runs(tmp_path / "s")
    run_confirm(runs, "--seeds", "6")
    write_trial(tmp_path / "s" / "2", 2, trial(0.99, 0.3, dropout=0.3))
    capsys.readouterr()
    found = run_confirm(runs)
    assert [candidate.trial for candidate in found.candidates] == [1]
    assert capsys.readouterr().out.splitlines() == [
        "the sweep has complete trials of no more than one kind of regularization",
        "the sweep has 3 trials now, and this confirms the best of its first 2; to confirm anew, move "
        "s/confirmation away",
    ]
    with pytest.raises(RegsweepError, match="--top 2: this sweep's confirmation was begun with --top 3; leave it out"):
        run_confirm(runs, "--top", "2")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["d"], (None, None, False, None)),
        (["d", "--top", "1", "--seeds", "2"], (1, 2, False, None)),
        (["d", "--until-settled", "--margin", "0.5"], (None, None, True, 0.5)),
        (["d", "--top", "0"], "0: must be a whole number of 1 or more"),
        (["d", "--top", "-1"], "-1: must be a whole number of 1 or more"),
        (["d", "--seeds", "1"], "1: must be a whole number of 2 or more"),
        (["d", "--seeds", "2.5"], "2.5: must be a whole number of 2 or more"),
        (["d", "--margin", "0"], "0: must be points or per cent above 0, for example 0.25"),
        (["d", "--margin", "inf"], "inf: must be points or per cent above 0"),
        (["d", "--margin", "x"], "x: must be points or per cent above 0"),
    ],
)
def test_what_is_typed(arguments: list[str], expected: tuple[Any, ...] | str) -> None:
    if isinstance(expected, str):
        with pytest.raises(RegsweepError) as error:
            confirm._parser().parse_args(arguments)
        assert str(error.value).startswith(f"argument {arguments[1]}: {expected}")
    else:
        given = confirm._parser().parse_args(arguments)
        assert (given.top, given.seeds, given.until_settled, given.margin) == expected
        assert given.folder == Path("d")


@pytest.mark.parametrize(
    ("folder", "arguments", "expected"),
    [
        ("nowhere", [], "nowhere: no sweep to confirm (there is no command.json)"),
        ("s/confirmation/seeds", [], "s/confirmation/seeds: is part of a confirmation; confirm s"),
        ("s", ["--margin", "0.5"], "--margin 0.5: has a meaning only with --until-settled; add that"),
        ("s", [], "s: no complete trial regularizes; there is nothing to compare with none"),
        ("failed", [], "failed: no complete trial to confirm"),
        (
            "old",
            [],
            "old: made by regsweep before 0.3, whose keys below regularizer were others; regsweep report shows it, "
            "and only that version goes on with it",
        ),
    ],
)
def test_what_cannot_be_confirmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, arguments: list[str], expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    made(tmp_path / "s", [trial(0.5)])
    if folder.startswith("s/"):
        made(tmp_path / folder, [trial(0.5)])
    made(tmp_path / "failed", [trial(0.5, dropout=0.1) | {"status": "failed"}])
    made(tmp_path / "old", [trial(0.5)])
    (tmp_path / "old" / "multirun.yaml").write_text("regularizer: {penalty: l1, lambda: 0.1}\n")
    with pytest.raises(RegsweepError) as error:
        confirm.main([folder, *arguments])
    assert str(error.value) == expected
    assert (tmp_path / "s" / "confirmation").exists() == folder.startswith("s/")
