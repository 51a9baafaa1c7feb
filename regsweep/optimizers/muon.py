"""Muon for matrices, AdamW for all other parameters, as one optimizer.

Muon replaces the average of a matrix's gradients by the nearest orthogonal matrix (Jordan et al., 2024), so it is
defined for matrices alone. With ``adjust_lr_fn=match_rms_adamw`` its steps have the size of AdamW's, and both can have
the same learning rate (Liu et al., 2025, "Muon is scalable for LLM training").
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

from torch import Tensor
from torch.nn import Parameter
from torch.optim import AdamW, Muon, Optimizer


class MuonWithAdamW(Optimizer):
    """PyTorch's `Muon` and `AdamW` over the same groups and state, so that it is stepped and saved as any other one.

    Args:
        params: parameter groups, each with ``params`` and ``weight_decay``, which is decoupled under both.
        lr: of Muon.
        momentum: of Muon, as are `nesterov`, `ns_coefficients`, `ns_steps` and `adjust_lr_fn`; see `torch.optim.Muon`.
        nesterov: see there.
        ns_coefficients: see there.
        ns_steps: see there.
        adjust_lr_fn: see there.
        adamw_lr_ratio: AdamW's learning rate, divided by Muon's.
        adamw_betas: AdamW's ``betas``.
        adamw_eps: AdamW's ``eps``.
        fused: AdamW's ``fused``.

    Raises:
        ValueError: when there is no matrix.
    """

    def __init__(
        self,
        params: Iterable[dict[str, Any]],
        *,
        lr: float = 1e-3,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        ns_steps: int = 5,
        adjust_lr_fn: str | None = "match_rms_adamw",
        adamw_lr_ratio: float = 1.0,
        adamw_betas: tuple[float, float] = (0.9, 0.999),
        adamw_eps: float = 1e-8,
        fused: bool | None = None,
    ) -> None:
        if adamw_lr_ratio <= 0:
            raise ValueError(f"adamw_lr_ratio should be above 0 but is: {adamw_lr_ratio}")
        groups = list(params)
        matrices, others = (_part(groups, is_matrix=is_matrix) for is_matrix in (True, False))
        if not matrices:
            raise ValueError("the network trains no matrix; choose adamw")
        self._muon = Muon(
            matrices,
            lr=lr,
            momentum=momentum,
            nesterov=nesterov,
            ns_coefficients=ns_coefficients,
            ns_steps=ns_steps,
            adjust_lr_fn=adjust_lr_fn,
        )
        self._adamw: AdamW | None = None
        if others:
            self._adamw = AdamW(others, lr=lr * adamw_lr_ratio, betas=adamw_betas, eps=adamw_eps, fused=fused)
        super().__init__(list(chain.from_iterable(each.param_groups for each in self._parts())), {})
        self._share()

    def _parts(self) -> list[Optimizer]:
        return [self._muon] if self._adamw is None else [self._muon, self._adamw]

    def _share(self) -> None:
        """Give both the groups and the state of this optimizer, which are what is changed, saved and loaded."""
        self._muon.param_groups = [group for group in self.param_groups if "ns_steps" in group]
        self._muon.state = self.state
        if self._adamw is not None:
            self._adamw.param_groups = [group for group in self.param_groups if "ns_steps" not in group]
            self._adamw.state = self.state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._share()

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Update all parameters that have a gradient."""
        assert closure is None
        for each in self._parts():
            each.step()

    def lr_of(self, parameter: Parameter) -> float | Tensor:
        """Return the learning rate of a parameter: Muon's of a matrix, else AdamW's."""
        part = self._muon if parameter.ndim == 2 else self._adamw  # noqa: PLR2004
        assert part is not None
        rate: float | Tensor = part.param_groups[0]["lr"]
        return rate


def _part(groups: list[dict[str, Any]], *, is_matrix: bool) -> list[dict[str, Any]]:
    parts = [
        {**group, "params": [each for each in group["params"] if (each.ndim == 2) == is_matrix]}  # noqa: PLR2004
        for group in groups
    ]
    return [part for part in parts if part["params"]]
