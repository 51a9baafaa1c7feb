"""``trials.csv`` has one author: what a sweep writes while it runs is what a report writes of its records."""

from pathlib import Path

from tests.conftest import Regsweep

QUICK = (
    "trainer.epochs=2",
    "dataset.train_size=200",
    "model.hidden=[16]",
    "hydra/launcher=basic",
    "hydra.sweep.dir=sweep",
)


def test_the_sweep_s_table_is_the_report_s_byte_for_byte(regsweep: Regsweep) -> None:
    """Of trials that are complete, pruned, diverged and repeated, and after it went on."""
    table = Path("sweep/trials.csv")
    done = regsweep(
        *("-m", "sweep=regularization", "regularizer=[l2,mixup]", "hydra.sweeper.n_trials=5", "seed=4"),
        *("optimizer.lr=choice(0.05,1e30)", "regularizer.lambda=1e-3", "regularizer.mixup=0.3"),
        *("hydra/sweeper/pruner=median", "hydra.sweeper.pruner.n_startup_trials=1", *QUICK),
        *("hydra.sweeper.pruner.n_warmup_steps=0", "hydra.callbacks.regsweep.table=false"),
    )
    written = table.read_bytes()
    statuses = {line.split(",")[2] for line in written.decode().splitlines()[1:]}
    assert statuses == {"complete", "pruned", "diverged"}, done.out
    assert any(not line.endswith(b",") for line in written.splitlines()[1:]), "a trial repeats an earlier one"
    assert regsweep("report", "sweep").code == 0
    assert table.read_bytes() == written
    regsweep("resume", "sweep", "n_trials=6")
    written = table.read_bytes()
    assert len(written.splitlines()) == 7
    assert regsweep("report", "sweep").code == 0
    assert table.read_bytes() == written
