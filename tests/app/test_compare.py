"""From one command to the answer: ``regsweep compare``."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from regsweep.paths import ComparisonPaths, SweepPaths
from regsweep.report.read_confirmation import read_confirmation
from regsweep.report.sweep import read_sweep
from regsweep.run_record import RunRecord
from tests.conftest import PROJECT, Regsweep, made_once, run_in

SMALL = ("trainer.epochs=2", "dataset.train_size=200", "model.hidden=[16]", "hydra/launcher=basic")
TYPED = (
    "regularizer=batch_norm,[l2,dropout]",
    "n_trials=1",
    *SMALL,
    "regularizer.lambda=1e-2",
    "optimizer.lr=interval(0.01,0.1)",
)
HERE = "hydra.sweep.dir=c"


@pytest.fixture(scope="session")
def compared_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a real comparison on two seeds, to be read only."""
    return (
        made_once(tmp_path_factory, "compared", lambda place: run_in(place, "compare", *TYPED, HERE, "--seeds", "2"))
        / "c"
    )


@pytest.fixture
def compared(compared_once: Path, tmp_path: Path) -> Path:
    """Return a copy that a test may go on from, or damage."""
    return Path(shutil.copytree(compared_once, tmp_path / "c"))


def records_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("result.json")}


def regularizer_of(trial: Path) -> dict[str, object]:
    config = yaml.safe_load((trial / ".hydra" / "config.yaml").read_text())
    found = config["regularizer"]
    assert isinstance(found, dict)
    return {name: value for name, value in found.items() if value is not None}


def test_each_contestant_has_a_search_of_its_own(compared_once: Path) -> None:
    """All with as many trials; the methods always in use; BatchNorm and dropout, being compared, out elsewhere."""
    paths = ComparisonPaths(compared_once)
    found = {
        key: [regularizer_of(trial) for trial in sorted(paths.search(key).glob("[0-9]*"))]
        for key in ("none", "batch_norm", "l2+dropout")
    }
    assert found["none"] == [{"batch_norm": False, "dropout": False}]
    assert found["batch_norm"] == [{"batch_norm": {"use": True}, "dropout": False}]
    (mixture,) = found["l2+dropout"]
    assert mixture == {
        "batch_norm": False,
        "l2": {"use": True, "lambda": 1e-2, "scope": "weights"},
        "dropout": {"use": True, "p": 0.5},
    }, "trial 0 has the presets' settings, and what was typed"
    for trial in paths.searches.glob("*/[0-9]*"):
        assert yaml.safe_load((trial / ".hydra" / "config.yaml").read_text())["optimizer"]["lr"] == 0.05


def test_each_contestant_is_timed_as_it_is(compared_once: Path) -> None:
    """One epoch of each, whatever range is searched, with its own methods alone."""
    found = []
    for trial in sorted(ComparisonPaths(compared_once).timing.glob("[0-9]*")):
        config = yaml.safe_load((trial / ".hydra" / "config.yaml").read_text())
        assert (config["trainer"]["epochs"], config["optimizer"]["lr"]) == (1, 0.05)
        found.append({name for name, value in regularizer_of(trial).items() if value})
    assert found == [set(), {"batch_norm"}, {"l2", "dropout"}]


def test_a_search_that_was_extended_by_itself_counts_with_as_many_trials(regsweep: Regsweep, compared: Path) -> None:
    assert regsweep("resume", "c/searches/batch_norm", "n_trials=2").code == 0
    assert len(list(ComparisonPaths(compared).search("batch_norm").glob("[0-9]*"))) == 2
    assert len(read_sweep(compared).trials) == 3


def test_the_best_of_each_meet_on_fresh_seeds(compared_once: Path) -> None:
    found = read_confirmation(compared_once)
    assert found is not None
    assert [each.kind for each in found.candidates] == [["BatchNorm"], ["L2", "dropout"]]
    assert found.seeds == [4, 5], "after the searches' seed 0 and three seeds to choose on"
    assert not found.is_sequential
    assert list(read_sweep(compared_once).trials["contestant"]) == ["none", "batch_norm", "l2+dropout"]
    by_folder = {str(row["folder"]): row for row in read_sweep(compared_once).trials.to_dict("records")}
    assert set(by_folder) == {f"searches/{key}/{n}" for key in ("none", "batch_norm", "l2+dropout") for n in (0,)}
    for candidate, key in zip(found.candidates, ("batch_norm", "l2+dropout"), strict=True):
        row = next(row for row in by_folder.values() if row["number"] == candidate.trial)
        assert str(row["folder"]).startswith(f"searches/{key}/")
        assert row["validation_accuracy"] == candidate.selected_for


