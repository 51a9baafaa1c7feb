"""Hydra's own suites for launchers and for sweepers that launch in batches."""

import pytest
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.test_utils.launcher_common_tests import (
    BatchedSweeperTestSuite,
    IntegrationTestSuite,
    LauncherTestSuite,
)

from regsweep.launcher.plugin import PoolLauncher

Plugins.instance()  # registers Hydra's own sweepers, which the suites name


def test_hydra_finds_it() -> None:
    assert PoolLauncher in Plugins.instance().discover(Launcher)


@pytest.mark.full
@pytest.mark.parametrize(("launcher_name", "overrides"), [("pool", [])])
class TestPool(LauncherTestSuite):
    """What Hydra expects of any launcher."""


@pytest.mark.full
@pytest.mark.parametrize(
    ("launcher_name", "overrides"),
    [
        ("pool", ["hydra/sweeper=basic", "hydra.sweeper.max_batch_size=2"]),
    ],
)
class TestPoolWithBatches(BatchedSweeperTestSuite):
    """What Hydra expects of any launcher, called several times in a sweep."""


@pytest.mark.full
@pytest.mark.parametrize(
    ("task_launcher_cfg", "extra_flags"), [({}, ["-m", "hydra/launcher=pool", "hydra.launcher.workers=1"])]
)
class TestPoolIntegration(IntegrationTestSuite):
    """The same with applications of their own."""
