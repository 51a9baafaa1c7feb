"""The command line from end to end, as processes of their own."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from regsweep.app.callback import _make_folder
from regsweep.app.door import interrupt_behind
from regsweep.app.help import broken
from regsweep.paths import enter_working_folder
from regsweep.sweeper.signals import Terminated
from tests.conftest import PROJECT, Regsweep, Shell, exit_code

QUICK = ("trainer.epochs=2", "dataset.train_size=200")


def test_a_run_trains_and_leaves_its_record(regsweep: Regsweep, tmp_path: Path) -> None:
    """As a process of its own, and by the console script, in tests/test_readme.py."""
    done = regsweep("regularizer=l1", "regularizer.lambda=1e-4", *QUICK)
    assert done.code == 0, done.err
    (folder,) = (tmp_path / "outputs").glob("*/*")
    names = {path.name for path in folder.iterdir()}
    assert names == {".hydra", "history.csv", "model.safetensors", "preparation.json", "regsweep.log", "result.json"}
    result = json.loads((folder / "result.json").read_text())
    assert result["status"] == "complete"
    assert f"test {result['metrics']['test']['accuracy']:.4f}" in done.out
    assert f"outputs/{folder.parent.name}/{folder.name}" in done.out
    assert "epoch 2/2" in (folder / "regsweep.log").read_text()
    assert "\x1b" not in done.out + done.err, "no terminal, no bar"


LOOK = """
import sys
sys.argv = ["regsweep", *sys.argv[1:]]
from regsweep.cli import main
try:
    main()
finally:
    print("torch" in sys.modules)
"""


@pytest.mark.parametrize("arguments", [("--cfg", "job"), ("--help",)])
def test_looking_does_not_import_torch(shell: Shell, arguments: tuple[str, ...]) -> None:
    done = shell(sys.executable, "-c", LOOK, *arguments)
    assert done.code == 0, done.err
    assert done.out.endswith("False\n")
    assert "regularizer" in done.out


@pytest.mark.parametrize(
    "command", [(), ("compare",), ("report",), ("check",), ("confirm",), ("resume",), ("reproduce",), ("predict",)]
)
def test_help_is_no_wider_than_the_terminal(
    regsweep: Regsweep, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = regsweep(*command, "--help")
    assert done.code == 0, done.err
    assert "regsweep" in done.out
    assert [line for line in done.out.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: one, two\n", "a: one, two\n"),
        ("a: one, two, three\n", "a: one, two,\n  three\n"),
        ("  a: one, two, three\n", "  a: one, two,\n    three\n"),
        ("a: 実験, 二\n", "a: 実験, 二\n"),
        ("a: 実験, 二番目\n", "a: 実験,\n  二番目\n"),
        ("see https://a.example\n", "see\n  https://a.example\n"),
        ("== Config ==\na: one, two, three\n", "== Config ==\na: one, two, three\n"),
    ],
)
def test_help_is_broken_between_words_and_its_yaml_nowhere(text: str, expected: str) -> None:
    assert broken(text, 14) == expected


def test_tab_completes_without_torch(shell: Shell) -> None:
    env = {"COMP_LINE": "regsweep regularizer=l", "COMP_POINT": "22"}
    done = shell(sys.executable, "-c", LOOK, "-sc", "query=bash", env=env)
    assert (done.code, done.out.split()) == (
        0,
        ["regularizer=l1", "regularizer=l2", "regularizer=label_smoothing", "False"],
    ), done.err


@pytest.mark.full
def test_a_terminal_shows_a_bar_with_rate_and_time_left(tmp_path: Path) -> None:
    """In a real pseudo-terminal."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "regsweep", "trainer.epochs=30"]
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    process = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=follower, stderr=follower, stdin=follower)
    os.close(follower)
    text = _read_until_closed(leader)
    assert process.wait(timeout=60) == 0
    assert "examples/s" in text
    assert "left" in text
    assert "/30" in text
    steps = {int(number) for number in re.findall(r"(\d+)/540", text)}  # 18 an epoch
    assert max(steps) > 500, "it moves with the steps"
    assert any(rate not in ("0", "") for rate in re.findall(r"([\d,]+) examples/s", text))
    assert "loss" not in text, "the lines of the epochs go to the log, not between the bar's"
    (log,) = tmp_path.glob("outputs/*/*/regsweep.log")
    assert log.read_text().count("epoch ") == 10


