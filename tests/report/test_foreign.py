"""Multiruns of other applications: real ones of Hydra's own sweepers, with values from a study or a metrics file."""

import json
import math
import shlex
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import optuna
import pandas as pd
import pytest
import yaml

from regsweep.errors import RegsweepError
from regsweep.report.page.trials import table
from regsweep.report.study import StudyTrial, agrees
from regsweep.report.sweep import read_sweep
from tests.conftest import PROJECT, Regsweep, made_once, run_script_in
from tests.report.test_reading import HOSTILE

APP = """
import json
from pathlib import Path
import hydra
from hydra.core.hydra_config import HydraConfig

@hydra.main(config_path=None, config_name="config")
def main(cfg):
    if cfg.kind == "broken":
        raise ValueError("a bug")
    value = (cfg.x - 2) ** 2 + cfg.net.y
    content = {"val": {"loss": value, "acc": 1 - value}, "epoch": 3, "note": "text", "nothing": None}
    Path(HydraConfig.get().runtime.output_dir, "metrics.json").write_text(json.dumps(content))
    return value

from hydra.core.config_store import ConfigStore
ConfigStore.instance().store("config", {"x": 1.0, "kind": "a", "net": {"y": 0.5}})
main()
"""

OPTUNA = ("-m", "hydra/sweeper=optuna", "x=interval(0,1)", "net.y=tag(log,interval(1e-5,1e-3))")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with sweeps of an application that knows nothing of this project."""
    return made_once(tmp_path_factory, "foreign", make)


def make(place: Path) -> None:
    (place / "app.py").write_text(APP)

    def run(*arguments: str) -> None:
        code, printed = run_script_in(place, place / "app.py", *arguments)
        assert code == 0, printed

    stored = [
        *("hydra.sweeper.storage=sqlite:///study.db", "hydra.sweeper.study_name=mine"),
        *("kind=a,broken", "hydra.sweeper.max_failure_rate=1.0"),
    ]
    run(*OPTUNA, *stored, "hydra.sweeper.sampler.seed=3", "hydra.sweeper.n_trials=6", "hydra.sweep.dir=stored")
    again = ("hydra.sweeper.sampler.seed=4", "hydra.sweeper.n_trials=2", "hydra.sweep.subdir=job/${x}")
    run(*OPTUNA, *stored, *again, "hydra.sweep.dir=continued")
    run(*OPTUNA, "hydra.sweeper.n_trials=3", "hydra.sweep.dir=memory", "kind=a")
    run(
        "-m", "x=1,2", "kind=a,b", "net.y=0", "hydra.sweep.dir=grid", "hydra.sweep.subdir=${hydra.job.override_dirname}"
    )


def content_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_study_gives_the_values_and_is_left_as_it_is(made: Path) -> None:
    before = content_of(made)
    sweep = read_sweep(made / "stored")
    assert content_of(made) == before
    assert not sweep.is_own
    assert (sweep.objective, sweep.maximize) == ("value", False)
    assert sweep.swept == ["x", "net.y", "kind"]
    study = optuna.load_study(study_name="mine", storage=f"sqlite:///{made / 'study.db'}")
    assert {"COMPLETE", "FAIL"} == {trial.state.name for trial in study.trials[:6]}
    for (_, row), trial in zip(sweep.trials.iterrows(), study.trials[:6], strict=True):
        assert {key: row[key] for key in sweep.swept} == pytest.approx(trial.params)
        assert row["status"] == {"COMPLETE": "complete", "FAIL": "failed"}[trial.state.name]
        assert trial.datetime_complete is not None
        assert row["ended"] == trial.datetime_complete.timestamp()
        assert row["value"] == pytest.approx(trial.value if trial.value is not None else math.nan, nan_ok=True)
    best = sweep.best()
    assert best is not None
    assert best.mean == sweep.trials["value"].min()
    assert sweep.problems == []


def test_jobs_of_a_study_that_was_gone_on_with_find_their_trials(made: Path) -> None:
    sweep = read_sweep(made / "continued")
    study = optuna.load_study(study_name="mine", storage=f"sqlite:///{made / 'study.db'}")
    assert list(sweep.trials["number"]) == [0, 1]
    assert list(sweep.trials["x"]) == pytest.approx([trial.params["x"] for trial in study.trials[6:8]])
    assert list(sweep.trials["value"]) == pytest.approx(
        [trial.value if trial.value is not None else math.nan for trial in study.trials[6:8]], nan_ok=True
    )
    assert sweep.problems == []


def test_a_sweep_that_was_moved_takes_its_study_along(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "stored", tmp_path / "moved")
    shutil.copy(made / "study.db", tmp_path / "moved" / "study.db")
    assert list(read_sweep(tmp_path / "moved").trials["value"].notna()) == list(
        read_sweep(made / "stored").trials["value"].notna()
    )


def test_a_job_with_other_parameters_than_its_trial_is_named(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "stored"
    shutil.copytree(made / "stored", folder)
    shutil.copy(made / "study.db", folder / "study.db")
    (folder / "1" / ".hydra" / "overrides.yaml").write_text("- x=0.123\n- net.y=0.5\n- kind=a\n")
    sweep = read_sweep(folder)
    assert sweep.problems == ["1: its overrides are not the parameters of the study's trial 1, which is left out"]
    assert sweep.trials["status"][1] == "unknown"
    assert math.isnan(sweep.trials["value"][1])


def test_of_several_studies_in_a_file_the_one_with_these_parameters_is_taken(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "stored"
    shutil.copytree(made / "stored", folder)
    shutil.copy(made / "study.db", folder / "study.db")
    settings = folder / "0" / ".hydra" / "hydra.yaml"
    settings.write_text(settings.read_text().replace("study_name: mine", "study_name: null"))
    other = optuna.create_study(storage=f"sqlite:///{folder / 'study.db'}", study_name="another")
    other.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=6)
    assert read_sweep(folder).trials["value"].max() == read_sweep(made / "stored").trials["value"].max()


def test_without_a_storage_the_best_value_alone_is_known(made: Path) -> None:
    sweep = read_sweep(made / "memory")
    results = yaml.safe_load((made / "memory" / "optimization_results.yaml").read_text())
    best = sweep.best()
    assert best is not None
    assert (best.mean, sweep.row(best.number)["x"]) == (results["best_value"], results["best_params"]["x"])
    assert sorted(sweep.trials["status"]) == ["complete", "unknown", "unknown"]
    assert len(sweep.problems) == 1
    assert "--metrics FILE" in sweep.problems[0]
    with_metrics = read_sweep(made / "memory", metrics="metrics.json", objective="val.loss")
    assert not with_metrics.maximize, "these are the numbers that the study minimized"
    assert list(with_metrics.trials["status"]) == ["complete"] * 3


def test_a_grid_with_folders_of_its_own_names(made: Path) -> None:
    sweep = read_sweep(made / "grid", metrics="metrics.json", objective="val.loss", minimize=True)
    assert sweep.swept == ["x", "kind"]
    assert list(sweep.trials["folder"]) == [f"kind={k},net.y=0,x={x}" for x in (1, 2) for k in "ab"]
    assert list(zip(sweep.trials["x"], sweep.trials["kind"], strict=True)) == [(x, k) for x in (1, 2) for k in "ab"]
    assert list(sweep.trials["val.loss"]) == [1, 1, 0, 0]
    assert list(sweep.trials["epoch"]) == [3] * 4
    assert "note" not in sweep.trials
    best = sweep.best()
    assert best is not None
    assert best.number == 2


def test_what_to_give_is_said_in_one_line(made: Path, tmp_path: Path) -> None:
    def refused(folder: Path, **given: str) -> str:
        with pytest.raises(RegsweepError) as error:
            read_sweep(folder, **given)  # type: ignore[arg-type]
        assert "\n" not in str(error.value)
        return str(error.value)

    assert "--metrics FILE --objective NAME" in refused(made / "grid")
    there = "val.loss, val.acc, epoch, nothing"
    assert refused(made / "grid", metrics="metrics.json").endswith(there)
    assert refused(made / "grid", metrics="metrics.json", objective="loss").endswith(there)
    assert "no job's folder has such a file" in refused(made / "grid", metrics="scores.json")
    for name in ("metrics.txt", "/metrics.json", "../metrics.json", "."):
        assert "name a file inside each job's folder" in refused(made / "grid", metrics=name)
    assert "give one of them" in refused(made)
    shutil.copytree(made / "stored", tmp_path / "day" / "time")
    assert refused(tmp_path / "day").endswith(f"give {tmp_path / 'day' / 'time'}")


DAMAGES: dict[str, tuple[bytes | None, str]] = {
    "missing": (None, "interrupted"),
    "half-written": (b'{"val": {"lo', "unreadable"),
    "a list": (b"[1]", "unreadable"),
    "not UTF-8": (b'{"\xff": 1}', "unreadable"),
    "nested too deeply": (b"[" * 100_000, "unreadable"),
    "a text": (b'{"val": {"loss": "low"}}', "unreadable"),
    "not finite": (b'{"val": {"loss": NaN}}', "failed"),
    "another metric": (b'{"other": 1}', "failed"),
}


@pytest.mark.parametrize(("content", "status"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_metrics_file_is_named(made: Path, tmp_path: Path, content: bytes | None, status: str) -> None:
    folder = Path(shutil.copytree(made / "grid", tmp_path / "grid"))
    file = folder / "kind=b,net.y=0,x=1" / "metrics.json"
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    sweep = read_sweep(folder, metrics="metrics.json", objective="val.loss")
    assert list(sweep.trials["status"]) == ["complete", status, "complete", "complete"]
    assert [line.split(": ")[0] for line in sweep.problems] == [str(file.relative_to(folder))] * (
        status == "unreadable"
    )
    assert sweep.trials["val.loss"].dtype == float


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("m.yaml", "val:\n  acc: 9e-1\n  when: 2026-11-23\n"),
        ("sub/m.csv", "epoch,val.acc\n1,0.2\n2,\n3,0.9\n4,\n"),
        ("m.csv", "\ufeffval.acc, note\n0.1,a\n0.9,b\n"),
        ("m.json", '{"val": {"acc": 0.9, "ok": true, "names": ["a", "b"]}}'),
    ],
)
def test_kinds_of_metrics_files(made: Path, tmp_path: Path, name: str, content: str) -> None:
    folder = Path(shutil.copytree(made / "grid", tmp_path / "grid"))
    for job in folder.glob("kind*"):
        (job / name).parent.mkdir(exist_ok=True)
        (job / name).write_text(content)
    sweep = read_sweep(folder, metrics=name, objective="val.acc")
    assert list(sweep.trials["val.acc"]) == [0.9] * 4
    assert not {"val.ok", "val.when", "val.names", "note"} & set(sweep.trials)


def test_numbers_and_parameters_with_names_of_the_table_get_a_prefix(made: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(made / "grid", tmp_path / "grid"))
    for number, job in enumerate(sorted(folder.glob("kind*"))):
        (job / ".hydra" / "overrides.yaml").write_text(f"- penalty=l{number}\n- +status={number}\n")
        (job / ".hydra" / "config.yaml").write_text(f"penalty: l{number}\nstatus: {number}\n")
        (job / "m.json").write_text(json.dumps({"error": number / 10, "number": 7}))
    sweep = read_sweep(folder, metrics="m.json", objective="error", minimize=True)
    assert sweep.swept == ["params.penalty", "params.status"]
    assert sweep.objective == "metrics.error"
    assert sorted(sweep.trials["params.penalty"]) == ["l0", "l1", "l2", "l3"]
    assert list(sweep.trials["number"]) == [0, 1, 2, 3]
    assert list(sweep.trials["status"]) == ["complete"] * 4


def test_a_study_that_a_killed_writer_left_is_read_whole_and_left_as_it_is(made: Path, tmp_path: Path) -> None:
    """Its last values stand in a file beside it, which SQLite would merge as soon as it opened the study itself."""
    folder = Path(shutil.copytree(made / "stored", tmp_path / "stored"))
    shutil.copy(made / "study.db", tmp_path / "study.db")
    with closing(sqlite3.connect(tmp_path / "study.db")) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("UPDATE trial_values SET value = 123")
        writer.commit()
        shutil.copy(tmp_path / "study.db", folder)
        shutil.copy(tmp_path / "study.db-wal", folder)
    before = content_of(folder)
    assert set(read_sweep(folder).trials["value"].dropna()) == {123}
    assert content_of(folder) == before


def sqlite_header(content: bytes) -> bytes:
    return content[:1000]


@pytest.mark.parametrize(
    "damage", [sqlite_header, lambda _: b"", lambda _: b"no database"], ids=["torn", "empty", "text"]
)
def test_a_damaged_study_is_named(made: Path, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    folder = Path(shutil.copytree(made / "stored", tmp_path / "stored"))
    (folder / "study.db").write_bytes(damage((made / "study.db").read_bytes()))
    sweep = read_sweep(folder, metrics="metrics.json", objective="val.loss")
    assert sum(line.startswith("study.db: ") for line in sweep.problems) == (damage(b"x") != b"")
    assert sweep.trials["val.loss"].notna().any()


def test_the_study_of_an_older_optuna(tmp_path: Path) -> None:
    """Optuna 2.10, which the last stable Hydra's sweeper is tied to, has other tables for values and distributions."""
    script = (Path(__file__).parent / "optuna_2_10.sql").read_text()
    with sqlite3.connect(tmp_path / "old.db") as file:
        file.executescript(script)
        expected = file.execute("SELECT value FROM trial_values ORDER BY trial_id").fetchall()
        kinds = file.execute("SELECT param_value FROM trial_params WHERE param_name = 'net.kind' ORDER BY trial_id")
        choices = ["ab"[int(row[0])] for row in kinds.fetchall()]
        numbers = {
            name: [row[0] for row in file.execute("SELECT param_value FROM trial_params WHERE param_name = ?", [name])]
            for name in ("x", "net.y")
        }
    file.close()
    for number in range(len(expected)):
        place = tmp_path / str(number) / ".hydra"
        place.mkdir(parents=True)
        x, y = numbers["x"][number], numbers["net.y"][number]
        (place / "overrides.yaml").write_text(f"- x={x}\n- net.y={y}\n- net.kind={choices[number]}\n")
    sweep = read_sweep(tmp_path)
    assert list(sweep.trials["value"]) == [row[0] for row in expected]
    assert not sweep.maximize
    assert sweep.problems == []


