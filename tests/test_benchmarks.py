"""The benchmarks run, and their contestants make as many steps."""

import importlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from regsweep import member
from regsweep.statistics.claims import are_shown, claim
from regsweep.statistics.comparison import compare
from regsweep.statistics.p_values import RESAMPLES, sign_flip_p_value
from tests.conftest import PROJECT, Regsweep, Shell

FOLDER = PROJECT / "benchmarks"


@pytest.mark.full
def test_the_contestants_do_equal_work_and_learn(shell: Shell) -> None:
    """Steps, images trained on and images evaluated are counted from outside, once the network is built.

    Two images are tried on a network of regsweep's as it is built: neither training nor evaluation.
    """
    code = """
import collections, importlib.util, json, pathlib
import torch, contestants
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_post_hook
def count_images(module, given):
    if isinstance(module, torch.nn.Conv2d) and module.in_channels == 1:
        counted["trained" if module.training else "evaluated"] += len(given[0])
def count_step(*_):
    counted["steps"] += 1
build = contestants.own_parts
def build_uncounted(*given):
    parts = build(*given)
    counted.clear()
    return parts
contestants.own_parts = build_uncounted
register_module_forward_pre_hook(count_images)
register_optimizer_step_post_hook(count_step)
task = contestants.Task("digits", pathlib.Path(), regularized=True, epochs=1)
names = ["article", "regsweep, float32", "regsweep", "bare operations"]
if importlib.util.find_spec("lightning"):
    names.append("lightning")
for name in names:
    counted = collections.Counter()
    result = contestants.CONTESTANTS[name](task)
    print("counted", json.dumps({"name": name, **counted, **vars(result), "counted_steps": counted["steps"]}))
"""
    done = shell(sys.executable, "-c", code, cwd=FOLDER)
    assert done.code == 0, done.err
    lines = [line.removeprefix("counted ") for line in done.out.splitlines() if line.startswith("counted ")]
    results = [json.loads(line) for line in lines]
    assert len(results) >= 4
    for each in results:
        assert each["counted_steps"] == each["steps"]
        assert [each[key] for key in ("steps", "trained", "evaluated")] == [
            results[0][key] for key in ("steps", "trained", "evaluated")
        ]
        assert each["accuracy"] > 0.2
        assert each["train"] > 0
        assert each["evaluate"] > 0


@pytest.fixture
def contestants(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module("contestants")


def test_the_article_s_pictures_are_regsweep_s_images(contestants: Any) -> None:
    task = contestants.Task("digits", Path(), True, epochs=1)
    pictures, _ = contestants.article_images(task)
    split = contestants.own_parts(task)[1].dataset.train
    images = torch.stack([image for image, _ in pictures])
    torch.testing.assert_close(images, split.inputs, atol=1e-6, rtol=0)
    assert [label for _, label in pictures] == split.targets.tolist()


def test_they_evaluate_as_many_training_images_as_regsweep(contestants: Any) -> None:
    assert contestants.TRAIN_SAMPLE == member.TRAIN_SAMPLE


@pytest.mark.full
def test_shares_are_measured(shell: Shell, real_data: Path) -> None:
    code = (
        "import pathlib, training\n"
        f"task = training.Task('mnist', pathlib.Path({str(real_data)!r}), True, 1)\n"
        "print(training.loop_against_bare(task, 'float32', blocks=6), training._matrix_product_rates('float32', 'cpu'))"
    )
    done = shell(sys.executable, "-c", code, cwd=FOLDER)
    assert done.code == 0, done.err
    assert "step_ms" in done.out


@pytest.mark.full
def test_intervals_over_splits_end_in_a_table(shell: Shell) -> None:
    """A few experiments; the worst case's correlation is the overlap."""
    done = shell(sys.executable, str(FOLDER / "splits.py"), "--experiments", "10")
    assert done.code == 0, done.err
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.out.splitlines() if " | linear |" in line]
    assert [(row[2], float(row[3]) > 0.5, row[8]) for row in rows] == [
        ("10", False, "1.08"),
        ("10", True, "6.39"),
        ("10", True, "4.34"),
    ]


@pytest.mark.full
def test_measures_of_importance_end_in_tables(shell: Shell) -> None:
    """A few sweeps; a grid shows an effect that has more than half of the variance."""
    done = shell(sys.executable, str(FOLDER / "importance.py"), "--sweeps", "3")
    assert done.code == 0, done.err
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.out.splitlines() if line.startswith("| ")]
    assert [len(row) for row in rows] == [6] * 7 + [4] * 8
    assert [row[1] for row in rows if row[0] == "grid of 24"] == ["100 ± 0"]


