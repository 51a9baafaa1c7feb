"""A Dataset of the user's own: held or streamed it trains to the same bits, and what is refused, in one line."""

import gc
import importlib
import multiprocessing
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from regsweep import memory, weights
from regsweep.build import Parts, build
from regsweep.config import RunConfig
from regsweep.data import Dataset, Split, describe, load_dataset, torch_datasets
from regsweep.data.streamed import Examples, Streamed
from regsweep.errors import ConfigError, DatasetError
from regsweep.member import Member
from regsweep.training import Training
from tests.conftest import Regsweep

Load = Callable[..., Dataset]

OWN = '''
import numpy as np, torch
from PIL import Image
from torch.utils.data import Dataset, IterableDataset

class Own(Dataset):
    """Items that `make` returns for their numbers."""
    def __init__(self, make, n=60): self.make, self.n = make, n
    def __len__(self): return self.n
    def __getitem__(self, number): return self.make(number)

def noise(number, *shape): return np.random.default_rng(number).normal(size=shape).astype(np.float32)
def pixels(number, *shape): return np.random.default_rng(number).integers(0, 256, shape, dtype=np.uint8)

class Pictures(Dataset):
    classes = ["cat", "dog", "emu"]
    def __init__(self, n=60, size=6): self.n, self.size = n, size
    def __len__(self): return self.n
    def __getitem__(self, number):
        return Image.fromarray(pixels(number, self.size, self.size, 3)), number % 3

def tensors(): return Own(lambda i: (torch.from_numpy(noise(i, 4)), torch.tensor(i % 2)))
def words(): return Own(lambda i: (noise(i, 4), "ab"[i % 2]))
def prices(): return Own(lambda i: (noise(i, 4), i / 7)), Own(lambda i: (noise(-i - 1 & 255, 4), i / 9), 20)
def pairs(): return tuple(Own(lambda i: (noise(i, 4), noise(i, 2)), n) for n in (60, 5, 7))
def drawn():
    x = torch.randn(60, 4)
    return Own(lambda i: (x[i], i % 2))
def grey(): return Own(lambda i: (Image.fromarray(pixels(i, 5, 7)), i % 2))

def fails(): raise RuntimeError("no\\nluck")
def number(): return 3
def four(): return (tensors(),) * 4
def endless():
    class Endless(IterableDataset):
        def __iter__(self): return iter([])
    return Endless()
def nothing(): return Own(None, 0)
def ragged(): return Own(lambda i: (noise(i, 4 + (i == 41)), i % 2))
def other_kind(): return Own(lambda i: (pixels(i, 3, 4, 4) if i == 7 else noise(i, 3, 4, 4), i % 2))
def broken(): return Own(lambda i: (noise(i, 4), 1 // (i - 23)))
def holed(): return Own(lambda i: (noise(i, 4) if i != 9 else noise(i, 4) * np.nan, i % 2))
def single(): return Own(lambda i: noise(i, 4))
def random(): return Own(lambda i: (torch.rand(4), i % 2))
def uneven(): return Own(lambda i: (noise(i, 4), noise(i, 1 + i % 2)))
def objects(): return Own(lambda i: ({}, i % 2))
def clear(): return Own(lambda i: (Image.new("RGBA", (4, 4)), i % 2))
def unlike(): return tensors(), Own(lambda i: (noise(i, 5), i % 2), 5)
def unknown(): return words(), Own(lambda i: (noise(i, 4), "xyz"[i % 3]), 5)
def one_class(): return Own(lambda i: (noise(i, 4), 1))
'''


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Put a module of the user's own into the working folder."""
    Path("own.py").write_text(OWN)
    sys.modules.pop("own", None)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield
    sys.modules.pop("own", None)


@pytest.fixture
def load(own: None, configure: Callable[..., RunConfig]) -> Load:
    def run(name: str, *overrides: str) -> Dataset:
        config = configure("dataset=torch", f"dataset._target_=own.{name}", *overrides)
        load_dataset.cache_clear()
        return load_dataset(config.dataset, config.task)

    return run


