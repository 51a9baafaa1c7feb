"""Optimizers, settings and penalties that are not possible: one line each, before anything is trained."""

import re
from typing import Any

import pytest
import torch
from torch.optim import SGD, Optimizer

from regsweep.build import require_buildable
from regsweep.config import RunConfig, validate
from regsweep.errors import ConfigError
from tests.conftest import Regsweep, plain_configuration

HERE = __name__


class WithoutRate(Optimizer):
    """Its constructor takes no learning rate."""

    def __init__(self, params: Any) -> None:
        super().__init__(params, {})


class WithoutGroupRate(Optimizer):
    """It keeps its learning rate to itself."""

    def __init__(self, params: Any, lr: float) -> None:
        super().__init__(params, {})
        self.rate = lr


class Closure(SGD):
    """Its step needs a closure."""

    def step(self, closure: Any) -> Any:  # type: ignore[override]
        return closure()


class Raises(SGD):
    """Its constructor raises."""

    def __init__(self, params: Any, lr: float) -> None:
        raise RuntimeError(f"no lr of {lr} today")


SETTINGS: list[tuple[str, dict[str, Any], str]] = [
    ("sgd", {"name": "lion"}, "optimizer.name=lion: must be adadelta, adafactor, .*; another class: optimizer=own"),
    ("sgd", {"momentum": 1.0}, "optimizer.momentum=1.0: must be 0 or more and below 1"),
    ("sgd", {"betas": [0.9, 0.99]}, r"optimizer.betas=\(0.9, 0.99\): SGD has no such setting; known: dampening, mom"),
    ("adam", {"betas": [0.9]}, r"optimizer.betas=\[0.9\]: must be two numbers of 0 or more and below 1"),
    ("adam", {"eps": 0.0}, "optimizer.eps=0.0: must be a finite number above 0"),
    ("adam", {"eps": None}, "optimizer.eps=null: must be a finite number above 0"),
    ("adam", {"eps": [1, 2]}, r"optimizer.eps=\[1, 2\]: must be a finite number"),
    ("adam", {"amsgrda": True}, r"optimizer.amsgrda=true: Adam has no such setting; did you mean amsgrad\?"),
    ("adam", {"amsgrad": "yes"}, "optimizer.amsgrad=yes: must be true or false"),
    ("rmsprop", {"alpha": -1.0}, r"optimizer.name=rmsprop: cannot be made .* alpha=-1.0 .*Invalid alpha value: -1.0"),
    ("rmsprop", {"alpha": float("nan")}, "optimizer.alpha=nan: must be a finite number"),
    ("rmsprop", {"alpha": True}, "optimizer.alpha=true: must be a finite number"),
    ("nesterov", {"momentum": 0.0}, "optimizer.name=nesterov: .*Nesterov momentum requires a momentum"),
    ("nesterov", {"nesterov": False}, "optimizer.nesterov=false: optimizer=nesterov sets it; leave it out"),
    ("rprop", {"etas": [0.5]}, r"optimizer.etas=\[0.5\]: must be a list of 2 numbers, for example .*=\[0.5,1.2\]"),
    ("rprop", {"schedule": "cosine"}, "optimizer.schedule=cosine: Rprop takes its learning rate as its first step"),
    ("rprop", {"warmup": 0.1}, "optimizer.warmup=0.1: Rprop takes its learning rate as its first step alone"),
    ("muon", {"ns_steps": 2.5}, "optimizer.ns_steps=2.5: must be a whole number"),
    ("muon", {"adjust_lr_fn": "best"}, "optimizer.name=muon: .*Adjust learning rate function best is not supported"),
    ("muon", {"adamw_lr_ratio": 0.0}, "optimizer.name=muon: .*adamw_lr_ratio should be above 0"),
    ("adam", {"weight_decay": 0.1}, "optimizer.weight_decay=0.1: L2 is the way to say it: regularizer=l2"),
    *[
        ("adam", {name: True}, f"optimizer.{name}=true: regsweep sets it; leave it out")
        for name in ("params", "foreach", "fused", "differentiable", "maximize")
    ],
    ("adam", {"capturable": True}, "optimizer.capturable=true: device.cuda_graphs sets it"),
    ("own", {"_target_": None}, "optimizer._target_=null: must name a class as module.Class"),
    ("own", {"_target_": "RMSprop"}, "optimizer._target_=RMSprop: must name a class as module.Class"),
    ("own", {"_target_": "torch.optim.RMSProp"}, r".*=torch.optim.RMSProp: .*no optimizer .* did you mean RMSprop\?"),
    ("own", {"_target_": "torch.optim.Optimizer"}, "optimizer._target_=torch.optim.Optimizer: torch.optim has no opt"),
    ("own", {"_target_": "torch.optim.LBFGS"}, ".*LBFGS: it evaluates the loss several times in a step, by a closure"),
    ("own", {"_target_": "torch.optim.SparseAdam"}, ".*SparseAdam: it takes sparse gradients alone"),
    ("own", {"_target_": "torch.hub.load"}, "optimizer._target_=torch.hub.load: "),
    ("own", {"_target_": "torch.load"}, "optimizer._target_=torch.load: "),
    ("own", {"_target_": "os.system"}, "optimizer._target_=os.system: "),
    ("own", {"_target_": f"{HERE}.HERE"}, "optimizer._target_=.*HERE: .* has no torch.optim.Optimizer of that name"),
    ("own", {"_target_": f"{HERE}.WithoutRate"}, "optimizer._target_=.*: its constructor takes no lr"),
    ("own", {"_target_": f"{HERE}.WithoutGroupRate"}, "optimizer._target_=.*: its parameter groups have no lr"),
    ("own", {"_target_": f"{HERE}.Closure"}, "optimizer._target_=.*: its step needs a closure"),
    ("own", {"_target_": f"{HERE}.Raises"}, r".*=.*Raises: cannot be made .*\(RuntimeError: no lr of 0.01 today\)"),
]


