"""Checked fields: the check stands by the field, with the words that a user reads when it fails."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A frozen part of the configuration that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_by_name=True, validate_by_alias=True)


def field(allowed: str, /, **constraints: Any) -> Any:
    """Return a field whose failed check is answered with `allowed`; a required one, unless it is given a default."""
    return Field(description=allowed, allow_inf_nan=constraints.pop("allow_inf_nan", None), **constraints)


def number(allowed: str, /, **constraints: Any) -> Any:
    """Return a field of a finite number, as `field` does."""
    return field(allowed, allow_inf_nan=False, **constraints)
