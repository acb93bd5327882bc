"""Histories in which whatever is personal is a canary: wherever it turns up, it has flown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
from eventsourcing.persistence import Notification

from domain.casework.recording import BY_TYPE
from domain.privacy import privacy_of

WORD, PHONE, DEGREES = "金丝雀", "13987654321", 99.87654321
SENSITIVE = ("hardship_family", "serious_illness", "unemployed", "empty_nester", "corrections", "困难家庭", "大病")
"""Why a household is visited: a code that no canary can stand for."""
CANARIES = (WORD, PHONE, str(DEGREES), *SENSITIVE)


def caged(rows: Sequence[Notification]) -> list[Notification]:
    """The same history, with canaries."""
    return [replace(row, state=orjson.dumps(_caged(row.topic, orjson.loads(row.state)))) for row in rows]


def _caged(topic: str, state: dict[str, Any]) -> dict[str, Any]:
    for path, level in privacy_of(BY_TYPE[topic]).items():
        if level is not None:
            _replace(state["event"], path.split("."))
    return {**state, "command_id": PHONE, "client": WORD, "body_mac": PHONE, "causation": WORD, "correlation": WORD}


def _replace(value: Any, path: list[str]) -> None:
    if isinstance(value, list):
        for part in value:
            _replace(part, path)
    elif isinstance(value, dict) and path[0] in value:
        if len(path) > 1:
            _replace(value[path[0]], path[1:])
        else:
            value[path[0]] = _canary(path[0], value[path[0]])


def _canary(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [WORD for _ in value]
    if isinstance(value, float | int):
        return DEGREES if name == "longitude" else value
    return {"phone": PHONE, "group": value, "crs": value}.get(name, WORD)
