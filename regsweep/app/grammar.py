"""Values in the grammar of Hydra's overrides."""


def quoted(text: str) -> str:
    """Return `text` as a quoted string: the quotes in it stay text."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
