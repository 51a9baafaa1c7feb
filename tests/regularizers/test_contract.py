"""What every method promises, over all that are registered: no list is edited for a new one.

A method declares what the suite needs to know: `example` (settings that act within three epochs), `off`, and
`acts_in_evaluation`.
"""

from __future__ import annotations

import functools
import itertools
import math
import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from regsweep import plain_yaml, weights
from regsweep.build import Parts, build
from regsweep.chosen import plain_settings
from regsweep.config import RunConfig, validate
from regsweep.errors import MethodError, RegsweepError
from regsweep.gradient import Alone
from regsweep.member import Member
from regsweep.methods import Batch, Method, Parameters
from regsweep.methods.method import STAGES
from regsweep.metrics import evaluate
from regsweep.paths import config_folder
from regsweep.regularizers import METHODS
from regsweep.step import WARM_UP_STEPS, Step
from regsweep.training import Training
from tests.conftest import PROJECT, plain_configuration
from tests.regularizers.fake_graph import fake_graph

NAMES = sorted(METHODS)
OPTIMIZERS = ("sgd", "adam", "adamw")
SMALL, EPOCHS = "tests.regularizers.networks.Small", 2

each_method = pytest.mark.parametrize("name", NAMES)
Nodes = Mapping[str, Any]


@pytest.fixture(autouse=True)
def _own_networks_are_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGSWEEP_ALLOW_MODULES", "tests")


def example(name: str) -> dict[str, Any]:
    return {"use": True, **METHODS[name].example}


def config_of(nodes: Nodes, network: str = SMALL, optimizer: str = "sgd", **trainer: Any) -> RunConfig:
    """Return a small configuration with these methods."""
    # What is computed outside of the training is compared with it, and no machine may choose another precision.
    values = plain_configuration(f"optimizer={optimizer}", "device=cpu", "device.precision=float32")
    values["model"] = {"_target_": network}
    values["dataset"] |= {"train_size": 64}
    values["trainer"] |= {"epochs": EPOCHS, "batch_size": 16, **trainer}
    values["regularizer"] |= nodes
    return validate(values)


def member_of(config: RunConfig) -> Member:
    return build(config).member(config)


def train(config: RunConfig) -> Member:
    member = member_of(config)
    Training([member]).run()
    if member.error is not None:
        raise member.error
    return member


@functools.cache
def trained(name: str | None, variant: str = "example", optimizer: str = "sgd") -> Member:
    """Return a trained member with one method, or with none; tests only read it."""
    nodes: dict[str, Any] = {}
    if name is not None:
        off = METHODS[name].off
        nodes[name] = {"example": example(name), "again": example(name), "off": {**example(name), **off}}.get(
            variant, {**example(name), "use": False}
        )
    return train(config_of(nodes, optimizer=optimizer))


def left_by(member: Member) -> tuple[Any, ...]:
    """Return what a training leaves: its weights, and every number of its history."""
    rows = [(row.epoch, row.train, row.validation, row.penalty) for row in member.history]
    return weights.digest(member.trained()), rows


@each_method
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_it_trains_to_finite_numbers(name: str, optimizer: str) -> None:
    member = trained(name, optimizer=optimizer)
    assert len(member.history) >= 1
    assert all(parameter.isfinite().all() for parameter in member.trained().parameters())
    losses = [loss for row in member.history for loss in (row.train.loss, row.validation.loss, row.penalty)]  # type: ignore[union-attr]
    assert all(map(math.isfinite, losses))


@each_method
def test_off_is_its_absence_and_so_is_not_used(name: str) -> None:
    """For BatchNorm: not used is a network that has no such layer."""
    variants = ["unused", *(["off"] if METHODS[name].off else [])]
    for variant in variants:
        assert left_by(trained(name, variant)) == left_by(trained(None))


@each_method
def test_its_example_acts_and_the_same_seed_gives_the_same_bits(name: str) -> None:
    if METHODS[name].keeps_best_epoch:  # it stops: the number of epochs is what it changes
        longer = config_of({name: example(name)}, epochs=40)
        assert len(train(longer).history) < 40
    else:
        assert left_by(trained(name)) != left_by(trained(None))
    assert left_by(trained(name)) == left_by(trained(name, "again"))


