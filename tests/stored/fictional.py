"""One invented line for every event, every optional field filled. Nobody in it exists."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from pydantic import TypeAdapter

from domain.access import AccessGranted
from domain.casework.recording import (
    ACCESS,
    REGISTER_EVENTS,
    ROLL_EVENTS,
    STREAMS,
    AccessLine,
    AnyLine,
    RecordedEvent,
    RegisterEvent,
    RegisterLine,
    RollEvent,
    RollLine,
    stream_of_accesses,
    stream_of_entry,
)
from domain.incident.events import BY_TYPE, IncidentEvent
from domain.incident.keys import Keys
from domain.rolls import RollName
from tests.stored import registers, rolls

CASE_ID = "019cab84-b000-8123-9abc-0123456789ab"
OTHER_ID = "019cab85-0000-8456-9def-ba9876543210"
AT = "2026-03-02T01:{:02}:00Z"
PLACE = {
    "district": "district-hecheng",
    "street": "street-chengzhong",
    "community": "community-sanjiaoping",
    "estate": "estate-chuangdan",
    "grid": "grid-chuangdan-1",
    "building": "building-chuangdan-1-2",
}
STANDING = {"place": PLACE, "kind": "emergency", "urgency": 1, "category": "0101"}
GUARDIAN = {"subject": "s-0002", "name": "某监护人", "phone": "13800000002"}

FIELDS: dict[str, Any] = {
    "standing": STANDING,
    "was": {
        **STANDING,
        "place": {**PLACE, "grid": "grid-chuangdan-2"},
        "kind": "ordinary",
        "urgency": 4,
        "category": "0203",
    },
    "also_grids": ["grid-yunjian-3"],
    "source": "hotline",
    "description": "楼栋化粪池外溢，污水流到路面",
    "address": "某小区2栋",
    "position": {"longitude": 109.95, "latitude": 27.55, "crs": "cgcs2000"},
    "reporter": {"subject": "s-0001", "name": "某居民", "phone": "13800000001"},
    "on_behalf_of": {"subject": "s-0003", "name": "某孩子", "guardian": GUARDIAN},
    "began_at": AT.format(1),
    "rules": "rules-2026.1",
    "calendar": "cn-2026",
    "number": "20260302-000001",
    "self_handled": True,
    "reason": "某个理由",
    "lead": "unit-drainage",
    "co_handlers": ["unit-property", "unit-urban"],
    "binding": True,
    "officer": "officer-ge",
    "from_officer": "officer-zhang",
    "hop": 1,
    "first": True,
    "note": "某句说明",
    "settlement": {"parties": ["甲方", "乙方"], "terms": "各让一步"},
    "refusal": {"capacity": "party", "words": "改天再说"},
    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "media_type": "image/jpeg",
    "size": 204800,
    "caption": "修复后的盖板",
    "meets_at": AT.format(30),
    "invited": ["party", "owners", "property"],
    "agenda": "私自改门堵塞通道",
    "attendance": [
        {"capacity": "party", "name": "某业主", "unit": "unit-owners"},
        {"capacity": "property", "name": "某经理", "unit": "unit-property"},
    ],
    "agreement": "恢复原门",
    "failed": True,
    "commitments": [{"who": "某业主", "what": "拆除新门", "due": AT.format(59)}],
    "commitment": 1,
    "from_level": "grid",
    "to_level": "street",
    "skipped": True,
    "help": 1,
    "source_of_help": "checked_in",
    "whom": "expert-yi",
    "request": "请检测积水",
    "complex": True,
    "came": ["某专家"],
    "finding": "没有安全隐患",
    "card": "yellow",
    "level": "street",
    "demand": "三日内报告",
    "until": "2026-06-30T10:00:00Z",
    "nth": 1,
    "amount": 80000,
    "advancer": "officer-ge",
    "purpose": "疏通修复",
    "contribution": 1,
    "giver": "党员中心户",
    "fund": "fund-grid",
    "payee": "某师傅",
    "receiver": "党员中心户",
    "outcome_code": "solved",
    "outcome": "管道已疏通",
    "rework": 1,
    "person": "s-0001",
    "answer": "unsatisfied",
    "reason_not_reopening": "所提要求超出本案",
    "cycle": 2,
    "stage": "handling",
    "into": OTHER_ID,
    "duplicate": OTHER_ID,
    "about": "red",
    "clock": "check",
    "clock_cycle": 2,
    "clock_nth": 1,
    "turned_at": AT.format(6),
    "due_at": AT.format(6),
    "to": ["officer-ge"],
    "place": PLACE,
    "clocks": [{"clock": "handle", "cycle": 1, "nth": 1}],
    "subject": "s-0001",
    "redactions": [{"version": 1, "field": "description", "text": "一名居民反映"}],
    "affected": [{"subject": "s-0001", "answers": "s-0001"}, {"subject": "s-0003", "answers": "s-0002"}],
}
"""By field name: a field of that name holds this in every event that has one."""
EXCEPT = {
    ("incident.help_requested", "source"): FIELDS["source_of_help"],
    ("incident.redrawn", "was"): {**PLACE, "grid": "grid-chuangdan-2"},
}

KEYS = {
    "standing": STANDING,
    "reported_at": AT.format(2),
    "stage": "handling",
    "cycle": 2,
    "cycle_began_at": AT.format(3),
    "resolved_at": AT.format(4),
    "held_by": "community",
    "officer": "officer-ge",
    "lead": "unit-drainage",
    "counts": True,
}
LATER = {
    ("incident.reported", "cell"),
    ("incident.correction_granted", "keeps"),
    *(("incident.evidence_added", field) for field in ("original", "rendition", "file", "position")),
    *((f"incident.{event}followed_up", word) for event in ("", "duplicate_") for word in ("responded", "solved")),
}
"""Fields that came after their event's golden file was written."""
DUE = {
    "due_at": AT.format(8),
    "due_clock": "check",
    "yellow_at": AT.format(7),
    "undetermined": True,
    "handle_due_at": AT.format(9),
    "call_at": AT.format(7),
}
"""Keys that came with the clocks: the files of events that are older hold none of them."""
SINCE_FIGURES = {"hops", "arrive_due_at", "took", "held", "heard"}
"""Keys that came with the KPIs: no file holds any of them, since no event was born after them."""
BEFORE_CLOCKS = frozenset(BY_TYPE) - {
    *("incident.duty_called", "incident.redrawn", "incident.deadline_determined", "incident.text_redacted")
}
ENVELOPE = {
    "command": "some-command",
    "command_id": "019cab84-afff-7000-8000-000000000001",
    "client": "desk-hotline",
    "body_mac": "0123456789abcdef0123456789abcdef",
    "actor": "officer-ge",
    "role": "grid_officer",
    "level": "grid",
    "scope": "grid-chuangdan-1",
    "unit": "unit-property",
    "channel": "api",
    "causation": "019cab84-afff-7000-8000-000000000002",
    "correlation": "trace-0001",
    "occurred_at": AT.format(5),
    "recorded_at": AT.format(7),
    "effective_at": AT.format(5),
}
AnyEvent = IncidentEvent | RegisterEvent | RollEvent | AccessGranted
ACCESSED: dict[str, Any] = {
    "incident": CASE_ID,
    "seen": 7,
    "fields": [{"version": 1, "field": "on_behalf_of.name"}],
    "purpose": "handling",
    "words": "某个理由",
}
EVENT: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)