def test_more_seeds_are_looks_and_the_same_command_and_resume_train_nothing_twice(
    regsweep: Regsweep, compared: Path
) -> None:
    before = records_of(compared)
    done = regsweep("compare", *TYPED, HERE, "--seeds", "3")
    assert done.code == 0, done.err
    after = records_of(compared)
    assert before.items() < after.items()
    found = read_confirmation(compared)
    assert found is not None
    assert (found.seeds, found.is_sequential) == ([4, 5, 6], True)
    for arguments in (("compare", *TYPED, HERE), ("resume", "c")):
        again = regsweep(*arguments)
        assert again.code == 0, again.err
        assert records_of(compared) == after
    summary = json.loads((compared / "summary.json").read_text())
    assert len(summary["confirmation"]["candidates"]) == 2


@pytest.mark.full
def test_a_further_contestant_makes_the_family_larger(regsweep: Regsweep, compared: Path) -> None:
    before = records_of(compared)
    more = (TYPED[0] + ",dropout", *TYPED[1:])
    done = regsweep("compare", *more, HERE)
    assert done.code == 0, done.err
    assert before.items() <= records_of(compared).items()
    found = read_confirmation(compared)
    assert found is not None
    assert [each.kind for each in found.candidates] == [["BatchNorm"], ["L2", "dropout"], ["dropout"]]
    assert {len(each.complete) for each in (found.baseline, *found.candidates)} == {2}
    added = "Dropout was added after others had been trained on fresh seeds; intervals and p-values are for all 3"
    assert added in done.out
    with_less = regsweep("compare", *TYPED, HERE)
    assert with_less.code == 2
    assert "regularizer=…: the comparison in c has dropout too; name it as well" in with_less.err


def test_fewer_seeds_batch_norm_later_and_settings_of_resume_are_refused(regsweep: Regsweep, compared: Path) -> None:
    before = records_of(compared)
    for arguments, expected in (
        (("resume", "c", "n_trials=4"), "n_trials=4: a comparison goes on as it is"),
        (("confirm", "c/timing"), "c/timing: is a part of a comparison"),
    ):
        done = regsweep(*arguments)
        assert (done.code, expected in done.err) == (2, True)
    command = json.loads((compared / "command.json").read_text())
    words = [*command["arguments"][:-1], "5"]  # it was begun with five seeds
    (compared / "command.json").write_text(json.dumps({**command, "arguments": words}))
    done = regsweep("compare", *TYPED, HERE, "--seeds", "4")
    assert (done.code, "--seeds 4: the comparison in c has 5 seeds; give more" in done.err) == (2, True)
    other = regsweep("compare", *TYPED, HERE, "--new-splits")
    assert (other.code, "--new-splits: the comparison in c was begun with one split" in other.err) == (2, True)
    assert records_of(compared) == before


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            ("trainer.epochs=3",),
            "trainer.epochs=2: the comparison in c has it; type the same, or choose another folder",
        ),
        (("optimizer=adam",), "optimizer=adam: the comparison in c does not have it"),
        (("n_trials=3",), "n_trials=3: the comparison in c has 1; type the same"),
        (("regularizer.lambda=1e-3",), "regularizer.lambda=1e-2: the comparison in c has it"),
    ],
)
def test_any_other_change_is_refused(
    regsweep: Regsweep, compared: Path, changed: tuple[str, ...], expected: str
) -> None:
    before = records_of(compared)
    keys = [word.partition("=")[0] for word in changed]
    same = [word for word in TYPED if word.partition("=")[0] not in keys]
    done = regsweep("compare", *same, *changed, HERE)
    assert done.code == 2
    assert expected in done.err
    assert records_of(compared) == before


def test_its_last_command_trains_the_winner_again_and_keeps_the_weights(regsweep: Regsweep, compared: Path) -> None:
    """The same weights as on the first fresh seed, bit for bit; the copy was typed in another folder."""
    done = regsweep("report", "c")
    (line,) = re.findall(r"^Nothing .* once more and keep its .*: cd \S+ && regsweep (.*)$", done.out, re.MULTILINE)
    trained = regsweep(*shlex.split(line), "hydra.run.dir=again")
    assert trained.code == 0, trained.err
    assert Path("again/model.safetensors").is_file()
    record = RunRecord.read(Path("again/result.json"))
    seeds = SweepPaths(compared).confirmation.seeds
    first = [RunRecord.read(path) for path in sorted(seeds.glob("*/result.json"))]
    assert record.weights_sha256 in [each.weights_sha256 for each in first if each.seed == 4]


