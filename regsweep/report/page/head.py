"""What stands at the head of a page beside the answer: what was trained on what, the best, and the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from regsweep.names import OPTIMIZERS, naming_argument, network_name, short_names
from regsweep.numbers import count, show_number
from regsweep.report.details import read_config, read_result
from regsweep.report.figures.captions import the_best
from regsweep.report.figures.points import complete, score
from regsweep.report.figures.regularized import without_regularization
from regsweep.report.hydra_files import at
from regsweep.report.sweep import as_text
from regsweep.report.table import settings_in_words
from regsweep.report.task import examples_word

if TYPE_CHECKING:
    from regsweep.pooling import Pooled
    from regsweep.report.sweep import Sweep
    from regsweep.run_record import TaskRecord

Line = tuple[str, str]
"""Name and text."""
MOST_TARGETS = 3
"""So many of the numbers that are predicted are named."""


def lines(sweep: Sweep, *, is_confirmed: bool) -> list[Line]:
    """Return what was trained on what and, before anything is confirmed, the best and the baseline; own sweeps' alone.

    Args:
        sweep: that the page is about.
        is_confirmed: whether a table of the page has these.
    """
    best = sweep.best()
    numbers = list(sweep.trials["number"]) if best is None else [best.number]
    config = next((found for number in numbers[:5] if (found := read_config(sweep, number))), None)
    if not sweep.is_own or config is None:
        return []
    result = next((found for number in numbers[:5] if (found := read_result(sweep, number))), None) or {}
    made = [("Trained", _trained(sweep, config)), ("On", _data(sweep, config, result.get("class_sizes")))]
    is_compared = not is_confirmed and len(sweep.trials) > 1 and not sweep.objectives
    made += _compared(sweep, best) if is_compared and best is not None else []
    return [(name, text) for name, text in made if text]


def _trained(sweep: Sweep, config: Mapping[str, Any]) -> str:
    """Return network, optimizer and epochs; of what the sweep varied, that it did."""
    trainer = config.get("trainer")
    parts = [
        "several networks" if _varies(sweep, "model") else _network(config.get("model")),
        "several optimizers" if _varies(sweep, "optimizer.name") else _optimizer(config),
        _of(sweep, "trainer.epochs", at(trainer, "epochs"), "epoch"),
        _of(sweep, "trainer.batch_size", at(trainer, "batch_size"), examples_word(sweep.task)[:-1], " a step"),
        "several losses" if _varies(sweep, "trainer.loss") else _loss(sweep.task),
    ]
    return ", ".join(part for part in parts if part)


def _optimizer(config: Mapping[str, Any]) -> str:
    """Return the optimizer's name, or its class."""
    target, name = at(config, "optimizer", "_target_"), str(at(config, "optimizer", "name") or "")
    return str(target).rpartition(".")[2] if target else OPTIMIZERS.get(name, name)


def _loss(task: TaskRecord) -> str:
    """Return the loss, but for the one that goes without saying."""
    return "" if task.loss == "cross_entropy" else f"{task.loss} loss"


def _network(model: Any) -> str:
    """Return the network's class and what was set of it."""
    if not isinstance(model, dict):
        return ""
    name, named = network_name(str(model.get("_target_", "")), model), ("_target_", naming_argument(model))
    given = [f"{key}={_plain(value)}" for key, value in model.items() if key not in named and value is not None]
    return f"{name} ({', '.join(given)})" if given else name


def _plain(value: Any) -> str:
    return str(value).replace(" ", "") if isinstance(value, list) else str(value).lower()


def _of(sweep: Sweep, key: str, value: Any, noun: str, rest: str = "") -> str:
    if _varies(sweep, key):
        return f"several numbers of {noun}s{rest}"
    return f"{count(value, noun)}{rest}" if isinstance(value, int) else ""


