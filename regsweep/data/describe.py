"""What a person reads of a data set before anything is trained on it."""

from regsweep.data.dataset import Dataset
from regsweep.numbers import show_number

_MOST_CLASSES = 10
"""Classes that are listed one by one."""


def describe(dataset: Dataset) -> list[str]:
    """Return lines with sizes of splits and classes, or what is predicted, and what of the files was left out.

    The majority's share is the accuracy of always answering the most frequent class among the training labels.
    """
    streamed = ", streamed" if dataset.train.is_streamed else ""
    splits = [
        f"{name} {len(split):,}{f' ({split.origin})' if split.origin else ''}" for name, split in dataset.splits.items()
    ]
    groups = f", each {dataset.groups} on one side of a split" if dataset.groups else ""
    of_task = _classes(dataset) if dataset.kind == "classification" else _numbers(dataset)
    lines = [f"data         {dataset.name}: {' / '.join(splits)}, {_shape(dataset)}{groups}{streamed}", *of_task]
    return [*lines, f"skipped      {dataset.skipped}"] if dataset.skipped else lines


def _shape(dataset: Dataset) -> str:
    """Return what is predicted from what, in words."""
    outputs = f"{dataset.num_outputs} classes" if dataset.kind == "classification" else "regression"
    if dataset.has_images:
        channels, rows, columns = dataset.input_shape
        return f"{outputs}, {rows}×{columns}×{channels}"
    numbers = "1 number" if dataset.input_shape == (1,) else f"{'×'.join(map(str, dataset.input_shape))} numbers"
    return f"{outputs}, {numbers}"


def _classes(dataset: Dataset) -> list[str]:
    sizes = dataset.class_sizes["train"]
    largest = max(range(dataset.num_outputs), key=sizes.__getitem__)
    shares = [f"{(split.targets == largest).double().mean():.4f} of {name}" for name, split in dataset.splits.items()]
    return [
        f"classes      {_show_sizes(dict(zip(dataset.outputs, sizes, strict=True)))} training labels",
        f"majority     {dataset.outputs[largest]}: {', '.join(shares)}",
    ]


def _numbers(dataset: Dataset) -> list[str]:
    """Return a line with the mean and the spread of each number that is predicted, over the training examples.

    The spread is the root mean square error of always answering the mean.
    """
    assert dataset.scale is not None
    constants = dataset.scale.constants()
    means, deviations = constants["mean"], constants["deviation"]
    each = [
        f"{name} {show_number(mean, 4)} ± {show_number(deviation, 4)}"
        for name, mean, deviation in zip(dataset.outputs, means, deviations, strict=True)
    ]
    more = [f"and {len(each) - _MOST_CLASSES} more"] if len(each) > _MOST_CLASSES else []
    return [f"target       {', '.join([*each[:_MOST_CLASSES], *more])} (mean ± standard deviation)"]


def _show_sizes(sizes: dict[str, int]) -> str:
    smallest, largest = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
    if sizes[smallest] == sizes[largest]:
        return f"each {sizes[largest]:,}"
    if len(sizes) > _MOST_CLASSES:
        return f"from {sizes[smallest]:,} ({smallest}) to {sizes[largest]:,} ({largest})"
    return ", ".join(f"{name}: {size:,}" for name, size in sizes.items())
