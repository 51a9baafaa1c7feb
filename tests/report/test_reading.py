"""What is read of this project's own sweeps: all that the records say, and each one that cannot be read is named."""

import json
import math
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml
from omegaconf import OmegaConf

import regsweep
from regsweep.errors import RegsweepError
from regsweep.records import read_yaml
from regsweep.report.details import read_command, read_config, read_history, read_result
from regsweep.report.hydra_files import find_values
from regsweep.report.sweep import read_sweep
from tests.conftest import Shell

LAMBDA = "regularizer.l1.lambda"
HOSTILE = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "${jndi:ldap://x/a}",
    "../../etc/passwd",
    "javascript:alert(1)",
    "%s%n%x",
    "=cmd|' /C calc'!A0",
    "\\x00\\u0000&#0;",
    "\u202egnp.exe",
    "long " * 2000,
]


@pytest.fixture
def sweep_folder(search: Path) -> Path:
    """Return a copy of a real search of three trials, that a test may damage."""
    return search


def test_a_row_says_what_the_record_says(sweep_folder: Path) -> None:
    sweep = read_sweep(sweep_folder)
    assert sweep.is_own
    assert sweep.problems == []
    assert (sweep.objective, sweep.maximize) == ("validation_accuracy", True)
    assert {"regularizer.l1.use", LAMBDA} < {*sweep.swept}
    assert list(sweep.trials["number"]) == [0, 1, 2]
    for number, row in sweep.trials.set_index("number").iterrows():
        place = sweep_folder / str(number)
        record = json.loads((place / "result.json").read_text())
        for split in ("train", "validation"):
            for name in ("accuracy", "loss"):
                assert row[f"{split}_{name}"] == record["metrics"][split][name]
        assert row["total_seconds"] == record["seconds"]["total"]
        assert row["sparsity"] == record["sparsity"]["overall"]
        assert row["ended"] == record["ended"]
        config = OmegaConf.load(place / ".hydra" / "config.yaml")
        given = {key: OmegaConf.select(config, key) for key in sweep.swept}
        unused = [key for key in given if not given.get(f"{key.rpartition('.')[0]}.use", True) and key[-4:] != ".use"]
        assert {key: row[key] for key in given if key not in unused} == {
            key: given[key] for key in given.keys() - unused
        }
        assert row[unused].isna().all(), "a method that is not used has no settings"
        assert [method.title for method in sweep.kind(int(str(number)))] == ["L1"] * given["regularizer.l1.use"]
    best = sweep.best()
    assert best is not None
    assert best.mean == sweep.trials["validation_accuracy"].max()


def test_another_objective_may_rank(sweep_folder: Path) -> None:
    sweep = read_sweep(sweep_folder, objective="validation_loss", minimize=True)
    best = sweep.best()
    assert best is not None
    assert best.mean == sweep.trials["validation_loss"].min() == sweep.ranked()["validation_loss"].iloc[0]
    with pytest.raises(RegsweepError, match=r"--objective accuracy: no such number .* validation_accuracy"):
        read_sweep(sweep_folder, objective="accuracy")


@pytest.mark.parametrize("status", ["failed", "complete", "damaged"])
def test_a_trial_that_the_sweep_failed_is_not_complete(sweep_folder: Path, status: str) -> None:
    """A worker that is killed behind the run's record, and before the trial's, fails the trial."""
    best = read_sweep(sweep_folder).best()
    assert best is not None
    file = sweep_folder / str(best.number) / "trial.json"
    before = json.loads(file.read_text())
    error = "its worker was killed" if status == "failed" else None
    file.write_text("{" if status == "damaged" else json.dumps({**before, "status": status, "error": error}))
    sweep = read_sweep(sweep_folder)
    row = sweep.trials.set_index("number").loc[best.number]
    now = sweep.best()
    assert now is not None
    assert (now.number == best.number) == (status != "failed")
    assert row["status"] == ("failed" if status == "failed" else "complete")
    assert row["error"] == error or pd.isna(row["error"])
    assert len(sweep.problems) == (status == "damaged")


