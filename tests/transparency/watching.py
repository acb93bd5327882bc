"""Waiting for the service to seal."""

from __future__ import annotations

from tests.api.visitor import Visitor


def sealed(door: Visitor) -> bool:
    sealing = door.client.get("/readyz").json()["sealing"]
    return sealing["lag"] == 0 and not sealing["failing"]
