"""The networks: shapes, BatchNorm's kind, the article's layers, initial weights."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from regsweep import weights
from regsweep.build import require_buildable
from regsweep.config import ModelConfig, RunConfig
from regsweep.errors import ConfigError
from regsweep.methods import Method
from regsweep.models import build_model, places_without, resolve_target
from regsweep.regularizers.batch_norm import BatchNorm, has_batch_norm
from regsweep.regularizers.dropout import Dropout

NAMES = {"linear": "linear.Linear", "mlp": "mlp.MLP", "cnn": "cnn.CNN", "resnet18": "resnet18.ResNet18"}
SHAPES = [(1, 8, 8), (1, 28, 28), (1, 32, 32), (3, 8, 8), (3, 28, 28), (3, 32, 32)]


def model(
    name: str,
    shape: tuple[int, ...] = (1, 28, 28),
    *,
    dropout: float = 0.0,
    batch_norm: bool | None = None,
    own: dict[str, object] | None = None,
) -> nn.Module:
    config = ModelConfig.model_validate({"_target_": f"regsweep.models.{NAMES[name]}", **(own or {})})
    methods: list[Method] = [Dropout(Dropout.Settings(p=dropout))] if dropout else []
    if batch_norm is not None:
        methods.append(BatchNorm(BatchNorm.Settings(use=batch_norm)))
    torch.manual_seed(0)
    return build_model(config, input_shape=shape, num_classes=10, methods=methods, example=torch.zeros(2, *shape)).model


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_its_shape_comes_from_the_data(name: str, shape: tuple[int, int, int]) -> None:
    images = torch.randn(4, *shape).contiguous(memory_format=torch.channels_last)
    for batch_norm in (None, *([True, False] if name != "linear" else [])):
        network = model(name, shape, batch_norm=batch_norm).train()
        assert network(images).shape == (4, 10)


def test_the_cnn_is_the_article_s() -> None:
    """Counted by hand: 1·32·9+32, 32·64·9+64, 3136·128+128, 128·10+10, and 2·32, 2·64 for BatchNorm."""
    plain = sum(parameter.numel() for parameter in model("cnn").parameters())
    normalized = sum(parameter.numel() for parameter in model("cnn", batch_norm=True).parameters())
    assert plain == 320 + 18_496 + 401_536 + 1_290
    assert normalized == plain + 64 + 128


def test_the_cnn_computes_what_the_article_s_forward_computes() -> None:
    """The article pools after ReLU; the values are the same."""
    network = model("cnn", dropout=0.5, batch_norm=True).eval()
    parts = dict(network.named_children())
    images = torch.randn(8, 1, 28, 28)
    x = nn.functional.max_pool2d(torch.relu(parts["bn1"](parts["conv1"](images))), 2)
    x = nn.functional.max_pool2d(torch.relu(parts["bn2"](parts["conv2"](x))), 2)
    expected = parts["fc2"](torch.relu(parts["fc1"](x.reshape(-1, 64 * 7 * 7))))
    torch.testing.assert_close(network(images), expected)


@pytest.mark.parametrize(
    ("name", "kind", "count"),
    [("mlp", nn.BatchNorm1d, 2), ("cnn", nn.BatchNorm2d, 2), ("resnet18", nn.BatchNorm2d, 20)],
)
def test_batchnorm_is_of_the_right_kind(name: str, kind: type[nn.Module], count: int) -> None:
    assert sum(isinstance(module, kind) for module in model(name, batch_norm=True).modules()) == count
    without = model(name, batch_norm=False).modules()
    assert not any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in without)


def test_a_model_has_its_own_habit() -> None:
    habits = {name: has_batch_norm(model(name)) for name in NAMES}
    assert habits == {"linear": False, "mlp": False, "cnn": False, "resnet18": True}
    assert any(isinstance(module, nn.BatchNorm2d) for module in model("resnet18").modules())


def test_dropout_and_batchnorm_leave_initial_weights_alone() -> None:
    """Runs of one seed start from the same weights, whatever their regularization is."""
    for name in ("mlp", "cnn"):
        plain, regularized = model(name), model(name, dropout=0.5, batch_norm=True)
        for key, weight in plain.named_parameters():
            assert torch.equal(weight, regularized.get_parameter(key)), f"{name}: {key}"


def test_the_same_seed_builds_the_same_weights() -> None:
    assert weights.digest(model("resnet18")) == weights.digest(model("resnet18"))


def test_linear_has_no_place_for_dropout_or_batchnorm() -> None:
    cls = resolve_target("regsweep.models.linear.Linear")
    assert (places_without(cls, Dropout), places_without(cls, BatchNorm)) == (["dropout"], ["batch_norm"])
    with pytest.raises(ConfigError, match=r"regularizer\.dropout=0\.5: Linear has no place for it"):
        model("linear", dropout=0.5)
    with pytest.raises(ConfigError, match=r"regularizer\.batch_norm=true: Linear has no place for it"):
        model("linear", batch_norm=True)
    assert model("linear", batch_norm=False)


class AlwaysDropout(Dropout):
    """A method of another name that sets the same argument."""

    name = "always_dropout"


def test_two_methods_that_set_the_same_of_a_network_are_refused() -> None:
    config = ModelConfig.model_validate({"_target_": "regsweep.models.mlp.MLP"})
    methods = [Dropout(Dropout.Settings()), AlwaysDropout(Dropout.Settings())]
    with pytest.raises(
        ConfigError, match=r"^regularizer=\[dropout,always_dropout\]: both set dropout of MLP; choose one"
    ):
        build_model(config, input_shape=(1, 8, 8), num_classes=10, methods=methods, example=torch.zeros(2, 1, 8, 8))


@pytest.mark.parametrize(
    ("name", "own", "message"),
    [
        ("mlp", {"hiden": [3]}, r"model\.hiden=.*did you mean hidden"),
        ("mlp", {"hidden": [0]}, "whole numbers above 0"),
        ("mlp", {"dropout": 0.5}, r"model\.dropout=0\.5: MLP has no such parameter"),
        ("cnn", {"width": 3}, r"model\.width=3: CNN has no such"),
    ],
)
def test_a_wrong_parameter_is_named(name: str, own: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        model(name, own=own)


@pytest.mark.parametrize("name", ["cnn", "resnet18"])
@pytest.mark.parametrize("shape", [(5,), (12, 12)])
def test_examples_that_are_no_images_are_refused(name: str, shape: tuple[int, ...]) -> None:
    target = {"cnn": "regsweep.models.cnn.CNN", "resnet18": "regsweep.models.resnet18.ResNet18"}[name]
    with pytest.raises(ConfigError, match=rf"model={name}: needs images .*an example is {re.escape(str(shape))}"):
        build_model(
            ModelConfig(_target_=target), input_shape=shape, num_classes=2, methods=[], example=torch.zeros(2, *shape)
        )


OWN = """
import torch
from torch import nn