def _read_until_closed(terminal: int) -> str:
    shown = b""
    while True:
        try:
            shown += os.read(terminal, 65536)
        except OSError:  # the other side has closed
            return shown.decode()


SMALL = ("trainer.epochs=1", "dataset.train_size=100", "model.hidden=[8]")
SEARCH = ("-m", "sweep=regularization", "hydra.sweeper.n_trials=3", *SMALL, "hydra.sweep.dir=search")


@pytest.mark.parametrize(
    ("commands", "num_records"),
    [
        ([(("--help",), 1)], 0),
        pytest.param([((*SMALL, "hydra.run.dir=run"), 0)], 1, marks=pytest.mark.full),
        pytest.param([(SEARCH, 1), (("confirm", "search", "--seeds", "2"), 1)], 3, marks=pytest.mark.full),
    ],
)
def test_an_output_that_nobody_reads_is_no_error(
    tmp_path: Path, commands: list[tuple[tuple[str, ...], int]], num_records: int
) -> None:
    """What trains goes on; what only prints stops. A search prints at its end, a confirmation before it trains."""
    reading, writing = os.pipe()
    os.close(reading)
    for arguments, code in commands:
        command = [sys.executable, "-m", "regsweep", *arguments]
        done = subprocess.run(command, cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
        assert (done.returncode, done.stderr) == (code, "")
    os.close(writing)
    records = [*tmp_path.glob("run/result.json"), *tmp_path.glob("search/*/result.json")]
    assert [json.loads(record.read_text())["status"] for record in records] == ["complete"] * num_records


def test_a_run_whose_output_nobody_reads_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within this process; with `pytest -m full` as processes of their own."""
    reading, writing = os.pipe()
    os.close(reading)
    with monkeypatch.context() as patch, open(writing, "w") as output:  # noqa: PTH123
        patch.setattr(sys, "stdout", output)
        patch.setattr(sys, "argv", ["regsweep", *SMALL, "hydra.run.dir=run"])
        assert exit_code() == 0
    assert json.loads((tmp_path / "run" / "result.json").read_text())["status"] == "complete"


def test_without_any_output_nothing_is_wrong(shell: Shell) -> None:
    closed = shell("bash", "-c", f"{sys.executable} -m regsweep --help >&-")
    assert (closed.code, closed.err) == (0, "")


def test_what_lies_in_the_working_folder_is_imported_before_what_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", ["", "/bin", "/elsewhere", str(tmp_path)])
    monkeypatch.setenv("REGSWEEP_WORKING_FOLDER", "")
    enter_working_folder()
    assert sys.path == [str(tmp_path), "/bin", "/elsewhere"]


def test_an_interrupt_is_no_bad_configuration() -> None:
    """OmegaConf's own errors may come of one: here its clean-up is what is interrupted."""
    with pytest.raises(OmegaConfBaseException) as interrupted:  # noqa: PT012
        try:
            raise Terminated
        finally:
            OmegaConf.create({"a": "${b}"}).a  # noqa: B018
    assert isinstance(interrupt_behind(interrupted.value), Terminated)
    with pytest.raises(OmegaConfBaseException) as alone:
        OmegaConf.create({"a": "${b}"}).a  # noqa: B018
    assert interrupt_behind(alone.value) is None


def test_a_folder_is_made_once(tmp_path: Path) -> None:
    cfg = OmegaConf.create({"hydra": {"run": {"dir": "outputs/day/time"}, "overrides": {"hydra": []}}})
    with ThreadPoolExecutor(20) as pool:
        folders = list(pool.map(lambda _: _make_folder(cfg, "hydra.run.dir"), range(100)))
    assert len(set(folders)) == len(list((tmp_path / "outputs" / "day").iterdir())) == 100


@pytest.mark.full
def test_starts_in_the_same_second_get_folders_of_their_own(tmp_path: Path) -> None:
    commands = [subprocess.Popen([sys.executable, "-m", "regsweep", *QUICK], cwd=tmp_path) for _ in range(2)]
    assert [command.wait() for command in commands] == [0, 0]
    assert len(list((tmp_path / "outputs").glob("*/*/result.json"))) == 2


@pytest.mark.full
def test_own_network_sweeps_from_python_m_too(shell: Shell, tmp_path: Path) -> None:
    """The example's own commands use the console script; tests/test_readme.py runs them."""
    example = PROJECT / "examples" / "own_model"
    sweep = shell(
        sys.executable, "-m", "regsweep", "--config-dir", "conf", "model=two_branches", "-m", "sweep=regularization",
        *QUICK, "hydra.sweeper.n_trials=2", f"hydra.sweep.dir={tmp_path}/sweep", cwd=example,
    )  # fmt: skip
    assert sweep.code == 0, sweep.err
    assert "2 trials: 2 complete" in sweep.out


ODD = 'it\'s "quoted" ?{a}%20 $x שלום 😀 ' + "x" * 100


def test_odd_names_of_folders_work(regsweep: Regsweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the pool: tests/launcher/test_pool.py."""
    odd = tmp_path / ODD
    odd.mkdir()
    monkeypatch.chdir(odd)
    done = regsweep("-m", "sweep=regularization", "hydra/launcher=basic", *QUICK, "hydra.sweeper.n_trials=2")
    assert done.code == 0, done.err
    (folder,) = odd.glob("multirun/*/*")
    assert {path.name for path in folder.iterdir()} == {
        "0",
        "1",
        "command.json",
        "multirun.yaml",
        "optimization_results.yaml",
        "study.db",
        "trials.csv",
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == [odd.name]
    assert yaml.safe_load((folder / "optimization_results.yaml").read_text())["best_trial"]["folder"] in (
        "0",
        "1",
        "command.json",
    )


@pytest.mark.full
def test_the_wheel_works_in_an_empty_environment(shell: Shell, tmp_path: Path) -> None:
    """Installed without the checkout; the dependencies come from this environment, to spare their download."""
    built = shell(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(tmp_path / "wheel"),
        str(PROJECT),
    )
    assert built.code == 0, built.err
    (wheel,) = (tmp_path / "wheel").glob("*.whl")
    assert shell(sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")).code == 0
    python = tmp_path / "venv" / "bin" / "python"
    (packages,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    installed = shell(
        sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)
    )
    assert installed.code == 0, installed.err
    here = next(path for path in sys.path if path.endswith("site-packages"))
    (packages / "dependencies.pth").write_text(here + "\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    alone = {"PYTHONPATH": ""}
    where = shell(str(python), "-c", "import regsweep.paths as p; print(p.config_folder())", cwd=elsewhere, env=alone)
    assert where.out.strip() == str(packages / "regsweep" / "conf")
    for command in ([str(python), "-m", "regsweep"], [str(python.parent / "regsweep")]):
        done = shell(*command, "regularizer=l1", *QUICK, cwd=elsewhere, env=alone)
        assert done.code == 0, done.err


@pytest.mark.faults
def test_a_sweep_that_is_stopped_shows_what_it_has(tmp_path: Path) -> None:
    """With a real Ctrl-C after the first trials."""
    command = [sys.executable, "-m", "regsweep", "-m", "sweep=regularization", "hydra.sweeper.n_trials=500", *QUICK]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("trial 2:"):
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "best: trial" in out
    assert err.splitlines()[-1] == "regsweep: stopped"
    (folder,) = tmp_path.glob("multirun/*/*")
    assert (folder / "trials.csv").is_file()
