"""The door lets through what is allowed and names what is not: key, value, allowed."""

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regsweep.config import validate
from regsweep.errors import ConfigError

NAN, INF = float("nan"), float("inf")
REFUSED: list[tuple[str, Any]] = [
    *[("regularizer.lambda", value) for value in (NAN, INF, -INF, -1e-9, "abc", "1e-3x", None, [1e-3], True, {"a": 1})],
    *[("regularizer.dropout", value) for value in (-0.1, 1.0, 1.5, NAN, "half", None, True)],
    *[("regularizer.l1_ratio", value) for value in (-0.1, 1.1, NAN, True)],
    *[("regularizer.batch_norm", value) for value in ("yes", 1, 0.0)],
    ("regularizer.penalty", "l3"), ("regularizer.scope", "biases"), ("regularizer.solver", "newton"),
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
        node = node[section]
    node[last] = value
    return changed


def test_the_default_is_valid(values: dict[str, Any]) -> None:
    config = validate(values)
    assert (config.dataset.name, config.regularizer.penalty, config.regularizer.strength) == (
        "digits",
        "none",
        0.0,
    )


@pytest.mark.parametrize(("key", "value"), REFUSED, ids=lambda part: str(part)[:20])
def test_what_is_refused_is_named(values: dict[str, Any], key: str, value: Any) -> None:
    with pytest.raises(ConfigError) as refusal:
        validate(change(values, key, value))
    message = str(refusal.value)
    assert message.startswith(f"{key}="), message
    assert "\n" not in message
    assert len(message) > len(f"{key}=: ") + 10, "says what is allowed"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(min_value=0, allow_nan=False, allow_infinity=False), st.floats(0, 1, exclude_max=True))
def test_what_is_allowed_comes_through_unchanged(values: dict[str, Any], strength: float, dropout: float) -> None:
    changed = change(change(values, "regularizer.penalty", "l2"), "regularizer.lambda", strength)
    config = validate(change(changed, "regularizer.dropout", dropout))
    assert (config.regularizer.strength, config.regularizer.dropout) == (strength, dropout)


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("regularizer.lamda", "did you mean lambda?"),
        ("trainer.epoch", "did you mean epochs?"),
        ("sed", "did you mean seed?"),
    ],
)
def test_a_mistyped_key_is_answered_with_the_right_one(values: dict[str, Any], key: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=f"{key}=1: no such key; {hint[:-1]}"):
        validate(change(values, key, 1))


def test_a_missing_section_is_named(values: dict[str, Any]) -> None:
    del values["trainer"]
    with pytest.raises(ConfigError, match="trainer=null: is missing"):
        validate(values)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"lambda": 1e-4}, "regularizer.lambda=0.0001"),
        ({"penalty": "l1", "l1_ratio": 0.5}, "regularizer.l1_ratio=0.5"),
        ({"penalty": "l2", "solver": "subgradient"}, "regularizer.solver=subgradient"),
    ],
)
def test_a_setting_without_effect_is_refused(values: dict[str, Any], changes: dict[str, Any], key: str) -> None:
    for name, value in changes.items():
        values = change(values, f"regularizer.{name}", value)
    with pytest.raises(ConfigError, match=key):
        validate(values)


def test_it_is_frozen(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(validate(values), "seed", 1)  # noqa: B010
