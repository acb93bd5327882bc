"""What is invented for the events of registers, by stored name. Nobody in it exists."""

from __future__ import annotations

from typing import Any

FROM = "2026-03-02T00:00:00Z"
TO = "2026-03-02T10:00:00Z"
SHIFT = {"node": "community-sanjiaoping", "staff": "officer-ge", "starts": FROM, "ends": TO}
HEAD = {"building": "building-2", "person": {"subject": "s-0004", "name": "某楼栋长", "phone": "13800000004"}}
NODE = {
    "id": "grid-new",
    "level": "grid",
    "name": "某网格",
    "code": "431202001001009",
    "parent": "community-sanjiaoping",
    "rural": True,
    "households": 286,
}
POST = {"id": "officer-mi", "name": "某网格员", "role": "grid_officer", "scope": "grid-new", "unit": "unit-property"}

KEY = {
    "subject": "s-0001",
    "retention": "contact",
    "generation": 1,
    "fingerprint": "0123456789abcdef0123456789abcdef",
    "partly": True,
}
HOUR, DAY = {"kind": "urgent_hours", "amount": 1}, {"kind": "work_days", "amount": 2.5}
TABLE = {
    "version": "rules-2030.1",
    "valid_from": FROM,
    "claim_tolerance": 1800,
    "clock_skew": 60,
    "accept": HOUR,
    "dispatch": HOUR,
    "arrive": {"emergency": HOUR, "hardship": HOUR, "dispute": DAY},
    "handle": {1: HOUR, 2: HOUR, 3: DAY, 4: DAY},
    "help": HOUR,
    "help_complex": DAY,
    "check": HOUR,
    "check_rural": DAY,
    "yellow": 0.8,
    "extensions": 2,
    "suspensions": 1,
    "suspension_days": 365,
    "returns": 2,
    "unreachable_tries": 3,
    "unreachable_days": 2,
    "alike_metres": 50,
    "alike_hours": 24,
}

BODIES: dict[str, dict[str, Any]] = {
    "territory.node_added": {"node": NODE},
    "territory.node_renamed": {"node": "grid-new", "was": "某网格", "name": "另一网格"},
    "territory.node_recoded": {"node": "grid-new", "was": "431202001001009", "code": "431202001001010"},
    "territory.node_moved": {"node": "grid-new", "was": "community-sanjiaoping", "parent": "community-yunjian"},
    "territory.node_surveyed": {"node": "grid-new", "households": 301, "rural": True},
    "territory.node_closed": {"node": "grid-new", "successors": ["grid-new-1", "grid-new-2"]},
    "territory.unit_listed": {"unit": {"id": "unit-gardens", "name": "某园林所"}},
    "territory.staff_appointed": {"post": POST},
    "territory.staff_released": {"staff": "officer-mi", "successor": "officer-ge"},
    "territory.head_named": {"head": HEAD},
    "territory.head_released": {"building": "building-2", "person": "s-0004"},
    "books.rule_table_adopted": {"table": TABLE},
    "books.calendar_published": {
        "version": "cn-2030",
        "valid_from": FROM,
        "years": [2030],
        "holidays": ["2030-01-01", "2030-02-04"],
        "made_up": ["2030-02-10"],
    },
    "duty.shift_assigned": {"shift": SHIFT},
    "duty.shift_cancelled": {"shift": SHIFT, "ends": FROM, "reason": "某个理由"},
    "erasure.requested": {"subject": "s-0001", "ground": "consent_withdrawn"},
    "erasure.refused": {"subject": "s-0001", "reason": "某个理由"},
    "erasure.approved": {"subject": "s-0001"},
    "erasure.restricted": {"subject": "s-0001", "keys": [KEY], "kept": [{"retention": "case", "until": TO}]},
    "erasure.completed": {"subject": "s-0001", "keys": [KEY]},
}


def body(name: str) -> dict[str, Any]:
    """The invented event of that stored name. Raises `KeyError` for a name nothing was invented for."""
    since = {"effective_from": FROM} if name.startswith("territory.") else {}
    return {"type": name, **BODIES[name], **since}
