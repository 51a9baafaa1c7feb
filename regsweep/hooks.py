"""The methods of a run, as a step uses them: each hook with those that have it, in their order."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import Parameter

from regsweep import seeding
from regsweep.errors import FAULTS, RegsweepError
from regsweep.methods.calls import call, failure, fault
from regsweep.methods.method import HOOKS, STAGES, Method
from regsweep.methods.parameters import Batch, Parameters, Run, Update

if TYPE_CHECKING:
    from torch import Tensor, nn

    from regsweep.member import EpochRow

RESTORED = 100
"""Rounding errors of a weight within which the hook `around` must restore the weights, all of them together."""


class Methods:
    """The methods of one run. What one raises, or returns wrongly, becomes a `MethodError` that names it.

    Args:
        methods: in any order.
    """

    def __init__(self, methods: Sequence[Method]) -> None:
        self.all = sorted(methods, key=lambda method: method.name)
        self._with = {hook: self._overriding(hook) for hook in HOOKS}
        self.changes_batches = bool(self._with["on_batch"])
        self.gradient_rounds = bool(self._with["around"])
        self.keeps_best_epoch = any(method.keeps_best_epoch for method in self.all)
        self._parameters: dict[Method, Parameters] = {}
        self._streams: dict[Method, seeding.Stream] = {}
        self.extra_losses: dict[str, Tensor] = {}
        self.last_values: dict[str, float] = {}
        self._has_restored = False

    def _overriding(self, hook: str) -> list[Method]:
        stages = STAGES.get(hook, ())
        overriding = [method for method in self.all if getattr(type(method), hook) is not getattr(Method, hook)]
        return sorted(overriding, key=lambda method: stages.index(method.stage.get(hook, stages[0])) if stages else 0)

    def begin(self, covered: Mapping[str, Mapping[str, Parameter]], seed: int, device: torch.device) -> None:
        """Make each method's stream and state, before the first step.

        Args:
            covered: parameters by name, by scope.
            seed: the run's.
            device: on which it computes.
        """
        for method in self.all:
            scope = getattr(method.settings, "scope", "weights")
            self._parameters[method] = Parameters(dict(covered["all"]), dict(covered[scope]))
            self._streams[method] = seeding.Stream(seeding.derive(seed, f"method {method.name}"), device)
        for method in self._with["start"]:
            self._outside(method, "start", Run(self._parameters[method]))

    def _outside(self, method: Method, hook: str, *arguments: Any) -> Any:
        """Call a hook while torch's global generators stand at the method's own stream."""
        with self._streams[method]:
            return call(method, hook, *arguments)

    def before_step(self, step: int) -> None:
        """Call the hook of this name."""
        for method in self._with["before_step"]:
            self._outside(method, "before_step", step)

    def on_batch(self, batch: Batch) -> Batch:
        """Return the batch as the methods leave it."""
        for method in self._with["on_batch"]:
            batch = self._outside(method, "on_batch", batch)
        return batch

    def total_loss(self, loss: Tensor, logits_BK: Tensor, batch: Batch) -> Tensor:
        """Return the loss with the methods' terms."""
        total = loss
        for method in self._with["extra_loss"]:
            term: Tensor = call(method, "extra_loss", logits_BK, batch, self._parameters[method])
            total = total + term
            seen = self.extra_losses.setdefault(method.name, torch.zeros_like(term.detach()))
            # Where the cross-entropy is not finite either, the network has diverged, and any term follows it.
            seen += term.detach().masked_fill(~loss.detach().isfinite(), 0)
        return total

    def around(self) -> Iterator[None]:
        """Yield each time that a gradient is wanted. That the weights are restored is checked in the first step."""
        (method,) = self._with["around"]
        parameters = self._parameters[method]
        before = None if self._has_restored else [each.detach().clone() for each in parameters.every.values()]
        num_rounds = 0
        rounds = call(method, "around", parameters)
        while _goes_on(method, rounds):
            num_rounds += 1
            yield
        if num_rounds == 0:
            raise fault(method, "around", "took no gradient; it must yield once or more")
        if before is not None:
            _require_restored(method, before, list(parameters.every.values()))
            self._has_restored = True

    def before_update(self, lr: float | Tensor) -> None:
        """Call the hook of this name, with the parameters that have a gradient."""
        for method in self._with["before_update"]:
            call(method, "before_update", _with_gradient(self._parameters[method]), lr)

    def on_weights(self, lr: float | Tensor, step_size: Callable[[Parameter], float | Tensor]) -> None:
        """Call the hook of this name, with the parameters that have a gradient: those that were updated."""
        for method in self._with["on_weights"]:
            call(method, "on_weights", Update(_with_gradient(self._parameters[method]), lr, step_size))

    def after_step(self, model: nn.Module, step: int) -> None:
        """Call the hook of this name."""
        for method in self._with["after_step"]:
            self._outside(method, "after_step", model, step)

    def evaluated(self, model: nn.Module) -> nn.Module:
        """Return the network that is evaluated, kept and saved."""
        for method in self._with["evaluated"]:
            model = call(method, "evaluated", model)
        return model

    def should_stop(self, history: Sequence[EpochRow]) -> bool:
        """Return whether a method ends the training."""
        return any(call(method, "should_stop", history) for method in self._with["should_stop"])

    def values(self) -> dict[str, float]:
        """Return the value of each penalty, by the method's name."""
        values = {method.name: call(method, "value", self._parameters[method]) for method in self._with["value"]}
        self.last_values = values
        return values

    def records(self, model: nn.Module) -> dict[str, dict[str, float]]:
        """Return the numbers of each method for the record, by its name."""
        return {method.name: self._outside(method, "record", model) for method in self._with["record"]}

    def state_dict(self) -> dict[str, Any]:
        """Return what a training needs to go on later: a copy."""
        return {
            method.name: {
                "state": {name: tensor.clone() for name, tensor in method.state.items()},
                "stream": self._streams[method].state_dict(),
            }
            for method in self.all
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up what `state_dict` returned."""
        for method in self.all:
            for name, tensor in state[method.name]["state"].items():
                method.state[name].copy_(tensor)
            self._streams[method].load_state_dict(state[method.name]["stream"])


def _goes_on(method: Method, rounds: Iterator[None]) -> bool:
    """Return whether a further gradient is wanted; an error comes here, as the rounds go on, not with the call."""
    try:
        next(rounds)
    except StopIteration:
        return False
    except RegsweepError:
        raise
    except FAULTS as error:
        raise failure(method, "around", error) from error
    return True


def _require_restored(method: Method, before: list[Tensor], after: list[Parameter]) -> None:
    """Refuse weights that are not those before the step's gradients, but for rounding; NaN is left to the loss."""
    change, size = (
        math.hypot(*(float(torch.linalg.vector_norm(each)) for each in tensors))
        for tensors in ([new.detach() - old for new, old in zip(after, before, strict=True)], before)
    )
    if change > RESTORED * max(torch.finfo(each.dtype).eps for each in before) * size:
        reason = f"left the weights changed (by {change:.2g}, their length is {size:.2g}); it must restore them"
        raise fault(method, "around", reason)


def _with_gradient(parameters: Parameters) -> Parameters:
    each = (parameters.every, parameters.covered)
    return Parameters(*({name: weight for name, weight in those.items() if weight.grad is not None} for those in each))
