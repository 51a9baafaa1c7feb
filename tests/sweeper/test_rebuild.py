"""A study that is lost is rebuilt from what its trials left, and no record of theirs is written anew."""

from __future__ import annotations

import hashlib
import json
import math
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest

from regsweep.sweeper.rebuild import _are_equal, is_outgrown
from regsweep.sweeper.space import NOT_SET, SearchSpace
from tests.conftest import made_once
from tests.sweeper.audit import FOLDER, run_here

ARGUMENTS = (
    "x=tag(log,interval(1e-6,5.0))",
    "kind=choice(plain,other)",
    "hydra.sweeper.params.y='interval(-5.0,5.0)'",
    "+hydra.sweeper.conditions.y={when: {kind: plain}, otherwise: 0.5}",
    "hydra.sweeper.direction=minimize",
)
DONE, MORE = "hydra.sweeper.n_trials=6", "hydra.sweeper.n_trials=7"


@pytest.fixture(scope="module")
def ended_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(place: Path) -> None:
        code, printed = run_here(place, *ARGUMENTS, DONE)
        assert code == 0, printed

    return made_once(tmp_path_factory, "ended", make)


@pytest.fixture
def ended(ended_once: Path, tmp_path: Path) -> Path:
    """Return the folder of a sweep of six trials, some complete and some failed."""
    return Path(shutil.copytree(ended_once / FOLDER, tmp_path / FOLDER))


STORAGE = "hydra.sweeper.storage=sqlite:///server.db"  # in the folder that the sweep is started in


@pytest.fixture(scope="module")
def stored_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(place: Path) -> None:
        code, printed = run_here(place, *ARGUMENTS, STORAGE, DONE)
        assert code == 0, printed

    return made_once(tmp_path_factory, "stored", make)


@pytest.fixture
def stored(stored_once: Path, tmp_path: Path) -> Path:
    """Return the folder of the same sweep whose study lies in a storage of its own, ``server.db`` beside it."""
    shutil.copy(stored_once / "server.db", tmp_path)
    moved = f"value_json = replace(value_json, '{stored_once}', '{tmp_path}')"  # a study knows its sweep's folder
    delete_rows(tmp_path / "server.db", f"UPDATE study_user_attributes SET {moved}")  # noqa: S608
    return Path(shutil.copytree(stored_once / FOLDER, tmp_path / FOLDER))


def digests(sweep: Path) -> dict[str, str]:
    return {path.parent.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sweep.glob("*/trial.json")}


def trials(sweep: Path) -> list[Any]:
    study = optuna.load_study(study_name="sweep", storage=f"sqlite:///{sweep / 'study.db'}")
    return [(t.number, t.state, t.params, t.distributions, t.values, t.user_attrs) for t in study.trials]


def delete_rows(study: Path, *statements: str) -> None:
    with closing(sqlite3.connect(study)) as file, file:
        for statement in statements:
            file.execute(statement)


def put_another_table(study: Path) -> None:
    study.unlink()
    delete_rows(study, "CREATE TABLE other (x)")


def put_another_programs_trials(study: Path) -> None:
    study.unlink()
    delete_rows(study, "CREATE TABLE trials (x)")


def put_folder(study: Path) -> None:
    study.unlink()
    study.mkdir()


def delete_study(study: Path) -> None:
    optuna.delete_study(study_name="sweep", storage=f"sqlite:///{study}")


def delete_last_trials(study: Path) -> None:
    tables = ("trial_params", "trial_values", "trial_user_attributes", "trial_system_attributes", "trials")
    delete_rows(study, *(f"DELETE FROM {table} WHERE trial_id > 5" for table in tables))  # noqa: S608


