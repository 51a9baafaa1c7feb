"""What a configuration may name, as each kind of target."""

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torchvision
from torch import nn, optim
from torch.utils.data import Dataset
from torchmetrics import Metric

from regsweep.errors import ConfigError
from regsweep.trusted import import_callable, import_class

KINDS: dict[str, type] = {"model": nn.Module, "optimizer": optim.Optimizer, "metric": Metric, "dataset": Dataset}
each_kind = pytest.mark.parametrize("kind", KINDS)

OWN = """
import functools, os, subprocess
import torch, torchvision
from os import system
from pickle import loads
from subprocess import run
from torch import load, nn, optim
from torch.hub import load as load_from_hub
from torch.nn.utils import parameters_to_vector
from torch.utils.data import Dataset
from torchmetrics import Metric
from torchvision.datasets import DatasetFolder
from torchvision.models import get_model, resnet18

class Model(nn.Module): pass
class Optimizer(optim.Optimizer): pass
class Mean(Metric): pass
class Data(Dataset): pass
class Neither: pass

def make(): raise AssertionError("called")

def wrapped(function):
    return functools.wraps(function)(lambda: function())

decorated = wrapped(make)
partial = functools.partial(system, "touch owned")
short = lambda: None
"""

REFUSED = (
    *("torch.hub.load", "torch.load", "torch.serialization.load", "torch.jit.load", "torch.nn.os.system"),
    *("torch.nn.Parameter", "torch.nn.Buffer", "torch.nn.utils.parameters_to_vector", "torch.nn.init.normal_"),
    *("torch.nn.functional.dropout", "torch.optim.lr_scheduler.StepLR"),
    *("torch.nn.modules.module.register_module_forward_hook", "torch.optim.swa_utils.update_bn", "torch.Tensor"),
    *("torchvision.models.get_model", "torchvision.models.get_weight", "torchvision.models.ResNet18_Weights"),
    *("torchvision.models._utils.handle_legacy_interface", "torchvision.models._api.get_model_builder"),
    *("torchvision.datasets.utils.download_url", "torchvision.datasets.FakeData"),
    *("torchmetrics.functional.accuracy", "torchmetrics.text.BERTScore", "torchmetrics.MetricCollection"),
    *("torchmetrics.aggregation.MeanMetric", "torchmetrics.wrappers.BootStrapper"),
    *("os.system", "posix.system", "os.path.join", "subprocess.run", "subprocess.Popen", "builtins.eval", "sys.exit"),
    *("pickle.loads", "logging.os.system", "importlib.import_module", "runpy.run_path", "shutil.rmtree"),
    *("regsweep.trusted.import_class", "regsweep.cli.main", "regsweep.trusted.os.system"),
    *("own.system", "own.run", "own.loads", "own.load", "own.load_from_hub", "own.get_model", "own.partial"),
    *("own.parameters_to_vector", "own.Neither", "own.os", "own.os.system", "own.Nothing", "own.__builtins__", "own"),
    *("own.make()", "", "__main__.Net", "own.DatasetFolder", ".own", "own..make"),
)  # fmt: skip
"""Refused as each kind."""


@pytest.fixture(autouse=True)
def _own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "own", raising=False)
    monkeypatch.delenv("REGSWEEP_ALLOW_MODULES", raising=False)


def named(target: str, kind: str, importing: Callable[..., Any] = import_callable) -> Any:
    return importing(f"{kind}._target_", target, KINDS[kind], KINDS[kind].__name__)


@each_kind
def test_what_loads_or_runs_what_it_is_given_is_refused(kind: str) -> None:
    for target, importing in itertools.product(REFUSED, (import_callable, import_class)):
        with pytest.raises(ConfigError) as refused:
            named(target, kind, importing)
        assert str(refused.value).startswith(f"{kind}._target_={target}: ")
        assert "\n" not in str(refused.value)