def _varies(sweep: Sweep, key: str) -> bool:
    """Return whether the sweep varied a key, one below it, or a choice that may set it: of its group, an experiment."""
    group = key.partition(".")[0]
    keys = [each for each in sweep.swept if each in (key, group, "experiment") or each.startswith(f"{key}.")]
    return any(as_text(sweep.trials[each][sweep.trials[each].notna()]).nunique() > 1 for each in keys)


def _data(sweep: Sweep, config: Mapping[str, Any], sizes: Any) -> str:
    """Return the data set, the sizes of its parts, and how large the classes are."""
    if _varies(sweep, "dataset"):
        return "several data sets, or parts of one"
    name, examples = str(at(config, "dataset", "name") or ""), examples_word(sweep.task)
    before = f"{name}: " if name else ""
    if sweep.task.sizes and sweep.task.kind == "regression":
        return f"{before}{_sizes(sweep.task.sizes)} {examples}; {_targets(sweep.task)}"
    if not isinstance(sizes, dict) or not all(isinstance(each, list) and each for each in sizes.values()):
        return name
    parts = _sizes({part: sum(each) for part, each in sizes.items()})
    noise = at(config, "dataset", "label_noise")
    noisy = f", {100 * noise:g} % of the training labels replaced" if isinstance(noise, int | float) and noise else ""
    return f"{before}{parts} {examples}{noisy}; {_classes(sizes.get('train') or [], examples)}".removesuffix("; ")


def _sizes(sizes: Mapping[str, int]) -> str:
    return " / ".join(f"{sizes[part]:,} {part}" for part in ("train", "validation", "test") if sizes.get(part))


def _targets(task: TaskRecord) -> str:
    """Return what is predicted, and how much it varies among the training examples."""
    names, deviations = task.outputs, task.deviations.get("train", [])
    spread = [f" (standard deviation {show_number(each, 4)})" for each in deviations] or [""] * len(names)
    each = [f"{name}{text}" for name, text in zip(names, spread, strict=False)][:MOST_TARGETS]
    more = [f"{len(names) - MOST_TARGETS} more"] if len(names) > MOST_TARGETS else []
    return f"target{'s' if len(names) > 1 else ''}: {', '.join([*each, *more])}"


def _classes(sizes: Sequence[int], examples: str) -> str:
    if not sizes:
        return ""
    low, high = min(sizes), max(sizes)
    each = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    word = examples[:-1] if high == 1 else examples
    return f"{len(sizes)} {'class' if len(sizes) == 1 else 'classes'} of {each} training {word}"


def _compared(sweep: Sweep, best: Pooled) -> list[Line]:
    """Return the best configuration, and the best of those without regularization, each with its value."""
    if sweep.data_keys:
        return [
            ("Best", "of each data set alone: scores on different data sets are no comparison"),
            *((f"Best on {name}", _in_words(sweep, each)) for name, each in sweep.best_by_data_set.items()),
        ]
    rank = the_best(sweep).removeprefix("the ").capitalize()
    found = [(f"{rank} so far" if sweep.num_left else rank, _in_words(sweep, best, of_all=True))]
    bare = set(sweep.trials.loc[without_regularization(sweep), "number"])
    without = next((each for each in sweep.configurations if each.values and each.number in bare), None)
    if without is not None and without is not best and sweep.kind(best.number):
        found.append(("Without regularization", _in_words(sweep, without)))
    return found


def _in_words(sweep: Sweep, pooled: Pooled, *, of_all: bool = False) -> str:
    """Return a configuration's settings, its value, and which trials it is."""
    words = settings_in_words(sweep, sweep.row(pooled.number), short_names(sweep.settings))
    value = score(sweep).show(pooled.mean)
    objective = sweep.objective.replace("_", " ")
    if sweep.seed_key is None:
        num = len(complete(sweep))
        among = ", the only complete one" if num == 1 else f", out of {num:,} complete trials"
        which = f"{value} {objective}, trial {pooled.number}{among if of_all else ''}"
    else:
        which = f"mean {objective} {value} over {count(len(pooled.values), 'seed')}"
    return f"{words}: {which}" if words else which
