"""One run, side by side: ``python benchmarks/training.py --root FOLDER [--model baseline|regularized] [--rounds 3]``.

Each contestant trains the article's network on the same images of MNIST and, after every epoch, evaluates the same
5,000 training and 10,000 test images. They take turns, each in a process of its own, for some rounds; the table has
medians over the rounds, and the smallest and largest.

(a) article: the loop that the article prints, which decodes every image anew.
(b) lightning: the same model and data loader under Lightning's Trainer (``pip install lightning``; without it, left
out).
(c) float32 and (d) bfloat16: regsweep in either precision.
(e) bare: the operations of (c) alone: no penalty object, no observer, nothing recorded.
The floor is the rate of the machine's own large matrix product.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

GFLOP_A_STEP = 1.63
"""Forward and backward pass of the article's network on 64 images."""

TRAIN_SAMPLE_STRIDE = 12  # 60,000 / 12 = 5,000, as regsweep takes them
LR, WEIGHT_DECAY, BATCH = 0.01, 0.01, 64

Result = dict[str, float]


def article(root: Path, *, regularized: bool, epochs: int) -> Result:
    """Run the article's loop."""
    import torch  # noqa: PLC0415
    from torch import nn  # noqa: PLC0415

    model, train_loader, evaluated = _article_parts(root, regularized=regularized)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, weight_decay=WEIGHT_DECAY if regularized else 0)
    train_seconds = evaluate_seconds = 0.0
    accuracy = 0.0
    for _ in range(epochs):
        began = time.perf_counter()
        model.train()
        running_loss = 0.0
        for images, labels in train_loader:
            optimizer.zero_grad()
            outputs = model(images)
            loss = criterion(outputs, labels)
            loss.backward()
            optimizer.step()
            running_loss += loss.item()
        trained = time.perf_counter()
        accuracy = [_article_accuracy(model, loader) for loader in evaluated][-1]
        train_seconds += trained - began
        evaluate_seconds += time.perf_counter() - trained
    return {"train": train_seconds, "evaluate": evaluate_seconds, "accuracy": accuracy, "steps": len(train_loader)}


def under_lightning(root: Path, *, regularized: bool, epochs: int) -> Result:
    """Run the article's model and loader under Lightning's Trainer."""
    import warnings  # noqa: PLC0415

    import lightning  # noqa: PLC0415
    import torch  # noqa: PLC0415

    model, train_loader, evaluated = _article_parts(root, regularized=regularized)
    seconds = {"train": 0.0, "evaluate": 0.0}
    began = [0.0]

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def training_step(self, batch: Any, _: int) -> Any:
            return torch.nn.functional.cross_entropy(self.model(batch[0]), batch[1])

        def validation_step(self, batch: Any, _: int, dataloader_idx: int = 0) -> None:
            hits = (self.model(batch[0]).argmax(1) == batch[1]).float().mean()
            self.log(f"accuracy{dataloader_idx}", hits, batch_size=len(batch[1]), add_dataloader_idx=False)

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=LR, weight_decay=WEIGHT_DECAY if regularized else 0)

        def on_train_epoch_start(self) -> None:
            began[0] = time.perf_counter()

        def on_validation_start(self) -> None:
            seconds["train"] += time.perf_counter() - began[0]
            began[0] = time.perf_counter()

        def on_validation_end(self) -> None:
            seconds["evaluate"] += time.perf_counter() - began[0]

    warnings.filterwarnings("ignore")
    trainer = lightning.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(Module(), train_loader, evaluated)
    return {**seconds, "accuracy": float(trainer.callback_metrics["accuracy1"]), "steps": len(train_loader)}


