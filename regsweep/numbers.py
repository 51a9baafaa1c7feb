"""Numbers as text, in the terminal, on the page and in figures; the page's ``table.js`` has the same rule."""

import math
from decimal import ROUND_HALF_UP, Context, Decimal

_LARGEST = 1e10
"""Whole numbers below it are shown in full: every seed of 32 bits is."""


def show_number(value: float, digits: int = 3) -> str:
    """Return `value` with so many significant digits, as a person writes it: 1024, 1234.6 as 1235, 0.00307, 1.5e-5.

    What is whole stays whole, and no digit before the point is rounded away, up to a million. Halves are rounded away
    from zero, as in a browser.
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == int(value) and abs(value) < _LARGEST:
        return str(int(value))
    exact = Decimal(float(value))
    rounded = Context(digits, ROUND_HALF_UP).plus(exact)
    exponent = rounded.adjusted()
    if not -4 <= exponent < 6:  # noqa: PLR2004
        return f"{_without_zeros(rounded.scaleb(-exponent))}e{exponent}"
    last_place = Decimal(1).scaleb(-max(digits - 1 - exponent, 0))
    return _without_zeros(exact.quantize(last_place, ROUND_HALF_UP))


def _without_zeros(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration(seconds: float) -> str:
    """Return seconds as a person writes them."""
    if seconds < 10:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    if seconds < 120:  # noqa: PLR2004
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"  # noqa: PLR2004


def about(seconds: float) -> str:
    """Return how long something will take, as far as that can be known beforehand."""
    return "less than 10 s" if seconds < 10 else f"about {duration(seconds)}"  # noqa: PLR2004


def counted(number: int, noun: str) -> str:
    """Return ``1 trial``, ``2 trials``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
