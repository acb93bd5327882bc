"""What is invented for the events of rolls, by stored name. Nobody in it exists."""

from __future__ import annotations

from typing import Any

ENTRY = "entry-0001"
PLACE = {
    "district": "district-hecheng",
    "street": "street-chengzhong",
    "community": "community-sanjiaoping",
    "estate": "estate-chuangdan",
    "grid": "grid-chuangdan-1",
    "building": "building-chuangdan-1-2",
}
STANDING = {"place": PLACE, "enrolment": 2, "listing": 1}

BODIES: dict[str, dict[str, Any]] = {
    "household.enrolled": {"place": PLACE, "resumes": True},
    "household.must_visit_listed": {"group": "empty_nester", "first": True, "resumes": True},
    "household.must_visit_delisted": {"group": "empty_nester", "last": True, "reason": "某个理由"},
    "household.visited": {"met": True, "note": "某句说明"},
    "household.left": {"reason": "某个理由"},
    "member.checked_in": {"place": PLACE, "sort": "person", "called": "某党员", "skill": "某项专长", "resumes": True},
    "member.served": {"service": "某次服务", "incident": "019cab84-b000-8123-9abc-0123456789ab"},
    "member.checked_out": {"reason": "某个理由"},
}


def body(name: str) -> dict[str, Any]:
    """The invented event of that stored name. Raises `KeyError` for a name nothing was invented for."""
    return {"type": name, **BODIES[name]}
