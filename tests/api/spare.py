"""A spare corner of the territory for commands to be tried on, so that no case loses its grid or officer."""

from __future__ import annotations

from typing import Any

from tests.api.visitor import Visitor

DISTRICT = "district-desk; role=district; scope=district-hecheng"
CORNER: dict[str, Any] = {
    "nodes": [
        {"id": "spare", "level": "community", "name": "备用社区", "parent": "street-chengzhong"},
        *(
            {"id": f"spare-{n}", "level": "grid", "name": f"备用{n}网格", "parent": "spare", "households": 300}
            for n in range(1, 5)
        ),
        {"id": "spare-building", "level": "building", "name": "备用1栋", "parent": "spare-1"},
    ],
    "staff": [
        {"id": "spare-officer", "name": "备用网格员", "role": "grid_officer", "scope": "spare-1"},
        {"id": "spare-leaver", "name": "离岗网格员", "role": "grid_officer", "scope": "spare-2"},
    ],
    "heads": [{"building": "spare-building", "person": {"subject": "s-spare", "name": "备用楼栋长"}}],
}
BODIES: dict[str, dict[str, Any]] = {
    "rename-node": {"node": "spare", "new_name": "阳光社区"},
    "split-grid": {
        "grid": "spare-1",
        "into": [{"id": "spare-e", "name": "东网格", "buildings": ["spare-building"]}, {"id": "spare-w", "name": "西"}],
    },
    "join-grids": {"grids": ["spare-3", "spare-4"], "into": {"id": "spare-j", "name": "合网格"}},
    "appoint-staff": {"staff": "spare-new", "staff_name": "新人", "role": "grid_officer", "scope": "spare-2"},
    "release-staff": {"staff": "spare-leaver", "successor": "spare-officer"},
    "release-head": {"building": "spare-building", "person": "s-spare"},
}
"""By command: a body that the rules grant once the corner is listed."""


def list_corner(visitor: Visitor) -> None:
    headers = {"Bidao-Actor": DISTRICT, "Idempotency-Key": visitor.new_key()}
    answer = visitor.client.post("/api/v1/territory/import-territory", json=CORNER, headers=headers)
    assert answer.is_success, answer.text
