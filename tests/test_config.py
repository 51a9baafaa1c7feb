"""The door lets through what is allowed and names what is not: key, value, allowed."""

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regsweep.config import validate
from regsweep.errors import ConfigError
from regsweep.methods import Method, Parameters
from regsweep.names import name_of
from regsweep.regularizers import METHODS
from tests.conftest import plain_methods

NAN, INF = float("nan"), float("inf")
NO_STRENGTHS: tuple[Any, ...] = (NAN, INF, -INF, -1e-9, "abc", "1e-3x", [1e-3])
REFUSED: list[tuple[str, Any]] = [
    *[("regularizer.l1.lambda", value) for value in (*NO_STRENGTHS, None, True, {"a": 1})],
    *[("regularizer.l1", value) for value in NO_STRENGTHS],
    *[("regularizer.dropout.p", value) for value in (-0.1, 1.0, 1.5, NAN, "half", None, True)],
    *[("regularizer.dropout", value) for value in (-0.1, 1.0, 1.5, NAN, "half")],
    *[("regularizer.elastic_net.l1_ratio", value) for value in (-0.1, 1.1, NAN, True)],
    *[("regularizer.batch_norm", value) for value in ("yes", 1, 0.0)],
    *[("regularizer.l2.use", value) for value in ("yes", 1, None)],
    ("regularizer.penalty", "l3"), ("regularizer.l1.scope", "biases"), ("regularizer.l1.solver", "newton"),
    ("regularizer.l1._target_", "os.system"), ("regularizer.l1._target_", "regsweep.regularizers.l2.L2"),
    *[("optimizer.lr", value) for value in (0, -1, NAN, INF, "fast", None, True)],
    *[("optimizer.momentum", value) for value in (-0.1, 1.0, NAN)],
    ("optimizer.name", "lion"),
    *[("trainer.epochs", value) for value in (0, -1, 1.5, "ten", None, True)],
    *[("trainer.batch_size", value) for value in (0, -1, 1.5, None)],
    ("trainer.restore_best", "yes"), ("trainer.test", 1),
    *[("seed", value) for value in (-1, 2**32, 10**30, 1.0, "0", None, True)],
    ("dataset.name", "mnits"), ("dataset.root", ""), ("dataset.root", "a\0b"), ("dataset.root", None),
    *[("dataset.train_size", value) for value in (0, 1, -5, 2.5, "all", True)],
    *[("dataset.label_noise", value) for value in (-0.1, 1.0, NAN)],
    *[("dataset.val_fraction", value) for value in (-0.1, 1.0, NAN, "some")],
    ("dataset.image_size", 32), ("dataset.split_seed", -1),
    ("device.name", "gpu"), ("device.name", "cuda:x"), ("device.precision", "float16"),
    ("model._target_", "MLP"), ("model._target_", None), ("model._target_", "os.system('x')"),
]  # fmt: skip


