"""Which known name is offered for an unknown one: a near one, or none."""

import pytest

from regsweep.objectives import OBJECTIVES
from regsweep.signatures import offer, suggest

NEAR = [
    ("acuracy", OBJECTIVES, "accuracy"),
    ("acc", OBJECTIVES, "accuracy"),  # and not mcc
    ("RMSprop", ["rprop", "rmsprop", "sgd"], "rmsprop"),
    ("batch-norm", ["batch_norm", "batchnorm_2"], "batch_norm"),
    ("BatchNorm", ["batch_norm", "dropout"], "batch_norm"),
    ("batchnrom", ["batch_norm", "batchnorm"], "batchnorm"),
    ("batch_nrom", ["batch_norm", "batchnorm"], "batch_norm"),
    ("trainsize", ["train_fraction", "train_size"], "train_size"),
    ("mpl", ["cnn", "linear", "mlp"], "mlp"),
    ("l3", ["dropout", "l1"], "l1"),
    ("data.npz", ["dat.npz", "neg.npz"], "dat.npz"),
    ("los", ["size", "loss"], "loss"),
    ("retries", ["n_jobs", "max_retries"], "max_retries"),
]
FAR = [
    ("missing.npz", ["neg.npz", "three.csv"]),
    ("nothere", ["three"]),
    ("kap", ["mcc"]),
    ("ab", ["accuracy_b"]),
    ("x", ["y"]),
    ("", ["age", "city"]),
    ("silhouette", OBJECTIVES),
]


@pytest.mark.parametrize(("name", "known", "near"), NEAR)
def test_a_near_name_is_offered(name: str, known: list[str], near: str) -> None:
    assert suggest(name, known) == f"did you mean {near}?"
    assert offer(name, known, "key=") == f"did you mean key={near}? there is {', '.join(sorted(known))}"


@pytest.mark.parametrize(("name", "known"), FAR)
def test_a_far_name_is_not(name: str, known: list[str]) -> None:
    everything = ", ".join(sorted(known))
    assert suggest(name, known) == f"known: {everything}"
    assert offer(name, known, "key=") == f"there is {everything}"


def test_where_nothing_is_known_that_is_said() -> None:
    assert (suggest("a", []), offer("a", [])) == ("known: none", "there is none")
