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

GFLOP_A_STEP = 1.60
"""Forward and backward pass of the article's network on 64 images of MNIST: three products for each layer (its output,
its weights' gradient, its input's), two for the first, whose input needs none."""

CUDA_ONLY = "regsweep, CUDA graphs"
BLOCK = 40  # steps, between which the loop and the bare operations take turns


def print_table(task: Task, rounds: int) -> None:
    """Let the contestants train in turn, each in a process of its own, and print medians and extremes."""
    names = [name for name in CONTESTANTS if _takes_part(name, task)]
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            results[name].append(_run(task, name))
    network = "regularized" if task.regularized else "without regularization"
    print(f"\n### {task.dataset}, the article's network, {network}; {task.epochs} epochs, {rounds} rounds\n")
    print("| | s an epoch, training | and evaluating | steps a second | MB | test accuracy | article / this |")
    print("|---|---|---|---|---|---|---|")
    for name, found in results.items():
        train = sorted(each["train"] / task.epochs for each in found)
        middle = statistics.median(train)
        whole = [(each["train"] + each["evaluate"]) / task.epochs for each in found]
        cells = [
            f"{middle:.3g} ({train[0]:.3g} to {train[-1]:.3g})",
            f"{statistics.median(whole):.3g}",
            f"{found[0]['steps'] / middle:.0f}",
            f"{statistics.median(each['megabytes'] for each in found):.0f}",
            f"{statistics.median(each['accuracy'] for each in found):.4f}",
            _ratios(results["article"], found),
        ]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    if "lightning" in results:
        print(f"\nLightning / regsweep: {_ratios(results['lightning'], results['regsweep'])}")


def print_shares(task: Task) -> None:
    """Print the machine's own rate, what share of it a step reaches, and what the loop adds to a step's operations."""
    rates = {dtype: _matrix_product_rate(dtype, task.device) for dtype in ("float32", "bfloat16")}
    print(f"\nmatrix product: {rates['float32']:.0f} GFLOP/s in float32, {rates['bfloat16']:.0f} in bfloat16\n")
    print("| precision | ms a step | share of that rate | loop / bare operations |")
    print("|---|---|---|---|")
    for precision, rate in rates.items():
        command = [sys.executable, __file__, json.dumps({**asdict(task), "root": str(task.root)}), precision]
        found = json.loads(_output(command))
        share = GFLOP_A_STEP / (found["step_ms"] / 1000) / rate
        low, middle, high = found["ratio"]
        print(f"| {precision} | {found['step_ms']:.1f} | {share:.0%} | {middle:.3f} ({low:.3f} to {high:.3f}) |")


def loop_against_bare(task: Task, precision: str, blocks: int = 40) -> dict[str, Any]:
    """Let the loop and the bare operations take turns, and return the quartiles of the ratio of their times.

    A turn of the loop is an epoch on as many images as a block has: its batch order, its steps, whoever hears of them
    (without a terminal, so no bar is drawn) and the sum of its losses; what it evaluates is left out. The bare
    operations get their batches from before.
    """
    import torch  # noqa: PLC0415

    from regsweep import loop, seeding  # noqa: PLC0415
    from regsweep.data import Split  # noqa: PLC0415
    from regsweep.progress import Reporter  # noqa: PLC0415
    from regsweep.step import Step  # noqa: PLC0415

    override = f"device.precision={precision}"
    (_, looped), (_, plain) = own_parts(task, override), own_parts(task, override)
    train, size = looped.dataset.train, BLOCK * BATCH
    block = Split(train.images_NCHW[:size], train.labels_N[:size])
    penalized = list(looped.groups.penalized.values())
    whole = Step(looped.model, block, looped.optimizer, looped.penalty, penalized=penalized, precision=looped.precision)
    observer, order = Reporter(1, BLOCK, BATCH, lines=False), seeding.generator(0, "batches")
    bare, given = bare_step(plain), torch.split(torch.randperm(size).to(plain.device), BATCH)

    def run_loop() -> None:
        loop._train_epoch(whole, block, BATCH, order, observer)

    def run_bare() -> None:
        for index_B in given:
            bare(index_B)

    looped.model.train()
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


def _ratios(others: list[dict[str, Any]], ours: list[dict[str, Any]]) -> str:
    ratios = sorted(
        (a["train"] + a["evaluate"]) / (b["train"] + b["evaluate"]) for a, b in zip(others, ours, strict=True)
    )
    return f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def _matrix_product_rate(dtype: str, device: str) -> float:
    """Return the GFLOP/s of the product of two 2,048×2,048 matrices, the best of forty.

    PyTorch multiplies matrices and convolves with different libraries, so half of them are a 1×1 convolution, which is
    the same product.
    """
    import torch  # noqa: PLC0415

    size = 2048
    matrix = torch.randn(size, size, device=device).to(getattr(torch, dtype))
    pixels = matrix.view(1, 32, 64, size).permute(0, 3, 1, 2)  # channels_last
    kernel = matrix.view(size, size, 1, 1)
    ways: list[Callable[[], Any]] = [lambda: matrix @ matrix, lambda: torch.nn.functional.conv2d(pixels, kernel)]
    best = min(_seconds(way, device) for _ in range(20) for way in ways)
    return 2 * size**3 / best / 1e9


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    chosen = replace(Task(**given), root=Path(given["root"]))
    if sys.argv[2] in CONTESTANTS:
        contest(chosen, sys.argv[2])
    else:
        print(json.dumps(loop_against_bare(chosen, sys.argv[2])))