@pytest.mark.full
def test_start_up_is_measured(shell: Shell) -> None:
    done = shell(sys.executable, "-c", "import startup; startup.print_table(1)", cwd=FOLDER)
    assert done.code == 0, done.err
    rows = [line for line in done.out.splitlines() if line.startswith("| `") or "first step" in line]
    assert len(rows) == 3


@pytest.mark.full
def test_the_searches_end_in_a_table(shell: Shell, real_data: Path) -> None:
    """Two trials of one epoch."""
    code = f"import pathlib, sweeps; sweeps.print_table(pathlib.Path({str(real_data)!r}), 1, trials=2, epochs=1)"
    done = shell(sys.executable, "-c", code, cwd=FOLDER)
    assert done.code == 0, done.err
    assert [line.split("|")[1].strip() for line in done.out.splitlines()[5:]] == [
        "stock sweeper, article's loop",
        "regsweep, 1 worker of 2 threads",
        "regsweep, 2 workers",
    ]


@pytest.mark.full
@pytest.mark.parametrize("images", ["MNIST", "DIGITS"])
def test_a_stock_search_and_a_pruned_one_end_in_tables(shell: Shell, real_data: Path, images: str) -> None:
    """Two trials of four epochs against what a quarter of their time allows."""
    root = f"pathlib.Path({str(real_data)!r})"
    code = f"import pathlib, sweeps; sweeps.print_pruning(sweeps.{images}, {root}, 1, trials=2, epochs=4)"
    done = shell(sys.executable, "-c", code, cwd=FOLDER)
    assert done.code == 0, done.err
    cells = done.out.splitlines()[5].split("|")
    assert cells[2].strip() == "2"
    assert int(cells[6]) > 0


@pytest.mark.full
@pytest.mark.parametrize("command", ["variants.py --rounds 1", "profile_step.py --steps 40 --root {root}"])
def test_what_a_step_costs_ends_in_a_table(shell: Shell, real_data: Path, command: str) -> None:
    name, *arguments = command.format(root=real_data).split(" ", maxsplit=4)
    done = shell(sys.executable, str(FOLDER / name), *arguments)
    assert done.code == 0, done.err
    assert sum(line.startswith("|") for line in done.out.splitlines()) > 6


def test_when_a_search_was_as_good(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.syspath_prepend(FOLDER)
    sweeps = importlib.import_module("sweeps")
    stock = sweeps.Search(trials=3, seconds=300.0, reached=[(90.0, 0.97), (180.0, 0.98), (270.0, 0.975)])
    quick = sweeps.Search(trials=6, seconds=60.0, reached=[(20.0, 0.9775), (40.0, 0.98), (50.0, 0.99)])
    worse = sweeps.Search(trials=6, seconds=40.0, reached=[(30.0, 0.96)])
    sweeps.print_times([stock, stock], [quick, worse])
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()[2:]]
    assert rows[0] == ["0", "3", "300", "0.9800", "180", "6", "3", "60", "0.9900", "40", "4.5", "7.5"]
    assert rows[1][-5:] == ["40", "0.9600", "never", "<4.5", "<7.5"]
    sweeps.print_effort([stock, stock], [quick, worse], (0.97, 0.975, 0.9775, 0.98))
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()[3:]]
    assert rows[0] == ["0.97", "6", "100", "3", "33", "3.0"]  # 600 s of the stock search, 100 s of the other
    assert rows[2] == ["0.9775", "2", "300", "3", "33", "9.0"]


def test_a_search_is_replayed_as_far_as_its_pruner_lets_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(FOLDER)
    pruners = importlib.import_module("pruners")
    # 60 trials of nine epochs; the better one is, the better after each.
    curves = [[quality * epoch / 9 for epoch in range(1, 10)] for quality in range(1, 61)]
    num_epochs, whole = pruners.replay(curves[:5], pruners.NopPruner())
    assert num_epochs == 45
    assert whole == [(9, 1), (9, 2), (18, 3), (18, 4), (27, 5)], "two workers, a trial after the other"
    num_epochs, halved = pruners.replay(curves[::-1], pruners.pruners(9)["successive_halving"]())
    assert halved[0] == (9, 60)
    assert 60 < num_epochs < 60 * 3
    pruners.print_ranks(curves)
    pruners.print_searches(curves, 1)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()]
    assert rows[2][1:] == ["1.00"] * 5
    assert ["none", "360", "40.0", "0.00", "0.00"] in [row[:5] for row in rows]
    names = [row[0] for row in rows if len(row) == 7][2:]
    assert names == ["none", "hyperband", "median", "successive_halving", "Optuna's own successive halving"]


