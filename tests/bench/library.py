"""The library's default: the same incident in the style of its own documentation, small but equivalent.

A declarative aggregate with `@event`, its JSON transcoder, its recorders, `save` and
`repository.get`. Each event carries what ours carries of who and when; the rule a step on site has
to pass is the stage, as with ours.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import IntegrityError
from psycopg.conninfo import conninfo_to_dict

Json = dict[str, Any]
UNRESOLVED = ("reported", "accepted", "dispatched", "handling")


def signed() -> Json:
    """Who, in which capacity, when and through which door: what ours keeps with every event."""
    now = datetime.now(UTC)
    return {
        "command_id": str(uuid4()),
        "client": "officer-000",
        "body_mac": "154ed51212093d26ac512b01f18dd1ee",
        "actor": "officer-000",
        "role": "grid_officer",
        "scope": "grid-000",
        "channel": "api",
        "occurred_at": now,
        "effective_at": now,
    }


class Incident(Aggregate):
    """Enough of the case for ten events and one rule; the names of its events are the library's own."""

    @event("Reported")
    def __init__(self, by: Json, kind: str, urgency: int, place: Json, description: str, reporter: Json) -> None:
        self.kind, self.urgency, self.place, self.reporter = kind, urgency, place, reporter
        self.stage = "reported"
        self.arrived = self.agreed = False
        self.lead = self.officer = ""
        self.handlers = {by["actor"]}
        self.promises = 0

    @event("Accepted")
    def accept(self, by: Json, number: str) -> None:
        self.stage = "accepted"

    @event("Dispatched")
    def dispatch(self, by: Json, lead: str) -> None:
        self.stage, self.lead = "dispatched", lead

    @event("SignedFor")
    def sign_for(self, by: Json) -> None:
        self.stage = "handling"

    @event("Assigned")
    def assign(self, by: Json, officer: str) -> None:
        self.officer = officer

    @event("Arrived")
    def arrive(self, by: Json, note: str) -> None:
        self.arrived = True
        self.handlers.add(by["actor"])

    def take_action(self, by: Json, note: str) -> None:
        if self.stage not in UNRESOLVED:
            raise ValueError(self.stage)
        self.action_taken(by, note)

    @event("ActionTaken")
    def action_taken(self, by: Json, note: str) -> None:
        self.stage = "handling"
        self.handlers.add(by["actor"])

    @event("EvidenceAdded")
    def add_evidence(self, by: Json, digest: str, media_type: str, size: int) -> None:
        pass

    @event("MeetingConvened")
    def convene(self, by: Json, meets_at: datetime, agenda: str) -> None:
        pass

    @event("MeetingHeld")
    def hold_meeting(self, by: Json, seats: list[Json], agreement: str, promises: list[Json]) -> None:
        self.agreed = True
        self.promises += len(promises)


def library(path: Path) -> Application[UUID]:
    """Its application on its own SQLite recorder, everything as delivered."""
    return Application[UUID](env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)})


def postgres_library(url: str) -> Application[UUID]:
    """The same on its own PostgreSQL recorder."""
    place = conninfo_to_dict(url)
    names = {"DBNAME": "dbname", "HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password"}
    env = {f"POSTGRES_{name}": str(place.get(key) or "") for name, key in names.items()}
    return Application[UUID](env={"PERSISTENCE_MODULE": "eventsourcing.postgres", **env})


def open_incidents(app: Application[UUID], count: int) -> list[UUID]:
    """Store so many cases of ten events."""
    incidents = [_ten_events() for _ in range(count)]
    for incident in incidents:
        app.save(incident)
    return [incident.id for incident in incidents]


def take_action(app: Application[UUID], incident_id: UUID, note: str) -> int:
    """One whole command, tried again when another thread was faster; returns the new version."""
    while True:
        incident: Incident = app.repository.get(incident_id)
        incident.take_action(signed(), note)
        try:
            app.save(incident)
        except IntegrityError:
            continue
        return incident.version


def _ten_events() -> Incident:
    place = {"district": "district", "street": "street-0", "community": "community-00", "grid": "grid-000"}
    reporter = {"subject": f"s-{uuid4().hex}", "name": "某居民", "phone": "13800000000"}
    incident = Incident(signed(), "dispute", 3, place, "楼道堆放杂物堵塞消防通道，多次劝说无效", reporter)
    soon = datetime.now(UTC) + timedelta(days=1)
    incident.accept(signed(), "20260105-000001")
    incident.dispatch(signed(), "unit-00")
    incident.sign_for(signed())
    incident.assign(signed(), "officer-000")
    incident.arrive(signed(), "到场查看，先做好安全防护")
    incident.take_action(signed(), "已与双方分别谈话，约定当晚再次上门查看进展情况")
    incident.add_evidence(signed(), "9f86d081" * 8, "image/jpeg", 204_800)
    incident.convene(signed(), soon, "通行道纠纷")
    seats = [{"capacity": capacity, "name": "到会者"} for capacity in ("party", "owners", "property")]
    promise = {"who": "当事人", "what": "拆除新门、恢复原状", "due": soon}
    incident.hold_meeting(signed(), seats, "恢复原门，让出通行道", [promise])
    return incident