def changed(**values: object) -> Callable[[bytes], bytes]:
    return lambda record: json.dumps({**json.loads(record), **values}).encode()


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "half-written": lambda record: record[: len(record) // 2],
    "empty": lambda _: b"",
    "zeros": lambda record: b"\0" * len(record),
    "text": lambda _: b"<html>504</html>",
    "a list": lambda _: b"[1, 2]",
    "not UTF-8": lambda record: record.replace(b"complete", b"compl\xe9te"),
    "nested too deeply": lambda _: b"[" * 100_000,
    "a number of ten thousand digits": lambda record: record.replace(b'"epochs": 2', b'"epochs": 1' + b"0" * 10_000),
    "metrics a list": changed(metrics=[0.9]),
    "metrics null": changed(metrics=None),
    "a split a number": changed(metrics={"validation": 0.9}),
    "accuracy a text": changed(metrics={"validation": {"accuracy": "high"}}),
    "accuracy a truth value": changed(metrics={"validation": {"accuracy": True}}),
    "accuracy not finite": changed(metrics={"validation": {"accuracy": math.nan}}),
    "seconds a text": changed(seconds="12"),
    "epochs a list": changed(epochs=[1]),
    "seed a dictionary": changed(seed={}),
    "sparsity a number": changed(sparsity=0.5),
    "status unknown": changed(status="splendid"),
    "status a list": changed(status=["complete"]),
    "error a number": changed(error=3),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_record_is_named_and_skipped(sweep_folder: Path, damage: Callable[[bytes], bytes]) -> None:
    before = read_sweep(sweep_folder).trials
    record = sweep_folder / "1" / "result.json"
    record.write_bytes(damage(record.read_bytes()))
    sweep = read_sweep(sweep_folder)
    assert list(sweep.trials["status"]) == ["complete", "unreadable", "complete"]
    assert len(sweep.problems) == 1
    assert sweep.problems[0].startswith("1/result.json: not a ")
    assert "\n" not in sweep.problems[0]
    assert sweep.trials["error"][1] == sweep.problems[0]
    for name in ("validation_accuracy", "test_accuracy", "total_seconds", "epochs", "seed", "ended", "duplicate_of"):
        assert pd.api.types.is_numeric_dtype(sweep.trials[name]), name
        assert math.isnan(sweep.trials[name][1])
    others, others_before = (frame.drop(index=1, columns="error") for frame in (sweep.trials, before))
    pd.testing.assert_frame_equal(others, others_before, check_dtype=False)
    pd.testing.assert_series_equal(sweep.trials[LAMBDA], before[LAMBDA], check_dtype=False)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("1/.hydra/config.yaml", b"a: [1, 2"),
        ("1/.hydra/config.yaml", b"a: !!python/object/apply:os.system [touch pwned]"),
        ("1/.hydra/config.yaml", b"a: &a [1]\nb: [*a, *a]"),
        ("1/.hydra/config.yaml", b"a: &a [*a]"),
        ("1/.hydra/config.yaml", b"a: !!bool perhaps"),
        ("1/.hydra/config.yaml", b"a: !!timestamp soon"),
        ("1/.hydra/config.yaml", b"a: !!int ''"),
        ("1/.hydra/config.yaml", b"a: !!python/object/apply:pathlib.PosixPath []"),
        ("1/.hydra/config.yaml", b"- " * 100_000),
        ("1/.hydra/config.yaml", ("- " * 100_000).encode("utf-16")),
        ("1/.hydra/config.yaml", b"\xff\xfe\x00"),
        ("1/.hydra/config.yaml", None),
        ("1/.hydra/overrides.yaml", b"{}"),
        ("1/.hydra/overrides.yaml", b"- '"),
        ("multirun.yaml", b"hydra: 3"),
        ("multirun.yaml", b"\x00"),
        ("command.json", b'{"arguments": ['),
    ],
)
def test_any_other_damaged_file_is_named_and_the_rest_stays(
    sweep_folder: Path, file: str, content: bytes | None
) -> None:
    before = read_sweep(sweep_folder)
    (sweep_folder / file).unlink()
    if content is None:
        (sweep_folder / file).mkdir()
    else:
        (sweep_folder / file).write_bytes(content)
    sweep = read_sweep(sweep_folder)
    assert len(sweep.problems) == 1
    assert sweep.problems[0].startswith(f"{file}: ")
    assert sweep.is_own
    assert list(sweep.trials["status"]) == ["complete"] * 3
    assert list(sweep.trials["validation_accuracy"]) == list(before.trials["validation_accuracy"])
    if "overrides" not in file:
        pd.testing.assert_series_equal(sweep.trials[LAMBDA], before.trials[LAMBDA], check_dtype=False)
    assert not (sweep_folder / "pwned").exists()
    assert not Path("pwned").exists()