class Own(nn.Module):
    def __init__(self, num_classes, dtype="float32", trained=True, outputs="as they are"):
        super().__init__()
        self.outputs = outputs
        self.last = nn.LazyLinear(num_classes)
        self.other = nn.Parameter(torch.zeros(3, dtype=getattr(torch, dtype)), requires_grad=trained)

    def forward(self, inputs):
        outputs = self.last(inputs.flatten(1).square())
        if self.outputs == "one left out":
            return torch.cat([outputs[:, 1:], torch.full_like(outputs[:, :1], -torch.inf)], 1)
        return {"as they are": outputs, "none": outputs * torch.nan, "endless": outputs.exp() * torch.inf}[self.outputs]
"""
ARRAYS = ("dataset=arrays", "dataset.path=a.npz")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("+model.dtype=complex64",), "its parameter other is complex64, and real ones are trained; keep"),
        (("+model.dtype=complex128", "optimizer=adamw"), "its parameter other is complex128, and real ones are"),
        (("+model.dtype=complex64", "+model.trained=false"), None),
        (("+model.dtype=int64", "+model.trained=false"), None),
        (("+model.dtype=float64",), None),
        (
            ("+model.outputs=none",),
            "returns NaN for the first examples, before any training (their inputs are up to 1 ",
        ),
        (("+model.outputs=endless", "optimizer.lr=1e-9"), "returns infinity for the first examples, before any"),
        (("+model.outputs=one left out",), None),
        (ARRAYS, "(their inputs are up to 3e+30 in size); set dataset.standardize=true"),
        ((*ARRAYS, "dataset.path=b.npz"), None),
    ],
)
def test_weights_and_outputs_that_no_training_can_mend_are_refused(
    configure: Callable[..., RunConfig],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    overrides: tuple[str, ...],
    message: str | None,
) -> None:
    name = f"own_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    for file, size in (("a", 3e30), ("b", 1e6)):
        x = np.random.default_rng(0).uniform(-1, 1, (40, 64)).astype(np.float32)
        np.savez(f"{file}.npz", x=np.where(np.arange(64) % 2, x, np.float32(size)), y=np.arange(40) % 2)
    config = configure("model=own", f"model._target_={name}.Own", *overrides)
    if message is None:
        require_buildable(config)
        return
    with pytest.raises(ConfigError, match=rf"^model\._target_={name}\.Own: .*{re.escape(message)}"):
        require_buildable(config)


def test_images_too_small_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 4×4"):
        model("cnn", (1, 3, 3))


@pytest.mark.parametrize("name", ["cnn", "resnet18"])
def test_networks_of_images_refuse_tables(name: str) -> None:
    with pytest.raises(ConfigError, match=r"needs images .*; choose model=mlp or linear"):
        model(name, (13,))
