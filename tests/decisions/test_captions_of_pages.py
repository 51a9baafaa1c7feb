"""What a page says of confirmations, of several sweeps, and at its head, each on data where it would be false, too."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from regsweep.report.ablation import ALONE, REST
from regsweep.report.figures import Evidence, compare_sweeps, forest, ingredients
from regsweep.report.page import head, made
from regsweep.report.sweep import read_sweep
from tests.decisions.captions import (
    FAILED,
    RATE,
    REPEATED,
    SEEDED,
    TIED,
    TWO,
    Case,
    Trials,
    check,
    foreign,
    seeded,
    two_objectives,
    with_keys,
    without,
    words,
)
from tests.decisions.confirmations import Made, confirmed
from tests.decisions.handmade import write_sweep
from tests.decisions.test_ablation import MIXED
from tests.decisions.test_ablation import UP as ADDS
from tests.decisions.test_ablation import read as read_ablation
from tests.decisions.traces import LOSS, of

UP = [0.02, 0.021, 0.019, 0.02, 0.022, 0.018, 0.02, 0.021]
NEAR = [0.001, -0.001, 0.002, -0.002, 0.001, -0.001, 0.0, 0.0]
BETTER_THAN_BOTH, UNDECIDED = Made("up", UP, UP), Made("near", NEAR)
BOTH = "both intervals leave out zero on one side and p is at most 0.05."
FOREST: dict[str, tuple[tuple[Made, ...], Mapping[str, Any], Sequence[str], Sequence[str]]] = {
    "one, shown": (
        (BETTER_THAN_BOTH,),
        {},
        ["What each configuration gains over the tuned network without regularization\n",
         "Test accuracy minus that of no regularization (tuned) (diamond) and, where that was trained, of the same "
         "network without regularization at its own other settings (square), paired by seed (8 seeds; a small point",
         "Thick line: t interval over seeds, 95 %, on this test set.", "p: the larger of both sign-flip tests. Filled:",
         BOTH],
        ["together", "Holm", "thin line", "splits"],
    ),
    "one, not shown": ((UNDECIDED,), {}, ["(diamond), paired by seed"], ["square", "Filled", "p:", "both"]),
    "two": (
        (BETTER_THAN_BOTH, UNDECIDED),
        {},
        ["95 % for all 2 configurations together, on", "adjusted after Holm."],
        [],
    ),
    "a seed was lost": (
        (Made("up", [None, *UP[1:]], UP), UNDECIDED), {}, ["paired by seed (7 to 8 seeds; a"], ["(8 seeds"]
    ),
    "several looks": (
        (BETTER_THAN_BOTH,),
        {"is_sequential": True},
        ["Thick line: anytime-valid interval, 95 %.", "Filled: shown against both baselines"],
        ["p:", "p is", "t interval", "on this test set"],
    ),
    "a split for each seed": (
        (Made("up", [0.2 + x for x in UP], [0.2 + x for x in UP]),),
        {"overlap": {"train": 0.6}},
        ["Thick line: t interval over splits, corrected for what they have in common, 95 %."],
        ["p:", "p is", "over seeds,"],
    ),
    "not all splits were trained": (
        (BETTER_THAN_BOTH,),
        {"overlap": {"train": 0.6}, "num_planned": 10},
        ["each seed draws a split of its own: nothing is compared before all 10 seeds have been trained"],
        ["no configuration"],
    ),
    "one seed": (
        (Made("up", UP[:1]),), {}, ["no configuration has two complete seeds that the baseline has, too"], ["split"]
    ),
}  # fmt: skip


@pytest.mark.parametrize(("made_by_hand", "options", "has", "lacks"), FOREST.values(), ids=FOREST)
def test_the_forest_says_what_was_compared(
    tmp_path: Path,
    made_by_hand: tuple[Made, ...],
    options: Mapping[str, Any],
    has: Sequence[str],
    lacks: Sequence[str],
) -> None:
    found = confirmed(tmp_path, *made_by_hand, **options)
    check(Case([], has, lacks), words(forest.draw(Evidence(None, found))))  # type: ignore[arg-type]


UNCONFIRMED = {
    "a sweep": Case(TWO, ["nothing was confirmed on fresh seeds yet; run regsweep confirm"]),
    "of another application": Case(TWO, ["nothing was confirmed on fresh seeds yet"], ["run "], changes=[foreign]),
    "of two objectives": Case(TWO, ["confirmed on fresh seeds yet"], ["run "], changes=[two_objectives]),
    "none is complete": Case(FAILED, ["no trial is complete"], ["run "]),
}


@pytest.mark.parametrize("case", UNCONFIRMED.values(), ids=UNCONFIRMED)
def test_a_command_to_confirm_is_given_where_it_works(tmp_path: Path, case: Case) -> None:
    check(case, words(forest.draw(Evidence(case.sweep(tmp_path)))))


def test_of_a_single_run_nothing_is_to_be_confirmed(tmp_path: Path) -> None:
    write_sweep(tmp_path / "s", TWO[:1])
    assert forest.draw(Evidence(read_sweep(tmp_path / "s" / "0"))).missing == "a single run compares nothing"


INGREDIENTS: dict[str, tuple[tuple[Any, ...], Sequence[str], Sequence[str]]] = {
    "shown": (
        (ADDS, ADDS),
        ["Diamond: test accuracy of the mixture, minus", "Square: the ingredient alone, minus none, at the same",
         "Nothing was tuned again. Lines: t intervals over seeds, 95 % for all 4 together. Filled: shown."],
        ["Neither", "anytime"],
    ),
    "nothing is shown": ((MIXED, MIXED), ["Diamond", "Square"], ["Filled"]),
    "alone none has two seeds": ((ADDS, ADDS, ALONE), ["Diamond"], ["Square"]),
    "none has two seeds": (
        (ADDS, ADDS, ALONE, REST), ["no ingredient has two complete seeds that what it is added to has, too"], []
    ),
}  # fmt: skip


@pytest.mark.parametrize(("parts", "has", "lacks"), INGREDIENTS.values(), ids=INGREDIENTS)
def test_ingredients_are_described_as_far_as_they_were_trained(
    tmp_path: Path, parts: tuple[Any, ...], has: Sequence[str], lacks: Sequence[str]
) -> None:
    """What L2 and dropout add to the rest, and which kinds of additions have fewer than two seeds."""
    l2, dropout, *lost = parts
    found = read_ablation(l2, dropout, [0.9 - 0.004] * 10)
    additions = [replace(each, comparison=None) if each.to in lost else each for each in found.additions]
    confirmation = replace(confirmed(tmp_path, BETTER_THAN_BOTH), ablation=replace(found, additions=additions))
    check(Case([], has, lacks), words(ingredients.draw(Evidence(None, confirmation))))  # type: ignore[arg-type]


def configured(trial: Mapping[str, Any], **config: Any) -> dict[str, Any]:
    return {**trial, "config": config}


DIGITS, LETTERS = ([configured(t, **{"dataset.name": name}) for t in TWO] for name in ("digits", "letters"))
COMPARED: dict[str, tuple[list[Case], bool, Sequence[str], Sequence[str]]] = {
    "two of one data set": (
        [Case(DIGITS), Case(DIGITS)],
        False,
        ["The best score among the first complete trials of each sweep.\n", "What each sweep selected\n",
         "A value that was selected as the best of several flatters. 2 sweeps without a result on fresh seeds.",
         "[selected for<br>(validation accuracy)]"],
        ["one seed", "different data", "left out", "and what fresh seeds confirmed", "[confirmed", "of many"],
    ),
    "of two data sets": ([Case(DIGITS), Case(LETTERS)], False, ["are of different data (digits, letters)"], []),
    "one confirmed": (
        [Case(DIGITS), Case(DIGITS)],
        True,
        ["What each sweep selected, and what fresh seeds confirmed\n", "1 sweep without a result on fresh seeds.",
         "[confirmed<br>(test accuracy, mean of fresh seeds)]"],
        [],
    ),
    "over seeds": (
        [Case(SEEDED), Case(TWO)],
        False,
        ["In a sweep over seeds it is the best mean of the configurations of which every complete seed had ended."],
        ["a few"],
    ),
    "one of a single trial": ([Case(TWO), Case(TWO[:1])], False, ["flatters"], []),
    "two of single trials": (
        [Case(TWO[:1]), Case(TWO[:1])], False, ["no sweep has two complete trials"], ["flatters"]
    ),
    "one without a complete trial": (
        [Case(TWO), Case(FAILED)],
        False,
        [" 1 sweep without a complete trial left out.", "1 sweep without a complete trial ranked by an accuracy left"],
        [],
    ),
    "of different scores": (
        [Case(TWO), Case(TWO, options=LOSS)],
        False,
        ["the sweeps rank by different scores: validation accuracy (%), validation loss (lower is better)"],
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("cases", "is_confirmed", "has", "lacks"), COMPARED.values(), ids=COMPARED)
def test_several_sweeps_are_described_as_they_are(
    tmp_path: Path, cases: list[Case], is_confirmed: bool, has: Sequence[str], lacks: Sequence[str]
) -> None:
    sweeps = [case.sweep(tmp_path / str(place)) for place, case in enumerate(cases)]
    found = confirmed(tmp_path / "c", BETTER_THAN_BOTH) if is_confirmed else None
    drawings = compare_sweeps([Evidence(sweep, found if sweep is sweeps[0] else None) for sweep in sweeps])
    check(Case([], has, lacks), "\n".join(map(words, drawings)))
    for trace in (trace for drawing in drawings if drawing.figure is not None for trace in drawing.figure.data):
        assert len(set(trace.x)) > 1 or trace.mode == "markers", "what the legend has is there to be seen"


MADE = {"model._target_": "m.MLP", "optimizer.name": "sgd", "trainer.epochs": 2, "dataset.name": "digits"}


def settled(trials: Trials, **config: Any) -> Trials:
    return [{**trial, "config": {**MADE, **config}} for trial in trials]


HEADS = {
    "two trials": Case(
        settled(TWO),
        ["Trained: MLP, SGD, 2 epochs", "On: digits: 100 test images", "Best: L2 λ=0.2: 60.00 % validation accuracy, "
         "trial 1, out of 2 complete trials"],
        ["several", "only", "so far", "Without"],
    ),
    "two are the best": Case(settled(TIED), ["First of the 2 best: L2 λ=0.1"], ["\nBest:"]),
    "one of two is complete": Case(
        settled([TWO[0], FAILED[1]]), ["50.00 % validation accuracy, trial 0, the only complete one"], ["out of"]
    ),
    "some have ended": Case(
        settled(TWO), ["Best so far: "], ["Best: "], changes=[lambda sweep: replace(sweep, num_planned=9)]
    ),
    "one seed of one configuration": Case(
        settled([seeded(TWO[0], 0), seeded(TWO[1], 1)]), ["60.00 % over 1 seed"], ["1 seeds"]
    ),
    "the optimizer's name was swept": Case(
        settled([with_keys(t, **{"optimizer.name": n}) for t, n in zip(TWO, ("sgd", "adam"), strict=True)]),
        ["several optimizers"],
        ["SGD"],
    ),
    "an optimizer is named as the field names it": Case(
        settled(TWO, **{"optimizer.name": "adamw"}), ["Trained: MLP, AdamW, 2 epochs"], ["ADAMW"]
    ),
    "the learning rate was swept": Case(
        settled([with_keys(TWO[0], **{RATE: r}) for r in (1, 2)]), ["SGD"], ["several"]
    ),
    "one network was named": Case(
        settled([{**with_keys(t, model="mlp"), "choices": {"model": "mlp"}} for t in TWO]),
        ["Trained: MLP"],
        ["several"],
    ),
    "experiments": Case(
        settled([with_keys(t, experiment=e) for t, e in zip(TWO, "ab", strict=True)]),
        ["several networks, several optimizers, several numbers of epochs", "several data sets, or parts of one"],
    ),
    "two objectives": Case(settled(TWO), ["Trained"], ["Best", "best"], changes=[two_objectives]),
}  # fmt: skip


@pytest.mark.parametrize("case", HEADS.values(), ids=HEADS)
def test_the_head_of_the_page_says_what_was_done(tmp_path: Path, case: Case) -> None:
    lines = head.lines(case.sweep(tmp_path), is_confirmed=False)
    check(case, "".join(f"\n{name}: {text}" for name, text in lines))


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([5], "1 class of 5 training images"),
        ([1, 1], "2 classes of 1 training image"),
        ([1, 2], "2 classes of 1 to 2 training images"),
    ],
)
def test_classes_are_counted(tmp_path: Path, sizes: list[int], expected: str) -> None:
    folder = write_sweep(tmp_path / "s", settled(TWO))
    for path in folder.glob("*/result.json"):
        path.write_text(json.dumps({**json.loads(path.read_text()), "class_sizes": {"train": sizes}}))
    assert dict(head.lines(read_sweep(folder), is_confirmed=False))["On"].endswith(f"; {expected}")


HOW = {
    "two trials": Case(
        TWO,
        ["\n2 trials", "\nall complete", "\n12 s of computing\n", "12 s in all, 9.0 s training, 3.0 s evaluating "
         "(summed over 2 trials, which may run side by side)"],
        ["on record", "2 complete", "Git"],
    ),
    "one is lost": Case(
        [*TWO, of(status="interrupted")], ["\n2 complete", "\n12 s of computing on record"], ["all complete"]
    ),
    "one trial": Case(TWO[:1], ["6.0 s in all, "], ["summed", "all complete"]),
    "a repeated one": Case([*TWO, REPEATED], ["12 s of computing\n", "over 2 trials"], ["on record"]),
    "of the parts nothing is known": Case(
        TWO, ["12 s in all (summed"], ["training", "evaluating"],
        changes=[without("train_seconds"), without("evaluate_seconds")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HOW.values(), ids=HOW)
def test_how_a_sweep_was_made_is_what_its_records_say(tmp_path: Path, case: Case) -> None:
    sweep = case.sweep(tmp_path)
    lines = [*made.facts(sweep), *(f"{name}: {text}" for name, text, _ in made.how(Evidence(sweep)))]
    check(case, "".join(f"\n{line}" for line in lines))


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ("hydra: {sweeper: {sampler: {_target_: optuna.samplers.TPESampler}}}", "Optuna sweep"),
        ("hydra: {sweeper: {}}", "Grid sweep"),
        ("hydra: [", "Sweep"),
    ],
)
def test_a_sweep_is_called_a_grid_or_a_search_where_its_settings_say_so(
    tmp_path: Path, settings: str, kind: str
) -> None:
    sweep = read_sweep(write_sweep(tmp_path / "s", TWO))
    (sweep.folder / "multirun.yaml").write_text(settings)
    assert made.kind(sweep) == kind


@pytest.mark.parametrize(("num_seeds", "expected"), [(1, "on seed 4: "), (2, "on seeds 4, 5: ")])
def test_the_seeds_of_a_confirmation_are_counted(tmp_path: Path, num_seeds: int, expected: str) -> None:
    sweep = read_sweep(write_sweep(tmp_path / "s", TWO))
    found = confirmed(tmp_path / "c", Made("up", UP[:num_seeds]))
    lines = {name: text for name, text, _ in made.how(Evidence(sweep, found))}
    assert lines["Confirmed"].startswith(expected)


@pytest.mark.parametrize(("trials", "which"), [(TWO, " (trial 1)"), (TWO[:1], "")])
def test_machine_and_versions_are_one_trial_s(tmp_path: Path, trials: Trials, which: str) -> None:
    folder = write_sweep(tmp_path / "s", trials)
    for path in folder.glob("*/result.json"):
        more = {"machine": {"processor": "x86", "threads": 1}, "versions": {"torch": "2"}, "git": None}
        path.write_text(json.dumps({**json.loads(path.read_text()), **more}))
    lines = {name: text for name, text, _ in made.how(Evidence(read_sweep(folder)))}
    assert lines[f"Git commit{which}"] == "none: the working folder was no git repository"
    assert {f"Machine{which}", f"Versions{which}"} <= set(lines)
