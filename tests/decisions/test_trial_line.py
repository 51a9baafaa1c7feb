"""The words for a trial in its line on the terminal."""

import pytest

from regsweep.app.main import made_of

LR, WIDTH = ("optimizer.lr", "0.010924557466765898"), ("model.width", "64")


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([], "L2 λ=0.001"),
        ([LR, ("seed", "1001")], "L2 λ=0.001, lr 0.0109, seed 1001"),
        ([("regularizer.l2.lambda", "0.001"), ("sweep", "grid"), LR], "L2 λ=0.001, lr 0.0109"),
        ([WIDTH, ("head.width", "8"), LR], "L2 λ=0.001, model.width 64, head.width 8, lr 0.0109"),
        ([("model", "mlp"), ("dataset", "digits")], "L2 λ=0.001, model mlp, dataset digits"),
    ],
)
def test_its_methods_and_its_other_settings(pairs: list[tuple[str, str]], words: str) -> None:
    assert made_of("L2 λ=0.001", pairs) == words