def cut(study: Path) -> None:
    study.write_bytes(study.read_bytes()[: study.stat().st_size // 2])


LOSSES: dict[str, tuple[Callable[[Path], object], str, bool]] = {
    "missing": (Path.unlink, "had 0 of 6 trials", False),
    "empty": (lambda study: study.write_bytes(b""), "had 0 of 6 trials", False),
    "no study": (put_another_table, "had 0 of 6 trials", False),
    "wiped": (delete_study, "had 0 of 6 trials", False),
    "last ones": (delete_last_trials, "had 5 of 6 trials", False),
    "rows of trials": (lambda study: delete_rows(study, "DELETE FROM trials"), "had 0 of 6 trials", True),
    "one between": (lambda study: delete_rows(study, "DELETE FROM trials WHERE number = 2"), "had 0 of 6", True),
    "garbage": (lambda study: study.write_bytes(b"\xff" * 5000), "had 0 of 6 trials", True),
    "half": (cut, "had 0 of 6 trials", True),
    "folder": (put_folder, "had 0 of 6 trials", True),
    "no values": (lambda study: delete_rows(study, "DELETE FROM trial_values"), "is complete and lacks a value", True),
    "one parameter": (
        lambda study: delete_rows(study, "DELETE FROM trial_params WHERE param_name = 'x' AND trial_id = 3"),
        "trial 2 has no x)",
        True,
    ),
    "no table of trials": (lambda study: delete_rows(study, "DROP TABLE trials"), "trials are missing in it", True),
    "a table without a column": (
        lambda study: delete_rows(study, "ALTER TABLE trials DROP COLUMN datetime_start"),
        "Optuna cannot read it: ",
        True,
    ),
    "another program's trials": (
        put_another_programs_trials,
        "damaged (no such column",
        True,
    ),
    "other values": (
        lambda study: delete_rows(study, "UPDATE trial_values SET value = 7.0"),
        "is another one than that in sweep/",
        True,
    ),
    "other ends": (
        lambda study: delete_rows(study, "UPDATE trials SET state = 'FAIL'"),
        "is another one than that in sweep/",
        True,
    ),
    "no direction": (lambda study: delete_rows(study, "DELETE FROM study_directions"), "its directions are not", True),
    "not readable": (
        lambda study: delete_rows(study, "UPDATE trial_params SET distribution_json = '{'"),
        "Optuna cannot read it: JSONDecodeError",
        True,
    ),
    "another direction": (
        lambda study: delete_rows(study, "UPDATE study_directions SET direction = 'UP'"),
        "Optuna cannot read it: LookupError",
        True,
    ),
    "text for a value": (
        lambda study: delete_rows(study, "UPDATE trial_values SET value = 'high'"),
        "is complete and lacks a value",
        True,
    ),
    "two of a number": (
        lambda study: delete_rows(study, "UPDATE trials SET number = 3 WHERE number = 4"),
        "its trials are not numbered from 0 on",
        True,
    ),
    "no numbers": (
        lambda study: delete_rows(study, "UPDATE trials SET number = NULL"),
        "its trials are not numbered from 0 on",
        True,
    ),
    "other parameters": (
        lambda study: delete_rows(study, "UPDATE trial_params SET param_value = 0.125 WHERE param_name = 'x'"),
        "its trial 0 is another one than that in sweep/0",
        True,
    ),
}


BY_DEFAULT = ("missing", "wiped", "one between", "garbage", "one parameter")


@pytest.mark.parametrize(
    ("lose", "expected", "is_set_aside"),
    [
        pytest.param(*loss, id=name, marks=() if name in BY_DEFAULT else pytest.mark.faults)
        for name, loss in LOSSES.items()
    ],
)
def test_a_lost_study_is_rebuilt(
    ended: Path, tmp_path: Path, lose: Callable[[Path], object], expected: str, *, is_set_aside: bool
) -> None:
    before, records = trials(ended), digests(ended)
    lose(ended / "study.db")
    code, printed = run_here(tmp_path, *ARGUMENTS, MORE)
    assert code == 0, printed
    assert expected in printed
    assert "without the steps that were reported to a pruner" in printed
    assert (ended / "study.db.damaged").exists() == is_set_aside
    assert trials(ended)[:6] == before, "number, state, parameters, values, attributes"
    assert len(trials(ended)) == len(digests(ended)) == 7
    assert records.items() <= digests(ended).items()


def test_what_was_interrupted_runs_again_as_it_was_drawn(ended: Path, tmp_path: Path) -> None:
    """A trial without a record, one whose record is damaged: each under its number, with its overrides."""
    before, overrides = trials(ended), (ended / "3" / ".hydra" / "overrides.yaml").read_text()
    (ended / "study.db").unlink()
    (ended / "3" / "trial.json").unlink()
    (ended / "5" / "trial.json").write_text("{")
    records = digests(ended)
    del records["5"]
    code, printed = run_here(tmp_path, *ARGUMENTS, DONE)
    assert code == 0, printed
    assert "4 ended and 2 to run" in printed
    assert "set aside as trial.json.damaged, and trial 5 runs again" in printed
    assert (ended / "5" / "trial.json.damaged").read_text() == "{"
    assert [trial[:5] for trial in trials(ended)] == [trial[:5] for trial in before]
    assert (ended / "3" / ".hydra" / "overrides.yaml").read_text() == overrides
    assert records.items() <= digests(ended).items()


def lose_a_trial(sweep: Path) -> None:
    shutil.rmtree(sweep / "2")


def lose_overrides(sweep: Path) -> None:
    number = next(number for number, state, *_ in trials(sweep) if state.name == "COMPLETE")
    (sweep / str(number)).rename(sweep / "aside")
    (sweep / str(number)).mkdir()
    shutil.copy(sweep / "aside" / "trial.json", sweep / str(number))


def put_other_overrides(sweep: Path) -> None:
    (sweep / "2" / ".hydra" / "overrides.yaml").write_text("- x=9\n- kind=plain\n- y=1.0\n")


@pytest.mark.parametrize(
    ("lose", "expected"),
    [
        (lose_a_trial, "2: neither a record nor overrides"),
        (lose_overrides, "overrides.yaml: missing"),
        (put_other_overrides, "overrides.yaml: not the overrides of a trial of this sweep (x=9 lies outside"),
    ],
)
def test_a_trial_whose_place_is_not_known_is_named(
    ended: Path, tmp_path: Path, lose: Callable[[Path], None], expected: str
) -> None:
    lose(ended)
    (ended / "study.db").unlink()
    before = digests(ended)
    code, printed = run_here(tmp_path, *ARGUMENTS, MORE)
    assert code != 0
    assert expected in printed
    assert digests(ended) == before, "no trial has run"


def test_the_study_of_another_sweep_is_set_aside(ended: Path, tmp_path: Path) -> None:
    """It has as many trials, and would be given the record of trial 5 for its own."""
    (tmp_path / "other").mkdir()
    assert run_here(tmp_path / "other", *ARGUMENTS, DONE, "hydra.sweeper.sampler.seed=77")[0] == 0
    before, records = trials(ended), digests(ended)
    shutil.copy(tmp_path / "other" / FOLDER / "study.db", ended)
    delete_rows(ended / "study.db", "UPDATE trials SET state = 'RUNNING' WHERE number = 5")
    code, printed = run_here(tmp_path, *ARGUMENTS, DONE)
    assert code == 0, printed
    assert "study.db: damaged (trial 0 has no y), set aside" in printed
    assert trials(ended) == before
    assert digests(ended) == records


def test_the_study_of_a_sweep_that_drew_the_same_is_set_aside(tmp_path: Path) -> None:
    """Their parameters are equal, as of two grids; their values are not. Also where it has a trial more."""
    space = ("hydra.sweeper.params={}", "x=interval(-5.0,5.0)", "hydra.sweeper.direction=minimize")
    one, other = tmp_path / "one", tmp_path / "other"
    for place, fixed in ((one, "y=0.0"), (other, "y=3.0")):
        place.mkdir()
        assert run_here(place, *space, fixed, "hydra.sweeper.n_trials=2")[0] == 0
    before, records = trials(one / FOLDER), digests(one / FOLDER)
    assert [t[2] for t in before] == [t[2] for t in trials(other / FOLDER)]
    for has_more in (False, True):
        if has_more:
            assert run_here(other, *space, "y=3.0", "hydra.sweeper.n_trials=3")[0] == 0
        shutil.copy(other / FOLDER / "study.db", one / FOLDER)
        code, printed = run_here(one, *space, "y=0.0", "hydra.sweeper.n_trials=2")
        assert code == 0, printed
        assert "damaged (its trial 0 is another one than that in sweep/0), set aside" in printed
        assert trials(one / FOLDER) == before
        assert digests(one / FOLDER) == records


def test_a_damaged_study_is_left_where_it_alone_knows_a_trial(ended: Path, tmp_path: Path) -> None:
    lose_overrides(ended)
    delete_rows(ended / "study.db", "DELETE FROM trial_params WHERE param_name = 'x' AND trial_id = 6")
    content = (ended / "study.db").read_bytes()
    for _ in range(2):
        code, printed = run_here(tmp_path, *ARGUMENTS, MORE, full_error=False)
        assert code != 0
        assert "study.db: damaged (trial 5 has no x), and left where it lies; " in printed
        assert "overrides.yaml: missing" in printed
        assert "Traceback" not in printed
        assert (ended / "study.db").read_bytes() == content
    assert not (ended / "study.db.damaged").exists()


def test_what_cannot_be_read_now_is_no_damage_of_the_study(
    ended: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exists = Path.exists

    def refused(path: Path, **given: Any) -> bool:
        if path.match("2/.hydra/overrides.yaml"):
            raise PermissionError(13, "Permission denied", str(path))
        return exists(path, **given)

    monkeypatch.setattr(Path, "exists", refused)
    code, printed = run_here(tmp_path, *ARGUMENTS, MORE, full_error=False)
    assert code != 0
    assert "Permission denied" in printed
    monkeypatch.undo()
    assert not (ended / "study.db.damaged").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["hydra.sweeper.storage=mysql://u:secret@h/db"], "hydra.sweeper.storage: cannot be opened ("),
        (["hydra.sweeper.storage=foo"], "hydra.sweeper.storage: cannot be opened (ArgumentError)"),
        (["hydra.sweeper.objectives=[a,b]"], "hydra.sweeper.objectives=[a,b]: each needs a direction, in their order"),
        (["hydra.sweeper.direction=up"], "hydra.sweeper.direction=up: must be minimize or maximize"),
    ],
)
def test_what_was_typed_wrongly_is_no_damaged_study(tmp_path: Path, arguments: list[str], expected: str) -> None:
    code, printed = run_here(tmp_path, *ARGUMENTS, DONE, *arguments, full_error=False)
    assert code != 0
    assert expected in printed
    assert "damaged" not in printed
    assert "Traceback" not in printed
    assert "secret" not in printed
    assert not (tmp_path / FOLDER / "study.db").exists()


