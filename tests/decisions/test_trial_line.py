"""The line of a trial on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from regsweep.app.main import in_one_line, made_of
from regsweep.names import Named
from regsweep.run_record import UsedMethod

L2 = UsedMethod("L2", "L2 λ=0.00017", main="lambda", is_penalty=True)
DROPOUT = UsedMethod("dropout", "dropout 0.38", main="p")
BATCH_NORM = UsedMethod("BatchNorm", "BatchNorm")
LR, WIDTH = ("optimizer.lr", "0.010924557466765898"), ("model.width", "64")


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([], "L2 λ=0.00017"),
        ([LR, ("seed", "1001")], "L2 λ=0.00017, lr 0.0109, seed 1001"),
        # Its methods' own words say what these do.
        (
            [("regularizer.l2.lambda", "0.001"), ("regularizer", "none"), ("sweep", "grid"), LR],
            "L2 λ=0.00017, lr 0.0109",
        ),
        ([WIDTH, ("head.width", "8"), LR], "L2 λ=0.00017, model.width 64, head.width 8, lr 0.0109"),
        ([("model", "mlp"), ("dataset", "digits")], "L2 λ=0.00017, model mlp, dataset digits"),
    ],
)
def test_its_methods_and_its_other_settings(pairs: list[tuple[str, str]], words: str) -> None:
    assert made_of([L2], pairs) == [words, words.replace("0.0109", "0.011"), words.replace(" λ=0.00017", "")]


@pytest.mark.parametrize(
    ("methods", "words"),
    [
        ([], ["no regularization"] * 3),
        (
            [BATCH_NORM, DROPOUT, L2],
            [*["L2 λ=0.00017 + dropout 0.38 + BatchNorm"] * 2, "L2 + dropout + BatchNorm"],
        ),
    ],
)
def test_methods_stand_in_their_order(methods: Sequence[Named], words: list[str]) -> None:
    assert made_of(methods, []) == words


THREE = made_of([BATCH_NORM, DROPOUT, L2], [("optimizer.lr", "0.00862104")])


@pytest.mark.parametrize(
    ("start", "words", "expected"),
    [
        ("trial 99: validation 0.8646", THREE, "L2 λ=0.00017 + dropout 0.38 + BatchNorm, lr 0.00862"),
        ("trial 999: validation 0.8646", THREE, "L2 λ=0.00017 + dropout 0.38 + BatchNorm, lr 0.0086"),
        ("trial 9999: validation 0.8646", THREE, "L2 + dropout + BatchNorm, lr 0.00862"),
        ("trial 1: test 0.8646", ["x" * 58, "y"], "x" * 58),
        ("trial 1: test 0.8646", ["x" * 59, "y"], "y"),
        ("trial 1: test 0.8646", ["実" * 29, "y"], "実" * 29),
        ("trial 1: test 0.8646", ["実" * 30, "y"], "y"),
        ("trial 1: test 0.8646", ["x" * 70, "y" * 60], "y" * 60),
    ],
)
def test_it_is_one_line_of_80_columns_where_it_can(start: str, words: list[str], expected: str) -> None:
    assert in_one_line(start, words) == f"{start}  {expected}"
