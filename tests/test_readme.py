"""Every command that the documentation shows is run, in its order, as its reader would."""

import re
import shlex
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest

from regsweep.report.read_confirmation import read_confirmation
from tests.app.test_confirm import require_tuned_without_regularization
from tests.conftest import PROJECT, Finished, Regsweep, Shell, logging_as_before, run_script_in

INSTALL = re.compile(r"^pip install [^&]+&& ")


def commands(page: Path) -> list[str]:
    blocks = re.findall(r"^ *```bash\n(.*?)^ *```", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


README = commands(PROJECT / "README.md")
EXPERIMENTS = [command for command in README if "experiment=" in command]
QUICK = [
    INSTALL.sub("", command) for command in README if command not in EXPERIMENTS and not command.endswith("pytest")
]


FEWER = {
    **{"n_trials=10": "n_trials=2", "n_trials=5": "n_trials=2", "n_trials=40": "n_trials=4", "seed=0,1,2": "seed=0"},
    "regularizer=l2,dropout,batch_norm n_trials=2 --seeds 10": "regularizer=dropout n_trials=2 --seeds 2",
}
"""The documentation's sweeps are longer."""

BRIEF = ("trainer.epochs=2", "dataset.train_size=200")
TRAINS = ("-m", "regularizer=", "experiment=")
"""Added to what trains, which one of these words shows."""


def run_line(regsweep: Regsweep, line: str) -> Finished:
    """Run `line` within this process, which saves the imports, some seconds a command; sweeps and seeds briefly."""
    for shown, fewer in FEWER.items():
        line = line.replace(shown, fewer)
    program, *arguments = shlex.split(line.removeprefix("python -m "))
    assert program == "regsweep"
    trains = any(word.startswith(TRAINS) for word in arguments)
    added = [word for word in BRIEF if trains and word not in arguments]
    if arguments[0] in ("-m", "compare") and not any(word.startswith("hydra/launcher") for word in arguments):
        added.append("hydra/launcher=basic")  # the pool's own processes take seconds to start
    if "sweep=regularization" in arguments and "n_trials" not in line:
        added.append("hydra.sweeper.n_trials=3")
    if arguments[0] == "confirm":
        added.extend(["--seeds", "2"])
    return regsweep(*arguments, *added)


def run_python(folder: Path, words: list[str]) -> tuple[int, str]:
    """Run ``python SCRIPT ...`` in `folder`, within this process; return its exit code and what it printed."""
    program, script, *arguments = words
    assert program == "python"
    return run_script_in(folder, folder / script, *arguments)


def shell_line(shell: Shell, line: str, cwd: Path) -> Finished:
    """Run `line` in a shell in which this environment's commands come first."""
    bin_folder = str(Path(sys.executable).parent)
    return shell("bash", "-c", f"export PATH={shlex.quote(bin_folder)}:$PATH; {line}", cwd=cwd)


def test_the_two_set_up_commands_stand_alone() -> None:
    assert [command for command in README if command.startswith("pip install")] == [
        "pip install -e . && python -m regsweep regularizer=l1 regularizer.lambda=1e-4",
        "pip install -e '.[test]' && pytest",
    ]


PICTURED = re.findall(r"^\$ (.*)$", (PROJECT / "README.md").read_text(), flags=re.MULTILINE)
CHAIN = [command for command in QUICK if "my_sweep" in command]
POOLED = [command for command in QUICK if "hydra/launcher=pool" in command]
ALONE = [command for command in [*QUICK, *PICTURED] if command not in (*CHAIN, *POOLED)]


def test_none_of_them_is_forgotten() -> None:
    assert (len(CHAIN), len(ALONE), len(EXPERIMENTS), len(README)) == (5, 14, 2, 23)
    assert len(POOLED) == 1, "run in tests/launcher/test_pool.py"


@pytest.mark.parametrize("command", ALONE)
def test_a_command_of_the_readme_works(regsweep: Regsweep, shell: Shell, tmp_path: Path, command: str) -> None:
    if command == ALONE[0]:
        done = shell_line(shell, f"{command} {' '.join(BRIEF)}", tmp_path)
    elif command.startswith("eval "):
        done = shell_line(shell, command, tmp_path)
    else:
        done = run_line(regsweep, command)
    assert done.code == 0, done.err


def test_the_commands_about_one_sweep_work_in_their_order(regsweep: Regsweep) -> None:
    printed = ""
    for command in CHAIN:
        done = run_line(regsweep, command)
        assert done.code == 0, f"{command}\n{done.err}"
        printed += done.out
    assert "resume: 3 done kept, 0 interrupted rerun, 1 left" in printed
    assert "\nmy_sweep/0: reproduced bit for bit" in printed, "named as it was typed"
    confirmed = read_confirmation(Path("my_sweep"))
    assert confirmed is not None
    assert (len(confirmed.candidates), confirmed.seeds) == (2, [4, 5])
    require_tuned_without_regularization(Path("my_sweep"), num_trials=3, batch_norm=False)


def test_the_readme_s_trained_network_predicts(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (PROJECT / "README.md").read_text(), flags=re.MULTILINE | re.DOTALL)
    (block,) = (each for each in blocks if "load_model" in each)
    assert len(block.splitlines()) <= 15
    with logging_as_before():
        exec(block, {})  # noqa: S102  (as its reader would)
    assert "prediction  probability_class_0" in capsys.readouterr().out


def test_the_article_s_commands_work_on_a_part_of_mnist(regsweep: Regsweep, tmp_path: Path, real_data: Path) -> None:
    (tmp_path / "data").symlink_to(real_data)
    assert len(EXPERIMENTS) == 2
    for command in EXPERIMENTS:
        done = run_line(regsweep, command)
        assert done.code == 0, f"{command}\n{done.err}"
        assert "train 200 / test 10,000" in done.out


@pytest.mark.full
def test_the_article_s_commands_give_the_article_s_accuracies(shell: Shell, tmp_path: Path, real_data: Path) -> None:
    """The article reports 0.9850 and 0.9857; one seed varies by about 0.2 points."""
    (tmp_path / "data").symlink_to(real_data)
    for command in EXPERIMENTS:
        done = shell_line(shell, command, tmp_path)
        assert done.code == 0, done.err
        accuracy = float(re.findall(r"test (\d\.\d+)", done.out)[-1])
        assert 0.98 < accuracy < 0.992


def test_every_command_of_the_example_works(
    regsweep: Regsweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = Path(shutil.copytree(PROJECT / "examples" / "own_model", tmp_path / "examples" / "own_model"))
    enter, *runs = commands(PROJECT / "examples" / "own_model" / "README.md")
    assert (enter, len(runs)) == ("cd examples/own_model", 2)
    monkeypatch.chdir(example)
    monkeypatch.setattr(sys, "path", sys.path[:])
    for line in runs:
        done = run_line(regsweep, line)
        assert done.code == 0, done.err
    assert "2 trials: 2 complete" in done.out


def test_every_command_of_the_example_of_data_works(
    regsweep: Regsweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = Path(shutil.copytree(PROJECT / "examples" / "own_data", tmp_path / "examples" / "own_data"))
    enter, written, *runs = commands(example / "README.md")
    assert (enter, len(runs)) == ("cd examples/own_data", 3)
    assert all(len(path.read_text().splitlines()) <= 15 for path in example.glob("*.py"))
    monkeypatch.chdir(example)
    monkeypatch.setattr(sys, "path", sys.path[:])
    assert run_python(example, shlex.split(written)) == (0, "")
    for line, first in zip(runs, ("wines.npz: train 384", "flats.csv: train ", "Drawn: train 320"), strict=True):
        done = regsweep(*shlex.split(line)[1:], "device=cpu")
        assert done.code == 0, done.err
        assert first in done.out.splitlines()[0]
    assert "streamed" in done.out.splitlines()[0]


def test_any_application_sweeps_prunes_and_goes_on(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(PROJECT / "examples" / "any_application", tmp_path / "examples" / "any_application"))
    started, extended = (shlex.split(line) for line in commands(folder / "README.md"))
    code, printed = run_python(tmp_path, [*started, "steps=100", "hydra.sweeper.n_trials=8"])
    assert code == 0, printed
    assert "best: trial " in printed
    rows = pd.read_csv(tmp_path / "rosenbrock" / "trials.csv")
    assert len(rows) == 8
    assert {"complete", "pruned"} == set(rows["status"])
    extended = [word.replace("n_trials=30", "n_trials=9") for word in extended]
    code, printed = run_python(tmp_path, [*extended, "steps=100"])
    assert code == 0, printed
    assert "resume: 8 done kept, 0 interrupted rerun, 1 left" in printed
    assert pd.read_csv(tmp_path / "rosenbrock" / "trials.csv").head(8).equals(rows)


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        "docs/architecture.md",
        "docs/results.md",
        "docs/performance.md",
        "docs/peers.md",
        "docs/statistics.md",
        "docs/reliability.md",
        "docs/any_application.md",
        "docs/models.md",
        "examples/own_data/README.md",
    ],
)
def test_links_and_named_files_exist(page: str) -> None:
    text = (PROJECT / page).read_text()
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        if not link.startswith(("http:", "https:")):
            assert (PROJECT / page).parent.joinpath(link).exists(), link


def test_every_preset_has_a_row_in_the_readme() -> None:
    text = (PROJECT / "README.md").read_text()
    for path in (PROJECT / "conf" / "regularizer").glob("*.yaml"):
        assert path.stem == "base" or f"| `{path.stem}` |" in text, path.stem