@pytest.mark.parametrize(
    ("space", "initial"),
    [
        ("x=choice(0.0,0.5,1.0)", "{x: 0}"),
        ("x=range(1,9)", "{x: 2.0}"),
        ("x=choice(true,false)", "{x: 0}"),
    ],
)
def test_a_trial_that_was_typed_in_another_way_is_the_same_trial(tmp_path: Path, space: str, initial: str) -> None:
    arguments = (space, "hydra.sweeper.params={}", f"hydra.sweeper.initial_trials=[{initial}]")
    assert run_here(tmp_path, *arguments, "hydra.sweeper.n_trials=1")[0] == 0
    sweep = tmp_path / FOLDER
    records = digests(sweep)
    code, printed = run_here(tmp_path, *arguments, "hydra.sweeper.n_trials=2")
    assert (code, "damaged" in printed) == (0, False), "a whole study stays"
    (sweep / "study.db").unlink()
    code, printed = run_here(tmp_path, *arguments, "hydra.sweeper.n_trials=2")
    assert code == 0, printed
    assert "had 0 of 2 trials: rebuilt" in printed
    assert records.items() <= digests(sweep).items()


def test_nan_is_the_same_choice_as_nan() -> None:
    assert _are_equal({"x": math.nan, "y": 1}, {"x": float("nan"), "y": 1.0})
    assert not _are_equal({"x": math.nan}, {"x": 1.0})
    assert not _are_equal({"x": 1.0}, {"x": math.nan})
    assert not _are_equal({"x": 1.0}, {"x": 1.0, "y": 2})
    assert _are_equal({"x": 1.0}, {"x": 1.0, "y": NOT_SET}), "what a named trial leaves out"