def test_a_storage_that_is_no_file_is_neither_opened_nor_printed(made: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(made / "stored", tmp_path / "stored"))
    (folder / "optimization_results.yaml").unlink(missing_ok=True)
    for settings in folder.glob("*/.hydra/hydra.yaml"):
        url = "storage: postgresql://me:hunter2@nowhere.invalid/db"
        settings.write_text(settings.read_text().replace("storage: sqlite:///study.db", url))
    sweep = read_sweep(folder, metrics="metrics.json", objective="val.loss")
    assert sweep.problems == ["the Optuna study of this sweep is in no SQLite file, and other storages are not opened"]
    with pytest.raises(RegsweepError) as error:
        read_sweep(folder)
    assert "hunter2" not in str(error.value)


def test_the_example_of_any_application(tmp_path: Path) -> None:
    app = PROJECT / "examples" / "any_application" / "app.py"
    short = ("hydra/launcher=basic", "hydra.sweeper.n_trials=4", "steps=20", "hydra.sweep.dir=sweep")
    code, printed = run_script_in(tmp_path, app, "-m", *short)
    assert code == 0, printed
    sweep = read_sweep(tmp_path / "sweep")
    assert not sweep.is_own
    assert (sweep.swept, sweep.objective, sweep.maximize) == (["lr", "momentum"], "value", False)
    for number, value in zip(sweep.trials["number"], sweep.trials["value"], strict=True):
        record = json.loads((tmp_path / "sweep" / str(number) / "trial.json").read_text())
        assert [value] == record["values"]
        assert sweep.trials["total_seconds"][number] == record["seconds"]


