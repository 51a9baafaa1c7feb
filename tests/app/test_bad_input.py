"""Bad input ends in one line with key and value, exit code 2, before anything trains and any folder is made."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.conftest import Finished, Regsweep

NO_CUDA = (
    []
    if torch.cuda.is_available()
    else [("device=cuda", "device=cuda: this machine has no CUDA device; use device=cpu")]
)
SINGLE = [
    # tests/test_config.py has more values that are not allowed.
    *[(f"regularizer=l1 regularizer.lambda={value}", f"regularizer.lambda={value}: must be a finite number")
      for value in ("nan", "1e-3x")],
    ("regularizer=l1 regularizer.l1.lambda=null", "regularizer.l1.lambda=null: must be a finite number"),
    ("regularizer.dropout=1.0", "regularizer.dropout=1.0: must be a probability"),
    ("regularizer=dropout regularizer.dropout.p=1.0", "regularizer.dropout.p=1.0: must be a probability"),
    ("confrim my_sweep", "regsweep: confrim: no such command; did you mean confirm? there is"),
    ("model", "regsweep: model: no such command; there is check, compare, confirm, predict, report, reproduce, resume"),
    ("regularizer.dropout.p=0.3", "regularizer.dropout.p=0.3: dropout has no settings here; choose its preset, "),
    (
        "regularizer=l1 regularizer.l1=0.1 regularizer.l1.solver=subgradient",
        "set regularizer.l1.lambda, not the short form regularizer.l1=…, which replaces them all",
    ),
    ("regularizer=l1 regularizer.l1.solvr=1", "regularizer.l1.solvr=1: no such setting; did you mean regularizer.l1."),
    ("regularizer.dropuot=0.3", "regularizer.dropuot=0.3: no such method; did you mean regularizer.dropout?"),
    ("regularizer.mine.p=0.3", "regularizer.mine.p=0.3: no such method; "),
    ("regularizer.penalty=l2", "regularizer.penalty=l2: penalties are methods now; choose one with regularizer=l1, l2"),
    ("optimizer.lr=0", "optimizer.lr=0: must be a finite number above 0"),
    ("trainer.epochs=1.5", "trainer.epochs=1.5: must be a whole number"),
    ("seed=99999999999999999999", "seed=99999999999999999999: must be a whole number"),
    ("device.threads=0", "device.threads=0: must be a whole number of CPU threads"),
    ("device.precision=float16", "device.precision=float16: must be auto, float32 or bfloat16"),
    ("device=cpu device.cuda_graphs=true", "device.cuda_graphs=true: only a CUDA device has them, this is cpu"),
    ("regularizer.lamda=1", "regularizer.lamda=1: no such method; did you mean regularizer.lambda?"),
    ("regulariser=l1", "regulariser=l1: no such key; did you mean regularizer?"),
    ("regularizer=l3", "regularizer=l3: no such option; did you mean regularizer=l"),
    ("regularizer=[dropout,batchnrom]", "regularizer=batchnrom: no such option; did you mean regularizer=batchnorm?"),
    ("hydra/launcher=poool", "hydra/launcher=poool: no such option; did you mean hydra/launcher=pool? there is basic"),
    ("model=mpl", "model=mpl: no such option; did you mean model=mlp?"),
    ("dataset=minst", "dataset=minst: no such option; did you mean dataset=mnist?"),
    ("+foo=1", "foo=1: no such key; known: "),
    ("+model.hiden=3", "model.hiden=3: MLP has no such parameter; did you mean hidden?"),
    ("model.hidden=[0]", "hidden must be a list of whole numbers above 0"),
    ("model._target_=os.system", "model._target_=os.system: os is neither in the working folder"),
    ("model=linear regularizer=dropout", "regularizer.dropout=0.5: Linear has no place for it"),
    ("model=linear regularizer.dropout=0.2", "regularizer.dropout=0.2: Linear has no place for it"),
    ("model=linear regularizer=batchnorm", "regularizer.batch_norm=true: Linear has no place for it"),
    ("regularizer=[l2,elastic_net]", "regularizer=[elastic_net,l2]: a run has one decay of the weights"),
    ("regularizer=[elastic_net,dropout,article]", "regularizer=[elastic_net,l2]: a run has one decay of the weights"),
    ("regularizer.lambda=1e-4", "regularizer.lambda=0.0001: no penalty in use has it; add one that has (regularizer="),
    (
        "regularizer=[l1,elastic_net] regularizer.lambda=1e-4",
        "regularizer.lambda=0.0001: 2 penalties in use have it; set regularizer.elastic_net.lambda or regularizer.l1",
    ),
    (
        "regularizer=l1 regularizer.lambda=1e-4 regularizer.l1.lambda=1e-3",
        "regularizer.lambda=1e-4: regularizer.l1.lambda sets it too; leave one of them out",
    ),
    (
        "regularizer.l1=1e-3 regularizer.lambda=1e-4",
        "regularizer.lambda=1e-4: regularizer.l1 sets it too; leave one of them out",
    ),
    ("dataset=mnist", "dataset=mnist: not found in data/MNIST/raw; fetch it with: python -m regsweep dataset=mnist"),
    ("dataset=arrays", "dataset.path=null: names the file of the data (.npz or .safetensors), dataset.path=FILE"),
    ("dataset=table dataset.path=no.csv", "dataset.path=no.csv: no such file; there is none"),
    ("dataset=torch", "dataset._target_=null: names a class, or a function that makes data sets, as module.name"),
    ("dataset=torch dataset._target_=os.system", "dataset._target_=os.system: os is neither in the working folder"),
    ("+dataset.path=x.npz", "dataset.path=x.npz: digits has no such setting, only arrays and table"),
    ("dataset.train_size=9999", "dataset.train_size=9999: there are 1149 training examples"),
    ("regularizer=batchnorm trainer.batch_size=1", "trainer.batch_size=1: BatchNorm needs batches of 2"),
    ("sweep=regularization", "sweep=regularization: a sweep makes many runs; add -m"),
    ("regularizer.lambda", "regularizer.lambda"),
    ("model=null", "Config group override must be a string or a list"),
    ("report .", "neither a sweep nor a run"),
    ("report nowhere", "nowhere: no such folder"),
    *NO_CUDA,
]  # fmt: skip
MANY = (
    "sweep=regularization regularizer.l1.scope=weights,all regularizer.l1.solver=proximal,subgradient "
    "trainer.batch_size=32,64 optimizer.momentum=0.5,0.9 model.hidden=[8],[16] trainer.restore_best=false,true"
)
"""More combinations than are checked one by one."""
SWEEPS = [
    *[
        (f"sweep=regularization hydra/sweeper={name}", "sweep=regularization: searches with regsweep's own sweeper, ")
        for name in ("optuna", "basic", "grid")
    ],
    ("regularizer=l1 regularizer.lambda=1e-4,-1", "regularizer.lambda=-1: must be a finite number"),
    ("regularizer.l1=1e-3 regularizer.lambda=1e-4,1e-3", "regularizer.lambda=1e-4,1e-3: regularizer.l1 sets it too"),
    ("regularizer=l1 regularizer.lambda=1e-4,nan,1e-3", "regularizer.lambda=nan: must be a finite number"),
    (
        "hydra/sweeper=optuna hydra.sweeper.direction=maximize regularizer.dropout=interval(0.9,1.2)",
        "regularizer.dropout=1.2: must be a probability",
    ),
    (
        "sweep=regularization regularizer.dropout=interval(-0.5,0.5)",
        "regularizer.dropout=-0.5: must be a probability",
    ),
    *[
        (
            "hydra/sweeper=regsweep hydra.sweeper.direction=maximize regularizer=none,dropout "
            f"regularizer.dropout=interval(0.0,1.5) +hydra.sweeper.conditions={{regularizer.dropout:{condition}}}",
            "regularizer.dropout=1.5: must be a probability",
        )
        for condition in ("{when:{regularizer:dropout},otherwise:0}", "{unless:{regularizer:none}}")
    ],
    ("sweep=regularization regularizer.dropout=1.5", "regularizer.dropout=1.5: must be a probability"),
    ("sweep=regularization regularizer.dropout.p=interval(0,2)", "regularizer.dropout.p=2.0: must be a probability"),
    (
        "sweep=regularization regularizer.lambda=choice(1e-4,oops)",
        "regularizer.lambda=oops: must be a finite number",
    ),
    (
        "regularizer.dropout.p=0.2,0.3",
        "regularizer.dropout.p=0.2: dropout has no settings here; choose its preset, regularizer=dropout, and set reg",
    ),
    (
        "regularizer=dropout regularizer.dropout=0.2 regularizer.dropout.p=0.2,0.3",
        "set regularizer.dropout.p, not the short form regularizer.dropout=…, which replaces them all",
    ),
    ("regularizer.dropuot=0.2,0.3", "regularizer.dropuot=0.2: no such method; did you mean regularizer.dropout?"),
    ("regularizer.dropout=interval(0.1,0.2)", "an interval needs a search"),
    ("regularizer=none,l3", "regularizer=l3: no such option"),
    ("regularizer=[dropout,mixupp],none", "regularizer=mixupp: no such option; "),
    ("regularizer=[elastic_net,l2],none", "regularizer=[elastic_net,l2]: a run has one decay of the weights"),
    ("regularizer=l1,none regularizer.lambda=1e-4", "regularizer.lambda=0.0001: no penalty in use has it"),
    (
        "regularizer.penalty=l1,none",
        "regularizer.penalty=l1: penalties are methods now; choose one with regularizer=l1, l2",
    ),
    ("model=mlp,linear regularizer.dropout=0,0.5", "regularizer.dropout=0.5: Linear has no place for it"),
    ("dataset.val_fraction=0.1,0", "dataset.val_fraction=0.0: a sweep chooses on validation examples"),
    ("dataset=digits,mnist", "dataset=mnist: not found in data/MNIST/raw"),
    ("sweep=regularization regularizer.lambda=tag(log,interval(0,1))", "not a range to search"),
    ("sweep=regularization regularizer.dropout=interval(0.5,0.1)", "not a range to search"),
    (
        "sweep=regularization hydra.sweeper.n_trialz=3",
        "n_trialz=3: no such key; see the keys of hydra.sweeper with --cfg hydra",
    ),
    ("sweep=regularization hydra.sweeper.n_trials=0", "hydra.sweeper.n_trials=0: must be a whole number"),
    ("sweep=regularization hydra.sweeper.direction=up", "hydra.sweeper.direction=up: must be minimize or maximize"),
    ("sweep=regularization hydra/sweeper/sampler=tpo", "hydra/sweeper/sampler=tpo: no such option"),
    (
        "hydra/sweeper=optuna hydra.sweeper.direction=maximize hydra.sweeper.custom_search_space=my.space",
        "hydra.sweeper.custom_search_space=my.space: names code to run, and a configuration may not; describe",
    ),
    (
        "sweep=regularization +hydra.sweeper.sampler.constraints_func=my.constraint",
        "hydra.sweeper.sampler.constraints_func=my.constraint: must be an object, not its name: {_target_: optuna.…}",
    ),
    ("sweep=regularization hydra/sweeper/sampler=grid", "the grid sampler needs listed values"),
    (
        "sweep=regularization hydra/sweeper/sampler=grid regularizer=dropout optimizer.lr=0.1,0.2",
        "regularizer.dropout.p=interval(0.05, 0.8): the grid sampler needs listed values",
    ),
    (
        "sweep=regularization hydra/sweeper/pruner=successive_halving hydra.sweeper.pruner.reduction_factor=2.5",
        "reduction_factor=2.5: must be a whole number of 2 or more",
    ),
    (
        "sweep=regularization hydra/sweeper/pruner=successive_halving trainer.epochs=0",
        "trainer.epochs=0: must be a whole number of 1 or more",
    ),
    (
        "sweep=regularization hydra/sweeper/pruner=hyperband trainer.epochs=3,12",
        "trainer.epochs=…: a search would choose the easiest task",
    ),
    (
        "sweep=regularization hydra/sweeper/pruner=hyperband trainer.batch_size=8,16 "
        "hydra.sweeper.pruner.max_resource=${trainer.batch_size}",
        "trainer.batch_size=…: hydra.sweeper.pruner.max_resource follows it and cannot while it varies",
    ),
    ("sweep=regularization hydra.sweeper.max_failure_rate=2", "must be a share from 0 to 1"),
    ("sweep=regularization hydra.sweeper.storage=sqlite:////nowhere/x.db", "hydra.sweeper.storage: cannot be opened"),
    (
        "sweep=regularization hydra.sweeper.initial_trials=[{optimiser.lr:0.1}]",
        "initial_trials=optimiser.lr: no such key",
    ),
    (
        "sweep=regularization +hydra.sweeper.conditions={optimizer.lr:{when:{dropuot:0}}}",
        "hydra.sweeper.conditions.optimizer.lr=dropuot: no parameter of this sweep; there is optimizer.lr",
    ),
    *[
        (
            f"{sweeper} hydra.sweeper.conditions{key}{{when:{{optimizer:sgd}}}}{end}",
            "conditions are added with +; type +hydra.sweeper.conditions",
        )
        for sweeper in ("hydra/sweeper=regsweep", "sweep=regularization")
        for key, end in (("={optimizer.momentum:", "}"), (".optimizer.momentum=", ""))
    ],
    (
        "hydra/sweeper=optuna hydra.sweeper.conditions={x:{when:{y:1}}}",
        "hydra.sweeper.conditions={x:{when:{y:1}}}: no such key",
    ),
    (
        "hydra/sweeper=regsweep hydra.sweeper.direction=maximize hydra.sweeper.initial_trials=[{optimizer.lr:0.1}]",
        "hydra.sweeper.n_trials=20: nothing is searched and one trial is named; name more in hydra.sweeper.initial_tr",
    ),
    (
        "sweep=regularization hydra.sweeper.objectives=[validation_acuracy]",
        "objectives=validation_acuracy: no such number; did you mean validation_accuracy? there is near_zero, spars",
    ),
    (
        "sweep=regularization hydra.sweeper.objectives=[test_accuracy]",
        "hydra.sweeper.objectives=test_accuracy: trials keep the test set closed; add trainer.test=true",
    ),
    (
        "sweep=regularization hydra.sweeper.objectives=[sparsity] hydra/sweeper/pruner=median",
        "hydra.sweeper.objectives=sparsity: not known after each epoch, so no trial is pruned by it",
    ),
    (
        "sweep=regularization hydra.sweeper.objectives=[validation_loss,sparsity]",
        "hydra.sweeper.objectives=[validation_loss,sparsity]: each needs a direction, in their order: add "
        "hydra.sweeper.direction=[minimize,maximize]",
    ),
    (
        "sweep=regularization optimizer=choice(sgd,lbfgs)",
        "optimizer=lbfgs: it evaluates the loss several times in a step, by a closure, and a step here has one",
    ),
    ("sweep=regularization optimizer=choice(sgd,adm)", "optimizer=adm: no such option; did you mean optimizer=adam?"),
    *[
        (
            f"{sweeper} {sign}hydra.sweeper.params.optimizer.lr={quote}interval(0.01,0.1){quote}",
            "hydra.sweeper.params.optimizer.lr=interval(0.01,0.1): its dots make dictionaries, which nothing reads; "
            "type optimizer.lr='interval(0.01,0.1)', or '++hydra.sweeper.params={optimizer.lr: ",
        )
        for sign in ("", "++")
        for quote in ("", "'")
        for sweeper in ("sweep=regularization", "hydra/sweeper=regsweep hydra.sweeper.direction=maximize", "sweep=grid")
    ],
    (
        "sweep=grid +hydra.sweeper.params.batches='10,20'",
        "hydra.sweeper.params.batches=10,20: no single key can be set there; type batches='10,20', or '++hydra.sweep",
    ),
    ("sweep=regularization +hydra.sweeper.n_trialz=3", "hydra.sweeper.n_trialz=3: no such key; did you mean"),
    ("hydra/sweeper=optuna optimizer.lr=interval(0.01,0.1)", "hydra.sweeper.direction=minimize: accuracy is maximized"),
    ("sweep=regularization ranges.l1.sgd=interval(1,2)", "ranges.l1.sgd=…: a range stands at the key itself"),
    (
        "sweep=regularization sweep.lambda.sgd.l1=interval(1,2)",
        "a range stands at the key itself, 'regularizer.l1.lambda",
    ),
    ("sweep=regularization seed=1,2", "a search would choose the luckiest seed"),
    ("sweep=regularization seed=range(0,2)", "a search would choose the luckiest seed"),
    ("sweep=regularization trainer.epochs=range(1,5)", "trainer.epochs=…: a search would choose the easiest task"),
    ("sweep=regularization dataset.train_size=100,200", "dataset.train_size=…: a search would choose the easiest task"),
    ("sweep=regularization dataset=digits,mnist", "dataset=…: a search would choose the easiest task"),
    (
        "hydra/sweeper=regsweep hydra.sweeper.direction=maximize +hydra.sweeper.params={seed:'range(0,2)'}",
        "seed=…: a search would choose the luckiest seed",
    ),
    (
        "sweep=regularization regularizer=l1,l2",
        "regularizer=…: a search takes all methods in one list, regularizer=[l1,l2] for example",
    ),
    ("sweep=regularization regularizer=[l1,dropout],none", "a search takes all methods in one list"),
    (
        "sweep=regularization regularizer=[l2,elastic_net]",
        "regularizer=[elastic_net,l2]: a run has one decay of the weights",
    ),
    (
        f"{MANY} regularizer=[elastic_net,l1,dropout,l2]",
        "regularizer=[elastic_net,l2]: a run has one decay of the weights",
    ),
    (
        f"{MANY} regularizer=[elastic_net,l1,dropout] regularizer.elastic_net.lambda=interval(-1,1)",
        "regularizer.elastic_net.lambda=-1.0: must be a finite number",
    ),
    (
        "sweep=regularization regularizer=[l1,l2] regularizer.lambda=interval(1e-4,1e-3)",
        "regularizer.lambda=interval(1e-4,1e-3): 2 searched penalties have it; set regularizer.l1.lambda or regular",
    ),
    *[
        (
            f"sweep=regularization regularizer=l1 regularizer.dropout={value}",
            f"regularizer.dropout={value}: dropout is not among the methods of this search; name it too, regularizer=[",
        )
        for value in ("0.3", "interval(0,0.3)", "true")
    ],
    (
        "sweep=regularization regularizer.dropout={p:0.3}",
        "regularizer.dropout={p:0.3}: a search takes each setting by its own key, regularizer.dropout.p for example",
    ),
    *[
        (f"sweep=regularization regularizer={method} {typed}", f"regularizer.{key}=…: {off} is the same as no {title}")
        for method, typed, key, off, title in (
            ("dropout", "regularizer.dropout=choice(0,0.3)", "dropout", "0.0", "dropout, which a search tries anyway"),
            ("dropout", "regularizer.dropout.p=range(0,1,0.1)", "dropout.p", "0.0", "dropout"),
            ("l1", "regularizer.lambda=0,1e-3", "lambda", "0.0", "L1"),
            ("augmentation", "regularizer.augmentation.shift=0,1", "augmentation.shift", "0", "augmentation"),
        )
    ],
    *[
        (
            f"sweep=regularization regularizer=dropout {sign}regularizer.dropout{value}",
            f"{sign}regularizer.dropout{value or '='}: a search takes this key without {sign}; regularizer.",
        )
        for sign, value in (("~", ""), ("++", "=0.3"))
    ],
    (
        "sweep=regularization regularizer=l1 regularizer.lambda=1e-3,2e-3 regularizer.l1=1e-4",
        "regularizer.l1=…: regularizer.lambda sets regularizer.l1.lambda too; leave one of them out",
    ),
    (
        "sweep=regularization regularizer.dropout.p=0.2 regularizer.dropout=0.3",
        "regularizer.dropout=…: regularizer.dropout.p sets regularizer.dropout.p too; leave one of them out",
    ),
    (
        "sweep=regularization +search.optimizer.momentum=interval(0,0.9)",
        "search.optimizer.momentum=…: a range stands at the key itself, optimizer.momentum=interval(0,0.9)",
    ),
    (
        "sweep=regularization optimizer=choice(sgd,adam) optimizer.momentum=interval(0.5,1.5)",
        "optimizer.momentum=1.5: must be 0 or more and below 1, for example optimizer.momentum=0.9 (with optim",
    ),
    (
        "sweep=regularization model=choice(mlp,linear) regularizer.dropout=true",
        "regularizer.dropout=0.05: Linear has no place for it",
    ),
    (
        "sweep=regularization optimizer=choice(sgd,adam) optimizer.momentun=0.5,0.9",
        "optimizer.momentun=0.5,0.9: no such key in any branch of this search (optimizer=sgd, optimizer=adam)",
    ),
    ("sweep=regularization optimizer=choice(sgd,adagrat)", "optimizer=adagrat: no such option; did you mean optim"),
    *[
        (f"sweep=regularization model=linear {named}", f"regularizer.{expected}: Linear has no place for it")
        for named, expected in (
            ("regularizer=[l2,dropout]", "dropout=0.05"),
            ("regularizer=batch_norm", "batch_norm=true"),
            ("regularizer.dropout=0.2", "dropout=0.2"),
            ("regularizer.batch_norm=true", "batch_norm=true"),
        )
    ],
    ("seed=range(-1,2)", "seed=-1: must be a whole number"),
    ("model.hidden.0=8,oops", "cannot be built for inputs of (1, 8, 8) with model.hidden=['oops', 128]"),
    ("trainer.batch_size=64,${trainer.size}", "Interpolation key 'trainer.size' not found"),
    ("trainer.epoch=1,2", "trainer.epoch=1: no such key; did you mean"),
    ("model._target_=os.system,os.popen", "model._target_=os.system: os is neither in the working folder"),
]


ALIKE = [
    "regularizer.mine.p=0.3", "regularizer.lamda=1", "trainer.epochs=1.5", "seed=99999999999999999999", "model=mpl",
    "device.threads=0", "device.precision=float16", "dataset=minst", "model=linear regularizer.dropout=0.2",
    "regularizer=[elastic_net,dropout,article]", "regularizer=l1 regularizer.lambda=1e-4,nan,1e-3",
    "regularizer=[dropout,mixupp],none", "regularizer.dropuot=0.2,0.3", "sweep=regularization seed=range(0,2)",
    "sweep=regularization dataset=digits,mnist", "sweep=regularization regularizer=[l1,dropout],none",
    "sweep=regularization regularizer=l1 regularizer.dropout=true",
    "sweep=regularization regularizer=l1 regularizer.dropout=interval(0,0.3)",
    "sweep=regularization model=linear regularizer=batch_norm",
    "sweep=regularization model=linear regularizer.batch_norm=true",
    "sweep=regularization hydra.sweeper.conditions={optimizer.momentum:{when:{optimizer:sgd}}}",
    "hydra/sweeper=regsweep hydra.sweeper.conditions.optimizer.momentum={when:{optimizer:sgd}}",
    "sweep=regularization regularizer.dropout=interval(0.5,0.1)",
    "sweep=regularization regularizer.dropout.p=interval(0,2)",
]  # fmt: skip
"""What the code that refuses another one of these refuses in the same way: with ``pytest -m full``."""


def cases(some: list[tuple[str, str]]) -> list[Any]:
    return [pytest.param(*case, id=case[0], marks=pytest.mark.full if case[0] in ALIKE else ()) for case in some]


def test_none_of_those_that_are_left_out_is_mistyped() -> None:
    assert set(ALIKE) <= {arguments for arguments, _ in [*SINGLE, *SWEEPS]}


@pytest.mark.parametrize(("arguments", "message"), cases(SINGLE))
def test_a_run_is_refused(regsweep: Regsweep, tmp_path: Path, arguments: str, message: str) -> None:
    _is_refused(regsweep(*arguments.split()), message, tmp_path)


@pytest.mark.parametrize(("arguments", "message"), cases(SWEEPS))
def test_a_sweep_is_refused_before_its_first_trial(
    regsweep: Regsweep, tmp_path: Path, arguments: str, message: str
) -> None:
    """Without the pool, whose server would import torch meanwhile."""
    _is_refused(regsweep("-m", "hydra/launcher=basic", *arguments.split()), message, tmp_path)


def test_a_process_of_its_own_says_it_in_one_line_too(shell: Callable[..., Finished], tmp_path: Path) -> None:
    _is_refused(
        shell(sys.executable, "-m", "regsweep", "regularizer.dropout=1.5"),
        "regularizer.dropout=1.5: must be",
        tmp_path,
    )


NORMALIZED = """
from torch import nn

