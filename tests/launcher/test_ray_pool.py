"""A sweep on a Ray cluster of several nodes: it fills them, grows with them, and loses no trial with one of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from regsweep.errors import ConfigError
from regsweep.launcher.plugin import RayPoolLauncher
from tests.launcher.cluster import Cluster
from tests.sweeper.audit import FOLDER, audit, finish, run_here, start, wait_until

ray_pool = pytest.importorskip("regsweep.launcher.ray_pool", reason="needs Ray")


@pytest.mark.parametrize(
    ("cpus", "gpus", "nodes", "count"),
    [
        (1.0, 0.0, [{"CPU": 4.0}, {"CPU": 2.0}], 6),
        (2.0, 0.0, [{"CPU": 3.0}, {"CPU": 3.0}], 2),  # no job lies on two nodes
        (1.0, 0.5, [{"CPU": 16.0, "GPU": 1.0}, {"CPU": 64.0}], 2),
        (1.0, 1.0, [{"CPU": 2.0, "GPU": 8.0}], 2),
        (0.1, 0.0, [{"CPU": 0.3}], 3),
        (4.0, 0.0, [{"CPU": 2.0}, {}], 0),
    ],
)
def test_as_many_jobs_as_fit_into_the_nodes(
    cpus: float, gpus: float, nodes: list[dict[str, float]], count: int
) -> None:
    assert ray_pool.Needs(cpus, gpus).count_in(nodes) == count


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"workers": 0}, "hydra.launcher.workers=0: must be a whole number of 1 or more, or null for as many as fit"),
        ({"num_cpus": 0}, "hydra.launcher.num_cpus=0: must be a number above 0, the cores of a trial"),
        ({"num_cpus": True}, "hydra.launcher.num_cpus=true: must be a number above 0"),
        ({"num_gpus": -0.5}, "hydra.launcher.num_gpus=-0.5: must be 0 or more, the GPUs of a trial"),
    ],
)
def test_a_number_that_makes_no_sense_is_refused(given: dict[str, Any], line: str) -> None:
    with pytest.raises(ConfigError) as refused:
        RayPoolLauncher(**given)
    assert str(refused.value).startswith(line)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1"])
def test_a_cluster_that_does_not_answer_is_refused_before_anything_begins(tmp_path: Path, address: str) -> None:
    launcher = ("hydra/launcher=ray_pool", f"hydra.launcher.init.address='{address}'")
    code, printed = run_here(tmp_path, *launcher, full_error=False)
    assert code != 0
    assert printed.strip() == (
        f"hydra.launcher.init.address={address}: nothing answers there (Connection refused); "
        "start the cluster, or correct the address"
    )
    assert not (tmp_path / FOLDER).exists()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Return a cluster of three nodes of one core each; Ray's folders have short names, as its sockets lie there."""
    made = Cluster(Path(tempfile.mkdtemp(prefix="ray", dir="/tmp")), (1, 1, 1))
    try:
        made.start()
        yield made
    finally:
        made.stop()


def on(cluster: Cluster) -> tuple[str, ...]:
    return ("hydra/launcher=ray_pool", f"hydra.launcher.init.address={cluster.address}")


@pytest.mark.faults
def test_a_node_that_goes_takes_no_trial_with_it(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    process = start(tmp_path, *on(cluster), "seconds=2", "hydra.sweeper.n_trials=12")
    wait_until(process, lambda: len(list((tmp_path / FOLDER).glob("*/trial.json"))) >= 3)
    cluster.kill_a_node()
    code, printed = finish(process)
    assert code == 0, printed
    assert "its node or its actor was lost; it runs again" in printed
    audit(tmp_path, 12, {})