def change(values: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(values)
    *sections, last = key.split(".")
    node = changed
    for section in sections:
        node[section] = {} if node[section] is None else node[section]  # a method that is not chosen
        node = node[section]
    node[last] = value
    return changed


def test_the_default_is_valid(values: dict[str, Any]) -> None:
    config = validate(values)
    assert (config.dataset.name, plain_methods(config.regularizer)) == ("digits", {})


@pytest.mark.parametrize(("key", "value"), REFUSED, ids=lambda part: str(part)[:20].replace("\0", "NUL"))
def test_what_is_refused_is_named(values: dict[str, Any], key: str, value: Any) -> None:
    with pytest.raises(ConfigError) as refusal:
        validate(change(values, key, value))
    message = str(refusal.value)
    assert message.startswith(f"{key}="), message
    assert "\n" not in message
    assert len(message) > len(f"{key}=: ") + 10, "says what is allowed"


OF_THE_PENALTY_IN_USE: list[tuple[str, str, Any]] = [
    *[("l1", "lambda", value) for value in (*NO_STRENGTHS, True)],
    *[("elastic_net", "l1_ratio", value) for value in (-0.1, 1.1, NAN, "half")],
    ("l2", "scope", "biases"), ("l1", "solver", "newton"), ("elastic_net", "solver", 1),
]  # fmt: skip


@pytest.mark.parametrize(("penalty", "name", "value"), OF_THE_PENALTY_IN_USE, ids=lambda part: str(part)[:20])
def test_what_is_refused_is_named_by_the_key_that_was_typed(
    values: dict[str, Any], penalty: str, name: str, value: Any
) -> None:
    """The short key of the one penalty's setting, or its own."""
    for key in (f"regularizer.{name}", f"regularizer.{penalty}.{name}"):
        with pytest.raises(ConfigError) as refusal:
            validate(change(change(values, f"regularizer.{penalty}", {"use": True}), key, value))
        assert str(refusal.value).startswith(f"{key}="), refusal.value


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(min_value=0, allow_nan=False, allow_infinity=False), st.floats(0, 1, exclude_max=True))
def test_what_is_allowed_comes_through_unchanged(values: dict[str, Any], strength: float, dropout: float) -> None:
    used = {
        **({"dropout": {"p": dropout}} if dropout else {}),
        **({"l2": {"lambda": strength, "scope": "weights"}} if strength else {}),
    }
    in_full = change(change(values, "regularizer.l2.lambda", strength), "regularizer.dropout.p", dropout)
    assert plain_methods(validate(in_full).regularizer) == used
    in_short = change(change(values, "regularizer.l2", strength), "regularizer.dropout", dropout)
    assert plain_methods(validate(in_short).regularizer) == used


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("regularizer.lamda", "no such method; did you mean regularizer.lambda?"),
        ("regularizer.dropuot", "no such method; did you mean regularizer.dropout?"),
        ("regularizer.l1.lamda", "no such setting; did you mean lambda?"),
        ("trainer.epoch", "no such key; did you mean epochs?"),
        ("sed", "no such key; did you mean seed?"),
    ],
)
def test_a_mistyped_key_is_answered_with_the_right_one(values: dict[str, Any], key: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(f'{key}=1: {expected}')}"):
        validate(change(values, key, 1))


def test_a_missing_section_is_named(values: dict[str, Any]) -> None:
    del values["trainer"]
    with pytest.raises(ConfigError, match="trainer=null: is missing"):
        validate(values)


WITHOUT_EFFECT: list[tuple[dict[str, Any], str]] = [
    ({"lambda": 1e-4}, "regularizer.lambda=0.0001: no penalty in use has it"),
    ({"dropout": 0.5, "lambda": 1e-4}, "regularizer.lambda=0.0001: no penalty in use has it"),
    ({"l1": False, "lambda": 1e-4}, "regularizer.lambda=0.0001: no penalty in use has it"),
    ({"l1": 0, "lambda": 1e-4}, "regularizer.lambda=0.0001: no penalty in use has it"),
    ({"l1": True, "l1_ratio": 0.5}, "regularizer.l1_ratio=0.5: no penalty in use has it; add .*=elastic_net"),
    ({"l2": True, "solver": "subgradient"}, "regularizer.solver=subgradient: no penalty in use has it; add .*=l1"),
    ({"l1": True, "l2": True, "lambda": 1e-4}, "regularizer.lambda=0.0001: 2 .* regularizer.l1.lambda or .*.l2.lambda"),
]


@pytest.mark.parametrize(("changes", "expected"), WITHOUT_EFFECT, ids=[str(changes) for changes, _ in WITHOUT_EFFECT])
def test_a_setting_without_effect_or_of_several_penalties_is_refused(
    values: dict[str, Any], changes: dict[str, Any], expected: str
) -> None:
    values["regularizer"].update(changes)
    with pytest.raises(ConfigError, match=f"^{expected}"):
        validate(values)


