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
"""By operation id: `identity` (header), and for commands `body`, `version` and `incident_id`."""

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
def before_add_examples(context: Any, examples: list[Case]) -> None:
    """One example that the rules grant, for every command."""
    ready = prepared(context)
    if "body" in ready:
        examples.insert(
            0,
            context.operation.Case(
                path_parameters={"incident_id": ready["incident_id"]} if "incident_id" in ready else {},
                headers={
                    "Bidao-Actor": ready["identity"],
                    "Idempotency-Key": str(uuid4()),
                    "If-Match": ready["version"],
                },
                body=ready["body"],
                media_type="application/json",
            ),
        )


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any]) -> dict[str, Any]:
    """Three of four random ids become that of the prepared case; what is no id stays what it is."""
    try:
        drawn = UUID(path_parameters["incident_id"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return path_parameters
    ready = prepared(context)
    return path_parameters if drawn.int % 4 == 0 else {**path_parameters, "incident_id": ready["incident_id"]}


@schemathesis.hook
def before_call(context: Any, case: Case, kwargs: dict[str, Any]) -> None:
    """Keys are new, as a client's are, and three of four versions are right; else little would get to the rules."""
    if case.headers.get("Idempotency-Key") in (KEY, "0"):
        case.headers["Idempotency-Key"] = str(uuid4())
    if "If-Match" in case.headers and case.meta and next(TURNS) % 4:
        case.headers["If-Match"] = "*"