@each_method
def test_it_shifts_no_stream_but_its_own(name: str) -> None:
    """The same initial weights, batches and labels; and the same noise, unless it draws within the network."""
    ours, plain = (member_of(config_of(nodes)) for nodes in ({name: example(name)}, {}))
    there = dict(plain.model.named_parameters())
    shared = {key: value for key, value in ours.model.named_parameters() if key in there}
    assert len(shared) >= len(there) - 2
    assert all(torch.equal(value, there[key]) for key, value in shared.items())
    assert torch.equal(ours.dataset.train.targets, plain.dataset.train.targets)
    batches = []
    for member in (ours, plain):
        Training([member]).epoch()
        batches.append(torch.cat(member.batches()))
    assert torch.equal(*batches)
    if not METHODS[name].arguments:
        states = [member.noise.state_dict()["states"][0] for member in (ours, plain)]
        assert torch.equal(*states)


@each_method
def test_what_it_draws_differs_from_step_to_step(name: str) -> None:
    member = member_of(config_of({name: example(name)}))
    images, labels = member.dataset.train.inputs[:16], member.dataset.train.targets[:16]
    batch = Batch(images, labels, labels, member.scoring.loss)
    before = member.methods.state_dict()[name]["stream"]["states"][0]
    first, second = member.methods.on_batch(batch), member.methods.on_batch(batch)
    has_drawn = not torch.equal(before, member.methods.state_dict()[name]["stream"]["states"][0])
    is_same = torch.equal(first.inputs, second.inputs) and torch.equal(first.targets, second.targets)
    assert is_same != has_drawn
    assert torch.equal(first.labels, labels)
    assert first.targets.shape == second.targets.shape
    assert torch.equal(batch.inputs, member.dataset.train.inputs[:16]), "the data itself is left as it is"


@each_method
def test_three_members_interleaved_are_the_same_three_alone(name: str) -> None:
    def members() -> list[Member]:
        nodes = {name: example(name), "dropout": example("dropout")}
        configs = [config_of(nodes), config_of({"dropout": {"p": 0.2}}), config_of({**nodes, "dropout": {"p": 0.1}})]
        return [member_of(config) for config in configs]

    together, alone = members(), members()
    Training(together).run()
    for member in alone:
        Training([member]).run()
    assert [left_by(member) for member in together] == [left_by(member) for member in alone]


@each_method
def test_a_training_that_goes_on_is_one_that_ran_straight_through(name: str) -> None:
    """The state is taken while the first training goes on: what it holds must not change with it."""
    config = config_of({name: example(name), **({} if name == "dropout" else {"dropout": {"p": 0.3}})})
    straight = member_of(config)
    training = Training([straight])
    training.epoch()
    if not training.members:
        pytest.skip("it has stopped after an epoch")
    state = straight.state_dict()
    training.run()
    resumed = member_of(config)
    resumed.load_state_dict(state)
    Training([resumed]).run()
    assert left_by(resumed) == left_by(straight)


@each_method
def test_it_acts_in_training_only_unless_it_says_so(name: str) -> None:
    member = trained(name)
    model = member.methods.evaluated(member.model)
    assert (model is member.model) or METHODS[name].acts_in_evaluation
    model.eval()
    images = member.dataset.test.inputs[:8]
    states = [torch.get_rng_state(), member.methods.state_dict()[name]["stream"]["states"][0]]
    with torch.no_grad():
        together, alone = model(images), torch.cat([model(image[None]) for image in images])
        again = member.methods.evaluated(member.model).eval()(images)
    torch.testing.assert_close(together, alone)
    assert torch.equal(together, again)
    now = [torch.get_rng_state(), member.methods.state_dict()[name]["stream"]["states"][0]]
    assert all(map(torch.equal, states, now)), "evaluation moves no stream"


