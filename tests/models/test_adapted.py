"""Networks of any constructor: what is given to them, what methods change in them, and what must stay as it is."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import VisionTransformer, mobilenet_v3_small

from regsweep.config import ModelConfig
from regsweep.errors import ConfigError
from regsweep.methods import Method
from regsweep.models import Network, build_model, strides_over_single_pixels
from regsweep.regularizers.batch_norm import BatchNorm
from regsweep.regularizers.dropout import Dropout

ON, OFF = BatchNorm(BatchNorm.Settings(use=True)), BatchNorm(BatchNorm.Settings(use=False))
DROPOUT, NO_DROPOUT = Dropout(Dropout.Settings(p=0.3)), Dropout(Dropout.Settings(use=False))


@pytest.fixture(autouse=True)
def _own_networks_are_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGSWEEP_ALLOW_MODULES", "tests, timm")


def made(
    target: str, *methods: Method, shape: tuple[int, ...] = (3, 16, 16), num_classes: int = 4, **own: Any
) -> Network:
    torch.manual_seed(0)
    config = ModelConfig.model_validate({"_target_": target, **own})
    example = torch.randn(2, *shape, generator=torch.Generator().manual_seed(1))
    return build_model(config, input_shape=shape, num_classes=num_classes, methods=methods, example=example)


def layer(name: str, *arguments: Any, **settings: Any) -> dict[str, Any]:
    return {"_target_": f"torch.nn.{name}", "_args_": list(arguments), **settings}


def made_of(*layers: dict[str, Any], methods: Sequence[Method] = (), shape: tuple[int, ...] = (3, 16, 16)) -> Network:
    return made("torch.nn.Sequential", *methods, shape=shape, _args_=list(layers))


LINEAR, CONV, RELU = layer("Linear", 12, 12), layer("Conv2d", 3, 3, 3, padding=1), layer("ReLU")
HEAD = [layer("Flatten"), layer("LazyLinear", 4)]
FLAT = (12,)

PUT_IN: dict[str, tuple[list[dict[str, Any]], tuple[int, ...], list[str]]] = {
    "linear": ([LINEAR, RELU, *HEAD], FLAT, ["0_batch_norm BatchNorm1d"]),
    "each one": ([LINEAR, RELU, LINEAR, layer("PReLU"), *HEAD], FLAT,
                 ["0_batch_norm BatchNorm1d", "2_batch_norm BatchNorm1d"]),
    "convolution": ([CONV, RELU, *HEAD], (3, 16, 16), ["0_batch_norm BatchNorm2d"]),
    "convolution of sequences": ([layer("Conv1d", 3, 5, 3), RELU, *HEAD], (3, 16), ["0_batch_norm BatchNorm1d"]),
    "convolution of volumes": ([layer("Conv3d", 3, 5, 3), RELU, *HEAD], (3, 4, 4, 4), ["0_batch_norm BatchNorm3d"]),
    "transposed": ([layer("ConvTranspose2d", 3, 5, 3), RELU, *HEAD], (3, 16, 16), ["0_batch_norm BatchNorm2d"]),
    "nested": ([layer("Sequential", CONV, layer("GELU")), *HEAD], (3, 16, 16), ["0.0_batch_norm BatchNorm2d"]),
    "not behind the last layer": ([LINEAR, RELU, layer("Linear", 12, 4), layer("Tanh")], FLAT,
                                  ["0_batch_norm BatchNorm1d"]),
    "not before another layer": ([LINEAR, layer("Dropout", 0.1), RELU, LINEAR, RELU, *HEAD], FLAT,
                                 ["3_batch_norm BatchNorm1d"]),
    "not before a softmax": ([LINEAR, layer("Softmax", -1), LINEAR, RELU, *HEAD], FLAT, ["2_batch_norm BatchNorm1d"]),
    "not among tokens": ([layer("Linear", 16, 16), RELU, CONV, RELU, *HEAD], (3, 16, 16), ["2_batch_norm BatchNorm2d"]),
}  # fmt: skip


@pytest.mark.parametrize("case", PUT_IN)
def test_batch_norm_is_put_between_a_layer_and_its_activation(case: str) -> None:
    layers, shape, expected = PUT_IN[case]
    plain, changed = (made_of(*layers, methods=methods, shape=shape) for methods in ([], [ON]))
    norms = [(name, each) for name, each in changed.model.named_modules() if "BatchNorm" in type(each).__name__]
    assert [f"{name} {type(each).__name__}" for name, each in norms] == expected
    places = "1 place" if len(expected) == 1 else f"{len(expected)} places"
    assert (plain.adapted, changed.adapted) == ([], [f"BatchNorm: put in at {places}, each before an activation"])
    assert (plain.own_batch_norm, changed.own_batch_norm) == (False, False)
    require_kept(plain.model, changed.model)
    order = [name for name, _ in changed.model.named_modules()]
    assert all(order[order.index(name) - 1] == name.removesuffix("_batch_norm") for name, _ in norms)


def require_kept(plain: nn.Module, changed: nn.Module) -> None:
    """The parameters of both have the same names and initial weights, bit for bit."""
    kept = dict(changed.named_parameters())
    for name, parameter in plain.named_parameters():
        assert torch.equal(parameter, kept[name]), name


NOT_PUT_IN: dict[str, tuple[list[dict[str, Any]], tuple[int, ...]]] = {
    "the last layer alone": ([layer("Linear", 12, 4), layer("ReLU")], FLAT),
    "no activation": ([LINEAR, *HEAD], FLAT),
    "tokens alone": ([layer("Linear", 16, 16), RELU, *HEAD], (3, 16, 16)),
}


@pytest.mark.parametrize("case", NOT_PUT_IN)
def test_where_there_is_no_place_for_batch_norm_it_is_refused(case: str) -> None:
    layers, shape = NOT_PUT_IN[case]
    with pytest.raises(ConfigError, match=r"^regularizer\.batch_norm=true: Sequential has no place for it \(no layer"):
        made_of(*layers, methods=[ON], shape=shape)


class Unordered(nn.Module):
    """Its layers are not in a Sequential, so nobody knows their order."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.first, self.act, self.second = nn.Linear(12, 12), nn.ReLU(), nn.Linear(12, num_classes)

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.second(self.act(self.first(inputs)))
        return outputs


