"""Objectives against scikit-learn's, and decisions by them: in which direction, on which task."""

import math
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn import metrics as sklearn_metrics
from torch import Tensor, nn

from regsweep import weights
from regsweep.app.search_space import require_all_buildable
from regsweep.build import build, require_buildable
from regsweep.config import RunConfig
from regsweep.data import Dataset, Split, load_dataset
from regsweep.data.preparation import Scale
from regsweep.errors import ConfigError, DivergedError
from regsweep.gradient import Alone
from regsweep.losses import LOSSES, Loss
from regsweep.member import EpochRow
from regsweep.metrics import Metrics, Scoring, evaluate
from regsweep.objectives import OBJECTIVES, Kind, metrics_of, objective_of
from regsweep.progress import describe
from regsweep.run import run
from regsweep.scoring import build_scoring, require_computed, scoring_of
from regsweep.step import Step
from regsweep.training import Training

Configure = Callable[..., RunConfig]


class Given(nn.Module):
    """A network whose outputs are its inputs."""

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs


def score(name: str, outputs: Tensor, targets: Tensor, scale: Scale | None = None, loss: Loss | None = None) -> float:
    """Return the objective of these outputs, in batches of evaluation."""
    split = Split(outputs, targets)
    kind: Kind = "classification" if scale is None else "regression"
    names = tuple(map(str, range(outputs.shape[1])))
    dataset = Dataset("made", names, split, None, split, kind=kind, scale=scale)
    scoring = scoring_of(objective_of(name, kind), loss or Loss(LOSSES[kind][0], len(names)), dataset.scale)
    return evaluate(Given(), split, scoring).value


RNG = np.random.default_rng(0)
RANDOM = torch.Generator().manual_seed(0)
LABELS = torch.cat([torch.arange(3), torch.randint(0, 3, (397,), generator=RANDOM)])
LOGITS = torch.randn(400, 3, generator=RANDOM) + torch.eye(3)[LABELS]
SHARES = LOGITS.double().softmax(1).numpy()
SAID = LOGITS.argmax(1).numpy()
Y = LABELS.numpy()

OF_CLASSES = {
    "accuracy": sklearn_metrics.accuracy_score(Y, SAID),
    "balanced_accuracy": sklearn_metrics.balanced_accuracy_score(Y, SAID),
    "auroc": sklearn_metrics.roc_auc_score(Y, SHARES, multi_class="ovr", average="macro"),
    "average_precision": np.mean([sklearn_metrics.average_precision_score(k == Y, SHARES[:, k]) for k in range(3)]),
    "f1": sklearn_metrics.f1_score(Y, SAID, average="macro"),
    "mcc": sklearn_metrics.matthews_corrcoef(Y, SAID),
    "kappa": sklearn_metrics.cohen_kappa_score(Y, SAID),
}


@pytest.mark.parametrize("name", OF_CLASSES)
def test_objectives_of_classes_are_scikit_learn_s(name: str) -> None:
    assert score(name, LOGITS, LABELS) == pytest.approx(OF_CLASSES[name], abs=1e-6)


@pytest.mark.parametrize("name", ["balanced_accuracy", "auroc", "average_precision"])
def test_a_class_without_an_example_has_no_part_in_a_mean_over_classes(
    name: str, recwarn: pytest.WarningsRecorder
) -> None:
    """Though it is predicted."""
    is_other = LABELS != 1
    order = LABELS[is_other].argsort()  # so that the last of the batches has a single class
    outputs, labels = LOGITS[is_other][order], LABELS[is_other][order]
    shares = outputs.double().softmax(1).numpy()
    assert (outputs.argmax(1) == 1).any()
    parts = []
    for k in (0, 2):
        if name == "balanced_accuracy":
            parts.append((outputs.argmax(1)[labels == k] == k).double().mean().item())
        else:
            of_one = {"auroc": "roc_auc_score", "average_precision": "average_precision_score"}[name]
            parts.append(getattr(sklearn_metrics, of_one)(labels == k, shares[:, k]))
    assert score(name, outputs, labels) == pytest.approx(np.mean(parts), abs=1e-6)
    assert not any("samples" in str(warning.message) or "nan" in str(warning.message) for warning in recwarn)


@pytest.mark.parametrize(("name", "value"), [("average_precision", 1.0), ("balanced_accuracy", 0.0)])
def test_of_one_class_alone_they_are_that_class_s(name: str, value: float) -> None:
    assert score(name, torch.eye(4)[[1] * 9], torch.zeros(9, dtype=torch.long)) == value


