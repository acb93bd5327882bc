"""What is wrong with a request, field by field, in Chinese. Never repeats what was sent: it may be personal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from domain.model import Model

FIELD = re.compile(r"[a-z][a-z_]{0,39}")
SENTENCES = {
    "missing": "缺少必填项。",
    "extra_forbidden": "没有这一项，请删去或核对名称。",
    "string_type": "应为文字。",
    "string_too_short": "不能为空，至少 {min_length} 个字。",
    "string_too_long": "太长，至多 {max_length} 个字。",
    "string_pattern_mismatch": "格式不对，请按接口说明填写。",
    "int_type": "应为整数。",
    "int_parsing": "应为整数。",
    "int_from_float": "应为整数。",
    "float_type": "应为数字。",
    "finite_number": "应为有限的数字。",
    "bool_type": "应为 true 或 false。",
    "bool_parsing": "应为 true 或 false。",
    "greater_than": "应大于 {gt}。",
    "greater_than_equal": "不能小于 {ge}。",
    "less_than": "应小于 {lt}。",
    "less_than_equal": "不能大于 {le}。",
    "enum": "只能取 {expected} 之一。",
    "literal_error": "只能取 {expected} 之一。",
    "timezone_aware": "时间须带时区，如 2026-02-16T20:10:00+08:00；写在网址里时 + 须写成 %2B。",
    "datetime_type": "应为带时区的时间，如 2026-02-16T20:10:00+08:00。",
    "datetime_parsing": "应为带时区的时间，如 2026-02-16T20:10:00+08:00；写在网址里时 + 须写成 %2B。",
    "datetime_from_date_parsing": "应为带时区的时间，如 2026-02-16T20:10:00+08:00；写在网址里时 + 须写成 %2B。",
    "date_type": "应为日期，如 2026-02-16。",
    "date_parsing": "应为日期，如 2026-02-16。",
    "date_from_datetime_parsing": "应为日期，如 2026-02-16。",
    "tuple_type": "应为列表。",
    "list_type": "应为列表。",
    "too_short": "太少，至少 {min_length} 项。",
    "too_long": "太多，至多 {max_length} 项。",
    "one_of_them": "phone 和 name 须填一项，且只填一项。",
    "model_type": "应为一个对象。",
    "model_attributes_type": "应为一个对象。",
}


class Fault(Model):
    """One thing wrong: in the body (a JSON pointer) or in a parameter (its name)."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None


def body_faults(errors: Sequence[Any]) -> list[Fault]:
    """Pydantic's errors about a body, each with the JSON pointer of its place (as a URI fragment)."""
    return [Fault(detail=sentence(error), pointer="#" + path(error)) for error in errors]


def parameter_faults(errors: Sequence[Any]) -> list[Fault]:
    """FastAPI's errors about query and header parameters, each with the parameter's name."""
    return [Fault(detail=sentence(error), parameter=str(error["loc"][1])[:40]) for error in errors]


def sentence(error: Any) -> str:
    """What is wrong, with the bounds of the schema and nothing of the input."""
    said = error.get("ctx") or {}
    if "expected" in said:  # 'a', 'b' or 'c'
        said = {**said, "expected": said["expected"].replace("'", "").replace(" or ", "、").replace(", ", "、")}
    return SENTENCES.get(error["type"], "不符合接口说明。").format_map(said)


def path(error: Any) -> str:
    """Where it is wrong. Left out: names of alternatives, which are no places, and unknown fields' odd names."""
    return "".join(f"/{step}" for step in error["loc"] if isinstance(step, int) or FIELD.fullmatch(step))
