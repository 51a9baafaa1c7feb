"""Seconds an epoch, side by side: a part of ``python benchmarks/performance.py``."""

from __future__ import annotations

import importlib.util
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from contestants import BATCH, CONTESTANTS, Result, Task, bare_step, own_parts, wait_for
from table import print_header, print_row, spread

GFLOP_A_STEP = 1.60
"""Forward and backward pass of the article's network on 64 images of MNIST: three products for each layer (its output,
its weights' gradient, its input's), two for the first, whose input needs none."""

CUDA_ONLY = "regsweep, CUDA graphs"
BLOCK = 40  # steps, between which the loop and the bare operations take turns


def print_table(task: Task, rounds: int) -> None:
    """Let the contestants train in turn, each in a process of its own, and print medians and extremes."""
    names = [name for name in CONTESTANTS if _takes_part(name, task)]
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names[:: -1 if number % 2 else 1]:
            results[name].append(_run(task, name))
    network = "regularized" if task.regularized else "without regularization"
    print(f"\n### {task.dataset}, the article's network, {network}; {task.epochs} epochs, {rounds} rounds\n")
    measured = ("s an epoch, training", "and evaluating", "steps a second", "MB", "test accuracy")
    print_header("", *measured, "article / this", "training alone")
    for name, found in results.items():
        train = [each["train"] / task.epochs for each in found]
        whole = [(each["train"] + each["evaluate"]) / task.epochs for each in found]
        cells = [
            spread(train, ".3g"),
            spread(whole, ".3g"),
            f"{found[0]['steps'] / statistics.median(train):.0f}",
            spread([each["megabytes"] for each in found], ".0f"),
            spread([each["accuracy"] for each in found], ".4f"),
            _ratios(results["article"], found, "train", "evaluate"),
            _ratios(results["article"], found, "train"),
        ]
        print_row(name, *cells)
    if "lightning" in results:
        pair = results["lightning"], results["regsweep"]
        print(f"\nLightning / regsweep: {_ratios(*pair, 'train', 'evaluate')}; training: {_ratios(*pair, 'train')}")


def print_shares(task: Task) -> None:
    """Print the machine's own rate, what share of it a step reaches, and what the loop adds to a step's operations."""
    rates = {dtype: _matrix_product_rates(dtype, task.device) for dtype in ("float32", "bfloat16")}
    rate_columns = ("GFLOP/s of a matrix product", "as a 1×1 convolution")
    print()
    print_header("precision", *rate_columns, "ms a step", "share of the higher rate", "loop / bare operations")
    for precision, (product, convolution) in rates.items():
        command = [sys.executable, __file__, json.dumps({**asdict(task), "root": str(task.root)}), precision]
        found = json.loads(_output(command))
        share = GFLOP_A_STEP / (found["step_ms"] / 1000) / max(product, convolution)
        low, middle, high = found["ratio"]
        cells = [precision, f"{product:.0f}", f"{convolution:.0f}", f"{found['step_ms']:.1f}", f"{share:.0%}"]
        print_row(*cells, f"{middle:.3f} ({low:.3f} to {high:.3f})")


def loop_against_bare(task: Task, precision: str, blocks: int = 40) -> dict[str, Any]:
    """Let the loop and the bare operations take turns, and return the quartiles of the ratio of their times.

    A turn of the loop is an epoch on as many images as a block has: its batch order, its steps, the observer's calls
    (without a terminal, so no bar is drawn) and the sum of its losses; what it evaluates is left out. The bare
    operations get their batches from before.
    """
    import torch  # noqa: PLC0415

    from regsweep.data import Split  # noqa: PLC0415
    from regsweep.member import Member, Settings  # noqa: PLC0415
    from regsweep.progress import Reporter  # noqa: PLC0415
    from regsweep.training import Training  # noqa: PLC0415

    class Unevaluated(Member):
        """A training whose epochs end with their last steps, and that has no last epoch."""

        def end_epoch(self, train_seconds: float) -> None:
            """Evaluate nothing."""

    override = f"device.precision={precision}"
    (_, looped), (_, plain) = own_parts(task, override), own_parts(task, override)
    train, size = looped.dataset.train, BLOCK * BATCH
    member = Unevaluated(
        looped.model,
        replace(looped.dataset, train=Split(train.inputs[:size], train.targets[:size])),
        looped.optimizer,
        looped.methods,
        settings=Settings(epochs=1, batch_size=BATCH, precision=looped.precision),
        seed=0,
        observer=Reporter(1, BLOCK, BATCH, lines=False),
    )
    whole = Training([member])
    bare, given = bare_step(plain), torch.split(torch.randperm(size).to(plain.device), BATCH)

    def run_loop() -> None:
        whole.epoch()

    def run_bare() -> None:
        for index_B in given:
            bare(index_B)

    plain.model.train()
    ratios, steps = [], []
    for turn in range(blocks):
        in_turn = (run_loop, run_bare) if turn % 2 else (run_bare, run_loop)
        seconds = {way: _seconds(way, task.device) for way in in_turn}
        ratios.append(seconds[run_loop] / seconds[run_bare])
        steps.append(1000 * seconds[run_loop] / BLOCK)
    return {"ratio": statistics.quantiles(ratios[2:], n=4), "step_ms": statistics.median(steps[2:])}


def _seconds(way: Callable[[], Any], device: str) -> float:
    began = time.perf_counter()
    way()
    wait_for(device)
    return time.perf_counter() - began


def contest(task: Task, name: str) -> None:
    """Run one contestant and print its result: what a process of its own does."""
    result: Result = CONTESTANTS[name](task)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**asdict(result), "megabytes": megabytes}))


def _takes_part(name: str, task: Task) -> bool:
    if name == "lightning":
        return importlib.util.find_spec("lightning") is not None
    return name != CUDA_ONLY or task.device == "cuda"


def _run(task: Task, name: str) -> dict[str, Any]:
    command = [sys.executable, __file__, json.dumps({**asdict(task), "root": str(task.root)}), name]
    result: dict[str, Any] = json.loads(_output(command))
    return result


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout.splitlines()[-1]


def _ratios(others: list[dict[str, Any]], ours: list[dict[str, Any]], *parts: str) -> str:
    """Return by how much the others' seconds are more than ours, round by round."""
    pairs = zip(others, ours, strict=True)
    return spread([sum(a[part] for part in parts) / sum(b[part] for part in parts) for a, b in pairs], ".2f")


def _matrix_product_rates(dtype: str, device: str) -> tuple[float, float]:
    """Return the GFLOP/s of the product of two 2,048×2,048 matrices, the best of twenty.

    PyTorch multiplies matrices and convolves with different libraries, so it is made twice: by ``@``, and as a 1×1
    convolution, which is the same product.
    """
    import torch  # noqa: PLC0415

    size = 2048
    matrix = torch.randn(size, size, device=device).to(getattr(torch, dtype))
    pixels = matrix.view(1, 32, 64, size).permute(0, 3, 1, 2)  # channels_last
    kernel = matrix.view(size, size, 1, 1)

    def rate(way: Callable[[], Any]) -> float:
        return 2 * size**3 / min(_seconds(way, device) for _ in range(20)) / 1e9

    return rate(lambda: matrix @ matrix), rate(lambda: torch.nn.functional.conv2d(pixels, kernel))


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    chosen = replace(Task(**given), root=Path(given["root"]))
    if sys.argv[2] in CONTESTANTS:
        contest(chosen, sys.argv[2])
    else:
        print(json.dumps(loop_against_bare(chosen, sys.argv[2])))