def regsweep(root: Path, *, regularized: bool, epochs: int, precision: str) -> Result:
    """Run regsweep's own parts and loop, the test images evaluated after every epoch."""
    from dataclasses import replace  # noqa: PLC0415

    from regsweep import loop, seeding  # noqa: PLC0415
    from regsweep.progress import Reporter  # noqa: PLC0415

    config, parts = _own_parts(root, regularized=regularized, precision=precision)
    dataset = replace(parts.dataset, validation=parts.dataset.test)
    steps = loop.num_steps(len(dataset.train), BATCH)
    reporter = Reporter(epochs, steps, BATCH, lines=False, report=None)
    settings = loop.Settings(epochs=epochs, batch_size=BATCH, precision=config.device.precision)
    loop.train(
        parts.model,
        dataset,
        parts.optimizer,
        parts.penalty,
        penalized=parts.groups.penalized,
        settings=settings,
        batch_order=seeding.generator(0, "batches"),
        observer=reporter,
    )
    rows = reporter.history
    last = rows[-1].validation
    assert last is not None
    return {
        "train": sum(row.train_seconds for row in rows),
        "evaluate": sum(row.evaluate_seconds for row in rows),
        "accuracy": last.accuracy,
        "steps": steps,
    }


def bare(root: Path, *, regularized: bool, epochs: int) -> Result:
    """Run the operations of a step and nothing else, on regsweep's tensors and model."""
    import torch  # noqa: PLC0415

    from regsweep.metrics import evaluate  # noqa: PLC0415

    _, parts = _own_parts(root, regularized=regularized, precision="float32")
    model, train, test = parts.model, parts.dataset.train, parts.dataset.test
    optimizer, began_all = parts.optimizer, time.perf_counter()
    train_seconds = 0.0
    for _ in range(epochs):
        model.train()
        began = time.perf_counter()
        for index_B in torch.split(torch.randperm(len(train)), BATCH):
            loss = torch.nn.functional.cross_entropy(model(train.images_NCHW[index_B]), train.labels_N[index_B])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        train_seconds += time.perf_counter() - began
        sample = slice(None, None, TRAIN_SAMPLE_STRIDE)
        evaluate(model, train.images_NCHW[sample], train.labels_N[sample])
        accuracy = evaluate(model, test.images_NCHW, test.labels_N).accuracy
    total = time.perf_counter() - began_all
    steps = -(-len(train) // BATCH)
    return {"train": train_seconds, "evaluate": total - train_seconds, "accuracy": accuracy, "steps": steps}


CONTESTANTS: dict[str, Callable[..., Result]] = {
    "article": article,
    "lightning": under_lightning,
    "float32": lambda root, **how: regsweep(root, **how, precision="float32"),
    "bfloat16": lambda root, **how: regsweep(root, **how, precision="bfloat16"),
    "bare": bare,
}


def _article_parts(root: Path, *, regularized: bool) -> tuple[Any, Any, list[Any]]:
    import torch  # noqa: PLC0415
    from torch import nn  # noqa: PLC0415
    from torch.utils.data import DataLoader, Subset  # noqa: PLC0415
    from torchvision import datasets, transforms  # noqa: PLC0415

    torch.manual_seed(0)
    norm = nn.BatchNorm2d if regularized else (lambda _: nn.Identity())
    model = nn.Sequential(
        *(nn.Conv2d(1, 32, kernel_size=3, padding=1), norm(32), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, kernel_size=3, padding=1), norm(64), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(64 * 7 * 7, 128), nn.ReLU(), nn.Dropout(0.5 if regularized else 0.0)),
        nn.Linear(128, 10),
    )
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
    train, test = (datasets.MNIST(str(root), train=is_train, transform=transform) for is_train in (True, False))
    sample = Subset(train, range(0, len(train), TRAIN_SAMPLE_STRIDE))
    evaluated = [DataLoader(part, batch_size=BATCH) for part in (sample, test)]
    return model, DataLoader(train, batch_size=BATCH, shuffle=True), evaluated


def _article_accuracy(model: Any, loader: Any) -> float:
    import torch  # noqa: PLC0415

    model.eval()
    correct = total = 0
    with torch.no_grad():
        for images, labels in loader:
            predicted = model(images).argmax(1)
            total += labels.size(0)
            correct += (predicted == labels).sum().item()
    return correct / total


