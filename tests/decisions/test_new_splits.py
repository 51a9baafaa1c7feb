"""Where each seed draws a split: what is trained, what is shown, what the answer says, and what is refused."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image
from rich.console import Console

from regsweep.app import planning
from regsweep.app.plan import Plan
from regsweep.app.splits import describe_new_splits, draw_anew, require_splits
from regsweep.app.stages import Origin
from regsweep.config import DatasetConfig
from regsweep.data import load_dataset
from regsweep.errors import RegsweepError
from regsweep.paths import SweepPaths
from regsweep.report.answer.sentences import answer
from regsweep.report.confirmation_table import print_confirmation
from regsweep.report.figures import Evidence, forest
from regsweep.report.read_confirmation import read_confirmation
from regsweep.report.summary import summary
from regsweep.report.sweep import Sweep, read_sweep
from regsweep.started import Command
from regsweep.statistics.intervals import Overlap, t_interval
from tests.conftest import PROJECT
from tests.decisions.confirmable import OFF, made, trial
from tests.decisions.confirmations import Made, confirmed, write_correct
from tests.decisions.handmade import write_sweep
from tests.decisions.test_confirm import Runs, run_confirm

DATASET = {
    "name": "digits",
    "root": "data",
    "download": False,
    "train_size": 300,
    "label_noise": 0.0,
    "val_fraction": 0.2,
    "split_seed": 0,
    "image_size": None,
}
DIGITS = {**OFF, **{f"dataset.{key}": value for key, value in DATASET.items()}}
TRIALS = [{**trial(accuracy, lr, dropout=0.2), "config": DIGITS} for accuracy, lr in ((0.5, 0.1), (0.9, 0.2))]
GAIN = [0.02, 0.03, 0.025, 0.02]


def seeds_and_splits(folder: Path, sweep: str) -> list[tuple[Any, Any]]:
    trials = json.loads((SweepPaths(folder).confirmation.folder / f"{sweep}.json").read_text())
    return [(each["seed"], each.get("dataset.split_seed")) for each in trials]


def test_every_run_on_a_seed_is_on_its_split(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All configurations, their own baselines and the runs to choose: what is compared shares split and seed."""
    made(tmp_path / "s", TRIALS)
    runs = Runs(tmp_path / "s", {"0.2": GAIN})
    found = run_confirm(runs, "--new-splits", "--seeds", "4")
    for sweep, seeds in (("choosing", range(1, 4)), ("seeds", range(4, 8)), ("own_baselines", range(4, 8))):
        assert {seed for seed, _ in seeds_and_splits(tmp_path / "s", sweep)} == {*seeds}
        assert all(seed == split for seed, split in seeds_and_splits(tmp_path / "s", sweep)), sweep
    assert not any("split_seed" in word for word in runs.typed[0]), "the baseline is tuned on the sweep's split"
    assert found.overlap is not None
    assert (found.overlap.train, found.overlap.test) == pytest.approx((300 / 1797, 360 / 1797), abs=0.03)
    assert found.candidates[0].claim.sign == 1
    assert "each seed draws a split of the data. Two splits have " in capsys.readouterr().out
    again = Runs(tmp_path / "s")
    assert run_confirm(again).overlap == found.overlap, "without the flag it goes on as it was begun"
    assert again.typed == []


def test_a_split_that_the_sweep_was_given_is_not_that_of_the_seeds(tmp_path: Path) -> None:
    given = [{**each, "overrides": {**each["overrides"], "dataset.split_seed": 7}} for each in TRIALS]
    for name, arguments in (("a", ()), ("b", ("--new-splits",))):
        made(tmp_path / name, given, ["-m", "seed=0", "dataset.split_seed=7"])
        runs = Runs(tmp_path / name)
        run_confirm(runs, "--seeds", "2", *arguments)
        kept = ["dataset.split_seed=7" in typed for typed in runs.typed]
        assert kept == ([True] * 3 if name == "a" else [True, False, False]), "the baseline is tuned on it"