class Twice(nn.Module):
    """One activation stands at two places; BatchNorm is there once already."""

    def __init__(self, num_classes: int, *, normalized: bool = False) -> None:
        super().__init__()
        relu = nn.ReLU()
        norm = nn.BatchNorm1d(12) if normalized else nn.Identity()
        self.layers = nn.Sequential(nn.Linear(12, 12), relu, norm, nn.Linear(12, 12), relu, nn.Linear(12, num_classes))

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.layers(inputs)
        return outputs


def test_batch_norm_is_put_in_neither_outside_sequential_nor_twice() -> None:
    with pytest.raises(ConfigError, match="Unordered has no place for it"):
        made(f"{__name__}.Unordered", ON, shape=FLAT)
    once = made(f"{__name__}.Twice", ON, shape=FLAT).model
    names = [name for name, _ in once.layers._modules.items()]  # type: ignore[union-attr]
    assert names == ["0", "0_batch_norm", "1", "2", "3", "3_batch_norm", "4", "5"]
    has_it = made(f"{__name__}.Twice", ON, shape=FLAT, normalized=True)
    assert (has_it.adapted, has_it.own_batch_norm) == ([], True)
    assert sum(isinstance(each, nn.BatchNorm1d) for each in has_it.model.modules()) == 1


def test_batch_norm_is_taken_out_with_its_scale_and_shift() -> None:
    plain, without = (made("torchvision.models.resnet18", *methods) for methods in ([], [OFF]))
    assert (plain.own_batch_norm, without.own_batch_norm) == (True, True)
    assert without.adapted == ["BatchNorm: taken out of 20 places"]
    assert not any("BatchNorm" in type(each).__name__ for each in without.model.modules())
    left = {name for name, _ in without.model.named_parameters()}
    assert {name for name, _ in plain.model.named_parameters()} - left == {
        f"{name}.{part}"
        for name, each in plain.model.named_modules()
        if isinstance(each, nn.BatchNorm2d)
        for part in ("weight", "bias")
    }
    require_kept(without.model, plain.model)


