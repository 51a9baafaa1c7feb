"""A sweep that goes on must be the one that began: its configuration is compared with the one on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from regsweep import records
from regsweep.errors import ConfigError, RecordError
from regsweep.sweeper.redact import redact

MAY_DIFFER = (
    "hydra.sweeper.n_trials",
    "hydra.sweeper.timeout",
    "hydra.sweeper.trial_timeout",
    "hydra.overrides.hydra",
    "hydra.runtime",
    "hydra.job",
    "hydra.sweep.dir",
)
"""What a sweep that goes on may have other than before: how far to go, and where it stands."""


def require_same_configuration(config: DictConfig, recorded: Path) -> None:
    """Refuse to go on with a configuration other than the one that the sweep began with, which lies in `recorded`.

    Raises:
        ConfigError: naming the first key that differs, its value now and then.
        RecordError: when what it began with cannot be read.
    """
    content = records.read_yaml(recorded)
    if not isinstance(content, dict) or not isinstance(content.get("hydra"), dict):
        raise RecordError(f"{recorded}: not the configuration of a sweep, so it cannot be compared; restore it")
    before, now = _flat(content), _flat(OmegaConf.to_container(config, resolve=False, enum_to_str=True))
    # The command line last: what it sets is named by its own key, unless that is a range.
    for key in sorted({**before, **now}, key=lambda key: key.startswith("hydra.overrides")):
        if before.get(key) != now.get(key) and not key.startswith(MAY_DIFFER):
            raise ConfigError(
                key,
                now.get(key),
                f"the sweep began with {before.get(key)} ({recorded.name}); restore it, or start a new sweep in "
                "another folder",
            )


def _flat(content: Any) -> dict[str, str]:
    found: dict[str, str] = {}

    def walk(node: Any, path: str) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                walk(value, f"{path}.{key}" if path else str(key))
        else:
            found[path] = redact(str(node))  # as it was written

    walk(content, "")
    return found