def test_by_default_all_seeds_have_the_split_of_the_sweep(tmp_path: Path) -> None:
    made(tmp_path / "s", TRIALS)
    found = run_confirm(Runs(tmp_path / "s"), "--seeds", "4")
    assert found.overlap is None
    assert {split for _, split in seeds_and_splits(tmp_path / "s", "seeds")} == {None}
    for begun in ("seeds", "choosing"):  # runs of either are on that split
        with pytest.raises(RegsweepError, match="this confirmation was begun with one split; leave it out, or move"):
            run_confirm(Runs(tmp_path / "s"), "--new-splits")
        shutil.rmtree(SweepPaths(tmp_path / "s").confirmation.folder / begun)
    (SweepPaths(tmp_path / "s").confirmation.plan).unlink()
    shutil.rmtree(SweepPaths(tmp_path / "s").confirmation.folder / "baseline")
    assert run_confirm(Runs(tmp_path / "s"), "--new-splits", "--seeds", "4").overlap is not None


def test_the_number_of_seeds_may_change_until_one_has_ended(tmp_path: Path) -> None:
    made(tmp_path / "s", TRIALS)
    with pytest.raises(KeyboardInterrupt):
        run_confirm(Runs(tmp_path / "s", stops_after=0), "--new-splits", "--seeds", "3")
    before = Plan.read(SweepPaths(tmp_path / "s").confirmation).overlap
    with pytest.raises(KeyboardInterrupt):
        run_confirm(Runs(tmp_path / "s", stops_after=1), "--seeds", "5")
    after = Plan.read(SweepPaths(tmp_path / "s").confirmation).overlap
    assert before != after, "of five splits, which is measured anew"
    for seeds in ("3", "6"):
        with pytest.raises(RegsweepError, match=f"--seeds {seeds}: .* more than once, and 5 seeds were begun"):
            run_confirm(Runs(tmp_path / "s"), "--seeds", seeds)
    assert not run_confirm(Runs(tmp_path / "s")).is_sequential
    with pytest.raises(RegsweepError, match=r"--until-settled: over new splits there is no interval .* --seeds N"):
        run_confirm(Runs(tmp_path / "s"), "--until-settled")


def test_where_splits_are_not_known_or_none_are_drawn_it_is_refused(tmp_path: Path) -> None:
    split = {"overrides": {"dataset.split_seed": 3, "regularizer.dropout": 0.2}, "config": DIGITS, "accuracy": 0.9}
    for name, trials, is_own, expected in (
        ("a", TRIALS, False, "the examples of another application's splits are not known"),
        ("b", [*TRIALS, split], True, r"the sweep itself varies dataset\.split_seed"),
    ):
        sweep = replace(made(tmp_path / name, trials), is_own=is_own)
        SweepPaths(sweep.folder).confirmation.folder.mkdir()
        plan = planning.read_or_choose(sweep, 1)
        with pytest.raises(RegsweepError, match=f"^--new-splits: {expected}"):
            draw_anew(Origin.of(sweep), sweep, plan, 4)
        assert plan.overlap is None