@pytest.mark.full
def test_with_new_splits_each_seed_draws_one_and_the_last_command_has_it(regsweep: Regsweep) -> None:
    """The flag is kept by resume; one split is not made several afterwards, nor are seeds added to several."""
    typed = ("compare", "regularizer=dropout", "n_trials=1", *SMALL, HERE, "--seeds", "2")
    done = regsweep(*typed, "--new-splits")
    assert done.code == 0, done.err
    assert "each seed draws a split of the data. Two splits have " in done.out
    assert "cannot show a difference" not in done.out
    seeds = SweepPaths(Path("c")).confirmation.seeds
    configs = [yaml.safe_load((trial / ".hydra" / "config.yaml").read_text()) for trial in sorted(seeds.glob("[0-9]*"))]
    assert [(config["seed"], config["dataset"]["split_seed"]) for config in configs] == [(4, 4)] * 2 + [(5, 5)] * 2
    found = read_confirmation(Path("c"))
    assert found is not None
    assert found.overlap is not None
    assert found.overlap.train == pytest.approx(200 / 1797, abs=0.05)
    (line,) = re.findall(r"once more and keep (?:its|the) weights: regsweep (.*)$", done.out, re.MULTILINE)
    assert "dataset.split_seed=4" in line
    assert regsweep(*shlex.split(line), "hydra.run.dir=again").code == 0
    first = [RunRecord.read(path / "result.json") for path in (seeds / "0", seeds / "1")]
    assert RunRecord.read(Path("again/result.json")).weights_sha256 in [each.weights_sha256 for each in first]
    before = records_of(Path("c"))
    more = regsweep(*typed[:-1], "3")
    expected = "--seeds 3: over new splits there is no interval that may be looked at more than once, and 2 seeds"
    assert (more.code, expected in more.err) == (2, True)
    again = regsweep("resume", "c")
    assert (again.code, "95 % interval over splits" in again.out) == (0, True), "as it was begun"
    assert records_of(Path("c")) == before


@pytest.mark.parametrize(
    ("flags", "expected"), [([], "3 seeds; give more, or leave it out"), (["--new-splits"], "3 seeds; leave it out")]
)
def test_fewer_seeds_are_refused_and_more_offered_where_more_are_allowed(
    regsweep: Regsweep, flags: list[str], expected: str
) -> None:
    typed = ["compare", "regularizer=l2", "n_trials=1", HERE, *flags]
    paths = ComparisonPaths(Path("c"))
    paths.record.parent.mkdir()
    paths.record.write_text(json.dumps({"contestants": ["none", "l2"], "num_trials": 1}))
    command = {"arguments": [*typed, "--seeds", "3"], "working_folder": str(Path.cwd()), "import_path": []}
    SweepPaths(Path("c")).command.write_text(json.dumps(command))
    done = regsweep(*typed, "--seeds", "2")
    assert (done.code, f"--seeds 2: the comparison in c has {expected}\n" in done.err) == (2, True)


def test_a_report_draws_every_contestant(regsweep: Regsweep, compared: Path) -> None:
    (compared / "report.html").unlink()
    done = regsweep("report", "c")
    assert done.code == 0, done.err
    page = (compared / "report.html").read_text()
    assert "Comparison" in page
    assert 'id="figure-forest"' in page
    assert len((compared / "trials.csv").read_text().splitlines()) == 1 + 3
    other = regsweep("confirm", "c")
    assert (other.code, "c: is a comparison; go on with regsweep resume c" in other.err) == (2, True)


def test_with_json_the_standard_output_is_one_object_of_the_schema(regsweep: Regsweep, compared: Path) -> None:
    """Nothing is trained again, and two seeds, as planned, are not sequential."""
    schema = json.loads((PROJECT / "docs" / "summary.schema.json").read_text())
    before = records_of(compared)
    for done in (regsweep("compare", *TYPED, HERE, "--json"), regsweep("report", "c", "--json")):
        assert done.code == 0, done.err
        found = json.loads(done.out)
        jsonschema.validate(found, schema)
        assert found == json.loads((compared / "summary.json").read_text())
        assert found["confirmation"]["once_more"].partition(" && ")[2].startswith("regsweep regularizer=none")
        assert not found["confirmation"]["is_sequential"]
        assert "vs. the tuned baseline" in done.err
    assert records_of(compared) == before


def test_the_schema_describes_a_sweep_that_was_not_confirmed(compared: Path) -> None:
    schema = json.loads((PROJECT / "docs" / "summary.schema.json").read_text())
    run_in(compared.parent, "report", "c/searches/none")
    found = json.loads((compared / "searches" / "none" / "summary.json").read_text())
    jsonschema.validate(found, schema)
    assert (found["kind"], found["confirmation"]) == ("sweep", None)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**found, "kind": "other"}, schema)


