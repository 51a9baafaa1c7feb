"""Passwords in storage URLs stay out of what is printed and written."""

from __future__ import annotations

import re
from pathlib import Path

from regsweep import records

_PASSWORDS = (
    re.compile(r"()(?<=://)([^\s:/@]*:)[^\s@]+(@)"),
    re.compile(r"(://[^\s]*)([?&](?:password|passwd|pwd)=)[^&\s'\"]+()", re.IGNORECASE),
)


def redact(text: str) -> str:
    """Return `text` with the password of every URL in it replaced by three stars."""
    for pattern in _PASSWORDS:
        text = pattern.sub(r"\1\2***\3", text)
    return text


def redact_file(path: Path) -> None:
    """Rewrite the file at `path` where it holds a password."""
    if not path.is_file():
        return
    text = path.read_text(encoding="utf-8")
    if redact(text) != text:
        records.write_text(path, redact(text))