def test_named_trials_are_extended_by_one_that_names_more(tmp_path: Path) -> None:
    named = tmp_path / "trials.json"
    arguments = ("hydra.sweeper.params=null", f"hydra.sweeper.initial_trials={named}")
    named.write_text('[{"x": 1}, {"x": 2}]')
    assert run_here(tmp_path, *arguments, "hydra.sweeper.n_trials=2")[0] == 0
    records = digests(tmp_path / FOLDER)
    named.write_text('[{"x": 1}, {"x": 2}, {"x": 3, "y": 2.0, "kind": "plain"}]')
    code, printed = run_here(tmp_path, *arguments, "hydra.sweeper.n_trials=3")
    assert code == 0, printed
    assert "damaged" not in printed
    assert records.items() < digests(tmp_path / FOLDER).items()


def test_named_trials_are_extended_by_one_of_another_value(tmp_path: Path) -> None:
    """Optuna lets no list of choices grow, so the study is made anew of the same records."""
    named = tmp_path / "trials.json"
    arguments = ("hydra.sweeper.params=null", f"hydra.sweeper.initial_trials={named}")
    trials = [{"x": 1.5, "kind": "plain"}, {"x": 2.5, "kind": "plain"}, {"x": 0.5, "kind": "other"}]
    named.write_text(json.dumps(trials[:2]))
    assert run_here(tmp_path, *arguments, "hydra.sweeper.n_trials=2")[0] == 0
    records = digests(tmp_path / FOLDER)
    named.write_text(json.dumps(trials))
    code, printed = run_here(tmp_path, *arguments, "hydra.sweeper.n_trials=3")
    assert code == 0, printed
    assert "rebuilt" not in printed
    assert records.items() < digests(tmp_path / FOLDER).items()
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{tmp_path / FOLDER / 'study.db'}")
    assert [trial.params["x"] for trial in study.trials] == [1.5, 2.5, 0.5]
    assert all(trial.state.is_finished() for trial in study.trials)