@pytest.fixture(autouse=True)
def _own_classes_are_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGSWEEP_ALLOW_MODULES", "tests")


def config_of(name: str, settings: dict[str, Any], **others: Any) -> RunConfig:
    values = plain_configuration(f"optimizer={name}", "device=cpu")
    values["optimizer"] |= settings
    values["regularizer"] |= others
    return validate(values)


@pytest.mark.parametrize(("name", "settings", "line"), SETTINGS, ids=[f"{n} {s}"[:50] for n, s, _ in SETTINGS])
def test_what_is_refused_is_named(name: str, settings: dict[str, Any], line: str) -> None:
    with pytest.raises(ConfigError, match=f"^{line}") as refusal:
        require_buildable(config_of(name, settings))
    assert "\n" not in str(refusal.value)


PENALTIES: list[tuple[str, dict[str, Any], str]] = [
    ("rprop", {"l1": 0.1}, r"regularizer.l1.solver=proximal: Rprop's step has the same length .*l1.solver=subgradient"),
    ("rprop", {"elastic_net": 0.1}, "regularizer.elastic_net.solver=proximal: .*elastic_net.solver=subgradient"),
    ("own", {"l1": 0.1}, "regularizer.l1.solver=proximal: how far SGD2 steps is not known.*l1.solver=subgradient"),
    ("rprop", {"gradient_clipping": 1.0}, "regularizer.gradient_clipping.norm=1.0: it changes nothing under Rprop"),
]


class SGD2(SGD):
    """A subclass may step otherwise than its base."""


@pytest.mark.parametrize(("name", "methods", "line"), PENALTIES, ids=[f"{n} {m}" for n, m, _ in PENALTIES])
def test_a_penalty_that_cannot_keep_its_meaning_is_refused(name: str, methods: dict[str, Any], line: str) -> None:
    own = {"_target_": f"{HERE}.SGD2"} if name == "own" else {}
    with pytest.raises(ConfigError, match=f"^{line}"):
        require_buildable(config_of(name, own, **methods))