class Norm(nn.BatchNorm1d):
    pass

class Net(nn.Sequential):
    def __init__(self, input_shape, num_classes):
        super().__init__(nn.Flatten(), Norm(64), nn.Linear(64, num_classes))
"""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("regularizer.batch_norm=false",), "false: Net cannot be without it; leave it out, or choose another model"),
        (("-m", "regularizer.batch_norm=null,false"), "false: Net cannot be without it"),
        (
            ("-m", "sweep=regularization", "hydra/launcher=basic", "regularizer=batch_norm"),
            "false: Net cannot be without it",
        ),
    ],
    ids=" ".join,
)
def test_batchnorm_that_a_network_always_has_cannot_be_taken_out(
    regsweep: Regsweep, own_folder: Path, arguments: tuple[str, ...], expected: str
) -> None:
    (own_folder / "normalized.py").write_text(NORMALIZED)
    (own_folder / "conf" / "model" / "normalized.yaml").write_text("_target_: normalized.Net\n")
    before = sorted(own_folder.iterdir())
    done = regsweep("--config-dir", "conf", "model=normalized", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"regsweep: regularizer.batch_norm={expected}")
    assert done.err.count("\n") == 1
    assert [path for path in sorted(own_folder.iterdir()) if path.name != "__pycache__"] == before


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the working folder, with a place for models' configurations."""
    own = tmp_path / "own"
    (own / "conf" / "model").mkdir(parents=True)
    monkeypatch.chdir(own)
    monkeypatch.syspath_prepend(str(own))
    yield own
    sys.modules.pop("normalized", None)


