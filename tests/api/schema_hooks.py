"""For schemathesis: who asks what, and of which case, so that lawful requests reach the rules and not just 404.

The cases were brought to the right stage before (`tests.lives`); the file named by BIDAO_PREPARED tells which.
"""

from __future__ import annotations

import json
import os
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import schemathesis

Case = schemathesis.Case[Any]

Prepared = dict[str, Any]
PREPARED: dict[str, Prepared] = json.loads(Path(os.environ["BIDAO_PREPARED"]).read_text("utf-8"))
"""By operation id: `identity` (header), and for commands `incident_id`, `If-Match` and `body`."""

KEY = "officer-ge-20260302-0001"
"""The key of the examples."""
TURNS = count()


def prepared(context: Any) -> Prepared:
    return PREPARED[context.operation.definition.raw["operationId"]]


@schemathesis.auth(refresh_interval=None)
class Identity:
    """Each operation is asked by somebody who may."""

    def get(self, case: Case, context: Any) -> str:
        identity: str = prepared(context)["identity"]
        return identity

    def set(self, case: Case, data: str, context: Any) -> None:
        case.headers["Bidao-Actor"] = data


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """Examples that the rules grant, for every command: the prepared case, its version, the body it waits for."""
    for path in raw_schema["paths"].values():
        for operation in path.values():
            ready = PREPARED[operation["operationId"]]
            for parameter in operation.get("parameters", ()):
                if parameter["name"] in ready:
                    parameter["schema"].pop("examples", None)
                    parameter["example"] = ready[parameter["name"]]
            if "file" in ready and "multipart/form-data" in operation.get("requestBody", {}).get("content", {}):
                operation["requestBody"]["content"]["multipart/form-data"]["example"] = {"file": ready["file"]}
            if "body" in ready:
                operation["requestBody"]["content"]["application/json"]["example"] = ready["body"]


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any]) -> dict[str, Any]:
    """Three of four random ids become that of the prepared case or entry; what is no id stays what it is."""
    ready = prepared(context)
    if "entry_id" in (path_parameters or {}):
        return path_parameters if next(TURNS) % 4 == 0 else {**path_parameters, "entry_id": ready["entry_id"]}
    try:
        drawn = UUID(path_parameters["incident_id"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return path_parameters
    prepared_ids = {name: ready[name] for name in path_parameters if name in ready}
    return path_parameters if drawn.int % 4 == 0 else {**path_parameters, **prepared_ids}


@schemathesis.hook
def before_call(context: Any, case: Case, kwargs: dict[str, Any]) -> None:
    """Keys are new, as a client's are, and three of four versions are right; else little would get to the rules."""
    if case.headers.get("Idempotency-Key") in (KEY, "0"):
        case.headers["Idempotency-Key"] = str(uuid4())
    if "If-Match" in case.headers and next(TURNS) % 4:
        case.headers["If-Match"] = "*"
