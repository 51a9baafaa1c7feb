"""A fault of a user's own method ends in one line that names the method, its hook, what came and what is allowed."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from regsweep import records
from regsweep.build import require_buildable
from regsweep.chosen import choose, class_of
from regsweep.config import RunConfig, validate
from regsweep.errors import ConfigError, DivergedError, RegsweepError
from regsweep.fields import field, number
from regsweep.methods import Batch, Method, MethodSettings, Paper, Parameters, Penalty
from regsweep.methods.declared import fault_of
from regsweep.methods.method import HOOKS
from regsweep.paths import RunPaths
from regsweep.regularizers import METHODS
from regsweep.regularizers.l1 import L1
from regsweep.regularizers.mixup import Mixup
from regsweep.run import run
from tests.conftest import plain_configuration

TARGET = f"{__name__}.Faulty"
NAMED: dict[str, Any] = {"name": "faulty", "title": "faulty"}


def no_change(self: Method, batch: Batch) -> Batch:
    return batch


def fails(*_: Any) -> Any:
    raise KeyError("boom")


@pytest.fixture(autouse=True)
def _this_module_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGSWEEP_ALLOW_MODULES", "tests")


def declare(
    monkeypatch: pytest.MonkeyPatch, base: type[Method], attributes: Mapping[str, Any], named: str = "Faulty"
) -> type[Method]:
    """Make a class in this module, as a user's module has it; `TARGET` names it."""
    cls = type(named, (base,), dict(attributes))
    monkeypatch.setattr(sys.modules[__name__], named, cls, raising=False)
    return cls


def configured(monkeypatch: pytest.MonkeyPatch, attributes: Mapping[str, Any]) -> RunConfig:
    """Return a small run with a method of these attributes."""
    declare(monkeypatch, Method, {**NAMED, **attributes})
    values = plain_configuration("device=cpu")
    values["model"] = {"_target_": "tests.regularizers.networks.Small"}
    values["dataset"] |= {"train_size": 64}
    values["trainer"] |= {"epochs": 2, "batch_size": 16}
    values["regularizer"] |= {"faulty": {"_target_": TARGET, "use": True}}
    return validate(values)


# ------------------------------------------------------------------------------------------------ faults of a class

GENERAL = f"regularizer.faulty._target_={TARGET}: "
DECLARED: dict[str, tuple[Mapping[str, Any], str]] = {
    "no name": ({"title": "faulty"}, 'Faulty has no name; write name = "…" in the class'),
    "no title": ({"name": "faulty"}, 'Faulty has no title; write title = "…" in the class'),
    "another name": ({**NAMED, "name": "other"}, "its class has the name other; use regularizer.other"),
    "a name of this project": (
        {**NAMED, "name": "mixup"},
        "mixup is a method of this project; give the class a name of its own",
    ),
    "a title of this project": (
        {**NAMED, "title": "mixup"},
        "its title is that of regularizer.mixup, mixup; give the class one of its own",
    ),
    "settings of another kind": (
        {**NAMED, "Settings": dict},
        "Faulty.Settings must be a subclass of regsweep.methods.MethodSettings",
    ),
    "off of no setting": ({**NAMED, "off": {"usee": 1}}, "off names usee, which is no setting of the class; did you "),
    "off of another kind": ({**NAMED, "off": ["use"]}, "off must be a dict of settings' values"),
    "symbol": ({**NAMED, "symbol": 5}, "symbol must be a str"),
    "role": ({**NAMED, "role": 5}, "role must be a str or None"),
    "paper": ({**NAMED, "paper": "Title"}, "paper must be a Paper(title, reference) or None"),
    "arguments": ({**NAMED, "arguments": "gates"}, 'arguments must be a tuple of names, for example ("dropout",)'),
    "stage": (
        {**NAMED, "stage": {"on_batch": "image "}},
        "stage of on_batch is 'image ', which it does not have; did you mean image?",
    ),
    "stage of no hook": (
        {**NAMED, "stage": {"on_batches": "image"}},
        "stage names on_batches, which is no hook with stages; did you mean on_batch?",
    ),
    "stage of another kind": ({**NAMED, "stage": "image"}, "stage must be a dict of stages by hook"),
    "a hook that is none": ({**NAMED, "on_batch": 5}, "its hook on_batch is no function"),
    "a hook's arguments": (
        {**NAMED, "on_batch": lambda self: 1},
        "its hook on_batch takes (self); it must take (self, batch)",
    ),
    "no hook": ({**NAMED, "describe": classmethod(lambda _, settings: "x")}, "Faulty has no hook, so it would change "),
    "mistyped": (
        {**NAMED, "on_batches": no_change},
        "on_batches: no such hook; did you mean on_batch? (begin the name of a helper with _)",
    ),
    "mistyped beside a hook": (
        {**NAMED, "on_batch": no_change, "extra_los": fails},
        "extra_los: no such hook; did you mean extra_loss?",
    ),
    "another library's hook": ({**NAMED, "on_batch": no_change, "on_fit_end": fails}, "on_fit_end: no such hook; "),
}