TAKEN = [
    ("Pictures", (3, 6, 6), "classification", ("cat", "dog", "emu"), (38, 10, 12)),
    ("grey", (1, 5, 7), "classification", ("0", "1"), (38, 10, 12)),
    ("tensors", (4,), "classification", ("0", "1"), (38, 10, 12)),
    ("words", (4,), "classification", ("a", "b"), (38, 10, 12)),
    ("drawn", (4,), "classification", ("0", "1"), (38, 10, 12)),
    ("prices", (4,), "regression", ("y",), (48, 12, 20)),
    ("pairs", (4,), "regression", ("y 0", "y 1"), (60, 5, 7)),
]


def examples_of(split: Split) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return [(x, y) for xs, ys in split.in_order(7) for x, y in zip(xs, ys, strict=True)]


@pytest.mark.parametrize("row", TAKEN, ids=[row[0] for row in TAKEN])
def test_held_or_streamed_the_examples_are_the_same(
    load: Load, monkeypatch: pytest.MonkeyPatch, row: tuple[Any, ...]
) -> None:
    name, shape, kind, outputs, sizes = row
    monkeypatch.setattr(torch_datasets, "num_workers", lambda: 0)  # other tests have processes, which cost time
    held, streamed = load(name), load(name, "dataset.stream=true")
    assert (held.train.is_streamed, streamed.train.is_streamed) == (False, True)
    for dataset in (held, streamed):
        assert (dataset.input_shape, dataset.kind, dataset.outputs) == (shape, kind, outputs)
        assert tuple(len(split) for split in dataset.splits.values()) == sizes
    assert describe(streamed) == [f"{describe(held)[0]}, streamed", *describe(held)[1:]]
    is_scaled = bool((held.train.inputs.abs() <= 1).all())
    assert is_scaled == (len(shape) == 3), "pixels are numbers from −1 to 1, numbers stay as they are"
    for part, split in held.splits.items():
        for one, other in zip(examples_of(split), examples_of(streamed.splits[part]), strict=True):
            assert torch.equal(one[0], other[0])
            assert torch.equal(one[1], other[1])
        some = [(x, y) for x, y in examples_of(split.every(3))]
        assert all(torch.equal(x, again[0]) for (x, _), again in zip(some, examples_of(split)[::3], strict=True))
        assert len(some) == len(examples_of(streamed.splits[part].every(3)))


def trained(config: RunConfig) -> tuple[Member, Parts]:
    load_dataset.cache_clear()
    parts = build(config)
    member = parts.member(config)
    Training([member]).run()
    assert member.error is None
    return member, parts


PLAIN = ("trainer.epochs=3", "trainer.batch_size=16", "device.precision=float32")
METHODS = ("regularizer=[l2,dropout,batch_norm,mixup]", *PLAIN)


@pytest.mark.parametrize(
    "typed",
    [("dataset._target_=own.Pictures", "model=cnn"), ("dataset._target_=own.prices",)],
    ids=["images", "numbers"],
)
@pytest.mark.parametrize("methods", [METHODS, PLAIN], ids=["mixed", "plain"])
def test_streamed_examples_train_to_the_bits_of_held_ones(
    own: None, configure: Callable[..., RunConfig], typed: tuple[str, ...], methods: tuple[str, ...]
) -> None:
    held, _ = trained(configure("dataset=torch", *typed, *methods))
    streamed, parts = trained(configure("dataset=torch", *typed, *methods, "dataset.stream=true"))
    assert parts.dataset.train.is_streamed
    assert weights.digest(held.trained()) == weights.digest(streamed.trained())
    assert [row.train.values for row in held.history] == [row.train.values for row in streamed.history]
    assert [row.validation for row in held.history] == [row.validation for row in streamed.history]