def test_seeds_that_draw_the_same_training_examples_are_named(tmp_path: Path) -> None:
    numbers = np.arange(60)
    np.savez(tmp_path / "data.npz", x=numbers[:, None].astype(float), y=numbers % 2, group=np.minimum(numbers // 10, 2))
    config = DATASET | {"name": "arrays", "path": str(tmp_path / "data.npz"), "group_column": "group"}
    config |= {"train_size": None, "val_fraction": None}
    with pytest.raises(RegsweepError, match="the seeds 4, 5 draw the same training examples, as with few groups"):
        require_splits(OmegaConf.create({"dataset": config}), Command([], str(tmp_path), []), [], 2)


def test_splits_are_drawn_by_the_seeds_that_a_comparison_will_have(tmp_path: Path) -> None:
    """Of few groups two seeds draw the same and two others do not, so other seeds say nothing of it."""
    np.savez(tmp_path / "data.npz", x=np.arange(60.0)[:, None], y=np.arange(60) % 2, group=np.arange(60) // 15)
    data = DATASET | {"name": "arrays", "path": str(tmp_path / "data.npz"), "group_column": "group"}
    data |= {"train_size": None, "val_fraction": None}
    config = DatasetConfig.model_validate(data)
    train = [
        load_dataset(config.model_copy(update={"split_seed": seed})).train.inputs.flatten().tolist()
        for seed in range(14)
    ]
    for seed in range(9):
        composed = OmegaConf.create({"seed": seed, "dataset": data})
        is_same = train[seed + 4] == train[seed + 5]
        with pytest.raises(RegsweepError, match=f"the seeds {seed + 4}, {seed + 5} draw") if is_same else nullcontext():
            require_splits(composed, Command([], str(tmp_path), []), [], 2)
    assert any(one == other for one, other in pairwise(train))
    assert train[0] != train[1]


def test_data_of_which_nothing_is_drawn_are_refused_before_anything_is_trained(tmp_path: Path) -> None:
    for number, folder in enumerate(product(("train", "val", "test"), "ab", range(4))):
        split, name, image = folder
        path = tmp_path / "images" / split / name / f"{image}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), number).save(path)
    config = {**DATASET, "name": "image_folder", "root": "images", "train_size": None, "val_fraction": None}
    command = Command([], str(tmp_path), [])
    with pytest.raises(RegsweepError, match="of its own, so there is nothing to draw; leave it out, or train on some"):
        require_splits(OmegaConf.create({"dataset": config}), command, [], 2)
    some = OmegaConf.create({"dataset": {**config, "train_size": 4}})
    assert 0 < require_splits(some, command, ["optimizer.lr=interval(0.1,0.2)"], 2).train < 1
    with pytest.raises(RegsweepError, match=r"the sweep itself varies dataset\.split_seed"):
        require_splits(some, command, ["dataset.split_seed=range(0,9)"], 2)


def test_a_confirmation_that_was_stopped_has_no_answer_before_all_seeds(tmp_path: Path) -> None:
    made(tmp_path / "s", TRIALS)
    with pytest.raises(KeyboardInterrupt):
        run_confirm(Runs(tmp_path / "s", {"0.2": GAIN}, stops_after=7), "--new-splits", "--seeds", "4")
    found = read_confirmation(tmp_path / "s")
    assert found is not None
    assert not found.has_comparisons
    assert answer(read_sweep(tmp_path / "s"), found) == [
        "3 of 4 seeds are complete. Where each draws a split of its own, there is no answer before all are: go on with "
        "regsweep confirm s."
    ]


UP = [0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004]
LESS = [0.006, -0.001, 0.005, 0.004, 0.002, 0.004, 0.003, 0.005, 0.001, 0.004]
# Standard deviations 0.0816 and 0.2111 points; t(0.975, 9) = 2.2622. With 0.6 in common 0.4 ± 2.2622 · 0.0816 · 1.2649
# and 0.33 ± 2.2622 · 0.2111 · 1.2649; with 0.1, √(0.1 + 0.1/0.9) = 0.4595 in place of 1.2649. The t interval shows
# both.
DRAWN, OWN_TEST, FEW = ({"train": 0.6, "test": 0.2}, {"train": 0.6, "test": None}, {"train": 0.1, "test": None})
SELECTED = "; in the sweep x had a validation accuracy of 86.00 %, on fresh seeds 85.00 %."


def sweep(tmp_path: Path) -> Sweep:
    return read_sweep(write_sweep(tmp_path / "sweep", [{"overrides": {"optimizer.lr": 0.1}}] * 2))


@pytest.mark.parametrize(
    ("tuned", "own", "overlap", "sign", "line"),
    [
        pytest.param(
            UP,
            UP,
            OWN_TEST,
            1,
            "X beats the tuned baseline by 0.40 points (95 % interval over splits 0.17 to 0.63) and the same network "
            "without it by 0.40 points (95 % interval over splits 0.17 to 0.63); 10 paired seeds.",
            id="far enough from zero",
        ),
        pytest.param(
            LESS,
            LESS,
            OWN_TEST,
            0,
            "No difference is shown: x is ahead of the tuned baseline by 0.33 points (95 % interval over splits −0.27 "
            "to 0.93); 10 paired seeds.",
            id="splits have too much in common",
        ),
        pytest.param(
            LESS,
            LESS,
            FEW,
            1,
            "X beats the tuned baseline by 0.33 points (95 % interval over splits 0.11 to 0.55)",
            id="splits have little in common",
        ),
        pytest.param(
            UP,
            LESS,
            OWN_TEST,
            0,
            "X is ahead of the tuned baseline by 0.40 points (95 % interval over splits 0.17 to 0.63), but ahead of "
            "the same network without it by 0.33 points (95 % interval over splits −0.27 to 0.93), which is not shown. "
            "Nothing is claimed; 10 paired seeds.",
            id="from one baseline alone",
        ),
    ],
)
def test_what_is_shown_over_splits(
    tmp_path: Path,
    *,
    tuned: Sequence[float],
    own: Sequence[float],
    overlap: dict[str, float | None],
    sign: int,
    line: str,
) -> None:
    assert t_interval(LESS).low > 0
    found = confirmed(tmp_path / "c", Made("x", tuned, own), overlap=overlap)
    assert found.candidates[0].claim.sign == sign
    lines = answer(sweep(tmp_path), found)
    assert lines[0].startswith(line)
    assert "p = " not in " ".join(lines)
    assert "start anew with so many seeds" not in " ".join(lines)


def test_two_configurations_hold_together(tmp_path: Path) -> None:
    alone, among = (
        confirmed(tmp_path / str(len(others)), Made("x", LESS, LESS), *others, overlap=FEW).candidates[0]
        for others in ([], [Made("y", UP, UP)])
    )
    assert alone.against_tuned.comparison is not None
    assert among.against_tuned.comparison is not None
    assert among.against_tuned.comparison.interval.low < alone.against_tuned.comparison.interval.low


@pytest.mark.parametrize(
    ("overlap", "line"),
    [
        (
            None,
            "This holds for one split of the data and this test set of 100 images (none is classified differently: "
            "too few for an answer about other images)" + SELECTED,
        ),
        (
            OWN_TEST,
            "This holds for this test set of 100 images, which is the data set's own and stayed, and for such "
            "training images split anew: each seed drew a split of the rest. Two splits have 60 % of the training "
            "images in common, and the intervals allow for that" + SELECTED,
        ),
        (
            DRAWN,
            "This holds for such images split anew: each seed drew training, validation and test images. Two splits "
            "have 60 % of the training images and 20 % of the test images in common, and the intervals allow for that. "
            "The settings were chosen on images of which some are now test images" + SELECTED,
        ),
    ],
)
def test_the_sentence_says_which_images_it_holds_for(
    tmp_path: Path, overlap: dict[str, float | None] | None, line: str
) -> None:
    confirmed(tmp_path / "c", Made("x", [0.0] * 3), overlap=overlap)
    for number in range(6):
        write_correct(tmp_path / "c", "seeds", number, np.arange(100) < 80)
    found = read_confirmation(tmp_path / "c")
    assert found is not None
    assert line in answer(sweep(tmp_path), found)


def test_table_figures_and_summary_name_no_p_value(tmp_path: Path) -> None:
    found = confirmed(tmp_path / "c", Made("x", UP, UP), overlap=DRAWN)
    evidence = Evidence(sweep(tmp_path), found)
    file = io.StringIO()
    print_confirmation(evidence.sweep, found, Console(file=file, width=100, highlight=False))
    rows = [" ".join(line.split()) for line in file.getvalue().splitlines()]
    assert rows[0] == "configuration: test accuracy points 95 % interval better in"
    assert "vs. the tuned baseline +0.40 0.17 to 0.63 10 of 10" in rows
    assert "intervals: corrected for what splits have in common" in rows
    drawing = forest.draw(evidence)
    assert "t interval over splits, corrected for what they have in common, 95 %" in drawing.caption
    assert "sign-flip" not in drawing.caption
    content = summary(evidence, [], [])
    jsonschema.validate(content, json.loads((PROJECT / "docs" / "summary.schema.json").read_text()))
    assert content["confirmation"]["new_splits"] == {"train": 0.6, "test": 0.2}
    candidate = content["confirmation"]["candidates"][0]
    assert candidate["against_tuned_baseline"]["p_value"] is None
    assert (candidate["claim"]["claim"], candidate["seeds_needed"]) == ("better", None)


@pytest.mark.parametrize(
    ("overlap", "line"),
    [
        (
            Overlap(0.8),
            "Two splits have 80 % of the training examples in common: intervals are 6.4 times as wide as over "
            "splits that have none; with fewer examples to train on they are narrower (dataset.train_size)",
        ),
        (
            Overlap(0.015),
            "Two splits have 1.5 % of the training examples in common: intervals are 1.1 times as wide as over "
            "splits that have none",
        ),
    ],
)
def test_what_overlap_costs_is_printed_beforehand(overlap: Overlap, line: str) -> None:
    assert describe_new_splits(overlap, 10) == f"each seed draws a split of the data. {line}"