def test_missing_records_are_named(sweep_folder: Path) -> None:
    shutil.rmtree(sweep_folder / "1")
    (sweep_folder / "2" / "result.json").unlink()
    sweep = read_sweep(sweep_folder)
    assert list(sweep.trials["status"]) == ["complete", "unreadable"]
    assert sweep.problems[0] == "1: no such folder, so these trials are missing"
    assert sweep.problems[1] == "2/result.json: missing, though the trial ended (complete)"
    (sweep_folder / "2" / "trial.json").write_text('{"status": "failed", "error": "the worker died"}')
    assert list(read_sweep(sweep_folder).trials["error"])[1] == "the worker died"
    (sweep_folder / "2" / "trial.json").write_text('{"status": "complete", "duplicate_of": "../../etc"}')
    assert list(read_sweep(sweep_folder).trials["status"])[1] == "unreadable"


def test_a_folder_where_a_record_should_be_is_named(sweep_folder: Path) -> None:
    (sweep_folder / "0" / "result.json").unlink()
    (sweep_folder / "0" / "result.json").mkdir()
    sweep = read_sweep(sweep_folder)
    assert sweep.trials["status"][0] == "unreadable"
    assert sweep.problems[0].startswith("0/result.json: ")


@pytest.mark.parametrize("payload", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_as_it_is(sweep_folder: Path, payload: str) -> None:
    place = sweep_folder / "1"
    config = yaml.safe_load((place / ".hydra" / "config.yaml").read_text())
    config["optimizer"]["lr"] = payload.replace("${", "$ {")  # it would be an interpolation there
    (place / ".hydra" / "config.yaml").write_text(yaml.safe_dump(config))
    record = json.loads((place / "result.json").read_text())
    (place / "result.json").write_text(json.dumps({**record, "status": "failed", "error": payload}))
    sweep = read_sweep(sweep_folder)
    assert sweep.trials["optimizer.lr"][1] == payload.replace("${", "$ {")
    assert sweep.trials["error"][1] == payload


def test_half_a_surrogate_pair_can_be_written_again(sweep_folder: Path) -> None:
    record = json.loads((sweep_folder / "1" / "result.json").read_text())
    (sweep_folder / "1" / "result.json").write_text(json.dumps({**record, "error": "\ud800"}))
    assert read_sweep(sweep_folder).trials.to_csv().encode()


SCALARS = [
    *("1e-4", "1e3", "1.5e3", "1.e5", "-2E+4", ".5", ".5e3", "-.5e-3", "1_000", "1e5_0", "0x1f", "017", "1:30", "+1"),
    *(".inf", ".nan", "1e", "yes", "on", "null", "~", "2026-11-23", "'1e-4'", "a b", "[1, 1e-4]", "{a: 1e-4}"),
]


@pytest.mark.parametrize("text", SCALARS)
def test_yaml_is_read_as_omegaconf_reads_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(f"value: {text}\n")
    expected = OmegaConf.to_container(OmegaConf.load(tmp_path / "config.yaml"))
    assert repr(read_yaml(tmp_path / "config.yaml")) == repr(expected)


def test_interpolations_are_resolved_but_for_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    config = {"a": {"lr": "${base.lr}", "twice": "${.lr}"}, "base": {"lr": 1e-4}, "copy": "${base}"}
    assert find_values(config, {}, ["a.lr", "a.twice", "copy.lr"]) == dict.fromkeys(
        ["a.lr", "a.twice", "copy.lr"], 1e-4
    )
    config = {"a": "${hydra:job.num}", "b": "${oc.env:SECRET}"}
    typed = {"a": "${hydra:job.num}", "b": "${oc.env:SECRET}"}
    assert find_values(config, typed, ["a", "b"]) == typed


def test_details(sweep_folder: Path) -> None:
    sweep = read_sweep(sweep_folder)
    history = read_history(sweep, 1)
    assert history is not None
    assert list(history["epoch"]) == [1, 2]
    with (sweep_folder / "1" / "history.csv").open("a") as file:
        file.write("3,0.5,nonsense\n4,0")
    longer = read_history(sweep, 1)
    assert longer is not None
    assert all(pd.api.types.is_numeric_dtype(longer[name]) for name in longer)
    assert math.isnan(longer["train_loss"][2])
    assert read_result(sweep, 1) == json.loads((sweep_folder / "1" / "result.json").read_text())
    command = read_command(sweep)
    assert command is not None
    assert "sweep=regularization" in command["arguments"]
    expected = OmegaConf.to_container(OmegaConf.load(sweep_folder / "1" / ".hydra" / "config.yaml"), resolve=True)
    assert read_config(sweep, 1) == expected


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[1", b"[" * 100_000, b"3", None], ids=repr)
def test_details_that_are_damaged_are_none(sweep_folder: Path, content: bytes | None) -> None:
    sweep = read_sweep(sweep_folder)
    for file in ("history.csv", "result.json", ".hydra/config.yaml", "../command.json"):
        path = sweep_folder / "1" / file
        path.unlink() if content is None else path.write_bytes(content)
    assert read_history(sweep, 1) is None
    assert (read_result(sweep, 1), read_config(sweep, 1), read_command(sweep)) == (None, None, None)
    assert read_history(sweep, 99) is None


def test_passwords_and_the_environment_are_not_told(sweep_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    urls = "a: postgresql://me:hunter2@host/db\nb: ['mysql://host/db?password=hunter2']\nc: ${oc.env:SECRET}\nd: ${e}\n"
    (sweep_folder / "1" / ".hydra" / "config.yaml").write_text(urls + "e: 1e-4\n")
    config = read_config(read_sweep(sweep_folder), 1)
    assert config is not None
    assert "hunter2" not in str(config)
    assert config["e"] == 1e-4


def test_load_sweep_is_a_table(sweep_folder: Path) -> None:
    trials = regsweep.load_sweep(str(sweep_folder))
    assert isinstance(trials, pd.DataFrame)
    assert trials.attrs["folder"] == str(sweep_folder)
    assert trials.attrs["objective"] == "validation_accuracy"
    assert set(trials.attrs["swept"]) <= set(trials.columns)
    single = regsweep.load_sweep(sweep_folder / "1")
    assert list(single["validation_accuracy"]) == [trials["validation_accuracy"][1]]


def test_importing_regsweep_imports_no_pandas(shell: Shell) -> None:
    done = shell(sys.executable, "-c", "import sys, regsweep; print({'pandas', 'torch', 'yaml'} & {*sys.modules})")
    assert done.out.strip() == "set()", done.err


def test_ten_folders_named_by_no_sweep_are_none(tmp_path: Path) -> None:
    for number in range(10):
        (tmp_path / str(number)).mkdir()
    (tmp_path / ("9" * 200)).mkdir()
    with pytest.raises(RegsweepError, match="neither a sweep nor a run"):
        read_sweep(tmp_path)