def test_a_wiped_study_in_a_storage_of_its_own_is_rebuilt(stored: Path, tmp_path: Path) -> None:
    before = digests(stored)
    (tmp_path / "server.db").unlink()
    code, printed = run_here(tmp_path, *ARGUMENTS, STORAGE, DONE)
    assert code == 0, printed
    assert "had 0 of 6 trials" in printed
    assert digests(stored) == before


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("DELETE FROM trial_values", r"trial \d+ is complete and lacks a value"),
        ("UPDATE study_directions SET direction = 'UP'", "Optuna cannot read it: LookupError: .*"),
        ("UPDATE trial_params SET param_value = 0.125", "its trial 0 is another one than that in sweep/0"),
    ],
)
def test_a_damaged_study_in_a_storage_of_its_own_is_refused(
    stored: Path, tmp_path: Path, change: str, expected: str
) -> None:
    before = digests(stored)
    delete_rows(tmp_path / "server.db", change)
    code, printed = run_here(tmp_path, *ARGUMENTS, STORAGE, MORE, full_error=False)
    assert code != 0
    assert re.search(rf"the study sweep of .*/sweep: damaged \({expected}\); mend it, or del", printed, re.M)
    assert "Traceback" not in printed
    assert digests(stored) == before, "no trial has run"


def test_overrides_are_read_as_they_were_drawn() -> None:
    space = SearchSpace.parse(
        ["rate=tag(log,interval(1e-8,1e-1))", "+word=choice(x,'y z',1.5,2,true)", "list=choice([1,2],{a:1})",
         "step=range(0.1,1.0,step=0.1)", "n=range(1,20)", "last=interval(0,1)", "fixed='a b'"],
        {"last": {"when": {"n": list(range(10))}}, "step": {"unless": {"list": "[1,2]"}, "otherwise": 0.5}},
    )  # fmt: skip
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    for _ in range(200):
        drawn = space.draw(study.ask())
        read = space.read(space.overrides_of(drawn))
        assert [(name, type(v), v) for name, v in read.items()] == [(name, type(v), v) for name, v in drawn.items()]
    with pytest.raises(ValueError, match="is missing"):
        space.read(["rate=0.01"])


@pytest.mark.parametrize(
    ("space", "expected"),
    [("x=choice(1.0,2.0)", False), ("x=choice(1.0,2.0,3.0)", True), ("z=choice(4.0,5.0)", False)],
)
def test_a_study_is_outgrown_where_a_list_of_choices_has_grown(tmp_path: Path, space: str, expected: bool) -> None:
    file = tmp_path / "study.db"
    study = optuna.create_study(storage=f"sqlite:///{file}")
    SearchSpace.parse(["x=choice(1.0,2.0)"], {}).draw(study.ask())
    assert is_outgrown(file, SearchSpace.parse([space], {})) is expected
    file.write_bytes(b"")
    assert not is_outgrown(file, SearchSpace.parse([space], {})), "an empty file has no study"
    file.unlink()
    assert not is_outgrown(file, SearchSpace.parse([space], {}))
