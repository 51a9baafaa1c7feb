"""Weights of a file to start from, and parameters that are not trained."""

from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import nn

from regsweep import weights
from regsweep.build import build, require_buildable
from regsweep.config import RunConfig
from regsweep.errors import ConfigError
from regsweep.models import NUM_PROBED
from regsweep.scope import count_covered
from regsweep.training import Training

Configure = Callable[..., RunConfig]
SMALL = ("model.hidden=[8]", "dataset.train_size=64", "trainer.epochs=1", "device=cpu")


def parameters(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


@pytest.fixture
def saved(configure: Configure, tmp_path: Path) -> dict[str, torch.Tensor]:
    """Return the weights of a network of another seed, which lie in three files."""
    state = parameters(build(configure("seed=7", *SMALL)).model)
    safetensors.torch.save_file(state, tmp_path / "w.safetensors")
    torch.save(state, tmp_path / "w.pt")
    torch.save({"epoch": 3, "state_dict": state}, tmp_path / "whole.pt")
    (tmp_path / "noise.pt").write_bytes(b"no weights")
    (tmp_path / "noise.safetensors").write_bytes(b"no weights")
    torch.save(nn.Linear(2, 2), tmp_path / "pickled.pt")
    torch.save({**state, "features.0.weight": torch.zeros(3, 3)}, tmp_path / "other.pt")
    torch.save({**state, "more": torch.zeros(3)}, tmp_path / "more.pt")
    return state


@pytest.mark.parametrize("file", ["w.safetensors", "w.pt"])
def test_a_run_starts_from_the_weights_of_a_file(
    configure: Configure, saved: dict[str, torch.Tensor], file: str
) -> None:
    parts = build(configure(*SMALL, f"trainer.initial_weights={file}"))
    assert all(torch.equal(value, saved[name]) for name, value in parts.model.state_dict().items())
    assert parts.adapted == [f"initial weights: 4 tensors of {file}"]


def test_layers_are_left_out_by_name(configure: Configure, saved: dict[str, torch.Tensor]) -> None:
    own = parameters(build(configure(*SMALL)).model)
    without = ("trainer.initial_weights=w.pt", "trainer.initial_weights_except=[classifier.*]")
    parts = build(configure(*SMALL, *without))
    for name, value in parts.model.state_dict().items():
        assert torch.equal(value, (own if name.startswith("classifier") else saved)[name])
    assert parts.adapted == ["initial weights: 2 tensors of w.pt, without classifier.bias, classifier.weight"]
    other = ("trainer.initial_weights=other.pt", "trainer.initial_weights_except=[features.0.weight]")
    assert build(configure(*SMALL, *other)).adapted == [
        "initial weights: 3 tensors of other.pt, without features.0.weight"
    ]


REFUSED = {
    "initial_weights=none.pt": "none.pt: no such file; give the path of a .safetensors or a .pt file",
    "initial_weights=noise.pt": "noise.pt: cannot be read as weights (",
    "initial_weights=noise.safetensors": "noise.safetensors: cannot be read as weights (SafetensorError",
    "initial_weights=pickled.pt": "pickled.pt: cannot be read as weights (UnpicklingError: Weights only load failed.",
    "initial_weights=whole.pt": "whole.pt: holds epoch, state_dict, not tensors by name; save model.state_dict() alone",
    "initial_weights=other.pt": "other.pt: the file has in another shape features.0.weight (3, 3) for (8, 64); "
    "leave layers out with trainer.initial_weights_except, [fc.*] for example",
    "initial_weights=more.pt": "more.pt: the file has, and the network has not, more; leave layers out with ",
}


@pytest.mark.parametrize("override", REFUSED)
@pytest.mark.usefixtures("saved")
def test_a_file_that_does_not_fit_is_refused_in_one_line(configure: Configure, override: str) -> None:
    with pytest.raises(ConfigError) as refused:
        build(configure(*SMALL, f"trainer.{override}"))
    assert str(refused.value).startswith(f"trainer.initial_weights={REFUSED[override]}")
    assert "\n" not in str(refused.value)


@pytest.mark.usefixtures("saved")
def test_weights_that_the_file_has_not_are_named(configure: Configure) -> None:
    with pytest.raises(ConfigError, match=r"the file has no features\.1\.weight, features\.1\.bias, "):
        build(configure(*SMALL, "regularizer=batch_norm", "trainer.initial_weights=w.pt"))
    with pytest.raises(
        ConfigError, match=r"^trainer\.initial_weights_except=head\.\*: matches nothing; the network ha"
    ):
        build(configure(*SMALL, "trainer.initial_weights=w.pt", "trainer.initial_weights_except=['head.*']"))
    with pytest.raises(ConfigError, match=r"^trainer\.initial_weights_except=.*: belongs to trainer\.initial_weights"):
        build(configure(*SMALL, "trainer.initial_weights_except=['features.*']"))


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("method", ["l1", "l2", "weight_decay", "max_norm", "ema", "sam", "gradient_clipping"])
def test_what_is_frozen_stays_as_it_is_under_every_method(configure: Configure, method: str, optimizer: str) -> None:
    config = configure(*SMALL, f"optimizer={optimizer}", f"regularizer={method}", "trainer.freeze=[features.*]")
    member = build(config).member(config)
    before = parameters(member.model)
    Training([member]).run()
    assert member.error is None
    for name, value in member.trained().state_dict().items():
        assert torch.equal(value, before[name]) == name.startswith("features"), name


def test_frozen_parameters_are_in_no_count(configure: Configure) -> None:
    parts = build(configure(*SMALL, "regularizer=l1", "trainer.freeze=['features.*', classifier.bias]"))
    assert parts.adapted == ["frozen: 530 parameters in 3 tensors"]
    assert count_covered(parts.model, "weights") == {"covered": 80, "free": 0}
    assert count_covered(parts.model, "all") == {"covered": 80, "free": 0}
    assert list(weights.count_zeros(parts.model)["layers"]) == ["classifier.weight"]
    assert list(weights.histograms(parts.model)) == ["features.0.weight", "classifier.weight"]


@pytest.mark.parametrize(
    ("pattern", "is_kept"), [("features.*", True), ("features.0.*", False), ("features.1.weight", False)]
)
def test_a_frozen_batch_norm_keeps_its_statistics(configure: Configure, pattern: str, *, is_kept: bool) -> None:
    config = configure(*SMALL, "regularizer=batch_norm", f"trainer.freeze=['{pattern}']")
    member = build(config).member(config)
    before = parameters(member.model)
    Training([member]).run()
    after = member.trained().state_dict()
    for name in ("features.1.running_mean", "features.1.running_var", "features.1.num_batches_tracked"):
        assert torch.equal(after[name], before[name]) == is_kept, name


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        ("[layer1.*]", "trainer.freeze=layer1.*: matches nothing; the network has features.0.weight, features.0.bias, "
         "classifier.weight and 1 more"),
        ("['*']", "trainer.freeze=['*']: leaves no parameter to train"),
        ("features", "trainer.freeze=features: must be a list of patterns of names of parameters"),
    ],
)  # fmt: skip
def test_patterns_that_make_no_sense_are_refused(configure: Configure, patterns: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        build(configure(*SMALL, f"trainer.freeze={patterns}"))
    assert str(refused.value).startswith(message)


def test_presets_are_tried_on_two_examples_alone(configure: Configure) -> None:
    """A batch of evaluation takes seconds of a ResNet-18."""
    sizes: list[int] = []
    handle = nn.modules.module.register_module_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    try:
        require_buildable(configure("model=cnn", "device=cpu"))
    finally:
        handle.remove()
    assert {*sizes} == {NUM_PROBED}