@pytest.mark.parametrize(("attributes", "line"), DECLARED.values(), ids=DECLARED)
def test_a_class_with_a_fault_is_refused_when_it_is_looked_up(
    monkeypatch: pytest.MonkeyPatch, attributes: Mapping[str, Any], line: str
) -> None:
    declare(monkeypatch, Method, attributes)
    with pytest.raises(ConfigError) as refused:
        class_of("faulty", TARGET, None)
    assert str(refused.value).startswith(GENERAL + line)
    assert refused.value.exit_code == 2


def test_a_class_under_the_key_of_a_method_of_this_project_does_not_take_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    declare(monkeypatch, Method, {"name": "mixup", "title": "clash", "on_batch": no_change})
    with pytest.raises(ConfigError, match="mixup is a method of this project"):
        choose({"mixup": {"_target_": TARGET, "use": True}})
    declare(monkeypatch, L1, {})
    with pytest.raises(ConfigError, match="l1 is a method of this project"):
        class_of("faulty", TARGET, None)
    assert class_of("mixup", "regsweep.regularizers.mixup.Mixup", None) is Mixup


@pytest.mark.parametrize(("title", "is_refused"), [("own", True), ("other", False)])
def test_two_methods_of_one_title_are_refused(monkeypatch: pytest.MonkeyPatch, title: str, is_refused: bool) -> None:
    declare(monkeypatch, Method, {"name": "one", "title": "own", "on_batch": no_change}, "One")
    declare(monkeypatch, Method, {"name": "two", "title": title, "on_batch": no_change}, "Two")
    nodes = {"one": {"_target_": f"{__name__}.One"}, "two": {"_target_": f"{__name__}.Two"}}
    if is_refused:
        with pytest.raises(ConfigError, match=r"regularizer=\[one,two\]: both have the title own; give one of them an"):
            choose(nodes)
    else:
        assert [use.method.name for use in choose(nodes).in_use] == ["one", "two"]


def test_all_methods_of_this_project_are_declared_right() -> None:
    assert {name: fault_of(method) for name, method in METHODS.items() if fault_of(method)} == {}


TAKEN: dict[str, tuple[type[Method], Mapping[str, Any]]] = {
    "a hook and helpers": (Method, {"on_batch": no_change, "_on_batches": fails, "draw": fails, "strength": fails}),
    "the best epoch": (Method, {"keeps_best_epoch": True}),
    "what is taken out": (Method, {"can_take_out": True}),
    "a hook of its base": (L1, {}),
    "its value alone": (Penalty, {"value": lambda self, parameters: 0.0}),
    "arguments of the network": (Method, {"arguments": ("gates",)}),
    "more arguments": (Method, {"on_batch": lambda self, batch, *more: batch}),
    "a paper": (Method, {"on_batch": no_change, "paper": Paper("Title", "Someone (2000).")}),
}


@pytest.mark.parametrize(("base", "attributes"), TAKEN.values(), ids=TAKEN)
def test_a_class_without_a_fault_is_taken(
    monkeypatch: pytest.MonkeyPatch, base: type[Method], attributes: Mapping[str, Any]
) -> None:
    cls = declare(monkeypatch, base, {**NAMED, **attributes})
    assert class_of("faulty", TARGET, None) is cls


def test_the_hooks_that_are_written_down_are_the_base_class_s() -> None:
    words = {
        "main_setting",
        "main_value",
        "setting_fields",
        "is_off",
        "describe",
        "refuse",
        "no_place",
        "require_meaning",
    }
    words |= {"Settings"}
    public = [name for name in vars(Method) if not name.startswith("_") and callable(getattr(Method, name))]
    assert [name for name in public if name not in words] == list(HOOKS)


NO_CLASS = {
    "no module": ("Faulty", "must name a class as module.Class"),
    "a number": (5, "must name a class as module.Class"),
    "an empty part": ("tests..Faulty", "must name a class as module.Class"),
}


@pytest.mark.parametrize(("target", "line"), NO_CLASS.values(), ids=NO_CLASS)
def test_a_target_that_is_no_class_is_refused(target: Any, line: str) -> None:
    with pytest.raises(ConfigError) as refused:
        class_of("faulty", target, None)
    assert str(refused.value) == f"regularizer.faulty._target_={target}: {line}"