@each_kind
def test_no_permission_opens_torch_or_the_standard_library(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGSWEEP_ALLOW_MODULES", "torch,os,subprocess,builtins,pickle,regsweep,own")
    closed = [target for target in REFUSED if not target.startswith("torchvision")]
    assert len(closed) > 40
    for target in closed:
        with pytest.raises(ConfigError):
            named(target, kind)


TRUSTED = {
    "torch.nn.Linear": "model",
    "torch.nn.modules.container.Sequential": "model",
    "torchvision.models.ResNet": "model",
    "torchvision.models.resnet.ResNet": "model",
    "regsweep.models.mlp.MLP": "model",
    "own.Model": "model",
    "torch.optim.RMSprop": "optimizer",
    "torch.optim.adam.Adam": "optimizer",
    "own.Optimizer": "optimizer",
    "torchmetrics.Accuracy": "metric",
    "torchmetrics.classification.MulticlassF1Score": "metric",
    "torchmetrics.R2Score": "metric",
    "own.Mean": "metric",
    "own.Data": "dataset",
}


@each_kind
def test_classes_are_trusted_as_what_they_are(kind: str) -> None:
    for target, what_it_is in TRUSTED.items():
        if kind == what_it_is:
            assert named(target, kind) is named(target, kind, import_class)
            assert issubclass(named(target, kind), KINDS[kind])
        # A metric is an nn.Module too; a user's own may be either.
        elif not (kind == "model" and target == "own.Mean"):
            with pytest.raises(ConfigError):
                named(target, kind)


@each_kind
@pytest.mark.parametrize("target", ["own.make", "own.decorated", "own.short"])
def test_functions_of_the_user_s_own_are_taken_and_not_called(kind: str, target: str) -> None:
    assert callable(named(target, kind))
    with pytest.raises(ConfigError, match="of that name"):
        named(target, kind, import_class)


def test_functions_of_torchvision_are_networks_that_it_lists() -> None:
    names = torchvision.models.list_models(module=torchvision.models)
    assert len(names) > 75
    for name in names:
        assert named(f"torchvision.models.{name}", "model") is getattr(torchvision.models, name)
    assert named("torchvision.models.segmentation.fcn_resnet50", "model") is not None
    assert named("own.resnet18", "model") is torchvision.models.resnet18
    for kind in ("optimizer", "metric", "dataset"):
        with pytest.raises(ConfigError, match="if you trust it: export REGSWEEP_ALLOW_MODULES=torchvision"):
            named("torchvision.models.resnet18", kind)


def test_a_package_is_allowed_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        ConfigError, match=r"timm is neither in the working folder .* export REGSWEEP_ALLOW_MODULES=timm"
    ):
        named("timm.create_model", "model")
    with pytest.raises(ConfigError, match=r"the class is of torchvision, which is neither"):
        named("own.DatasetFolder", "dataset")
    monkeypatch.setenv("REGSWEEP_ALLOW_MODULES", "other, timm,torchvision")
    assert named("timm.create_model", "model").__name__ == "create_model"
    assert named("own.DatasetFolder", "dataset") is torchvision.datasets.DatasetFolder


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("torch.hub.load", "torch.hub is neither in the working folder (HERE) nor allowed; "
         "of torch classes of torch.nn alone are"),
        ("torch.load", "the function is of torch.serialization, which is neither in the working folder (HERE) nor "
         "allowed; of torch classes of torch.nn alone are"),
        ("os.system", "os is neither in the working folder (HERE) nor allowed; name one of your own"),
        ("own.run", "the function is of subprocess, which is neither in the working folder (HERE) nor allowed; "
         "name one of your own"),
        ("own.Modle", "own has no Module or function of that name; did you mean Model?"),
        ("no_such.Net", "no module named no_such; is the folder right?"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_may_be_named(target: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        named(target, "model")
    assert str(refused.value) == f"model._target_={target}: {words.replace('HERE', str(Path.cwd()))}"
