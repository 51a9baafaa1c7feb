"""A method of the user's own: named by its preset, under the rule of trusted modules; its faults end in one line."""

import shutil
import sys
from pathlib import Path

import pytest

from regsweep.report.sweep import read_sweep
from tests.conftest import PROJECT, Regsweep

QUICK = ("trainer.epochs=2", "dataset.train_size=200", "model.hidden=[16]", "hydra/launcher=basic")

METHODS = """
from dataclasses import replace

from regsweep.methods import Method, MethodSettings


class Base(Method):
    title = "own"


class Raises(Base):
    name = "raises"

    def on_batch(self, batch):
        raise ValueError("no such\\nthing")


class NotANumber(Base):
    name = "not_a_number"

    def extra_loss(self, logits_BK, batch, parameters):
        return logits_BK.sum() * float("nan")


class Loses(Base):
    name = "loses"

    def on_batch(self, batch):
        return replace(batch, inputs=batch.inputs[1:], targets=batch.targets[1:], labels=batch.labels[1:])


class Constructs(Base):
    name = "constructs"

    def __init__(self, settings):
        raise ValueError("no such\\nthing")

    def on_batch(self, batch):
        return batch


class Misnamed(Base):
    name = "another"


class NoMethod:
    name = "no_method"
"""

FAULTS = {
    "raises": (1, "regularizer.raises: on_batch failed (ValueError: no such thing)"),
    "not_a_number": (
        1,
        "diverged at epoch 1: the loss is nan; the term of regularizer.not_a_number is not finite; mend it",
    ),
    "loses": (1, "regularizer.loses: on_batch returned 63 examples of a batch of 64; it must keep their number"),
    "constructs": (2, "regularizer.constructs: __init__ failed (ValueError: no such thing)"),
}
REFUSED = {
    "misnamed": ("my_faults.Misnamed", "its class has the name another; use regularizer.another"),
    "no_method": ("my_faults.NoMethod", "my_faults has no regsweep.methods.Method of that name; "),
    "missing": ("my_faults.Missing", "my_faults has no regsweep.methods.Method of that name"),
    "nowhere": ("my_nowhere.Method", "no module named my_nowhere; is the folder right?"),
    "code": ("os.system", "os is neither in the working folder"),
}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with methods of the user's own, and a preset for each."""
    (tmp_path / "conf" / "regularizer").mkdir(parents=True)
    (tmp_path / "my_faults.py").write_text(METHODS)
    named = {name: f"my_faults.{''.join(word.title() for word in name.split('_'))}" for name in FAULTS}
    named["not_a_number"] = "my_faults.NotANumber"
    for name, target in {**named, **{name: target for name, (target, _) in REFUSED.items()}}.items():
        preset = f"# @package _global_\nregularizer:\n  {name}: {{_target_: {target}, use: true}}\n"
        (tmp_path / "conf" / "regularizer" / f"{name}.yaml").write_text(preset)
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.delitem(sys.modules, "my_faults", raising=False)
    return tmp_path


@pytest.mark.parametrize(("name", "code", "line"), [(name, *fault) for name, fault in FAULTS.items()])
def test_a_run_with_a_faulty_method_ends_in_one_line(
    own: Path, regsweep: Regsweep, name: str, code: int, line: str
) -> None:
    """Exit code 2 where nothing was trained, 1 where the training had begun."""
    batch = "dataset.train_size=64" if name == "loses" else "dataset.train_size=200"
    done = regsweep("--config-dir", "conf", f"regularizer={name}", *QUICK, batch)
    assert done.code == code, done
    assert len(done.err.strip().splitlines()) == 1
    assert line in done.err


@pytest.mark.parametrize(("name", "line"), [(name, line) for name, (_, line) in REFUSED.items()])
def test_what_is_no_method_is_refused_before_anything_is_made(
    own: Path, regsweep: Regsweep, name: str, line: str
) -> None:
    before = sorted(path.name for path in own.iterdir())
    done = regsweep("--config-dir", "conf", f"regularizer={name}", *QUICK)
    assert done.code == 2
    assert done.err.startswith(f"regsweep: regularizer.{name}._target_=")
    assert line in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert [path.name for path in sorted(own.iterdir()) if path.name != "__pycache__"] == before


def test_a_trial_with_a_faulty_method_fails_with_its_reason_and_the_sweep_goes_on(
    own: Path, regsweep: Regsweep
) -> None:
    done = regsweep(
        "--config-dir", "conf", "-m", "regularizer=raises,none,not_a_number", "hydra.sweep.dir=sweep", *QUICK
    )
    assert done.code == 1
    trials = read_sweep("sweep").trials
    assert list(trials["status"]) == ["failed", "complete", "diverged"]
    assert FAULTS["raises"][1] in trials["error"][0]
    assert FAULTS["not_a_number"][1] in trials["error"][2]


@pytest.mark.full
def test_a_method_of_one_s_own_is_searched_pruned_confirmed_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regsweep: Regsweep
) -> None:
    example = Path(shutil.copytree(PROJECT / "examples" / "own_method", tmp_path / "own_method"))
    monkeypatch.chdir(example)
    monkeypatch.setattr(sys, "path", sys.path[:])
    done = regsweep(
        *("--config-dir", "conf", "-m", "sweep=regularization", "regularizer=[gradient_noise]", *QUICK),
        *("hydra.sweeper.n_trials=2", "hydra/sweeper/pruner=median", "hydra.sweep.dir=noise"),
        *(
            "regularizer.gradient_noise.eta=interval(0.001,0.01)",
            "hydra.sweeper.pruner.n_startup_trials=0",
        ),
    )
    assert done.code == 0, done.err
    assert "searches gradient noise and the learning rate" in done.out
    sweep = read_sweep("noise")
    assert set(sweep.swept) == {"regularizer.gradient_noise.use", "regularizer.gradient_noise.eta", "optimizer.lr"}
    confirmed = regsweep("confirm", "noise", "--seeds", "2", "--top", "1")
    assert confirmed.code == 0, confirmed.err
    assert "gradient noise η=" in confirmed.out
    page = (example / "noise" / "report.html").read_text()
    assert "gradient noise η=" in page
    assert "Adding gradient noise improves learning" in page, "its paper is cited"