def test_the_sweeper_s_own_table_is_left_as_it_is(regsweep: Regsweep, tmp_path: Path) -> None:
    """It has one author: a report of another application's sweep writes none beside it, and replaces none."""
    app = PROJECT / "examples" / "any_application" / "app.py"
    table = tmp_path / "sweep" / "trials.csv"
    for n_trials in (2, 3):
        short = ("hydra/launcher=basic", f"hydra.sweeper.n_trials={n_trials}", "steps=20", "hydra.sweep.dir=sweep")
        code, printed = run_script_in(tmp_path, app, "-m", *short)
        assert code == 0, printed
        written = table.read_bytes()
        assert len(pd.read_csv(table)) == n_trials
        done = regsweep("report", "sweep")
        assert done.code == 0, done.err
        assert table.read_bytes() == written
    table.write_text("theirs\n")
    assert regsweep("report", "sweep").code == 0
    assert table.read_text() == "theirs\n"


CHOSEN: list[tuple[list[str], list[str]]] = [
    ([], []),
    (["--config-name", "second"], ["--config-name", "second"]),
    (["--config-dir", "extra"], ["--config-dir", "extra"]),
    (["-cp", "other", "-cn", "second", "-cd", "extra"], ["--config-dir", "--config-name", "--config-path"]),
]