def test_of_a_single_class_there_is_a_balanced_accuracy_and_no_area() -> None:
    outputs, labels = LOGITS[LABELS == 2], LABELS[LABELS == 2]
    assert score("balanced_accuracy", outputs, labels) == pytest.approx((outputs.argmax(1) == 2).double().mean().item())
    with pytest.raises(ConfigError, match=r"^objective=auroc: is nan on some of these examples; choose"):
        score("auroc", outputs, labels)


@pytest.mark.parametrize("num_classes", [2, 3])
@pytest.mark.parametrize("name", ["auroc", "average_precision"])
def test_a_network_that_is_sure_of_itself_makes_no_ties(name: str, num_classes: int) -> None:
    """In float32 a softmax is 1 from a difference of 17 on; in float64 from one of 37."""
    labels = LABELS % num_classes
    outputs = LOGITS[:, :num_classes]
    outputs = 30 / (outputs.max(1).values - outputs.min(1).values).max() * outputs
    assert (outputs.softmax(1) == 1).any(), "ties in float32"
    shares = outputs.double().softmax(1).numpy()
    of_one = getattr(sklearn_metrics, {"auroc": "roc_auc_score", "average_precision": "average_precision_score"}[name])
    each = [of_one(labels == k, shares[:, k]) for k in ((1,) if num_classes == 2 else range(3))]
    assert score(name, outputs, labels) == pytest.approx(np.mean(each), abs=1e-6)


TWO = (LABELS > 0).long()
OF_TWO = {
    "f1": sklearn_metrics.f1_score(TWO, LOGITS[:, :2].argmax(1)),
    "average_precision": sklearn_metrics.average_precision_score(TWO, LOGITS[:, :2].double().softmax(1)[:, 1]),
    "auroc": sklearn_metrics.roc_auc_score(TWO, LOGITS[:, :2].double().softmax(1)[:, 1]),
}


@pytest.mark.parametrize("name", OF_TWO)
def test_of_two_classes_the_second_one_is_found_as_scikit_learn_has_it(name: str) -> None:
    assert score(name, LOGITS[:, :2].contiguous(), TWO) == pytest.approx(OF_TWO[name], abs=1e-6)


NUMBERS = torch.randn(400, 2, generator=RANDOM) * torch.tensor([10.0, 0.1]) + torch.tensor([50.0, -1.0])
SCALE = Scale().fit(NUMBERS)
GUESSED = SCALE(NUMBERS) + torch.randn(400, 2, generator=RANDOM) / 2
BACK = SCALE.back(GUESSED).double().numpy()
OF_NUMBERS = {
    "rmse": float(np.sqrt(((BACK - NUMBERS.double().numpy()) ** 2).mean())),
    "mae": sklearn_metrics.mean_absolute_error(NUMBERS, BACK),
    "r2": sklearn_metrics.r2_score(NUMBERS, BACK),
}


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_objectives_of_numbers_are_scikit_learn_s_in_the_numbers_own_unit(name: str) -> None:
    assert score(name, GUESSED, SCALE(NUMBERS), SCALE) == pytest.approx(OF_NUMBERS[name], rel=1e-4)


def test_of_huge_numbers_they_are_finite() -> None:
    """Their squares are beyond float32. Of a loss that is not, too: outputs far off, with a Huber loss."""
    huge = NUMBERS * 1e30
    scale = Scale().fit(huge)
    far = scale(huge) + torch.randn(400, 2, generator=torch.Generator().manual_seed(1)) * 1e3
    back = scale.back(far.double()).numpy()
    expected = {
        "rmse": float(np.sqrt(((back - huge.double().numpy()) ** 2).mean())),
        "r2": sklearn_metrics.r2_score(huge, back),
        "mae": sklearn_metrics.mean_absolute_error(huge, back),
    }
    for name, value in expected.items():
        assert score(name, far, scale(huge), scale, Loss("huber", 2)) == pytest.approx(value, rel=1e-4)


