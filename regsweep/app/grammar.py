"""Values in the grammar of Hydra's overrides."""

from collections.abc import Mapping, Sequence
from typing import Any


def quoted(text: str) -> str:
    """Return `text` as a quoted string: the quotes in it stay text."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def literal(value: Any) -> str:
    """Return a plain value as it is typed in an override, every text in it quoted."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {literal(each)}' for key, each in value.items())}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(literal, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return quoted(value) if isinstance(value, str) else str(value)
