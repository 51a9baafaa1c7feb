"""The benchmarks run, and their contestants make as many steps."""

import json
import sys
from pathlib import Path

import pytest

from regsweep import loop
from tests.conftest import PROJECT, Shell

FOLDER = PROJECT / "benchmarks"


def test_the_contestants_train_as_many_steps_and_learn(shell: Shell) -> None:
    code = (
        "import json, pathlib, contestants as c\n"
        "task = c.Task('digits', pathlib.Path(), regularized=True, epochs=2)\n"
        "names = ['article', 'regsweep, float32', 'regsweep', 'bare operations']\n"
        "print(json.dumps([vars(c.CONTESTANTS[name](task)) for name in names]))\n"
    )
    done = shell(sys.executable, "-c", code, cwd=FOLDER)
    assert done.code == 0, done.err
    results = json.loads(done.out.splitlines()[-1])
    assert len({result["steps"] for result in results}) == 1
    for result in results:
        assert result["accuracy"] > 0.2
        assert result["train"] > 0
        assert result["evaluate"] > 0


def test_the_article_s_pictures_are_regsweep_s_images(shell: Shell) -> None:
    code = (
        "import pathlib, torch, contestants as c\n"
        "task = c.Task('digits', pathlib.Path(), True, epochs=1)\n"
        "pictures, _ = c.article_images(task)\n"
        "split = c.own_parts(task)[1].dataset.train\n"
        "images = torch.stack([image for image, _ in pictures])\n"
        "torch.testing.assert_close(images, split.images_NCHW, atol=1e-6, rtol=0)\n"
        "assert [label for _, label in pictures] == split.labels_N.tolist()\n"
        "print('equal')\n"
    )
    done = shell(sys.executable, "-c", code, cwd=FOLDER)
    assert done.out == "equal\n", done.err


def test_they_evaluate_as_many_training_images_as_regsweep(shell: Shell) -> None:
    done = shell(sys.executable, "-c", "import contestants; print(contestants.TRAIN_SAMPLE)", cwd=FOLDER)
    assert int(done.out) == loop.TRAIN_SAMPLE


@pytest.mark.full
def test_shares_are_measured(shell: Shell, real_data: Path) -> None:
    code = (
        "import pathlib, training\n"
        f"task = training.Task('mnist', pathlib.Path({str(real_data)!r}), True, 1)\n"
        "print(training.loop_against_bare(task, 'float32', blocks=6), training._matrix_product_rate('float32', 'cpu'))"
    )
    done = shell(sys.executable, "-c", code, cwd=FOLDER)
    assert done.code == 0, done.err
    assert "step_ms" in done.out


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
def test_the_pruned_search_is_as_good_at_some_time(shell: Shell, real_data: Path) -> None:
    """Two trials of four epochs against four that may be given up after the third."""
    code = f"import pathlib, sweeps; sweeps.print_pruning(pathlib.Path({str(real_data)!r}), 1, trials=2, epochs=4)"
    done = shell(sys.executable, "-c", code, cwd=FOLDER)
    assert done.code == 0, done.err
    stock, pruned = ([cell.strip() for cell in line.split("|")[1:-1]] for line in done.out.splitlines()[5:])
    assert stock[0] == "stock sweeper, article's loop"
    assert stock[1:3] == ["2", "2"]
    assert stock[6] == "1.0"  # against itself
    assert stock[5] == stock[8]  # in one round the least of the bests is the best
    assert pruned[0] == "regsweep, 2 workers, successive halving"
    assert pruned[1] == "4"
    assert int(pruned[2]) <= 4