def test_a_setting_of_one_of_two_penalties_needs_no_name(values: dict[str, Any]) -> None:
    values["regularizer"].update({"l1": True, "l2": True, "solver": "subgradient"})
    plain = plain_methods(validate(values).regularizer)
    assert (plain["l1"]["solver"], set(plain["l2"])) == ("subgradient", {"lambda", "scope"})


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "no regularization"),
        ({"l2": {"use": False}, "dropout": 0}, "no regularization"),
        ({"batch_norm": True, "dropout": 0.5, "l2": 0.001}, "L2 λ=0.001 with dropout 0.5 and BatchNorm"),
        (
            {"mixup": 0.2, "ema": 0.99, "l1": 0.01, "augmentation": 1, "max_norm": 2},
            "L1 λ=0.01 with augmentation (shifts of up to 1 px), EMA 0.99, max-norm c=2 and mixup α=0.2",
        ),
        ({"l1": {"lambda": 0.003, "solver": "subgradient"}}, "L1 λ=0.003 (solver=subgradient)"),
        (
            {"l1": {"lambda": 0.003, "solver": "subgradient", "scope": "all"}},
            "L1 λ=0.003 (solver=subgradient, scope=all)",
        ),
        ({"l1": {"lambda": 0.003, "solver": "proximal", "scope": "weights"}}, "L1 λ=0.003"),
        ({"elastic_net": 0.003}, "elastic net λ=0.003 ρ=0.5"),
        ({"elastic_net": {"l1_ratio": 0.25, "scope": "all"}}, "elastic net λ=0.0001 ρ=0.25 (scope=all)"),
        ({"weight_decay": {"rate": 0.1, "scope": "all"}}, "decoupled weight decay 0.1 (scope=all)"),
    ],
)
def test_the_methods_in_use_are_named_penalties_first(
    values: dict[str, Any], changes: dict[str, Any], line: str
) -> None:
    values["regularizer"].update(changes)
    assert name_of(validate(values).regularizer.in_use) == line


class Descent(Method):
    """A method of the user's own that takes a gradient of its own."""

    name, title = "descent", "descent"

    def around(self, parameters: Parameters) -> Iterator[None]:
        yield


def test_two_methods_that_take_gradients_of_their_own_are_refused(
    values: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(METHODS, "descent", Descent)
    values["regularizer"] |= {"descent": True, "l2": 0.1}
    assert set(plain_methods(validate(values).regularizer)) == {"descent", "l2"}
    values["regularizer"]["sam"] = True
    with pytest.raises(
        ConfigError, match=r"^regularizer=\[descent,sam\]: both take gradients of their own in a step; ch"
    ):
        validate(values)


def test_the_penalty_of_versions_before_0_3_is_no_key(values: dict[str, Any]) -> None:
    with pytest.raises(
        ConfigError, match=r"^regularizer\.penalty=l1: penalties are methods now; choose one with regul"
    ):
        validate(change(values, "regularizer.penalty", "l1"))


@pytest.mark.parametrize("name", METHODS)
def test_off_and_not_used_are_the_method_s_absence(values: dict[str, Any], name: str) -> None:
    """Only what they take out of the network is more than absent."""
    method, none = METHODS[name], validate(values).regularizer
    off = [dict(method.off)] if method.off else []
    for node in ({"use": False}, False, *off, *({"use": False, **each} for each in off)):
        chosen = validate(change(values, f"regularizer.{name}", node)).regularizer
        assert chosen.in_use == []
        assert (chosen == none) == (not method.can_take_out)


def test_two_methods_of_one_role_are_refused(values: dict[str, Any]) -> None:
    values["regularizer"].update({"elastic_net": True, "l2": 1e-3})
    with pytest.raises(ConfigError, match=r"^regularizer=\[elastic_net,l2\]: a run has one decay of the weights"):
        validate(values)
    values["regularizer"]["l2"] = 0.0
    assert list(plain_methods(validate(values).regularizer)) == ["elastic_net"]


def test_it_is_frozen(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(validate(values), "seed", 1)  # noqa: B010