@pytest.mark.parametrize(("typed", "flags"), CHOSEN)
def test_the_command_that_is_copied_runs_the_trial_again(tmp_path: Path, typed: list[str], flags: list[str]) -> None:
    main = '@hydra.main(config_path="conf", config_name="main")\ndef main(cfg):\n    return cfg.x\n'
    (tmp_path / "app.py").write_text(f"import hydra\n\n{main}\nmain()\n")
    for place, x in (("conf/main", 1), ("conf/second", 2), ("other/second", 3), ("extra/more/one", 4)):
        file = tmp_path / f"{place}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"x: {x}\nname: {place}\n")
    more = ["+more=one"] if "extra" in typed else []
    code, printed = run_script_in(tmp_path, tmp_path / "app.py", "-m", *typed, *more, "+y=1,2", "hydra.sweep.dir=sweep")
    assert code == 0, printed
    for number in range(2):  # without a value, which the report asks for
        (tmp_path / "sweep" / str(number) / "m.json").write_text('{"score": 1}')
    command = table(read_sweep(tmp_path / "sweep", metrics="m.json"))["commands"][1]
    program, script, *arguments = shlex.split(command)
    assert (program, script) == ("python", "app.py")
    assert {flag for flag in arguments if flag.startswith("--")} == {flag for flag in flags if flag.startswith("--")}
    code, printed = run_script_in(tmp_path, tmp_path / script, *arguments, "hydra.run.dir=again")
    assert code == 0, printed
    again, before = (tmp_path / place / ".hydra" / "config.yaml" for place in ("again", "sweep/1"))
    assert again.read_text() == before.read_text()