BROKEN = {
    "asserts": "class Net(nn.Module):\n    def __init__(self, input_shape, num_classes):\n        assert False\n",
    "does not parse": "class Net(nn.Module:\n",
    "does not import": "import no_such_package\n",
}


@pytest.mark.parametrize(
    ("fault", "multirun"),
    [
        ("asserts", ()),
        ("does not parse", ("-m", "seed=0,1")),
        ("does not import", ("-m", "sweep=regularization", "hydra/launcher=basic")),
    ],
)
def test_a_network_that_cannot_be_built_is_refused(
    regsweep: Regsweep, own_folder: Path, multirun: tuple[str, ...], fault: str
) -> None:
    module, own = f"broken_{fault.replace(' ', '_')}_{len(multirun)}_{'sweep' in str(multirun)}", own_folder
    (own / f"{module}.py").write_text("from torch import nn\n\n" + BROKEN[fault])
    (own / "conf" / "model" / "broken.yaml").write_text(f"_target_: {module}.Net\n")
    before = sorted(own.iterdir())
    done = regsweep("--config-dir", "conf", "model=broken", *multirun)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert f"model._target_={module}.Net: " in done.err
    assert [path for path in sorted(own.iterdir()) if path.name != "__pycache__"] == before


def test_a_preset_made_of_presets_is_composed(regsweep: Regsweep, tmp_path: Path) -> None:
    (tmp_path / "conf" / "regularizer").mkdir(parents=True)
    (tmp_path / "conf" / "regularizer" / "mine.yaml").write_text("defaults: [l1, dropout]\n")
    done = regsweep("--config-dir", "conf", "regularizer=mine", "trainer.epochs=1")
    assert done.code == 0, done.err
    assert "regularizer  L1 λ=0.0001 with dropout 0.5\n" in done.out


