"""One run, several ways: the article's loop, Lightning, regsweep in either precision, and the bare operations.

Each trains the article's network on the same images in batches of 64 and, after every epoch, evaluates the same
training images (at most 5,000) and the test images. Imports stand in the functions: each contestant has a process of
its own, which should hold no other's modules.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

LR, WEIGHT_DECAY, BATCH = 0.01, 0.01, 64
TRAIN_SAMPLE = 5000  # as in regsweep.member, which the other contestants need not import


@dataclass(frozen=True)
class Task:
    """What is trained.

    Attributes:
        dataset: ``mnist`` or ``digits``.
        root: torchvision's folder.
        regularized: the article's regularized network, or the one without.
        epochs: passes over the training images.
        device: ``cpu`` or ``cuda``.
        seed: of initial weights, batch order and dropout.
    """

    dataset: str
    root: Path
    regularized: bool
    epochs: int
    device: str = "cpu"
    seed: int = 0


@dataclass(frozen=True)
class Result:
    """Seconds spent on training and on evaluating, the last test accuracy, and the steps of an epoch."""

    train: float
    evaluate: float
    accuracy: float
    steps: int


def article(task: Task) -> Result:
    """Run the article's loop, which decodes every image anew."""
    import torch  # noqa: PLC0415

    model, train_loader, evaluated = _article_parts(task)
    model = model.to(task.device)
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, weight_decay=WEIGHT_DECAY if task.regularized else 0)
    train_seconds = evaluate_seconds = 0.0
    accuracy = 0.0
    for _ in range(task.epochs):
        began = time.perf_counter()
        article_epoch(model, train_loader, optimizer, task.device)
        trained = time.perf_counter()
        accuracy = [article_accuracy(model, loader, task.device) for loader in evaluated][-1]
        train_seconds += trained - began
        evaluate_seconds += time.perf_counter() - trained
    return Result(train_seconds, evaluate_seconds, accuracy, len(train_loader))