NAMED: dict[str, tuple[list[str], str, bool]] = {
    "without a name": ([], "value", False),
    "with a name": (["hydra.sweeper.objectives=[acc]", "hydra.sweeper.direction=maximize"], "acc", True),
}


@pytest.mark.parametrize(("given", "objective", "maximize"), NAMED.values(), ids=NAMED)
def test_the_sweepers_objective_keeps_its_name_and_its_column(
    tmp_path: Path, given: list[str], objective: str, *, maximize: bool
) -> None:
    """A metric that is called `value` is another number."""
    metrics = '{"acc": cfg.x, "value": 7.0, "x": 8.0}'
    returned = metrics if given else f"TrialValue(cfg.x, {metrics})"
    trusted = 'execution_whitelist=["regsweep.*", "optuna.*"]'
    decorated = (
        f'@hydra.main(config_path=".", config_name="config", {trusted})\ndef main(cfg):\n    return {returned}\n'
    )
    (tmp_path / "app.py").write_text(f"import hydra\nfrom regsweep.sweeper import TrialValue\n\n{decorated}\nmain()\n")
    (tmp_path / "config.yaml").write_text("x: 1.0\n")
    arguments = ("-m", "hydra/sweeper=regsweep", "hydra.sweeper.n_trials=3", "x=interval(0.0,1.0)", *given)
    code, printed = run_script_in(tmp_path, tmp_path / "app.py", *arguments, "hydra.sweep.dir=sweep")
    assert code == 0, printed
    assert "ExperimentalWarning" not in printed
    sweep = read_sweep(tmp_path / "sweep")
    assert (sweep.objective, sweep.maximize) == (objective, maximize)
    assert sweep.trials[objective].tolist() == sweep.trials["x"].tolist() == sweep.trials["acc"].tolist()
    assert set(sweep.trials["value" if given else "metrics.value"]) == {7.0}
    assert set(sweep.trials["metrics.x"]) == {8.0}


