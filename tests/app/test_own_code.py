"""Code of a user's own that ends the process, or fails where no probe reaches: one line that names it, no traceback."""

import importlib
import sys
from pathlib import Path

import pytest

from regsweep.errors import told
from tests.conftest import Regsweep

OWN = """
import sys
import torch
from torch import nn
from torch.utils.data import Dataset

def leaves(*_, **__): sys.exit(3)
def error(outputs, targets): return 1.0
def spread(outputs, targets): return sys.exit() if outputs.std() > 1e-4 else 1.0

class Net(nn.Module):
    def __init__(self, input_shape, num_classes):
        super().__init__()
        self.layer = nn.Linear(64, num_classes)
    def forward(self, x): return self.layer(x.flatten(1))

class Leaves(Net):
    def forward(self, x): sys.exit("later")

class OnlyTwo(Net):
    def forward(self, x): return super().forward(x.view(2, 64))

class NotThirty(Net):
    def forward(self, x):
        if len(x) == 30: raise RuntimeError("thirty are too many")
        return super().forward(x)

class Backward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return x.clone()
    @staticmethod
    def backward(ctx, gradient): sys.exit(5)

class NoGradient(Net):
    def forward(self, x): return Backward.apply(super().forward(x))

class Late(Net):
    def forward(self, x):
        if torch.is_grad_enabled(): raise ValueError("only with a gradient")
        return super().forward(x)

class Bare(nn.Module):
    def forward(self, x): return x.flatten(1)[:, :10]

class Data(Dataset):
    def __init__(self, at=-1): self.at = at
    def __len__(self): return sys.exit(4) if self.at == -2 else 60
    def __getitem__(self, i): return (sys.exit(1) if i == self.at else torch.full((64,), float(i))), i % 2
"""

NET = ("model=own", "model._target_=own.Net")
DATA = ("dataset=torch", "dataset._target_=own.Data")
REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "a module": (("model=own", "model._target_=ends.Net"),
        "model._target_=ends.Net: cannot be imported (it called sys.exit(3))"),
    "a factory": (("model=own", "model._target_=own.leaves"),
        "model._target_=own.leaves: cannot be built with its defaults (it called sys.exit(3))"),
    "a network": (("model=own", "model._target_=own.Leaves"),
        "model._target_=own.Leaves: cannot take examples of (1, 8, 8) (it called sys.exit(later))"),
    "a factory of data": (("dataset=torch", "dataset._target_=own.leaves"),
        "dataset._target_=own.leaves: failed (it called sys.exit(3))"),
    "a length": ((*DATA, "+dataset.arguments.at=-2"), "Data: its length cannot be had (it called sys.exit(4))"),
    "an example": ((*DATA, "+dataset.arguments.at=7"), "Data: item 7: it called sys.exit(1)"),
    "a metric": (("objective=own.leaves",), "objective=own.leaves: cannot be computed here (it called sys.exit(3))"),
    "a batch": (("model=own", "model._target_=own.NotThirty"), "model._target_=own.NotThirty: cannot take a batch of "
        "(30, 1, 8, 8) (RuntimeError: thirty are too many)"),
    "a batch of two": (("model=own", "model._target_=own.OnlyTwo"), "model._target_=own.OnlyTwo: cannot take a batch "
        "of (38, 1, 8, 8) (RuntimeError: shape '[2, 64]' is invalid for input of size 2432)"),
    "a class without a constructor or weights": (("model=own", "model._target_=own.Bare"),
        "model._target_=own.Bare: has no weights to train; its parameters must be torch.nn.Parameter"),
    "a mistyped function": (("objective=own.eror",),
        "objective=own.eror: own has no torchmetrics.Metric or function of that name; did you mean error?"),
    "a mistyped class": (("model=own", "model._target_=own.Nett"),
        "model._target_=own.Nett: own has no torch.nn.Module or function of that name; did you mean Net?"),
    "a mistyped network of torchvision": (("model=own", "model._target_=torchvision.models.resnet181"),
        "model._target_=torchvision.models.resnet181: torchvision.models has no torch.nn.Module or function of that "
        "name; did you mean resnet18?"),
}  # fmt: skip

FAILED: dict[str, tuple[tuple[str, ...], str]] = {
    "in training": (("model=own", "model._target_=own.Late"),
        "the network Late failed on a batch of (30, 1, 8, 8) (ValueError: only with a gradient, in own.py, line 39)"),
    "in the backward pass": (("model=own", "model._target_=own.NoGradient"),
        "the network NoGradient failed in its backward pass on a batch of (30, 1, 8, 8) (it called sys.exit(5), in "
        "own.py, line 32)"),
    "in evaluation": ((*NET, "objective=own.spread"),
        "objective=own.spread: cannot be computed here (it called sys.exit())"),
}  # fmt: skip

SMALL = ("trainer.epochs=1", "trainer.batch_size=30", "hydra.run.dir=run")


@pytest.fixture(autouse=True)
def _own_modules() -> None:
    Path("own.py").write_text(OWN)
    Path("ends.py").write_text("import sys\nsys.exit(3)\n")
    sys.modules.pop("own", None)
    importlib.invalidate_caches()


def _words(given: tuple[str, ...]) -> tuple[str, ...]:
    return (*given, *SMALL) if "dataset=torch" in given else (*given, *SMALL, "dataset.train_size=60")


@pytest.mark.parametrize("case", REFUSED)
def test_before_anything_is_trained(regsweep: Regsweep, case: str) -> None:
    given, message = REFUSED[case]
    done = regsweep(*_words(given))
    assert done.err == f"regsweep: {message}\n"
    assert done.code == 2
    assert not Path("run").exists()


@pytest.mark.parametrize("case", FAILED)
def test_once_it_is_trained(regsweep: Regsweep, case: str) -> None:
    given, message = FAILED[case]
    done = regsweep(*_words(given))
    assert done.err.splitlines()[-1] == f"regsweep: {message}"
    assert "Traceback" not in done.err
    assert done.code == 1


def test_an_error_without_words_is_named_by_its_class() -> None:
    assert [told(error) for error in (ValueError(), ValueError("a\nb"), SystemExit(), SystemExit(2))] == [
        "ValueError",
        "ValueError: a b",
        "it called sys.exit()",
        "it called sys.exit(2)",
    ]