ALLOWED: list[tuple[str, dict[str, Any]]] = [
    ("rprop", {"l1": {"solver": "subgradient"}, "weight_decay": 0.1}),
    ("rprop", {"l2": 0.1, "sam": 0.05, "max_norm": 1.0}),
    ("own", {"l2": 0.1, "gradient_clipping": 1.0, "l1": {"solver": "subgradient"}}),
    ("muon", {"elastic_net": 0.1, "sam": 0.05}),
]


@pytest.mark.parametrize(("name", "methods"), ALLOWED, ids=[f"{n} {[*m]}" for n, m in ALLOWED])
def test_what_keeps_its_meaning_is_taken(name: str, methods: dict[str, Any]) -> None:
    own = {"_target_": f"{HERE}.SGD2"} if name == "own" else {}
    require_buildable(config_of(name, own, **methods))


GRAPHS = {"adagrad": "Adagrad", "adafactor": "Adafactor", "muon": "MuonWithAdamW"}


def test_a_step_that_cannot_be_captured_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is a CUDA device; here one is claimed."""
    from regsweep.optimizers import require_possible  # noqa: PLC0415

    model = torch.nn.Linear(2, 2)
    for name, shown in GRAPHS.items():
        with pytest.raises(ConfigError, match=rf"^device\.cuda_graphs=true: the step of {shown} cannot be captured"):
            require_possible(config_of(name, {}).optimizer, model, cuda_graphs=True)
    for name in ("sgd", "nesterov", "adam", "rmsprop", "rprop"):
        require_possible(config_of(name, {}).optimizer, model, cuda_graphs=True)


def test_muon_needs_a_matrix() -> None:
    from regsweep.optimizers import require_possible  # noqa: PLC0415

    with pytest.raises(ConfigError, match=r"^optimizer\.name=muon: the network trains no matrix; choose opt.*=adamw"):
        require_possible(config_of("muon", {}).optimizer, torch.nn.Conv2d(1, 1, 3), cuda_graphs=False)
    model = torch.nn.Linear(2, 2)
    require_possible(config_of("muon", {}).optimizer, model, cuda_graphs=False)
    model.weight.requires_grad_(False)
    with pytest.raises(ConfigError, match=r"^optimizer\.name=muon: the network trains no matrix"):
        require_possible(config_of("muon", {}).optimizer, model, cuda_graphs=False)


COMMANDS = [
    ("optimizer=lbfgs", "optimizer=lbfgs: it evaluates the loss several times in a step"),
    ("optimizer=sparse_adam", "optimizer=sparse_adam: it takes sparse gradients alone"),
    ("optimizer=rmsprob", "optimizer=rmsprob: no such option; did you mean optimizer=rmsprop?"),
    ("optimizer._target_=torch.optim.RAdam", "choose the preset for a class first: optimizer=own optimizer._target_"),
    ("optimizer.weight_decay=0.1", "optimizer.weight_decay=0.1: L2 is the way to say it"),
    ("optimizer.nesterov=true", "optimizer.nesterov=true: no such key; a further setting of its class is added with +"),
    ("optimizer=rprop regularizer=l1", "regularizer.l1.solver=proximal: Rprop's step has the same length"),
    ("optimizer=rmsprop -m optimizer.alpha=0.9,-0.5", "cannot be made with lr=0.001 .*Invalid alpha value: -0.5"),
]


@pytest.mark.parametrize(("command", "line"), COMMANDS)
def test_a_command_is_answered_in_one_line(regsweep: Regsweep, command: str, line: str) -> None:
    finished = regsweep(*command.split(), "hydra.run.dir=run", "hydra.sweep.dir=sweep")
    assert finished.code == 2, finished.err
    assert len(finished.err.strip().splitlines()) == 1
    assert re.search(line.replace("?", r"\?").replace("+", r"\+"), finished.err), finished.err