@pytest.mark.full
def test_searches_are_simulated_on_a_model_of_a_sweep_s_trials(
    regsweep: Regsweep, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(FOLDER)
    simulated = importlib.import_module("simulated")
    small = ("trainer.epochs=3", "dataset.train_size=100", "model.hidden=[8]", "hydra/launcher=basic")
    search = ("-m", "sweep=regularization", "hydra/sweeper/sampler=random", "hydra.sweeper.n_trials=8")
    assert regsweep(*search, *small, "hydra.sweep.dir=s").code == 0
    searches, epochs = simulated.read(tmp_path / "s")
    assert epochs == 3
    drawn = [searches.model.draw({"regularizer.l2.use": False}, np.random.default_rng(seed)) for seed in range(9)]
    assert len({tuple(curve) for curve in drawn}) > 1, "there is noise"
    assert all(len(curve) == 3 and 0 <= min(curve) <= max(curve) <= 1 for curve in drawn)
    # Where the learning rate alone decides, and after an epoch already, the model says so.
    rates = np.geomspace(0.003, 0.3, 60)
    settings = [{"optimizer.lr": rate} for rate in rates]
    curves = [[quality * epoch / 3 for epoch in (1, 2, 3)] for quality in np.linspace(0.1, 0.9, 60)]
    model = simulated.Model(settings, curves, searches.space.distributions)
    finals = [model.draw({"optimizer.lr": rate}, np.random.default_rng(0))[-1] for rate in (0.004, 0.03, 0.25)]
    assert finals == pytest.approx([0.15, 0.5, 0.87], abs=0.05)
    # Where all settings are alike, the first whole trial is as good as the best of 20.
    alike = replace(searches, model=simulated.Model(settings, [[0.5, 0.6, 0.7]] * 60, searches.space.distributions))
    assert simulated.times_sooner(alike, simulated.pruners(3)["successive_halving"], 0) == 20


@pytest.fixture
def claims(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module("claims")


def test_simulated_p_values_are_those_of_the_answer(claims: Any) -> None:
    noise = np.random.default_rng(0)
    few = np.concatenate([noise.normal(0.3, 0.5, (20, 10)), noise.integers(-2, 3, (20, 10)) / 360, np.zeros((1, 10))])
    assert claims.sign_flip_p_values(few) == pytest.approx([sign_flip_p_value(row) for row in few], abs=1e-9)
    many = noise.normal(0.2, 0.5, (2, 20))
    p_values = np.array([sign_flip_p_value(row) for row in many])
    # Both are drawn; twice a share of 99,999, and five standard errors of the difference of two.
    errors = 2 * np.sqrt(2 * p_values / 2 * (1 - p_values / 2) / RESAMPLES)
    assert (np.abs(claims.sign_flip_p_values(many) - p_values) <= 5 * errors + 1e-4).all()


def test_simulated_claims_are_those_of_the_answer(claims: Any) -> None:
    noise = np.random.default_rng(1)
    effects = noise.choice([-0.8, 0.0, 0.8], (12, 3, 1))
    tuned = effects + noise.normal(0, 0.5, (12, 3, 10))
    own = noise.choice([1, 1, -1], (12, 3, 1)) * effects + noise.normal(0, 0.5, (12, 3, 10))
    expected = []
    for tuned_KS, own_KS in zip(tuned, own, strict=True):
        compared = [compare(row) for row in tuned_KS]
        shown = are_shown(compared)
        second = [compare(row) if is_shown else None for row, is_shown in zip(own_KS, shown, strict=True)]
        expected.append([each.sign for each in claim(compared, second)])
    assert claims.claims(tuned, own).tolist() == expected
    assert {-1, 0, 1} == set(np.ravel(expected))


def test_two_baselines_claim_fewer_placebos_and_show_a_point(claims: Any) -> None:
    surface = claims.Surface.read(FOLDER / "claims.csv")
    for drawn in (
        claims.search(300, 1, surface.rates, np.random.default_rng(0)),
        claims.grid(0.1, 300, 1, np.random.default_rng(0)),
    ):
        found = {two: claims.placebos(surface, drawn, 10, two, np.random.default_rng(1)) for two in (False, True)}
        assert np.mean(found[True] != 0) < np.mean(found[False] != 0)
        assert max(np.mean(found[True] == sign) for sign in (-1, 1)) < 0.05
    different = {two: np.mean(claims.effects(0.0, 1, two, 1000, 0) != 0) for two in (False, True)}
    assert different[False] > 0.2
    assert different[True] < 0.03
    assert np.mean(claims.effects(1.0, 1, True, 1000, 0) == 1) > 0.95
