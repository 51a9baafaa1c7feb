"""Numbers as text, in the terminal, on the page and in figures; the page's ``table.js`` has the same rule."""

import math
from decimal import ROUND_HALF_UP, Context, Decimal

_LARGEST = 1e10
"""Whole numbers below it are shown in full: every seed of 32 bits is."""
_FURTHER = 3
"""Decimals that an interval has for its smaller end beyond those of the larger one, at most."""


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


def show_share(share: float) -> str:
    """Return a share as a person writes it: 16.9 %."""
    return f"{100 * share:.1f} %"


def show_ends(low: float, high: float, digits: int = 3) -> tuple[str, str]:
    """Return both ends of an interval with the same number of decimals, as a person writes them: 0.4718 and 0.5356.

    The larger one has so many significant digits, the smaller one at least one; zeros that both end with are left out.
    """
    alone = (show_number(low, digits), show_number(high, digits))
    if not all(math.isfinite(end) for end in (low, high)) or all(text.lstrip("-").isdigit() for text in alone):
        return alone
    sizes = sorted(abs(end) for end in (low, high) if end)
    if any("e" in text for text in alone) and not 1e-4 <= sizes[-1] < 1e6:  # noqa: PLR2004
        return alone
    smaller, larger = (Decimal(size).adjusted() for size in (sizes[0], sizes[-1]))
    most = max(digits - 1 - larger, 0) + _FURTHER
    last_place = Decimal(1).scaleb(-min(max(digits - 1 - larger, -smaller, 0), most))
    rounded = [Decimal(float(end)).quantize(last_place, ROUND_HALF_UP) for end in (low, high)]
    first, second = (f"{end if end else abs(end):f}" for end in rounded)
    while "." in first and first[-1] in "0." and first[-1] == second[-1]:
        first, second = first[:-1], second[:-1]
    return first, second


def show_signed_ends(low: float, high: float, digits: int = 3) -> str:
    """Return an interval of differences, a plus before an end above zero: −0.012 to +0.430."""
    texts = zip((low, high), show_ends(low, high, digits), strict=True)
    return " to ".join(f"{'+' if 0 < end < math.inf else ''}{text}".replace("-", "−", 1) for end, text in texts)


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


def count(number: int, noun: str) -> str:
    """Return ``1 trial``, ``2 trials``, ``1,500 trials``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