@pytest.mark.parametrize("key", ["regularizer", "search", "ranges"])
def test_a_preset_that_does_not_say_where_its_keys_belong_is_refused_with_the_line_that_does(key: str) -> None:
    with pytest.raises(ConfigError) as refused:
        choose({key: {"faulty": {"use": True}}})
    reason = "a preset's first line must be # @package _global_"
    assert str(refused.value) == f"regularizer.{key}={{'faulty': {{'use': True}}}}: {reason}"


# ------------------------------------------------------------------------------------------------ faults of settings


class Checked(MethodSettings):
    """Settings of which one fails a check of them all, and one a check that raises."""

    low: float = number("must be 0 or more", default=1.0)
    scope: str = field("must be a word", default="weights")

    def model_post_init(self, _: Any) -> None:
        if self.low < 0:
            raise KeyError("low")


def test_settings_that_fail_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, Method, {**NAMED, "on_batch": no_change, "Settings": Checked})
    with pytest.raises(ConfigError, match=r"regularizer\.faulty=.*: its Settings failed \(KeyError: 'low'\)"):
        choose({"faulty": {"_target_": TARGET, "low": -1.0}})
    chosen = choose({"faulty": {"_target_": TARGET, "scope": "kernels"}})
    with pytest.raises(ConfigError, match=r"regularizer\.faulty\.scope=kernels: must be weights or all"):
        chosen.make()


# ------------------------------------------------------------------------------------------------ faults of hooks


def changing(**parts: Any) -> Mapping[str, Any]:
    """Return a hook that changes parts of the batch, each by a function of the batch."""
    return {"on_batch": lambda self, batch: replace(batch, **{name: part(batch) for name, part in parts.items()})}


def without_a_round(self: Method, parameters: Parameters) -> Iterator[None]:
    yield from ()


def unrestored(self: Method, parameters: Parameters) -> Iterator[None]:
    yield
    for weight in parameters.every.values():
        weight.mul_(1.001)
    yield


def restored_but_for_rounding(self: Method, parameters: Parameters) -> Iterator[None]:
    yield
    for weight in parameters.every.values():
        weight.add_(0.1)
    yield
    for weight in parameters.every.values():
        weight.sub_(0.1)


def fails_after_a_round(self: Method, parameters: Parameters) -> Iterator[None]:
    yield
    fails()