def test_outputs_of_squared_errors_are_the_nearest_shares() -> None:
    """Of numbers of 0 or more whose sum is 1: none of many others is nearer; and what is auroc's is of them."""
    outputs = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    shares = Loss("mse", 4).shares(outputs)
    assert shares.sum(1).tolist() == pytest.approx([1.0] * 50, abs=1e-12)
    assert shares.min() >= 0
    others = torch.distributions.Dirichlet(torch.full((4,), 0.3)).sample((2000, 1))
    assert ((outputs - shares).square().sum(1) <= (outputs - others).square().sum(2).min(0).values + 1e-6).all()
    assert torch.equal(shares.argmax(1), outputs.argmax(1))
    there = torch.tensor([[0.2, 0.5, 0.3, 0.0]], dtype=torch.float64)
    assert torch.allclose(Loss("mse", 4).shares(there), there)
    assert torch.allclose(Loss("mse", 3).shares(torch.tensor([[1.3, 0.2, -0.1], [-1.0, -2.0, -1.0]])),
                          torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.0, 0.5]]).double())  # fmt: skip
    far = torch.tensor([[1e30, 0.0, 0.0], [3e8, 3e8, 0.0], [-1e9, -1e9, -3e9]])
    expected = torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.5, 0.5, 0.0]], dtype=torch.float64)
    assert torch.equal(Loss("mse", 3).shares(far), expected)
    assert torch.equal(Loss("cross_entropy", 4).shares(outputs), outputs.double().softmax(1))
    guessed = torch.eye(3)[LABELS] + torch.randn(400, 3, generator=torch.Generator().manual_seed(2))
    expected = sklearn_metrics.roc_auc_score(Y, Loss("mse", 3).shares(guessed.double()), multi_class="ovr")
    assert score("auroc", guessed, LABELS, loss=Loss("mse", 3)) == pytest.approx(expected, abs=1e-6)


def test_the_scale_has_the_training_numbers_mean_and_deviation() -> None:
    numbers = torch.tensor([[1.0, 0.1, 5.0], [3.0, 0.1, 5.0], [8.0, 0.1, 5.0]])
    scale = Scale().fit(numbers)
    assert scale.constants() == {
        "name": "scale",
        "mean": pytest.approx([4.0, 0.1, 5.0]),
        "deviation": pytest.approx([np.std([1, 3, 8]), 1.0, 1.0]),
    }
    assert not scale(numbers)[:, 1:].any(), "a column that never changes is not blown up by rounding"
    assert torch.allclose(scale.back(scale(numbers)), numbers)


@pytest.mark.parametrize("size", [1, 250, 400])
def test_the_loss_and_the_accuracy_are_means_over_all_examples(size: int) -> None:
    """Also where the last of the batches is a smaller one."""
    split = Split(LOGITS[:size], LABELS[:size])
    found = evaluate(Given(), split, Scoring.of_classes(3))
    assert found.loss == pytest.approx(sklearn_metrics.log_loss(Y[:size], SHARES[:size], labels=[0, 1, 2]), rel=1e-5)
    assert found.score == found.value == found["accuracy"] == (SAID == Y)[:size].mean()


def test_the_smaller_error_has_the_larger_score() -> None:
    split = Split(GUESSED, SCALE(NUMBERS))
    found = evaluate(Given(), split, scoring_of(OBJECTIVES["mae"], Loss("mse", 2), SCALE))
    assert found.value > 0
    assert found.score == -found.value


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_network_is_judged_in_the_precision_that_is_set(precision: str) -> None:
    """By its outputs as they are then; all sums over them are in float32."""
    model, split = nn.Linear(3, 3), Split(LOGITS, LABELS)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
        outputs = model(LOGITS).float().double().numpy()
    expected = sklearn_metrics.log_loss(Y, np.exp(outputs) / np.exp(outputs).sum(1, keepdims=True))
    assert evaluate(model, split, Scoring.of_classes(3), precision).loss == pytest.approx(expected, rel=1e-5)


OWN_SPLITS = ("dataset=arrays", "dataset.path=data.npz", "dataset.val_fraction=0", "trainer.epochs=1")


def write(y: np.ndarray, y_test: np.ndarray) -> None:
    x = np.random.default_rng(0).normal(size=(len(y), 3))
    np.savez("data.npz", x=x, y=y, x_test=x[: len(y_test)], y_test=y_test)


def test_the_weights_of_classes_are_those_of_the_training_examples_and_change_the_training(
    configure: Configure,
) -> None:
    write(np.repeat([0, 1], [30, 10]), np.repeat([0, 1], [4, 6]))
    trained = {}
    for name in ("balanced", "null"):
        config = configure(*OWN_SPLITS, f"trainer.class_weights={name}", "optimizer.lr=0.1")
        member = build(config).member(config)
        Training([member]).run()
        weights_K = member.scoring.loss.weights_K
        expected = [40 / (2 * 30), 40 / (2 * 10)] if name == "balanced" else None
        assert (None if weights_K is None else weights_K.tolist()) == (expected and pytest.approx(expected))
        trained[name] = weights.digest(member.model)
    assert trained["balanced"] != trained["null"]