def test_a_folder_in_use_is_not_overwritten(regsweep: Regsweep, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "result.json").write_text("precious")
    for arguments in (("hydra.run.dir=mine",), ("-m", "seed=0,1", "hydra.sweep.dir=mine")):
        done = regsweep(*arguments)
        assert done.code == 2
        assert "this folder is not empty" in done.err
    assert (tmp_path / "mine" / "result.json").read_text() == "precious"


@pytest.mark.parametrize(
    "call",
    [
        "_target_: os.system, command: 'touch owned'",
        "_target_: logging.os.system, command: 'touch owned'",
        "_target_: subprocess.check_output, args: [touch, owned]",
        "_target_: hydra.utils.call, config: {_target_: os.system, command: 'touch owned'}",
    ],
)
def test_hydra_runs_no_code_that_a_configuration_names(regsweep: Regsweep, tmp_path: Path, call: str) -> None:
    done = regsweep(f"+hydra.callbacks.x={{{call}}}", "trainer.epochs=1")
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert not (tmp_path / "owned").exists()
    assert not (tmp_path / "outputs").exists()


def _is_refused(done: Finished, message: str, folder: Path) -> None:
    assert done.code == 2, done
    lines = done.err.strip().splitlines()
    assert len(lines) == 1, done.err
    assert lines[0].startswith("regsweep: ")
    assert message in lines[0]
    assert not done.out.strip()
    assert not list(folder.iterdir()), "no folder was made"