def test_the_activation_of_timm_s_batch_norm_stays() -> None:
    plain, without = (made("timm.create_model", *methods, model_name="efficientnet_b0") for methods in ([], [OFF]))
    assert without.adapted == ["BatchNorm: taken out of 49 places"]
    counts = [sum(isinstance(each, nn.SiLU) for each in each_of.model.modules()) for each_of in (plain, without)]
    assert counts[0] == counts[1] > 40


RATES: dict[str, tuple[str, dict[str, Any], list[str], int]] = {
    "each kind": ("torch.nn.Sequential", {"_args_": [layer("Dropout2d", 0.1), layer("Dropout", 0.5),
                                                     layer("AlphaDropout", 0.2), *HEAD]},
                  ["dropout: set in 3 layers, p=0.1 to 0.5 before"], 3),
    "of torchvision": ("torchvision.models.mobilenet_v2", {}, ["dropout: set in 1 layer, p=0.2 before"], 1),
    "of timm": ("timm.create_model", {"model_name": "test_vit", "img_size": 16}, ["dropout: set in"], 3),
    "by timm's attribute": ("timm.create_model", {"model_name": "test_resnet"},
                            ["dropout: set as drop_rate of 1 module"], 0),
    "of its constructor": ("torchvision.models.MobileNetV2", {}, [], 1),
}  # fmt: skip


@pytest.mark.parametrize("case", RATES)
def test_dropout_is_set_where_the_network_has_it(case: str) -> None:
    target, own, lines, least = RATES[case]
    plain, changed = (made(target, *methods, **own) for methods in ([], [DROPOUT]))
    assert len(changed.adapted) == len(lines)
    assert all(line.startswith(start) for line, start in zip(changed.adapted, lines, strict=True))
    rates = [each.p for each in changed.model.modules() if isinstance(each, nn.modules.dropout._DropoutNd)]
    assert len(rates) >= least
    assert {*rates} <= {0.3}
    require_kept(plain.model, changed.model)
    inputs = torch.randn(8, 3, 16, 16)
    changed.model.train()
    assert not torch.equal(changed.model(inputs), changed.model(inputs))
    changed.model.eval()
    assert torch.equal(changed.model(inputs), changed.model(inputs))


class Sequences(nn.Module):
    """Of pictures, row by row: recurrent layers or a transformer; the dropout stands in no layer of that name."""

    def __init__(self, num_classes: int, *, kind: str, num_layers: int = 2, dropout_within: float = 0.1) -> None:
        super().__init__()
        if kind == "Transformer":
            self.body: nn.Module = nn.TransformerEncoderLayer(48, 4, 32, dropout_within, batch_first=True)
        elif kind == "Attention":
            self.body = nn.MultiheadAttention(48, 4, dropout_within, batch_first=True)
        else:
            between = dropout_within if num_layers > 1 else 0.0
            self.body = getattr(nn, kind)(48, 48, num_layers, dropout=between, batch_first=True)
        self.head = nn.Linear(48, num_classes)

    def forward(self, inputs: Tensor) -> Tensor:
        rows = inputs.transpose(1, 2).flatten(2)
        outputs = self.body(rows, rows, rows) if isinstance(self.body, nn.MultiheadAttention) else self.body(rows)
        logits: Tensor = self.head((outputs[0] if isinstance(outputs, tuple) else outputs)[:, -1])
        return logits


def rates_within(model: nn.Module) -> list[float]:
    """The probabilities that attention and recurrent layers hold themselves."""
    holding = [each for each in model.modules() if isinstance(each, nn.MultiheadAttention | nn.RNNBase)]
    return [each.dropout for each in holding]