def test_the_plan_alone_leaves_nothing(regsweep: Regsweep, tmp_path: Path) -> None:
    done = regsweep("compare", *TYPED, "--plan", "--seeds", "2")
    assert done.code == 0, done.err
    assert "3 searches with 3 trials, 6 runs with the test set" in done.out
    assert "2 seeds cannot show a difference: the smallest possible p-value of 2 contestants is 1" in done.out
    assert "take --seeds 7 or more" in done.out
    assert list(tmp_path.iterdir()) == []


BAD = [
    ("regularizer=l1 regularizer=l2", "regularizer=l2: is given twice; name all contestants in one list"),
    ("regularizer=[l2,l2]", "regularizer=[l2,l2]: a contestant names a preset twice"),
    ("regularizer=l1 optimizer.lr=0.1", "optimizer.lr=0.1: a comparison tunes the learning rate of each; give a range"),
    ("regularizer=l1 trainer.test=true", "trainer.test=true: the test set is opened on fresh seeds alone"),
    ("regularizer=l2 regularizer.l2.use=false", "regularizer.l2=…: contestant L2 would not use it; leave that setting"),
    ("regularizer=dropout regularizer.dropout=0", "regularizer.dropout=…: contestant dropout would not use it"),
    ("", "regularizer=: name what is compared, regularizer=l1,l2,[l2,dropout] for example"),
    ("regularizer=", "regularizer=: a contestant is a preset or a list of them"),
    ("regularizer=l1,l1", "regularizer=[l1]: is named twice"),
    ("regularizer=[l2,dropout],[dropout,l2]", "regularizer=[dropout,l2]: is named twice, as l2+dropout too"),
    ("regularizer=batch_norm,batchnorm", "regularizer=[batchnorm]: is named twice, as batch_norm too"),
    ("regularizer=l1,none", "regularizer=l1,none: the network without regularization is compared with in any case"),
    ("regularizer=l1,oops", "regularizer=oops: no such option"),
    ("regularizer=[l2,weight_decay]", "a run has one decay of the weights"),
    ("regularizer=l1 optimizer.lr=0.1,0.2", "optimizer.lr=0.1,0.2: a comparison has a list of contestants alone"),
    ("regularizer=l1 seed=choice(1,2)", "seed=choice(1,2): a comparison has a list of contestants alone"),
    ("regularizer=l1 dataset=choice(digits,wine)", "dataset=…: a search would choose the easiest task; fix it"),
    ("regularizer=l1 regularizer.dropout=0.2", "regularizer.dropout=0.2: no contestant has such a method"),
    ("regularizer=dropout regularizer.lambda=0.2", "regularizer.lambda=0.2: no contestant has such a method"),
    ("regularizer=l1 regularizer.lambda=-1", "regularizer.lambda=-1: must be a finite number of 0 or more"),
    ("regularizer=l1,dropout model=linear", "Linear has no place for it"),
    ("regularizer=l1 n_trials=0", "n_trials=0: must be a whole number of 1 or more"),
    ("regularizer=l1 hydra/sweeper=optuna", "hydra/sweeper=optuna: a comparison makes the searches of regsweep's own"),
    ("regularizer=l1 dataset.val_fraction=0", "a sweep chooses on validation examples"),
    ("regularizer=l1 hydra.sweep.dir=.", "this folder is not empty; choose another"),
    ("regularizer=l1 --seeds 1", "argument --seeds: 1: must be a whole number of 2 or more"),
    ("regularizer=l1 oops=1", "oops=1: no such key"),
    ("regularizer=l1 +regularizer.oops=1", "+regularizer.oops=1: no contestant has such a method"),
]


@pytest.mark.parametrize(("typed", "expected"), BAD)
def test_bad_input_is_one_line_and_nothing_is_begun(
    regsweep: Regsweep, tmp_path: Path, typed: str, expected: str
) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    done = regsweep("compare", *shlex.split(typed))
    lines = [line for line in done.err.splitlines() if line.startswith("regsweep: ")]
    assert done.code == 2
    assert len(lines) == 1
    assert expected in lines[0]
    assert [path.name for path in tmp_path.iterdir() if path.name != ".lock"] == ["mine.txt"]