def test_several_epochs_are_read_by_the_same_processes(own: None, configure: Callable[..., RunConfig]) -> None:
    _, parts = trained(configure("dataset=torch", "dataset._target_=own.tensors", "dataset.stream=true", *PLAIN))
    examples = parts.dataset.train.examples
    assert isinstance(examples, Streamed)
    (reader,) = examples.examples._idle
    assert reader._loader.num_workers == torch.get_num_threads() == 1
    assert reader._loader._iterator is not None
    if sys.platform == "linux":  # others would outlive a killed worker of a sweep, which would wait for them for ever
        assert reader._loader.multiprocessing_context.get_start_method() == "fork"


def test_the_processes_that_read_end_with_their_data(own: None, configure: Callable[..., RunConfig]) -> None:
    """In a cycle of garbage, too, of which torch's own loader waits for seconds."""
    _, parts = trained(configure("dataset=torch", "dataset._target_=own.tensors", "dataset.stream=true", *PLAIN))
    examples = parts.dataset.train.examples
    assert isinstance(examples, Streamed)
    (reader,) = examples.examples._idle
    (process,) = reader._loader._iterator._workers  # type: ignore[union-attr]
    assert process.is_alive()
    cycle: list[object] = [parts, reader]
    cycle.append(cycle)
    del reader, examples, parts, _, cycle
    load_dataset.cache_clear()
    gc.collect()
    assert process.exitcode == 0, "not killed"


def test_reading_leaves_torch_s_generator_as_it_is() -> None:
    """Else dropout would draw other numbers where examples are streamed."""
    before = torch.get_rng_state()
    examples = Examples(lambda number: (torch.tensor([number]), 0), (1,), 0)
    assert len([*examples.batches([np.arange(2), np.arange(2)], torch.device("cpu"))]) == 2
    assert torch.equal(before, torch.get_rng_state())