FAILED = "failed (KeyError: 'boom')"
BEFORE: dict[str, tuple[Mapping[str, Any], str]] = {
    "__init__ raises": ({"__init__": fails, "on_batch": no_change}, f"__init__ {FAILED}"),
    "__init__ without the base's": (
        {"__init__": lambda self, settings: None, "on_batch": no_change},
        "__init__ leaves no settings or no state; it must call super().__init__(settings)",
    ),
    "check raises": ({"check": lambda self, task: fails()}, f"check {FAILED}"),
    "check returns its error": (
        {"check": lambda self, task: self.refuse("use", "needs another")},
        "check returned regularizer.faulty.use=true: needs another (ConfigError); it must raise what it refuses",
    ),
    "describe raises": ({"describe": classmethod(fails), "on_batch": no_change}, f"describe {FAILED}"),
    "describe returns None": (
        {"describe": classmethod(lambda cls, settings: None), "on_batch": no_change},
        "describe returned None; it must return the method in words, a str",
    ),
    "model_settings raises": ({"model_settings": lambda self: fails()}, f"model_settings {FAILED}"),
    "model_settings returns None": (
        {"model_settings": lambda self: None},
        "model_settings returned None; it must return a dict of the constructor's arguments",
    ),
    "model_settings of another argument": (
        {"model_settings": lambda self: {"gates": 1}},
        "model_settings returned gates, which is not in the class's `arguments`",
    ),
    "weight_decay raises": ({"weight_decay": lambda self: fails()}, f"weight_decay {FAILED}"),
    **{
        f"weight_decay {value}": (
            {"weight_decay": lambda self, value=value: value},
            f"weight_decay returned {shown}; it must return a finite number of 0 or more",
        )
        for value, shown in ((None, "None"), (math.nan, "nan (float)"), (-1.0, "-1.0 (float)"), ("1", "1 (str)"))
    },
    "start raises": ({"start": lambda self, run: fails()}, f"start {FAILED}"),
}
PARTS = ("inputs", "targets", "labels")
TERM = "it must return a Tensor () of floating point, a term of the mean loss"
TARGETS = "they must be classes (16,) int64 or shares (16, 10) float32"
WITHIN: dict[str, tuple[Mapping[str, Any], str]] = {
    "before_step raises": ({"before_step": lambda self, step: fails()}, f"before_step {FAILED}"),
    "on_batch raises": ({"on_batch": lambda self, batch: fails()}, f"on_batch {FAILED}"),
    "on_batch refuses": (
        {"on_batch": lambda self, batch: (_ for _ in ()).throw(self.refuse("use", "not here"))},
        "use=true: not here",
    ),
    "on_batch returns None": (
        {"on_batch": lambda self, batch: None},
        "on_batch returned None; it must return a Batch",
    ),
    "an image of float64": (
        changing(inputs=lambda batch: batch.inputs.double()),
        "on_batch returned inputs that are a Tensor (16, 1, 8, 8) float64; they must stay (16, 1, 8, 8) float32",
    ),
    "a smaller image": (
        changing(inputs=lambda batch: batch.inputs[..., :4]),
        "on_batch returned inputs that are a Tensor (16, 1, 8, 4) float32; they must stay (16, 1, 8, 8) float32",
    ),
    "inputs of another kind": (
        changing(inputs=lambda batch: batch.inputs.numpy()),
        "on_batch returned inputs that are a ndarray (16, 1, 8, 8) float32; they must be a Tensor",
    ),
    "fewer examples": (
        changing(**{part: lambda batch, part=part: getattr(batch, part)[1:] for part in PARTS}),
        "on_batch returned 15 examples of a batch of 16; it must keep their number",
    ),
    "shares of too few classes": (
        changing(targets=lambda batch: batch.shares()[:, :3]),
        f"on_batch returned targets that are a Tensor (16, 3) float32; {TARGETS}",
    ),
    "targets of float": (
        changing(targets=lambda batch: batch.targets.float()),
        f"on_batch returned targets that are a Tensor (16,) float32; {TARGETS}",
    ),
    "shares of float64": (
        changing(targets=lambda batch: batch.shares().double()),
        f"on_batch returned targets that are a Tensor (16, 10) float64; {TARGETS}",
    ),
    "labels of float": (
        changing(labels=lambda batch: batch.labels.float()),
        "on_batch returned labels that are a Tensor (16,) float32; they must stay (16,) int64",
    ),
    "extra_loss raises": ({"extra_loss": lambda self, logits, batch, parameters: fails()}, f"extra_loss {FAILED}"),
    "extra_loss None": (
        {"extra_loss": lambda self, logits, batch, parameters: None},
        f"extra_loss returned None; {TERM}",
    ),
    "extra_loss a float": (
        {"extra_loss": lambda self, logits, batch, parameters: 0.5},
        f"extra_loss returned 0.5 (float); {TERM}",
    ),
    "extra_loss by example": (
        {"extra_loss": lambda self, logits, batch, parameters: logits.sum(1)},
        f"extra_loss returned a Tensor (16,) float32; {TERM}",
    ),
    "extra_loss whole": (
        {"extra_loss": lambda self, logits, batch, parameters: batch.labels.sum()},
        f"extra_loss returned a Tensor () int64; {TERM}",
    ),
    "around without a yield": ({"around": without_a_round}, "around took no gradient; it must yield once or more"),
    "around returns None": (
        {"around": lambda self, parameters: None},
        "around returned None; it must yield, once or more",
    ),
    "around fails": ({"around": fails_after_a_round}, f"around {FAILED}"),
    "around does not restore": ({"around": unrestored}, "around left the weights changed (by "),
    "before_update raises": ({"before_update": lambda self, parameters, lr: fails()}, f"before_update {FAILED}"),
    "on_weights raises": ({"on_weights": lambda self, update: fails()}, f"on_weights {FAILED}"),
    "after_step raises": ({"after_step": lambda self, model, step: fails()}, f"after_step {FAILED}"),
    "evaluated raises": ({"evaluated": lambda self, model: fails()}, f"evaluated {FAILED}"),
    "evaluated returns None": (
        {"evaluated": lambda self, model: None},
        "evaluated returned None; it must return a network, an nn.Module",
    ),
    "should_stop raises": ({"should_stop": lambda self, history: fails()}, f"should_stop {FAILED}"),
    "should_stop returns text": (
        {"should_stop": lambda self, history: "no"},
        "should_stop returned no (str); it must return True or False",
    ),
    "value raises": ({"value": lambda self, parameters: fails()}, f"value {FAILED}"),
    "value None": ({"value": lambda self, parameters: None}, "value returned None; it must return a number"),
    "value text": ({"value": lambda self, parameters: "a"}, "value returned a (str); it must return a number"),
    "value by example": (
        {"value": lambda self, parameters: torch.zeros(2)},
        "value returned a Tensor (2,) float32; it must return a number",
    ),
    "record raises": ({"record": lambda self, model: fails()}, f"record {FAILED}"),
    "record None": (
        {"record": lambda self, model: None},
        "record returned None; it must return a dict of numbers by name",
    ),
    **{
        f"record {value}": (
            {"record": lambda self, model, value=value: {"x": value}},
            f"record returned {shown} for x; it must be a finite number",
        )
        for value, shown in ((math.nan, "nan (float)"), ("a", "a (str)"), (None, "None"), (True, "true (bool)"))
    },
    "record by number": (
        {"record": lambda self, model: {1: 1.0}},
        "record returned a number by the name 1 (int); a name must be a str",
    ),
}
FAULTS = {
    **{name: (*fault, 2) for name, fault in BEFORE.items()},
    **{name: (*fault, 1) for name, fault in WITHIN.items()},
}