WITHIN: dict[str, tuple[str, dict[str, Any], str]] = {
    "attention": (f"{__name__}.Sequences", {"kind": "Attention"}, "1 attention layer, p=0.1 before"),
    "LSTM": (f"{__name__}.Sequences", {"kind": "LSTM"}, "1 recurrent layer, p=0.1 before"),
    "GRU": (f"{__name__}.Sequences", {"kind": "GRU", "num_layers": 3}, "1 recurrent layer, p=0.1 before"),
    "RNN": (f"{__name__}.Sequences", {"kind": "RNN"}, "1 recurrent layer, p=0.1 before"),
    "transformer": (
        f"{__name__}.Sequences", {"kind": "Transformer"}, "3 layers and 1 attention layer, p=0.1 before"),
    "vision transformer of torchvision": (
        f"{__name__}.vision_transformer", {}, "7 layers and 2 attention layers, p=0.2 before"),
}  # fmt: skip


@pytest.mark.parametrize("case", WITHIN)
def test_dropout_that_attention_and_recurrent_layers_compute_is_set_and_taken_out(
    case: str,
) -> None:
    target, own, line = WITHIN[case]
    plain, changed, without = (made(target, *methods, **own) for methods in ([], [DROPOUT], [NO_DROPOUT]))
    found, _, before = line.partition(", ")
    assert (plain.adapted, plain.own_dropout) == ([], f"{before.removesuffix(' before')} in {found}")
    assert changed.adapted == [f"dropout: set in {line}"]
    assert without.adapted == [f"dropout: set to 0 in {line}"]
    assert ({*rates_within(changed.model)}, {*rates_within(without.model)}) == ({0.3}, {0.0})
    require_kept(plain.model, changed.model)
    inputs = torch.randn(8, 3, 16, 16)
    for network, is_noisy in ((plain, True), (changed, True), (without, False)):
        network.model.train()
        assert torch.equal(network.model(inputs), network.model(inputs)) != is_noisy


def vision_transformer(num_classes: int) -> nn.Module:
    sizes = {"image_size": 16, "patch_size": 8, "num_layers": 2, "num_heads": 2, "hidden_dim": 16, "mlp_dim": 16}
    network: nn.Module = VisionTransformer(**sizes, num_classes=num_classes, attention_dropout=0.2, dropout=0.2)
    nn.init.ones_(network.heads.head.weight)  # type: ignore[arg-type, union-attr]  # which are 0 at first
    return network


def test_one_recurrent_layer_has_nothing_between_its_layers() -> None:
    with pytest.raises(ConfigError, match=r"^regularizer\.dropout=0\.3: Sequences has no place for it"):
        made(f"{__name__}.Sequences", DROPOUT, kind="LSTM", num_layers=1)
    assert made(f"{__name__}.Sequences", NO_DROPOUT, kind="LSTM", num_layers=1).adapted == []


def test_attention_of_torchvision_s_swin_is_set_too() -> None:
    plain, changed = (made("torchvision.models.swin_t", *methods, shape=(3, 32, 32)) for methods in ([], [DROPOUT]))
    assert plain.own_dropout is None
    assert changed.adapted == ["dropout: set in 24 layers and 12 attention layers, p=0 before"]


def with_a_default(num_classes: int, dropout: float = 0.5) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Dropout(dropout), nn.Linear(12, num_classes))


TAKEN_OUT: dict[str, tuple[str, dict[str, Any], str | None, list[str]]] = {
    "its layers": ("torchvision.models.mobilenet_v2", {}, "p=0.2 in 1 layer",
                   ["dropout: set to 0 in 1 layer, p=0.2 before"]),
    "none": ("torchvision.models.resnet18", {}, None, []),
    "an attribute": ("timm.create_model", {"model_name": "test_resnet", "drop_rate": 0.25}, "p=0.25 in 1 module",
                     ["dropout: set to 0 in 1 module, p=0.25 before"]),
    "an attribute of 0": ("timm.create_model", {"model_name": "test_resnet"}, None, []),
    "the default of its constructor": (f"{__name__}.with_a_default", {"shape": FLAT}, "p=0.5", []),
}  # fmt: skip


@pytest.mark.parametrize("case", TAKEN_OUT)
def test_dropout_of_the_network_s_own_stays_unless_it_is_taken_out(case: str) -> None:
    target, given, own, lines = TAKEN_OUT[case]
    plain, without = (made(target, *methods, **given) for methods in ([], [NO_DROPOUT]))
    assert (plain.own_dropout, without.own_dropout, plain.adapted, without.adapted) == (own, own, [], lines)
    require_kept(plain.model, without.model)
    shape = given.get("shape", (3, 16, 16))
    inputs = torch.randn(8, *shape)
    for network, is_noisy in ((plain, own is not None), (without, False)):
        network.model.train()
        assert torch.equal(network.model(inputs), network.model(inputs)) != is_noisy


