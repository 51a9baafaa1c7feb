"""What a page may do, and how values get into it without becoming part of it.

The page runs its own scripts and nothing else: the policy names each by the hash of its text (Content Security Policy
Level 3, W3C), so that a string out of a record is never run, even where an escape were forgotten.
"""

import base64
import hashlib
import json
import math
from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

PLOTLY_STYLES = (
    "",  # a <style> and attributes that it fills by script
    "font-size:70%",  # <sup>, <sub>
    "font-weight:bold",
    "font-style:italic",
    "font-style:italic;font-weight:bold",
)
"""Styles that Plotly writes into a page as text: those of the tags in its labels."""


def policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """Return the policy of a page with these inline scripts and styles; it allows no network at all.

    Figures are saved through ``blob:`` and ``data:`` images. (``'unsafe-hashes'`` extends the hashes to attributes: of
    styles alone, as it stands with them.)
    """
    allowed = {
        "default-src": ["'none'"],
        "script-src": [_hash(script) for script in scripts],
        "style-src": ["'unsafe-hashes'", *(_hash(style) for style in (*styles, *PLOTLY_STYLES))],
        "img-src": ["data:", "blob:"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in allowed.items())


def inline(text: str) -> Markup:
    """Return a script or style of our own as it stands in the page; browsers hash it with plain line ends."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    assert not any(end in plain.lower() for end in ("</script", "</style", "<!--")), "would end its own element"
    return Markup(plain)  # noqa: S704  (our own files and Plotly's)


def json_block(value: Any) -> Markup:
    """Return `value` as JSON that stands in a ``<script type="application/json">``, whatever its strings hold."""
    return escape_json(json.dumps(finite(value), ensure_ascii=True, allow_nan=False, separators=(",", ":")))


def escape_json(text: str) -> Markup:
    """Return JSON without a sign that HTML or JavaScript reads: outside of strings JSON has none of these."""
    for sign in ("<", ">", "&", "\u2028", "\u2029"):
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704  (nothing in it can end the element)


def finite(value: Any) -> Any:
    """Return `value` without what JSON has no sign for: NaN becomes null, infinity a word."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("∞" if value > 0 else "−∞")
    if isinstance(value, dict):
        return {str(key): finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return value


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