@pytest.mark.full
def test_a_network_with_batch_norm_of_its_own(regsweep: Regsweep) -> None:
    """As a contestant it is taken out of all others, in the last command too, and cannot be added later."""
    small = ("model=resnet18", "trainer.epochs=1", "dataset.train_size=40", "dataset.val_fraction=0.3", "n_trials=1")
    typed = ("compare", *small, "hydra/launcher=basic", "--seeds", "2")
    done = regsweep(*typed, "regularizer=batch_norm", "hydra.sweep.dir=with")
    assert done.code == 0, done.err
    (line,) = re.findall(r"once more and keep its weights: regsweep (.*)$", done.out, re.MULTILINE)
    assert "regularizer.batch_norm=false" in line
    assert regsweep(*shlex.split(line), "hydra.run.dir=again").code == 0
    digest = RunRecord.read(Path("again/result.json")).weights_sha256
    seeds = SweepPaths(Path("with")).confirmation.seeds
    assert digest == RunRecord.read(seeds / "0" / "result.json").weights_sha256
    record = json.loads(Path("with/comparison.json").read_text())
    Path("with/comparison.json").write_text(json.dumps({**record, "contestants": ["none", "l2"]}))
    later = regsweep(*typed, "regularizer=l2,batch_norm", "hydra.sweep.dir=with")
    assert (later.code, "regularizer=batch_norm: beside it all others are without BatchNorm" in later.err) == (2, True)


OWN = ("regularizer=gradient_noise", "n_trials=1", *SMALL, "--config-dir", "conf", "--seeds", "2")


@pytest.fixture
def own_method(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a method of the user's own, which is the working folder meanwhile."""
    folder = Path(shutil.copytree(PROJECT / "examples" / "own_method", tmp_path / "own"))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setitem(sys.modules, "my_methods", None)  # to be forgotten afterwards: another test has another one
    del sys.modules["my_methods"]
    return folder


def test_an_own_method_is_planned_as_any_other(regsweep: Regsweep, own_method: Path) -> None:
    """It is checked, and an epoch of it trained."""
    done = regsweep("compare", *OWN, "--plan")
    assert done.code == 0, done.err
    assert "gradient noise: each against the tuned baseline" in done.out


@pytest.mark.full  # the test above has what differs from other contestants, but for going on elsewhere
def test_an_own_method_from_another_folder(
    regsweep: Regsweep, own_method: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = regsweep("compare", *OWN, "hydra.sweep.dir=../c")
    assert done.code == 0, done.err
    assert "gradient noise" in done.out
    monkeypatch.chdir(own_method.parent)
    again = regsweep("resume", "c")
    assert again.code == 0, again.err


@pytest.mark.full  # the test below has the same, but for the training that diverges
def test_a_contestant_that_diverges_is_named_and_counts(regsweep: Regsweep) -> None:
    typed = ("regularizer=l2,dropout", "regularizer.l2.lambda=1e30", "n_trials=1", *SMALL, HERE, "--seeds", "2")
    done = regsweep("compare", *typed)
    assert done.code == 1, done.err
    assert "Dropout is not settled; L2 never trained to the end." in done.out
    found = read_confirmation(Path("c"))
    assert found is not None
    assert [each.kind for each in found.candidates] == [["dropout"], ["L2"]]
    assert found.candidates[0].claim.adjusted_p_value == 1.0


def test_a_contestant_that_never_trains_is_named_and_counts(regsweep: Regsweep, compared: Path) -> None:
    """BatchNorm's one trial failed, and its runs on fresh seeds are left out."""
    (result,) = ComparisonPaths(compared).search("batch_norm").glob("0/result.json")
    record = json.loads(result.read_text())
    result.write_text(json.dumps({**record, "status": "diverged", "error": "the loss is nan"}))
    shutil.rmtree(SweepPaths(compared).confirmation.folder)
    done = regsweep("resume", "c")
    assert done.code == 1, done.err
    assert "L2 + dropout is not settled; BatchNorm never trained to the end." in done.out
    assert "they count as contestants: BatchNorm; to train them again, or to leave them out, choose anoth" in done.err
    found = read_confirmation(compared)
    assert found is not None
    assert [each.kind for each in found.candidates] == [["L2", "dropout"], ["BatchNorm"]]
    assert found.candidates[0].claim.adjusted_p_value == 1.0


def test_no_method_reaches_the_baseline(regsweep: Regsweep, tmp_path: Path) -> None:
    """An experiment may set a method for all, which the list of contestants does not replace."""
    experiment = tmp_path / "conf" / "experiment"
    experiment.mkdir(parents=True)
    (experiment / "mine.yaml").write_text("# @package _global_\nregularizer:\n  dropout: 0.3\n")
    done = regsweep("compare", "regularizer=l2", "experiment=mine", "--config-dir", "conf")
    assert done.code == 2
    assert "regularizer.dropout=…: reaches the baseline, which has no method" in done.err
