"""What Hydra and Optuna do not publish is still there, and does what is taken for granted."""

import re
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from regsweep.paths import config_folder
from regsweep.sweeper import hydra_private, optuna_private
from tests.conftest import PROJECT

GONE = "a private interface has changed: mend it there, or find a published one"


@pytest.fixture(autouse=True)
def _named_when_gone() -> Iterator[None]:
    try:
        yield
    except (AttributeError, ImportError, TypeError) as error:
        pytest.fail(f"{GONE} ({error})")


def test_a_trial_draws_from_a_distribution() -> None:
    study = optuna.create_study()
    trial = study.ask()
    assert optuna_private.suggest(trial, "x", CategoricalDistribution(["only"])) == "only"
    assert 0 <= optuna_private.suggest(trial, "y", FloatDistribution(0, 1)) <= 1
    assert set(trial.params) == {"x", "y"}, GONE


def test_a_distribution_knows_what_it_contains() -> None:
    cases = [
        (FloatDistribution(0, 1), 0.5, 2.0),
        (IntDistribution(1, 3), 2, 4),
        (CategoricalDistribution([1, 2]), 1, 3),
    ]
    for distribution, inside, outside in cases:
        assert optuna_private.contains(distribution, inside), GONE
        try:
            assert not optuna_private.contains(distribution, outside), GONE
        except ValueError:  # how Optuna refuses what is no choice
            assert isinstance(distribution, CategoricalDistribution)


def test_an_intermediate_value_is_written_and_a_later_one_replaces_it() -> None:
    trial = optuna.create_study().ask()
    optuna_private.report(trial, 0.1, 1)
    assert optuna_private.report(trial, 0.2, 1).intermediate_values == {1: 0.2}, GONE


def test_overrides_are_read_as_hydra_s_own_sweeper_reads_them() -> None:
    given = ["a=interval(0,1)", "b=choice(1,2)", "c=3", "+d=4"]
    distributions, fixed, added = hydra_private.params_from_overrides(given)
    assert distributions == {"a": FloatDistribution(0, 1), "b": CategoricalDistribution([1, 2])}, GONE
    assert ({**fixed}, added) == ({"c": "3", "+d": "4"}, []), GONE
    (override,) = OverridesParser.create().parse_overrides(["x=tag(log, interval(1e-3, 1))"])
    assert hydra_private.distribution_of(override) == FloatDistribution(1e-3, 1, log=True), GONE
    assert hydra_private.grid_choices(IntDistribution(1, 3)) == [1, 2, 3], GONE


def test_the_options_of_a_group_are_found() -> None:
    Plugins.instance()
    assert {"l1", "none"} <= set(hydra_private.options_in("regularizer", [("main", f"file://{config_folder()}")])), GONE


def test_they_are_used_in_these_two_files_alone() -> None:
    private = re.compile(r"hydra\._internal|hydra_plugins\.\w+\._impl|optuna\.\w*\._|\b(trial|distribution)\._[a-z]")
    allowed = {"hydra_private.py", "optuna_private.py"}
    files: list[Path] = sorted((PROJECT / "regsweep").rglob("*.py"))
    found = {path.name for path in files if private.search(path.read_text(encoding="utf-8"))}
    assert found == allowed