def test_hostile_text_stays_as_it_is(tmp_path: Path) -> None:
    """In values, keys, names of metrics and names of folders."""
    (tmp_path / "multirun.yaml").write_text("hydra: {overrides: {task: []}}\n")
    for number, payload in enumerate(HOSTILE):
        job = tmp_path / f"{number} {payload.replace('/', '∕')[:50]}"
        (job / ".hydra").mkdir(parents=True)
        config = {"text": payload.replace("${", "$ {"), f"key {payload}".replace(".", ""): number}
        (job / ".hydra" / "config.yaml").write_text(yaml.safe_dump(config))
        (job / ".hydra" / "hydra.yaml").write_text(f"hydra:\n  job:\n    name: app\n    num: {number}\n")
        (job / ".hydra" / "overrides.yaml").write_text(yaml.safe_dump([f"{key}={v}" for key, v in config.items()]))
        (job / "m.json").write_text(json.dumps({"acc": number, payload: 1}))
    sweep = read_sweep(tmp_path, metrics="m.json", objective="acc")
    assert sweep.problems == []
    for number, payload in enumerate(HOSTILE):
        row = sweep.trials.iloc[number]
        assert row["text"] == payload.replace("${", "$ {")
        assert row["folder"] == f"{number} {payload.replace('/', '∕')[:50]}"
        assert row[payload] == 1
    assert sum(key.startswith("key ") for key in sweep.swept) == len(HOSTILE)


@pytest.mark.parametrize(
    ("drawn", "is_it"), [({"drop": "(not set)"}, True), ({"drop": 0.2}, False), ({"+drop": "(not set)"}, True)]
)
def test_a_key_that_a_named_trial_leaves_out_is_no_other_trial(drawn: dict[str, str | float], *, is_it: bool) -> None:
    trial = StudyTrial(0, "complete", [1.0], {"model": "plain", **drawn}, {}, 0.0)
    assert agrees(trial, {"model": "plain", "seed": "1"}) is is_it
    assert not agrees(trial, {"model": "noisy", "seed": "1"})