def _own_parts(root: Path, *, regularized: bool, precision: str) -> tuple[Any, Any]:
    from hydra import compose, initialize_config_dir  # noqa: PLC0415

    from regsweep.app.door import validate_composed  # noqa: PLC0415
    from regsweep.build import build  # noqa: PLC0415
    from regsweep.paths import config_folder  # noqa: PLC0415

    experiment = "article_regularized" if regularized else "article_baseline"
    overrides = [f"experiment={experiment}", f"dataset.root={root}", "device=cpu", f"device.precision={precision}"]
    with initialize_config_dir(str(config_folder())):
        config = validate_composed(compose("config", overrides=overrides))
    return config, build(config)


def matrix_product_rate(dtype: str) -> float:
    """Return the GFLOP/s of the machine's own product of two 2,048×2,048 matrices, the best of twenty."""
    import torch  # noqa: PLC0415

    size = 2048
    matrix = torch.randn(size, size).to(getattr(torch, dtype))
    best = float("inf")
    for _ in range(20):
        began = time.perf_counter()
        matrix @ matrix
        best = min(best, time.perf_counter() - began)
    return 2 * size**3 / best / 1e9


def run_one(name: str, arguments: argparse.Namespace) -> Result:
    """Run one contestant in a process of its own."""
    command = [sys.executable, __file__, "--root", str(arguments.root), "--model", arguments.model]
    command += ["--epochs", str(arguments.epochs), "--contestant", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr}")
    result: Result = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Print the table, or, as a contestant's process, its result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path("data"), help="folder with torchvision's MNIST")
    parser.add_argument("--model", choices=["baseline", "regularized"], default="regularized")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contestant", choices=CONTESTANTS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contestant:
        how = {"regularized": arguments.model == "regularized", "epochs": arguments.epochs}
        result = CONTESTANTS[arguments.contestant](arguments.root, **how)
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({**result, "megabytes": megabytes}))
        return
    names = [name for name in CONTESTANTS if name != "lightning" or importlib.util.find_spec("lightning")]
    rounds: dict[str, list[Result]] = {name: [] for name in names}
    for _ in range(arguments.rounds):
        for name in names:
            rounds[name].append(run_one(name, arguments))
    print_table(rounds, arguments.epochs)


def print_table(rounds: dict[str, list[Result]], epochs: int) -> None:
    """Print medians, least and most over the rounds, and the median of each round's ratio to the article."""
    rates = {dtype: matrix_product_rate(dtype) for dtype in ("float32", "bfloat16")}
    print("| | s an epoch, training | and evaluating | steps a second | article / this | MB | test accuracy |")
    print("|---|---|---|---|---|---|---|")
    for name, results in rounds.items():
        train = sorted(result["train"] / epochs for result in results)
        whole = statistics.median((result["train"] + result["evaluate"]) / epochs for result in results)
        pairs = zip(rounds["article"], results, strict=True)
        ratio = statistics.median((a["train"] + a["evaluate"]) / (r["train"] + r["evaluate"]) for a, r in pairs)
        middle = statistics.median(train)
        print(
            f"| {name} | {middle:.2f} ({train[0]:.2f} to {train[-1]:.2f}) | {whole:.2f} "
            f"| {results[0]['steps'] / middle:.0f} | {ratio:.2f} "
            f"| {statistics.median(r['megabytes'] for r in results):.0f} "
            f"| {statistics.median(r['accuracy'] for r in results):.4f} |"
        )
    print(f"\nmatrix product: {rates['float32']:.0f} GFLOP/s in float32, {rates['bfloat16']:.0f} in bfloat16")
    for dtype, rate in rates.items():
        step = statistics.median(r["train"] / epochs / r["steps"] for r in rounds[dtype])
        print(f"{dtype}: {1000 * step:.1f} ms a step, {GFLOP_A_STEP / step / rate:.0%} of that rate")


if __name__ == "__main__":
    main()