@pytest.mark.parametrize(("attributes", "line", "code"), FAULTS.values(), ids=FAULTS)
def test_a_hook_with_a_fault_ends_the_run_in_one_line_and_leaves_no_weights(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, attributes: Mapping[str, Any], line: str, code: int
) -> None:
    """Exit code 2: nothing was trained; 1: the training had begun."""
    config = configured(monkeypatch, attributes)
    with pytest.raises(RegsweepError) as failed:
        run(config, tmp_path, is_trial=False)
    text = str(failed.value)
    assert text.startswith(("regularizer.faulty: " + line, "regularizer.faulty." + line))
    assert "\n" not in text
    assert failed.value.exit_code == code
    assert not RunPaths(tmp_path).weights.exists()


CHECKED_FIRST = {name: fault for name, fault in BEFORE.items() if name != "start raises"}


@pytest.mark.parametrize(("attributes", "line"), CHECKED_FIRST.values(), ids=CHECKED_FIRST)
def test_what_needs_no_training_is_found_before_a_folder_is_made(
    monkeypatch: pytest.MonkeyPatch, attributes: Mapping[str, Any], line: str
) -> None:
    with pytest.raises(RegsweepError) as refused:
        require_buildable(configured(monkeypatch, attributes))
    assert str(refused.value).startswith("regularizer.faulty: " + line)
    assert refused.value.exit_code == 2


NOT_FINITE: dict[str, Mapping[str, Any]] = {
    "extra_loss": {"extra_loss": lambda self, logits, batch, parameters: logits.sum() * math.nan},
    "value": {"value": lambda self, parameters: math.nan},
}


@pytest.mark.parametrize("attributes", NOT_FINITE.values(), ids=NOT_FINITE)
def test_a_number_that_is_not_finite_is_a_divergence_that_names_the_method(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, attributes: Mapping[str, Any]
) -> None:
    config = configured(monkeypatch, attributes)
    with pytest.raises(DivergedError, match=r"diverged at epoch 1: .*; the term of regularizer\.faulty is not finite"):
        run(config, tmp_path, is_trial=False)


def test_a_value_is_not_blamed_for_weights_that_diverge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def destroy(self: Method, update: Any) -> None:
        for weight in update.parameters.every.values():
            weight.mul_(math.nan)

    def norm(self: Method, parameters: Parameters) -> Any:
        return torch.stack([weight.square().sum() for weight in parameters.every.values()]).sum()

    config = configured(monkeypatch, {"on_weights": destroy, "value": norm})
    with pytest.raises(DivergedError) as diverged:
        run(config, tmp_path, is_trial=False)
    assert str(diverged.value) == "diverged at epoch 1: the loss is nan; try a lower optimizer.lr"


def test_numbers_of_other_kinds_are_recorded_as_numbers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = configured(
        monkeypatch,
        {
            "value": lambda self, parameters: torch.tensor(1.5, requires_grad=True) * 2,
            "record": lambda self, model: {"a": torch.tensor(2.5), "b": torch.tensor(4).numpy(), "c": 5},
            "should_stop": lambda self, history: torch.tensor(True),
        },
    )
    run(config, tmp_path, is_trial=False)
    record = records.read_json(RunPaths(tmp_path).result)
    assert record["epochs"] == 1, "it was stopped after the first"
    assert record["penalty"] == 3.0
    assert record["methods"]["faulty"]["numbers"] == {"a": 2.5, "b": 4.0, "c": 5.0}


def test_weights_may_be_restored_but_for_rounding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = configured(monkeypatch, {"around": restored_but_for_rounding})
    assert math.isfinite(run(config, tmp_path, is_trial=False).metrics["train"].loss)
