"""Numbers as text, in the terminal, on the page and in figures; ``table.js`` has the same rule."""

import math

_LARGEST = 1e10
"""Whole numbers below it are shown in full: every seed of 32 bits is."""


def show_number(value: float, digits: int = 3) -> str:
    """Return `value` with so many significant digits, as a person writes it: 1024, 1234.6 as 1235, 0.00307, 1.5e-5.

    What is whole stays whole, and no digit before the point is rounded away, up to a million.
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == int(value) and abs(value) < _LARGEST:
        return str(int(value))
    exponent = math.floor(math.log10(abs(float(f"{value:.{digits - 1}e}"))))
    if not -4 <= exponent < 6:  # noqa: PLR2004
        number, _, power = f"{value:.{digits - 1}e}".partition("e")
        return f"{_without_zeros(number)}e{int(power)}"
    return _without_zeros(f"{value:.{max(digits - 1 - exponent, 0)}f}")


def _without_zeros(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number
