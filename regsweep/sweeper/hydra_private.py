"""What is used of Hydra and its Optuna sweeper that they do not publish, all in one place.

Each has a test that fails in words when it is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from optuna.distributions import BaseDistribution


def options_in(group: str, places: Iterable[tuple[str, str]]) -> list[str]:
    """Return the options of a config group that lie in `places` (provider and path, as Hydra names them)."""
    from hydra._internal.config_repository import ConfigRepository  # noqa: PLC0415
    from hydra._internal.config_search_path_impl import ConfigSearchPathImpl  # noqa: PLC0415
    from hydra.core.object_type import ObjectType  # noqa: PLC0415

    path = ConfigSearchPathImpl()
    for provider, place in places:
        path.append(provider, place)
    return ConfigRepository(path).get_group_options(group, ObjectType.CONFIG)


def params_from_overrides(
    overrides: Sequence[str],
) -> tuple[dict[str, BaseDistribution], dict[str, Any], list[str]]:
    """Return what overrides search, fix, and add, as Hydra's Optuna sweeper reads them."""
    from hydra_plugins.hydra_optuna_sweeper._impl import create_params_from_overrides  # noqa: PLC0415

    distributions, fixed, added = create_params_from_overrides(list(overrides))
    return dict(distributions), dict(fixed), list(added)


def distribution_of(override: Override) -> BaseDistribution:
    """Return the distribution that an override searches.

    Raises:
        ValueError: or an AssertionError, for what cannot be drawn from.
    """
    from hydra_plugins.hydra_optuna_sweeper._impl import create_optuna_distribution_from_override  # noqa: PLC0415

    found: BaseDistribution = create_optuna_distribution_from_override(override)
    return found


def grid_choices(distribution: BaseDistribution) -> list[Any]:
    """Return the values of a distribution in a grid."""
    from hydra_plugins.hydra_optuna_sweeper._impl import OptunaSweeperImpl  # noqa: PLC0415

    return list(OptunaSweeperImpl._to_grid_sampler_choices(distribution))