class Claims(Unordered):
    """An attribute of that name that nothing reads."""

    drop_rate: float

    def __init__(self, num_classes: int) -> None:
        super().__init__(num_classes)
        self.drop_rate = 0.1


@pytest.mark.parametrize("target", [f"{__name__}.Claims", f"{__name__}.Unordered"])
def test_dropout_that_would_do_nothing_is_refused(target: str) -> None:
    with pytest.raises(ConfigError) as refused:
        made(target, DROPOUT, shape=FLAT)
    assert str(refused.value) == (
        f"regularizer.dropout=0.3: {target.rpartition('.')[2]} has no place for it (no layer of dropout, no argument "
        "dropout); choose another model or leave it off"
    )


def test_grey_pictures_are_repeated_where_the_first_convolution_asks_for_three_channels() -> None:
    line = ["input: grey pictures are repeated to three channels"]
    grey, coloured = (made("torchvision.models.mobilenet_v3_small", shape=(c, 32, 32)) for c in (1, 3))
    assert (grey.adapted, coloured.adapted) == (line, [])
    assert list(grey.model.state_dict()) == list(coloured.model.state_dict())
    images = torch.randn(4, 1, 32, 32)
    grey.model.eval()
    coloured.model.eval()
    assert torch.equal(grey.model(images), coloured.model(images.repeat(1, 3, 1, 1)))
    one = made("timm.create_model", model_name="test_resnet", in_chans=1, shape=(1, 32, 32))
    assert one.adapted == [], "its first convolution takes one"
    assert made("regsweep.models.cnn.CNN", shape=(1, 32, 32)).adapted == [], "it knows the shape"


def test_layers_of_a_network_are_made_by_targets_of_their_own() -> None:
    network = made_of(CONV, layer("ReLU", inplace=True), layer("Sequential", layer("Flatten"), layer("Linear", 768, 4)))
    assert str(network.model[1]) == "ReLU(inplace=True)"  # type: ignore[index]
    lazy = [made_of(CONV, RELU, *HEAD).model for _ in range(2)]
    assert torch.equal(lazy[0][3].weight, lazy[1][3].weight)  # type: ignore[index]
    assert lazy[0][3].in_features == 768  # type: ignore[index]


