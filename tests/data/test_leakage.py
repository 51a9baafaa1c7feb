"""Nothing of validation and test examples reaches the training: constants and weights do not change with them."""

import hashlib
import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from regsweep import weights
from regsweep.build import build
from regsweep.config import RunConfig
from regsweep.data import load_dataset
from regsweep.data.load import draw
from regsweep.data.sources import load_source
from regsweep.training import Training

N = 120
RNG = np.random.default_rng(0)
KIND, PRICE = RNG.permutation(np.arange(N) % 2), RNG.normal(9, 2, N)
"""Classes stay: their shares draw the split."""


def write(dataset: str, ages: np.ndarray, cities: np.ndarray, prices: np.ndarray) -> None:
    if dataset == "table":
        frame = pd.DataFrame({"age": ages, "city": cities, "kind": KIND, "price": prices})
        frame.to_csv("data.csv", index=False)
    else:
        np.savez("data.npz", x=np.stack([np.nan_to_num(ages), prices], 1), y=KIND)


def digests(config: RunConfig) -> tuple[str, str]:
    """Return those of the fitted constants, and of the weights after two epochs."""
    load_dataset.cache_clear()
    parts = build(config)
    member = parts.member(config)
    Training([member]).run()
    assert member.error is None
    assert len(member.history) == 2
    constants = json.dumps(parts.dataset.constants(), sort_keys=True)
    return hashlib.sha256(constants.encode()).hexdigest(), weights.digest(member.trained())


DATA = {
    "classes of a table": ("dataset=table", "dataset.path=data.csv", "dataset.target=kind"),
    "numbers of a table": ("dataset=table", "dataset.path=data.csv", "dataset.target=price"),
    "arrays": ("dataset=arrays", "dataset.path=data.npz", "dataset.standardize=true"),
}
METHODS = "regularizer=[l2,dropout,batch_norm]"


@pytest.mark.parametrize("name", DATA)
def test_weights_and_constants_do_not_change_with_validation_and_test_rows(
    configure: Callable[..., RunConfig], name: str
) -> None:
    dataset = DATA[name][0].removeprefix("dataset=")
    config = configure(*DATA[name], METHODS, "trainer.epochs=2", "model.hidden=[16]")
    ages, cities = RNG.normal(40, 9, N), RNG.choice(["Rome", "Oslo", ""], N)
    ages[::7] = np.nan
    write(dataset, ages, cities, PRICE)
    before, train = digests(config), draw(load_source(config.dataset), config.dataset).train
    outside = np.setdiff1d(np.arange(N), train)
    assert len(outside) == N - len(train) == 44

    def changed(rows: np.ndarray) -> tuple[str, str]:
        is_changed = np.isin(np.arange(N), rows)
        others = (np.where(is_changed, 1e4, ages), np.where(is_changed, "Quito", cities))
        write(dataset, *others, np.where(is_changed, PRICE + 50, PRICE))
        return digests(config)

    assert changed(outside) == before
    for one, other in zip(changed(train[:1]), before, strict=True):
        assert one != other, "they do follow a training row"
