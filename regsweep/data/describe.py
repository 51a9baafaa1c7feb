"""What a person reads of a data set before anything is trained on it."""

import torch

from regsweep.data.dataset import Dataset

_MOST_CLASSES = 10
"""Classes that are listed one by one."""


def describe(dataset: Dataset) -> list[str]:
    """Return lines with the sizes of splits and classes, the majority's share, and what of the files was left out.

    The majority's share is the accuracy of always answering the most frequent class among the training labels.
    """
    splits = [
        f"{name} {len(split):,}{f' ({split.origin})' if split.origin else ''}" for name, split in dataset.splits.items()
    ]
    channels, rows, columns = dataset.input_shape
    shape = f"{dataset.num_classes} classes, {rows}×{columns}×{channels}"
    sizes = torch.bincount(dataset.train.labels_N, minlength=dataset.num_classes)
    largest = int(sizes.argmax())
    shares = [f"{(split.labels_N == largest).double().mean():.4f} of {name}" for name, split in dataset.splits.items()]
    lines = [
        f"data         {dataset.name}: {' / '.join(splits)}, {shape}",
        f"classes      {_show_sizes(dict(zip(dataset.classes, sizes.tolist(), strict=True)))} training labels",
        f"majority     {dataset.classes[largest]}: {', '.join(shares)}",
    ]
    return [*lines, f"skipped      {dataset.skipped}"] if dataset.skipped else lines


def _show_sizes(sizes: dict[str, int]) -> str:
    smallest, largest = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
    if sizes[smallest] == sizes[largest]:
        return f"each {sizes[largest]:,}"
    if len(sizes) > _MOST_CLASSES:
        return f"from {sizes[smallest]:,} ({smallest}) to {sizes[largest]:,} ({largest})"
    return ", ".join(f"{name}: {size:,}" for name, size in sizes.items())