class Aside(nn.Module):
    """It returns more than one tensor in training."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.layer = nn.Linear(12, num_classes)

    def forward(self, inputs: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        outputs: Tensor = self.layer(inputs)
        return (outputs, outputs) if self.training else outputs


class Classes(Aside):
    """It returns the class, not a number for each."""

    def forward(self, inputs: Tensor) -> Tensor:
        classes: Tensor = self.layer(inputs).argmax(1)
        return classes


class InPlace(Aside):
    """It standardizes the examples that it is given where they lie."""

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.layer(inputs.sub_(0.5))
        return outputs


def returns_a_word(num_classes: int) -> str:
    return f"a network of {num_classes}"


def raises() -> nn.Module:
    raise ValueError("no\nnetwork today")


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "a factory that raises": (
        f"{__name__}.raises", {}, f"model._target_={__name__}.raises: cannot be built with its defaults "
        "(ValueError: no network today)"),
    "a factory that returns something else": (
        f"{__name__}.returns_a_word", {},
        f"model._target_={__name__}.returns_a_word: returned str; it must return a torch.nn.Module"),
    "other outputs": (
        "torch.nn.Sequential", {"_args_": [LINEAR]},
        "model._target_=torch.nn.Sequential: returns (2, 12) float32 for 2 examples of (12,); it must return a Tensor "
        "(2, 4) of floating point; give its last layer 4 outputs"),
    "more than one in training": (
        f"{__name__}.Aside", {},
        f"model._target_={__name__}.Aside: returns tuple for 2 examples of (12,) in training; it must return a Tensor "
        "(2, 4) of floating point; leave further outputs out (model.aux_logits=false of torchvision's)"),
    "classes": (
        f"{__name__}.Classes", {},
        f"model._target_={__name__}.Classes: returns (2,) int64 for 2 examples of (12,); it must return a Tensor "
        "(2, 4) of floating point; give its last layer 4 outputs"),
    "inputs that it changes": (
        f"{__name__}.InPlace", {},
        f"model._target_={__name__}.InPlace: changes its inputs in place, and they are needed again; let it copy them"),
    "other inputs": (
        "torchvision.models.resnet18", {},
        "model._target_=torchvision.models.resnet18: cannot take examples of (12,) (RuntimeError: Expected 3D "),
    "an unknown parameter": (
        "torch.nn.Linear", {"in_feature": 3},
        "model.in_feature=3: Linear has no such parameter; did you mean in_features?"),
    "an unknown one that is passed on": (
        "torchvision.models.resnet18", {"depth": 3}, "model._target_=torchvision.models.resnet18: cannot be built with "
        "model.depth=3 (TypeError: ResNet.__init__() got an unexpected keyword argument 'depth')"),
    "Hydra's own keys": (
        "torchvision.models.resnet18", {"_partial_": True}, "model._partial_=true: resnet18 has no such parameter; "),
    "what the data give": (
        "torchvision.models.resnet18", {"input_shape": 3}, "model.input_shape=3: resnet18 has no such parameter; "),
    "arguments that are no list": (
        "torch.nn.Sequential", {"_args_": {"a": 1}}, "model._args_={'a': 1}: must be a list, of layers for example"),
    "a layer that may not be named": (
        "torch.nn.Sequential", {"_args_": [{"_target_": "os.system", "_args_": ["touch owned"]}]},
        "model._args_[0]._target_=os.system: os is neither in the working folder"),
    "a function of torch for a layer": (
        "torch.nn.Sequential", {"_args_": [LINEAR, layer("Sequential", {"_target_": "torch.load", "f": "x.pt"})]},
        "model._args_[1]._args_[0]._target_=torch.load: the function is of torch.serialization"),
    "a layer that cannot be built": (
        "torch.nn.Sequential", {"_args_": [layer("Linear", "a", 3)]},
        "model._args_[0]._target_=torch.nn.Linear: cannot be built (TypeError: "),
    "weights of another head": (
        "torchvision.models.resnet18", {"weights": "DEFAULT"},
        "model._target_=torchvision.models.resnet18: cannot be built with model.weights=DEFAULT (ValueError: The "
        "parameter 'num_classes' expected value 1000 but got 4 instead.)"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_network_of_the_task_is_refused_in_one_line(case: str) -> None:
    target, own, message = REFUSED[case]
    with pytest.raises(ConfigError) as refused:
        made(target, shape=FLAT, **own)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_two_examples_leave_the_network_as_it_was() -> None:
    network = made("torchvision.models.mobilenet_v3_small")
    after = torch.rand(1)
    torch.manual_seed(0)
    expected = mobilenet_v3_small(num_classes=4)
    assert torch.equal(after, torch.rand(1)), "no random number was drawn"
    state = network.model.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in expected.state_dict().items())
    assert all(module.training for module in network.model.modules())


@pytest.mark.parametrize(
    ("target", "own", "size", "expected"),
    [
        ("timm.create_model", {"model_name": "resnet18"}, 8, True),
        ("timm.create_model", {"model_name": "resnet18"}, 64, False),
        ("torchvision.models.mobilenet_v3_small", {}, 8, True),
        ("regsweep.models.resnet18.ResNet18", {}, 8, False),
        ("regsweep.models.cnn.CNN", {}, 8, False),
        ("regsweep.models.mlp.MLP", {}, 8, False),
    ],
)
def test_strides_over_one_pixel_are_found(target: str, own: dict[str, Any], size: int, *, expected: bool) -> None:
    """Of these the gradient in bfloat16 is not all computed, so ``device.precision=auto`` is float32."""
    shape = (3, size, size)
    assert strides_over_single_pixels(made(target, shape=shape, **own).model, torch.randn(2, *shape)) == expected