@each_method
def test_metrics_see_hard_labels_and_cross_entropy_alone(name: str) -> None:
    member = trained(name)
    model, data = member.trained(), member.dataset
    assert data.validation is not None
    assert member.kept.train == evaluate(model, data.train, member.scoring)
    assert member.kept.validation == evaluate(model, data.validation, member.scoring)
    with torch.no_grad():
        logits = model(data.train.inputs).double()
    expected = nn.functional.cross_entropy(logits, data.train.targets).item()
    assert member.kept.train.loss == pytest.approx(expected, rel=1e-5)


def steps_of(parts: Parts, config: RunConfig, *, repeats: bool) -> Member:
    """Return a member after three steps more than it takes to warm up, repeated or done anew."""
    member = parts.member(config)
    member.noise.enter()
    member.model.train()
    step = Step(member, Alone(), fake_graph if repeats else None)
    order = torch.Generator().manual_seed(0)
    for _ in range(WARM_UP_STEPS + 3):
        step(torch.randperm(64, generator=order)[:16])
    return member


def is_captured_right(nodes: Nodes, optimizer: str = "sgd") -> bool:
    config = config_of(nodes, optimizer=optimizer)
    eager, repeated = (steps_of(build(config), config, repeats=repeats) for repeats in (False, True))
    same_weights = weights.digest(eager.model) == weights.digest(repeated.model)
    return same_weights and torch.equal(eager.total_loss, repeated.total_loss)


@each_method
def test_a_captured_step_is_the_step(name: str) -> None:
    if METHODS[name].around is not Method.around:
        pytest.skip("a second gradient with the same noise cannot be captured, and is refused")
    assert is_captured_right({name: example(name)})


class _Planted(Method):
    """A method that breaks a rule of what is inside a step."""

    name, title = "planted", "planted"
    calls = 0

    def before_update(self, parameters: Parameters, lr: float | Tensor) -> None:
        for weight in parameters.covered.values():
            assert weight.grad is not None
            self.break_a_rule(weight, weight.grad)

    def break_a_rule(self, weight: Tensor, gradient: Tensor) -> None:
        raise NotImplementedError


class Counts(_Planted):
    """It acts in every other step, by a counter of its own."""

    def break_a_rule(self, weight: Tensor, gradient: Tensor) -> None:
        self.calls += 1
        if self.calls % 7 < 4:
            gradient.mul_(0.5)


class DrawsInPython(_Planted):
    """Its strength is a number of Python's, another one in each step."""

    def break_a_rule(self, weight: Tensor, gradient: Tensor) -> None:
        self.calls += 1
        gradient.mul_(random.Random(self.calls).random())  # noqa: S311


class Decides(_Planted):
    """It asks for a value to decide by."""

    def break_a_rule(self, weight: Tensor, gradient: Tensor) -> None:
        if gradient.norm() > 1:
            gradient.mul_(0.5)


class Replaces(_Planted):
    """It keeps its state in a new tensor in each step."""

    def break_a_rule(self, weight: Tensor, gradient: Tensor) -> None:
        key = str(tuple(weight.shape))
        self.state[key] = self.state.get(key, torch.zeros_like(gradient)) * 0.9 + gradient
        gradient.add_(self.state[key])


class Asks(_Planted):
    """It takes a value out of a tensor."""

    def break_a_rule(self, weight: Tensor, gradient: Tensor) -> None:
        gradient.mul_(1 / (1 + gradient.abs().sum().item()))


@pytest.mark.parametrize("cls", [Counts, DrawsInPython, Decides, Replaces, Asks])
def test_a_decision_of_python_within_a_step_is_found(cls: type[Method], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "planted", cls)
    try:
        found = not is_captured_right({"planted": True})
    except MethodError as error:
        found = "waits for a value" in str(error)
    assert found


