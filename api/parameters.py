"""What all query parameters have in common."""

from __future__ import annotations

import re

from pydantic import field_validator
from pydantic_core import PydanticCustomError

from domain.model import Model

NUMBER = re.compile(r"\s*[-+]?[0-9]*\.?[0-9]*\s*")


class WrittenOut(Model):
    """Parameters whose dates and times are written out: a bare number would pass for seconds since 1970."""

    @field_validator("as_of", "from_day", "to_day", "reported_from", "reported_to", mode="before", check_fields=False)
    @classmethod
    def _no_number(cls, value: object) -> object:
        if isinstance(value, str) and NUMBER.fullmatch(value):
            raise PydanticCustomError("datetime_parsing", "not a date")
        return value