def stream_of(name: str) -> UUID:
    """The case of all invented events, or what else the name belongs to."""
    if name == ACCESS:
        return stream_of_accesses("s-0003")
    if name in ROLL_EVENTS:
        return stream_of_entry(cast(RollName, name.partition(".")[0]), rolls.ENTRY)
    return STREAMS.get(name.partition(".")[0], UUID(CASE_ID))


def event(name: str) -> AnyEvent:
    """The invented event of that stored name. Raises `KeyError` where nothing was invented."""
    if name == ACCESS:
        return EVENT.validate_python({"type": name, **ACCESSED})
    if name in REGISTER_EVENTS:
        return EVENT.validate_python(registers.body(name))
    if name in ROLL_EVENTS:
        return EVENT.validate_python(rolls.body(name))
    fields = [field for field in BY_TYPE[name].model_fields if field != "type" and (name, field) not in LATER]
    values = {field: EXCEPT.get((name, field)) or FIELDS[field] for field in fields}
    return EVENT.validate_python({"type": name, **values})


def line(name: str) -> AnyLine:
    """The whole line with that event."""
    told = event(name)
    said = {**ENVELOPE, "version": 3, "schema_version": told.schema_version, "event": told}
    if name == ACCESS:
        return AccessLine.model_validate({**said, "subject": "s-0003"})
    if name in REGISTER_EVENTS:
        return RegisterLine.model_validate(said)
    if name in ROLL_EVENTS:
        return RollLine.model_validate({**said, "entry": rolls.ENTRY, "standing": rolls.STANDING})
    keys = Keys.model_validate(KEYS if name in BEFORE_CLOCKS else KEYS | DUE)
    return RecordedEvent.model_validate({**said, "case_id": CASE_ID, "keys": keys})
