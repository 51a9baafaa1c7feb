"""Passwords in storage URLs stay out of what is printed and written."""

from __future__ import annotations

import re
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, read_write

from regsweep import records

# A password that is an interpolation, ${oc.env:NAME}, is none: it is kept as it was written.
_PASSWORDS = (
    re.compile(r"()(?<=://)([^\s:/@]*:)(?!\$\{[^\s}]*\}@)[^\s@]+(@)"),
    re.compile(r"(://[^\s]*)([?&](?:password|passwd|pwd)=)(?!\$\{)[^&\s'\"]+()", re.IGNORECASE),
)
_REDACTED = re.compile(r"://[^\s]*(?::\*\*\*@|[?&](?:password|passwd|pwd)=\*\*\*)", re.IGNORECASE)


def redact(text: str) -> str:
    """Return `text` with the password of every URL in it replaced by three stars."""
    for pattern in _PASSWORDS:
        text = pattern.sub(r"\1\2***\3", text)
    return text


def is_redacted(text: str) -> bool:
    """Return whether `text` holds a URL whose password was replaced."""
    return _REDACTED.search(text) is not None


def redact_config(config: DictConfig) -> None:
    """Replace the storage's password in Hydra's composed `config` and in its global copy.

    Launchers send both to the jobs, some in files, and a job has no use for the storage.
    """
    sweeper = OmegaConf.to_container(config.hydra.sweeper, resolve=False)
    assert isinstance(sweeper, dict)
    if not isinstance(sweeper.get("storage"), str):
        return
    with read_write(config.hydra):
        config.hydra.sweeper.storage = redact(sweeper["storage"])
        config.hydra.overrides.hydra = [redact(override) for override in config.hydra.overrides.hydra]
    HydraConfig.instance().set_config(config)


def redact_file(path: Path) -> None:
    """Rewrite the file at `path` where it holds a password."""
    if not path.is_file():
        return
    text = path.read_text(encoding="utf-8")
    if redact(text) != text:
        records.write_text(path, redact(text))