@each_method
@pytest.mark.parametrize("network", ["Unused", "Shared", "Transformer"])
def test_networks_of_other_kinds_train_or_are_refused(name: str, network: str) -> None:
    member, refusal = None, ""
    try:
        member = train(config_of({name: example(name)}, f"tests.regularizers.networks.{network}", epochs=1))
    except RegsweepError as error:
        refusal = str(error)
    if member is None:
        assert re.match(rf"regularizer\.{name}\S*=\S+: .*has no place for it", refusal)
    else:
        assert all(parameter.isfinite().all() for parameter in member.trained().parameters())


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_layer_without_a_gradient_stays_as_it_is(optimizer: str) -> None:
    """In a captured step as in a plain one."""
    hooks = ("before_update", "on_weights")
    acting = [
        name for name in NAMES if any(getattr(METHODS[name], hook) is not getattr(Method, hook) for hook in hooks)
    ]
    assert {"l1", "l2", "max_norm"} & {*acting} == {"l1", "max_norm"}
    for name in acting:
        config = config_of({name: example(name)}, "tests.regularizers.networks.Unused", optimizer)
        for repeats in (False, True):
            parts = build(config)
            before = parts.model.get_parameter("unused.weight").detach().clone()
            member = steps_of(parts, config, repeats=repeats)
            assert torch.equal(member.model.get_parameter("unused.weight"), before), name


def combinable(names: list[str]) -> list[str]:
    """Return `names` without those whose role an earlier one has."""
    roles: set[str] = set()
    kept = []
    for name in names:
        role = METHODS[name].role
        if role is None or role not in roles:
            kept.append(name)
            roles |= {role} if role else set()
    return kept


@pytest.mark.parametrize("draw", range(6))
def test_sets_of_methods_train_and_their_order_makes_no_difference(draw: int) -> None:
    chosen = combinable(random.Random(draw).sample(NAMES, 7))  # noqa: S311
    left = []
    for order in (chosen, chosen[::-1]):
        member = train(config_of({name: example(name) for name in order}))
        assert all(parameter.isfinite().all() for parameter in member.trained().parameters())
        left.append(left_by(member))
    assert left[0] == left[1]


def test_methods_of_one_role_are_refused_and_all_other_pairs_are_taken() -> None:
    for one, other in itertools.combinations(NAMES, 2):
        values = {one: example(one), other: example(other)}
        if METHODS[one].role is not None and METHODS[one].role == METHODS[other].role:
            with pytest.raises(RegsweepError, match=rf"regularizer=\[{one},{other}\]: a run has one"):
                config_of(values)
        else:
            assert [use.method.name for use in config_of(values).regularizer.in_use] == sorted(values)


def test_a_second_gradient_has_the_noise_of_the_first() -> None:
    """SAM with ρ = 1e-30 moves no weight, so beside everything that is random it is its absence."""
    others = {name: example(name) for name in ("dropout", "spatial_dropout", "stochastic_depth", "batch_norm", "mixup")}
    assert left_by(train(config_of({**others, "sam": {"rho": 1e-30}}))) == left_by(train(config_of(others)))


@each_method
def test_its_preset_has_the_defaults_of_its_class_and_a_range_for_each_switch(name: str) -> None:
    method = METHODS[name]
    preset = plain_yaml.parse((config_folder() / "regularizer" / f"{name}.yaml").read_text())
    assert set(preset) <= {"regularizer", "search", "ranges"}
    assert list(preset["regularizer"]) == [name]
    assert preset["regularizer"][name] == {"use": True, **plain_settings(method.Settings())}
    assert preset["search"][f"regularizer.{name}.use"] == "choice(false, true)"
    main = method.main_setting()
    assert main is None or f"regularizer.{name}.{main}" in preset["search"]
    assert all(key.startswith(f"regularizer.{name}.") for key in preset["search"])


@each_method
def test_it_has_a_paper_a_row_in_the_readme_and_a_test_of_its_own(name: str) -> None:
    method = METHODS[name]
    assert method.paper is not None
    assert re.search(r"\(\d{4}\)", method.paper.reference)
    assert re.search(rf"^\| `{name}` ", (PROJECT / "README.md").read_text(), re.MULTILINE)
    assert (Path(__file__).parent / f"test_{name}.py").is_file()


@each_method
def test_its_stages_are_known(name: str) -> None:
    assert all(stage in STAGES[hook] for hook, stage in METHODS[name].stage.items())
