"""The papers that methods and reports cite."""

from typing import NamedTuple


class Paper(NamedTuple):
    """What describes a method, an optimizer, a data set or a part of a search.

    Attributes:
        title: what it describes, as a list of references names it.
        reference: authors, year, title, place.
    """

    title: str
    reference: str


ADAMW = Paper(
    "Decoupled weight decay (AdamW)",
    "Loshchilov, I. and Hutter, F. (2019). Decoupled weight decay regularization. International Conference on "
    "Learning Representations.",
)
"""Of a method and of an optimizer."""