def test_a_data_set_counts_its_classes_and_measures_its_numbers_in_their_own_unit(configure: Configure) -> None:
    write(np.repeat([0, 2, 5], [30, 7, 3]), np.repeat([0, 5], [4, 6]))
    dataset = load_dataset(configure(*OWN_SPLITS).dataset)
    assert (dataset.class_sizes, dataset.deviations) == ({"train": [30, 7, 3], "test": [4, 0, 6]}, {})
    train, test = RNG.normal(50, 8, (40, 2)), RNG.normal(-3, 2, (10, 2))
    write(train, test)
    load_dataset.cache_clear()
    dataset = load_dataset(configure(*OWN_SPLITS).dataset)
    assert dataset.class_sizes == {}
    assert dataset.deviations == {
        "train": pytest.approx(train.std(0).tolist(), rel=1e-5),
        "test": pytest.approx(test.std(0).tolist(), rel=1e-5),
    }


@pytest.mark.parametrize(
    ("name", "kind", "direction", "expected"),
    [
        (None, "classification", None, ("accuracy", True)),
        (None, "regression", None, ("rmse", False)),
        ("r2", "regression", None, ("r2", True)),
        ("loss", "classification", None, ("loss", False)),
        ("loss", "regression", "minimize", ("loss", False)),
        ("mine.revenue", "classification", None, ("revenue", True)),
        ("mine.val_loss", "classification", None, ("val_loss", False)),
        ("mine.test_loss", "regression", "maximize", ("test_loss", True)),
    ],
)
def test_which_objective_and_in_which_direction(
    name: str | None, kind: Kind, direction: str | None, expected: tuple[str, bool]
) -> None:
    objective = objective_of(name, kind, direction)
    assert (objective.name, objective.maximize) == expected


TOLD = {
    "objective=mine.brier": "brier: lower is better, as its name says; objective_direction=maximize turns it round",
    "objective=mine.gain": "gain: higher is better, as its name does not say otherwise; "
    "objective_direction=minimize turns it round",
    "objective=mine.gain objective_direction=minimize": None,
    "objective=f1": None,
    "": None,
}


