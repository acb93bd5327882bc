"""What all query parameters have in common."""

from __future__ import annotations

from pydantic import field_validator

from domain.model import Model, written_out


class WrittenOut(Model):
    """Parameters whose dates and times are written out: a bare number would pass for seconds since 1970."""

    @field_validator(
        "as_of", "at", "from_day", "to_day", "reported_from", "reported_to", mode="before", check_fields=False
    )
    @classmethod
    def _no_number(cls, value: object) -> object:
        return written_out(value)
