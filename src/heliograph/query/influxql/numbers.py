"""Numbers as Go prints them."""

from __future__ import annotations

from decimal import Decimal


def plain_float(value: float) -> str:
    """Return the shortest decimal that gives the same float, without an exponent, with a fraction."""
    text = format(Decimal(repr(value)), "f")
    return text if "." in text else text + ".0"