@pytest.mark.parametrize("typed", TOLD)
def test_a_direction_that_was_taken_from_a_name_is_told_in_runs_and_searches(
    configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, typed: str
) -> None:
    (tmp_path / "mine.py").write_text("def gain(x, y):\n    return 1.0\n\n\nbrier = gain\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    config = configure("dataset=wine", "trainer.epochs=1", *typed.split())
    with caplog.at_level("INFO", "regsweep"):
        run(config, tmp_path, is_trial=False)
    for said in (caplog.messages, require_all_buildable([config, config])):
        told = [line.removeprefix("objective    ") for line in said if line.startswith("objective ")]
        assert told == [line for line in [TOLD[typed]] if line]


@pytest.mark.parametrize(
    ("name", "kind", "direction", "message"),
    [
        ("rmse", "classification", None, "objective=rmse: no number of a classification task; there is accuracy, "),
        ("accuracy", "regression", None, "objective=accuracy: no number of a regression task; there is rmse, r2, mae"),
        ("acuracy", "classification", None, "objective=acuracy: did you mean accuracy?"),
        ("r2", "regression", "minimize", "objective_direction=minimize: r2 is maximized; leave it null"),
        ("rmse", "regression", "maximize", "objective_direction=maximize: rmse is minimized; leave it null"),
        ("mine.loss", "regression", None, "objective=mine.loss: loss is the name of another number; give yours a name"),
        ("mine.f1", "classification", "maximize", "objective=mine.f1: f1 is the name of another number; give yours a "),
        ("mine.rmse", "classification", None, "objective=mine.rmse: rmse is the name of another number"),
    ],
)
def test_what_is_no_objective_here_is_refused(name: str, kind: Kind, direction: str | None, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        objective_of(name, kind, direction)
    assert str(error.value).startswith(message)


def test_the_numbers_of_a_run_begin_with_its_objective() -> None:
    assert metrics_of("classification", "f1") == ("f1", "accuracy", "loss")
    assert metrics_of("classification", "accuracy") == ("accuracy", "loss")
    assert metrics_of("regression", "loss") == ("loss", "rmse")


def test_a_score_is_better_the_larger_it_is() -> None:
    low, high = ({"rmse": value} for value in (1.0, 2.0))
    assert Metrics(low, "rmse", maximize=False).score > Metrics(high, "rmse", maximize=False).score
    assert Metrics(low, "rmse", maximize=True).score < Metrics(high, "rmse", maximize=True).score


@pytest.mark.parametrize("keeps", ["trainer.restore_best=true", "regularizer.early_stopping=3"])
def test_the_best_epoch_is_that_of_the_smallest_error(configure: Configure, keeps: str) -> None:
    config = configure("dataset=diabetes", "optimizer.lr=0.3", "trainer.epochs=12", "dataset.train_size=60", keeps)
    member = build(config).member(config)
    Training([member]).run()
    errors = [row.validation["rmse"] for row in member.history if row.validation]
    best = errors.index(min(errors)) + 1
    assert best < len(errors), "the case is one in which it matters"
    assert max(errors) > 1.1 * min(errors)
    assert member.kept.epoch == best
    if "early_stopping" in keeps:
        assert len(errors) == best + 3


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("dataset=diabetes", "regularizer.label_smoothing=0.1"), "label smoothing needs classes, and numbers are"),
        (("dataset=diabetes", "regularizer.confidence_penalty=0.1"), "confidence penalty needs classes"),
        (("dataset=wine", "regularizer.cutmix=1.0"), "CutMix needs images, and wine has none; leave it out"),
        (("dataset=wine", "regularizer.augmentation=1"), "augmentation needs images"),
        (("dataset=wine", "regularizer.random_erasing=0.2"), "random erasing needs images"),
        (("dataset=diabetes", "dataset.label_noise=0.1"), "only classes can be flipped; set it to 0"),
        (
            ("dataset=diabetes", "trainer.class_weights=balanced"),
            "^trainer.class_weights=balanced: diabetes has no classes; leave it",
        ),
        (
            ("dataset=diabetes", "trainer.loss=cross_entropy"),
            "^trainer.loss=cross_entropy: diabetes is a regression task, which has mse or h",
        ),
        (
            ("dataset=wine", "trainer.loss=huber"),
            "^trainer.loss=huber: wine is a classification task, which has cross_ent",
        ),
        (("dataset=wine", "task=regression"), "wine is a classification task; leave it auto"),
        (
            ("dataset=breast_cancer", "objective=torchmetrics.classification.BinaryAUROC"),
            r"given the shares of all classes, \(N, 2\): take its Multiclass… class, or a name ",
        ),
        (("dataset=wine", "objective=os.system"), "^objective=os.system: os is neither in the working folder"),
    ],
)
def test_what_does_not_fit_the_task_is_refused(configure: Configure, overrides: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        require_buildable(configure(*overrides))


def test_mixup_mixes_the_numbers_that_are_predicted(configure: Configure) -> None:
    config = configure("dataset=diabetes", "regularizer.mixup=0.4", "trainer.epochs=1")
    member = build(config).member(config)
    index = torch.arange(16)
    batch = Step(member, Alone()).batch(index)
    own = member.dataset.train.targets[index]
    assert torch.equal(batch.labels, own)
    assert batch.targets.shape == own.shape
    assert not torch.equal(batch.targets, own)
    assert batch.targets.mean().item() == pytest.approx(own.mean().item(), abs=1e-5), "each is mixed in once"


class Fixed:
    """A metric that is always this number."""

    def __init__(self, number: float) -> None:
        self.number = number

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        pass

    def compute(self) -> float:
        return self.number


def test_an_objective_that_is_no_number_is_a_divergence_only_where_the_loss_is_none_either() -> None:
    objective = objective_of("my_objectives.cost", "regression")
    scoring = Scoring(Loss("mse", 2), objective, SCALE, lambda device: Fixed(math.nan))
    with pytest.raises(ConfigError, match=r"^objective=my_objectives\.cost: is nan on some of these examples"):
        evaluate(Given(), Split(GUESSED, SCALE(NUMBERS)), scoring)
    diverged = Split(torch.full_like(GUESSED, math.nan), SCALE(NUMBERS))
    assert math.isnan(evaluate(Given(), diverged, scoring).value)


@pytest.mark.parametrize(
    ("objective", "line"),
    [
        ("auroc", "train 0.5000 (loss 0.2500)  validation 0.5000 (loss 0.2500)"),
        ("loss", "train 0.2500  validation 0.2500"),
    ],
)
def test_an_epoch_s_line_has_each_number_once(objective: str, line: str) -> None:
    seen = Metrics({"accuracy": 0.9, "auroc": 0.5, "loss": 0.25}, objective)
    assert describe(EpochRow(1, seen, seen, 0.0, 1.0, 1.0)) == line


@pytest.mark.parametrize("objective", ["rmse", "r2", "mae"])
def test_a_regression_that_diverges_says_so_by_every_objective(configure: Configure, objective: str) -> None:
    config = configure("dataset=diabetes", "optimizer.lr=1e6", "trainer.epochs=4", f"objective={objective}")
    member = build(config).member(config)
    Training([member]).run()
    assert isinstance(member.error, DivergedError)


README = Path(__file__).resolve().parent.parent / "README.md"
OWN = """
from torchmetrics import Metric
import torch

def many(shares, labels):
    return shares

class Share(Metric):
    def __init__(self):
        super().__init__()
        self.add_state("right", torch.tensor(0.0), dist_reduce_fx="sum")
        self.add_state("all", torch.tensor(0.0), dist_reduce_fx="sum")

    def update(self, shares, labels):
        self.right += (shares.argmax(1) == labels).sum()
        self.all += len(labels)

    def compute(self):
        return self.right / self.all
"""


def test_an_objective_of_the_user_s_is_a_function_or_a_class(
    configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_readme = re.search(r"^def cost.*?^```", README.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert of_readme
    (tmp_path / "own_objectives.py").write_text(OWN + of_readme[0].removesuffix("```"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_objectives", raising=False)  # of another folder, where tests run twice
    found = {}
    for name in ("Share", "cost"):
        config = configure("dataset=wine", f"objective=own_objectives.{name}")
        parts = build(config)
        found[name] = evaluate(parts.model, parts.dataset.test, parts.scoring)
    assert found["Share"].value == pytest.approx(found["Share"]["accuracy"])
    assert found["cost"].objective == "cost"
    labels = parts.dataset.test.targets
    is_said = parts.model(parts.dataset.test.inputs).argmax(1) == 1
    missed, false_alarms = ((labels == 1) & ~is_said).sum().item(), ((labels == 0) & is_said).sum().item()
    expected = [(10 * missed + false_alarms) / len(labels)]
    assert [found["cost"].value] == pytest.approx(expected), "the README's"
    config = configure("dataset=wine", "objective=own_objectives.many")
    dataset = load_dataset(config.dataset, config.task)
    with pytest.raises(ConfigError, match=r"objective=own_objectives\.many: cannot be computed here \(ValueError"):
        require_computed(build_scoring(config, dataset), dataset)


UNKNOWN, ENDLESS = "is nan for outputs that are all alike, and nan", "is inf for outputs that are all alike, and inf"


@pytest.mark.parametrize(
    ("alike", "right", "reason"),
    [(math.nan, math.nan, UNKNOWN), (math.inf, math.inf, ENDLESS), (math.nan, 1.0, None), (0.5, -math.inf, None)],
)
def test_a_metric_that_is_never_finite_is_refused_beforehand(
    configure: Configure, alike: float, right: float, reason: str | None
) -> None:
    """As a correlation is none of outputs that are all alike, and a logarithm of errors none of right ones."""
    config = configure("dataset=wine")
    dataset, given = load_dataset(config.dataset), iter((alike, right))
    objective = objective_of("my_objectives.cost", "classification")
    scoring = Scoring(Loss("cross_entropy", 3), objective, None, lambda device: Fixed(next(given)))
    if reason is None:
        require_computed(scoring, dataset)
        return
    with pytest.raises(ConfigError, match=rf"^objective=my_objectives\.cost: {reason} for right ones; choose"):
        require_computed(scoring, dataset)


@pytest.mark.parametrize("name", ["auroc", "average_precision", "balanced_accuracy"])
def test_an_objective_is_tried_on_every_class_however_rare_and_whatever_their_order(name: str) -> None:
    labels = torch.arange(2).repeat_interleave(torch.tensor([500, 3]))
    split = Split(torch.zeros(len(labels), 1), labels)
    dataset = Dataset("made", ("0", "1"), split, None, split)
    require_computed(scoring_of(objective_of(name, "classification"), Loss("cross_entropy", 2), None), dataset)


def test_every_objective_by_name_is_computed(configure: Configure) -> None:
    for name, objective in OBJECTIVES.items():
        for kind, data in (("classification", "wine"), ("regression", "diabetes")):
            if kind in objective.kinds:
                config = configure(f"dataset={data}", f"objective={name}")
                dataset = load_dataset(config.dataset, config.task)
                require_computed(build_scoring(config, dataset), dataset)