def under_lightning(task: Task) -> Result:
    """Run the article's model and loader under Lightning's Trainer."""
    import warnings  # noqa: PLC0415

    import lightning  # noqa: PLC0415
    import torch  # noqa: PLC0415

    model, train_loader, evaluated = _article_parts(task)
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
            return torch.optim.SGD(self.parameters(), lr=LR, weight_decay=WEIGHT_DECAY if task.regularized else 0)

        def on_train_epoch_start(self) -> None:
            began[0] = time.perf_counter()

        def on_validation_start(self) -> None:
            wait_for(task.device)
            seconds["train"] += time.perf_counter() - began[0]
            began[0] = time.perf_counter()

        def on_validation_end(self) -> None:
            wait_for(task.device)
            seconds["evaluate"] += time.perf_counter() - began[0]

    warnings.filterwarnings("ignore")
    trainer = lightning.Trainer(
        max_epochs=task.epochs,
        accelerator="cpu" if task.device == "cpu" else "gpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(Module(), train_loader, evaluated)
    accuracy = float(trainer.callback_metrics["accuracy1"])
    return Result(seconds["train"], seconds["evaluate"], accuracy, len(train_loader))


def own(task: Task, *overrides: str) -> Result:
    """Run regsweep's own parts and loop, with `overrides` of its configuration."""
    from regsweep.member import Member, Settings, num_steps  # noqa: PLC0415
    from regsweep.progress import Reporter  # noqa: PLC0415
    from regsweep.training import Training  # noqa: PLC0415

    config, parts = own_parts(task, *overrides)
    dataset = replace(parts.dataset, validation=parts.dataset.test)
    steps = num_steps(len(dataset.train), BATCH)
    settings = Settings(
        epochs=task.epochs, batch_size=BATCH, precision=parts.precision, cuda_graphs=config.device.cuda_graphs
    )
    member = Member(
        parts.model,
        dataset,
        parts.optimizer,
        parts.methods,
        settings=settings,
        seed=task.seed,
        observer=Reporter(task.epochs, steps, BATCH, lines=False),
    )
    Training([member]).run()
    if member.error is not None:
        raise member.error
    rows = member.history
    last = rows[-1].validation
    assert last is not None
    trained, evaluated = sum(row.train_seconds for row in rows), sum(row.evaluate_seconds for row in rows)
    return Result(trained, evaluated, last["accuracy"], steps)


def bare(task: Task, *overrides: str) -> Result:
    """Run the operations of a step and nothing else, on regsweep's tensors and model."""
    import torch  # noqa: PLC0415

    from regsweep.data import Split  # noqa: PLC0415
    from regsweep.metrics import evaluate  # noqa: PLC0415

    _, parts = own_parts(task, *overrides)
    model, train, test = parts.model, parts.dataset.train, parts.dataset.test
    stride = -(-len(train) // TRAIN_SAMPLE)
    step = bare_step(parts)
    train_seconds = evaluate_seconds = accuracy = 0.0
    for _ in range(task.epochs):
        model.train()
        began = time.perf_counter()
        for index_B in torch.tensor_split(torch.randperm(len(train)).to(parts.device), -(-len(train) // BATCH)):
            step(index_B)
        wait_for(task.device)
        trained = time.perf_counter()
        train_seconds += trained - began
        evaluate(model, Split(train.inputs[::stride], train.targets[::stride]), parts.scoring, parts.precision)
        accuracy = evaluate(model, test, parts.scoring, parts.precision)["accuracy"]
        evaluate_seconds += time.perf_counter() - trained
    return Result(train_seconds, evaluate_seconds, accuracy, -(-len(train) // BATCH))


def bare_step(parts: Any) -> Callable[[Any], None]:
    """Return the operations of a step on `parts`: no penalty, no sum of losses, no observer."""
    import torch  # noqa: PLC0415

    model, train, optimizer = parts.model, parts.dataset.train, parts.optimizer
    lower = parts.precision == "bfloat16"

    def step(index_B: Any) -> None:
        with torch.autocast(parts.device.type, torch.bfloat16) if lower else contextlib.nullcontext():
            logits_BK = model(train.inputs[index_B])
        loss = torch.nn.functional.cross_entropy(logits_BK.float(), train.targets[index_B])
        torch.autograd.backward(loss)
        optimizer.step()
        optimizer.zero_grad()

    return step


def wait_for(device: str) -> None:
    """Wait until a CUDA device has done what it was asked, which the clock must not be read before."""
    import torch  # noqa: PLC0415

    if device == "cuda":
        torch.cuda.synchronize()


CONTESTANTS: dict[str, Callable[[Task], Result]] = {
    "article": article,
    "lightning": under_lightning,
    "regsweep, float32": lambda task: own(task, "device.precision=float32"),
    "regsweep": own,
    "regsweep, CUDA graphs": lambda task: own(task, "device.cuda_graphs=true"),
    "bare operations": bare,
}


def article_network(image_size: int, *, batch_norm: bool, dropout: float) -> Any:
    """Return the network that the article prints."""
    from torch import nn  # noqa: PLC0415

    norm = nn.BatchNorm2d if batch_norm else (lambda _: nn.Identity())
    return nn.Sequential(
        *(nn.Conv2d(1, 32, kernel_size=3, padding=1), norm(32), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, kernel_size=3, padding=1), norm(64), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(64 * (image_size // 4) ** 2, 128), nn.ReLU()),
        *(nn.Dropout(dropout), nn.Linear(128, 10)),
    )


def task_network(task: Task) -> Any:
    """Return the article's network of the task, with the initial weights of its seed."""
    import torch  # noqa: PLC0415

    torch.manual_seed(task.seed)
    size = 28 if task.dataset == "mnist" else 8
    return article_network(size, batch_norm=task.regularized, dropout=0.5 if task.regularized else 0.0)


def article_epoch(model: Any, loader: Any, optimizer: Any, device: str = "cpu") -> float:
    """Make one pass as the article writes it, and return the sum of the batches' losses."""
    from torch import nn  # noqa: PLC0415

    criterion = nn.CrossEntropyLoss()
    model.train()
    running_loss = 0.0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)  # noqa: PLW2901
        optimizer.zero_grad()
        outputs = model(images)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    return running_loss


def article_accuracy(model: Any, loader: Any, device: str = "cpu") -> float:
    """Return the share of images that `model` classifies correctly, as the article counts it."""
    import torch  # noqa: PLC0415

    model.eval()
    correct = total = 0
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)  # noqa: PLW2901
            predicted = model(images).argmax(1)
            total += labels.size(0)
            correct += (predicted == labels).sum().item()
    return correct / total


def article_images(task: Task) -> tuple[Any, Any]:
    """Return the training and test images as a reader of the article has them: decoded when asked for."""
    if task.dataset == "mnist":
        from torchvision import datasets  # noqa: PLC0415

        transform = _article_transform()
        return tuple(datasets.MNIST(str(task.root), train=train, transform=transform) for train in (True, False))
    from regsweep.data import load_dataset  # noqa: PLC0415

    dataset = load_dataset(own_configuration(task).dataset)
    return Pictures(dataset.train), Pictures(dataset.test)


class Pictures:
    """The images of a split of regsweep's, decoded when asked for, as torchvision's data sets are.

    Args:
        split: images of one channel, and their labels.
    """

    def __init__(self, split: Any) -> None:
        self._pixels = ((split.inputs[:, 0] + 1) * 127.5).round().byte().cpu()
        self._labels = split.targets.tolist()
        self._transform = _article_transform()

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        from PIL import Image  # noqa: PLC0415

        return self._transform(Image.fromarray(self._pixels[index].numpy())), self._labels[index]


def _article_transform() -> Any:
    from torchvision import transforms  # noqa: PLC0415

    return transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])


def own_parts(task: Task, *overrides: str) -> tuple[Any, Any]:
    """Return regsweep's configuration of the task and what it builds from it."""
    from regsweep.build import build  # noqa: PLC0415

    config = own_configuration(task, *overrides)
    return config, build(config)


def own_configuration(task: Task, *overrides: str) -> Any:
    """Return regsweep's configuration of the task."""
    from hydra import compose, initialize_config_dir  # noqa: PLC0415

    from regsweep.app.door import validate_composed  # noqa: PLC0415
    from regsweep.paths import config_folder  # noqa: PLC0415

    experiment = "article_regularized" if task.regularized else "article_baseline"
    settings = [f"experiment={experiment}", f"dataset.root={task.root}", f"device={task.device}", f"seed={task.seed}"]
    if task.dataset != "mnist":
        settings.append(f"dataset.name={task.dataset}")
    with initialize_config_dir(str(config_folder())):
        return validate_composed(compose("config", overrides=[*settings, *overrides]))


def _article_parts(task: Task) -> tuple[Any, Any, list[Any]]:
    from torch.utils.data import DataLoader, Subset  # noqa: PLC0415

    train, test = article_images(task)
    model = task_network(task)
    sample = Subset(train, range(0, len(train), -(-len(train) // TRAIN_SAMPLE)))
    evaluated = [DataLoader(part, batch_size=BATCH) for part in (sample, test)]
    return model, DataLoader(train, batch_size=BATCH, shuffle=True), evaluated
