"""What regularized each trial, read from its record; before version 0.3, from its configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from regsweep.names import place_of
from regsweep.numbers import show_number
from regsweep.run_record import RunRecord, UsedMethod

BATCH_NORM, DROPOUT = "batch_norm", "dropout"


@dataclass(frozen=True)
class Regularization:
    """What regularized a trial.

    Attributes:
        methods: in use, by name.
        batch_norm: whether the network had BatchNorm; None where that is not known.
        own_batch_norm: whether it has BatchNorm without any method; None where that is not known.
        dropout: whether the network had dropout; None where that is not known.
        own_dropout: the dropout that it has without any method, in words; None where it has none, or that is not known.
    """

    methods: Mapping[str, UsedMethod] = field(default_factory=dict)
    batch_norm: bool | None = None
    own_batch_norm: bool | None = None
    dropout: bool | None = None
    own_dropout: str | None = None

    @property
    def turns_batch_norm(self) -> bool:
        """Whether BatchNorm was put into the network, or taken out of it."""
        return self.own_batch_norm is not None and self.batch_norm is not self.own_batch_norm

    @property
    def keeps_dropout(self) -> bool:
        """Whether the network had the dropout of its own, which no method set or took out."""
        return self.own_dropout is not None and bool(self.dropout) and DROPOUT not in self.methods

    def used(self, *, is_turned: bool) -> dict[str, UsedMethod]:
        """Return what regularizes, by name: penalties first, methods without a setting last.

        Where a network has BatchNorm of its own accord it is part of the network, unless the sweep turns it on and off.

        Args:
            is_turned: whether a trial of the sweep `turns_batch_norm`.
        """
        used = dict(self.methods)
        if BATCH_NORM in used and self.own_batch_norm and not is_turned:
            del used[BATCH_NORM]
        if self.batch_norm and is_turned:
            used.setdefault(BATCH_NORM, UsedMethod("BatchNorm", "BatchNorm"))
        return dict(sorted(used.items(), key=lambda item: place_of(item[1])))

    def is_known(self, name: str) -> bool:
        """Return whether it is known that the method `name` was used, or was not."""
        return name != BATCH_NORM or self.batch_norm is not None


def read_regularization(record: RunRecord, config: Any) -> Regularization:
    """Return what regularized the trial with this record and composed configuration (plain values)."""
    if record.methods is None:
        return _before_0_3(config)
    return Regularization(record.methods, record.batch_norm, record.own_batch_norm, record.dropout, record.own_dropout)


def takes_out(override: str) -> str | None:
    """Return the method that an override, in its short form, takes out of the network; None where it does not."""
    found = re.fullmatch(rf"regularizer\.({BATCH_NORM}|{DROPOUT})=(?:false|0(?:\.0*)?)", override.lower())
    return found[1] if found else None


_TITLES = {"l1": "L1", "l2": "L2", "elastic_net": "elastic net"}
_HABITS = {"Linear": False, "MLP": False, "CNN": False, "ResNet18": True}
"""Whether a model of version 0.2 had BatchNorm where its configuration left that open."""


def is_before_0_3(config: Any) -> bool:
    """Return whether a composed configuration is that of a version before 0.3, which had one penalty."""
    regularizer = config.get("regularizer") if isinstance(config, Mapping) else None
    return isinstance(regularizer, Mapping) and "penalty" in regularizer


def _before_0_3(config: Any) -> Regularization:
    """Return what regularized a trial of a version before 0.3."""
    if not is_before_0_3(config):
        return Regularization()
    values, model = config["regularizer"], config.get("model")
    target = str(model.get("_target_") if isinstance(model, Mapping) else None)
    own = _HABITS.get(target.rpartition(".")[2])
    methods: dict[str, UsedMethod] = {}
    penalty, strength, dropout = str(values["penalty"]), _number(values, "lambda"), _number(values, "dropout")
    if penalty in _TITLES and strength:
        title, ratio = _TITLES[penalty], _number(values, "l1_ratio")
        shown = f"{title} λ={show_number(strength, 2)}" + (f" ρ={show_number(ratio, 2)}" if ratio is not None else "")
        methods[penalty] = UsedMethod(title, shown, {"lambda": strength}, "lambda", is_penalty=True)
    if dropout:
        methods["dropout"] = UsedMethod("dropout", f"dropout {show_number(dropout, 2)}", {"p": dropout}, "p")
    batch_norm = values.get(BATCH_NORM)
    has = batch_norm if isinstance(batch_norm, bool) else own
    if batch_norm is True:
        methods[BATCH_NORM] = UsedMethod("BatchNorm", "BatchNorm")
    return Regularization(methods, has, own)


def _number(values: Mapping[str, Any], key: str) -> float | None:
    value = values.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