def test_a_process_that_may_have_no_children_reads_by_itself(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """So does the one that checks a sweep before it begins."""
    monkeypatch.setitem(multiprocessing.current_process()._config, "daemon", True)  # type: ignore[attr-defined]
    dataset = load("tensors", "dataset.stream=true")
    assert len(examples_of(dataset.train)) == 38


def test_an_epoch_that_is_left_in_the_middle_does_not_disturb_the_next() -> None:
    examples = Examples(lambda number: (torch.tensor([number]), 0), (1,), 1)
    orders = [np.arange(3), np.arange(3, 5)]
    left = examples.batches(orders, torch.device("cpu"))
    next(left)
    for _ in range(2):
        read = [stored[:, 0].tolist() for stored, _ in examples.batches(orders, torch.device("cpu"))]
        assert read == [[0, 1, 2], [3, 4]]
    assert next(left)[0][:, 0].tolist() == [3, 4]


REFUSED = [
    ("nothing_there", "dataset._target_=own.nothing_there: own has no Dataset or function of that name"),
    ("fails", "dataset._target_=own.fails: failed (RuntimeError: no luck)"),
    ("number", "dataset._target_=own.number: makes int; it must make a torch.utils.data.Dataset with a length, (train"),
    ("four", "dataset._target_=own.four: makes tuple of 4; it must make"),
    ("endless", "dataset._target_=own.endless: makes Endless; it must make a torch.utils.data.Dataset with a length"),
    ("nothing", "nothing: holds no examples"),
    ("ragged", "ragged: item 41: has the shape (5,) float32, where the first has (4,) float32"),
    ("other_kind", "other_kind: item 7: has the shape (3, 4, 4) uint8, where the first has (3, 4, 4) float32"),
    ("broken", "broken: item 23: ZeroDivisionError: "),
    ("holed", "holed: item 9: holds NaN at x[0] (counted from 0); remove or replace it"),
    ("single", "single: item 0: must be a pair (x, y), not ndarray"),
    ("random", "random: item 0: is another one each time that it is read; leave randomness to a method"),
    (
        "uneven",
        "uneven: item 1: y has the shape (2,), where the first has (1,); it must be",
    ),
    ("objects", "objects: item 0: must hold numbers, not object"),
    ("clear", "clear: item 0: is a picture of mode RGBA; make it grey or coloured (convert('RGB'))"),
    ("unlike", "unlike (test): item 0: has the shape (5,) float32, where the first has (4,) float32"),
    ("unknown", "unknown (test), y: x in row 0 (counted from 0) is no class of unknown, y"),
    ("one_class", "one_class, y: holds a single class, 1; two or more are needed"),
    (
        "Pictures dataset.arguments={m:3}",
        "dataset.arguments={'m': 3}: Pictures: got an unexpected keyword argument 'm'",
    ),
    ("Own", "dataset.arguments={}: Own: missing a required argument: 'make'"),
    ("pairs dataset.val_fraction=0.2", "dataset.val_fraction=0.2: the data set has validation examples of its own"),
    ("tensors task=regression dataset.label_noise=0.5", "dataset.label_noise=0.5: only classes can be flipped"),
    ("words task=regression", "task=regression: words, y holds words (a), no numbers; leave it auto"),
]


READ = ("broken", "unlike")
"""Found while examples are read; by a process of its own, where they are streamed."""


@pytest.mark.parametrize(
    ("typed", "message"), [*REFUSED, *((f"{row[0]} dataset.stream=true", row[1]) for row in REFUSED if row[0] in READ)]
)
def test_data_sets_are_refused(load: Load, typed: str, message: str) -> None:
    with pytest.raises((ConfigError, DatasetError)) as refused:
        load(*typed.split())
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_target_is_needed_and_trusted(configure: Callable[..., RunConfig]) -> None:
    for typed, message in {
        "null": r"dataset\._target_=null: names a class, or a function that makes data sets, as module\.name",
        "os.system": r"dataset\._target_=os\.system: os is neither in the working folder",
        "torch.load": r"dataset\._target_=torch\.load: torch is neither in the working folder",
    }.items():
        with pytest.raises(ConfigError, match=message):
            load_dataset(configure("dataset=torch", f"dataset._target_={typed}").dataset)


def test_arguments_reach_the_class(load: Load) -> None:
    dataset = load("Pictures", "dataset.arguments={n:90,size:4}")
    assert (dataset.input_shape, sum(map(len, dataset.splits.values()))) == ((3, 4, 4), 90)


def test_what_does_not_fit_into_half_of_the_memory_is_streamed(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """60 examples of 4 numbers of 4 bytes: stored, chosen for a split, and made inputs."""
    needed = 60 * 4 * 4 * 3
    for free, is_streamed in ((2 * needed, False), (2 * needed - 2, True)):
        monkeypatch.setattr("regsweep.data.streamed.available_memory", lambda free=free: free)
        assert load("tensors").train.is_streamed == is_streamed
    monkeypatch.setattr("regsweep.data.streamed.available_memory", lambda: needed - 1)
    with pytest.raises(ConfigError, match=r"dataset\.stream=false: the examples need 0\.0 GB of memory, and"):
        load("tensors", "dataset.stream=false")
    monkeypatch.setattr("regsweep.data.streamed.available_memory", lambda: needed)
    assert not load("tensors", "dataset.stream=false").train.is_streamed


def test_the_memory_that_is_free_follows_the_process_s_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    free = memory.available_memory()
    assert 0 < free < 2**50
    taken = memory._free_in_the_process()
    assert taken > 2**60
    monkeypatch.setattr(resource, "getrlimit", lambda _: (2**40, 2**40))
    assert 2**39 < memory._free_in_the_process() < 2**40


def test_a_streamed_run_and_its_refusal_from_the_command_line(own: None, regsweep: Regsweep) -> None:
    typed = ("dataset=torch", "dataset.stream=true", "trainer.epochs=1", "device=cpu")
    done = regsweep(*typed, "dataset._target_=own.Pictures", "model=cnn")
    assert done.code == 0, done.err
    assert "Pictures: train 38 / validation 10 / test 12, 3 classes, 6×6×3, streamed" in done.out.replace(
        "\n", " "
    ) or ("streamed" in done.out)
    done = regsweep(*typed, "dataset._target_=own.ragged")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "item 41: has the shape (5,) float32" in done.err
