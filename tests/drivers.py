"""Two ways to ask the same thing: straight of the rules, or through the HTTP door. Only the clock is faked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from ssl import create_default_context
from typing import Any, NamedTuple, Protocol, Self

import httpx
import orjson
from fastapi import FastAPI

from api.app import create_app
from api.service import Service
from domain.casework.application import MEMORY_ENV, CaseFiles, Casework
from domain.casework.asking import Caller, Receipt
from domain.casework.books import books
from domain.casework.case_file import case_file, people_of
from domain.casework.recording import RecordedEvent
from domain.incident.commands import BY_NAME, PairedStep, Report, Step
from domain.model import Refused, Role
from domain.telling import tell
from domain.territory import Territory
from projections.docket import DocketQuery, docket
from projections.engine import Views
from projections.response_time import ResponseTimeQuery, response_times
from projections.scope import Scope
from projections.workload import WorkloadQuery, workload
from tests.server import answering, settings_for

Body = Mapping[str, Any]
Query = Mapping[str, str]
Json = dict[str, Any]
AsOf = int | datetime | None
"""As of a version, as known at a recorded time, or as it stands now."""
BOOKS, TLS = books(), create_default_context()
"""Made once: they are slow to make, and say nothing about a scenario."""


@dataclass(slots=True)
class Clock:
    """The server's clock, moved by the scenario. Aware; may be read from any thread."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody, in the capacity in which they act."""

    actor: str
    role: Role
    scope: str | None = None
    unit: str | None = None


class Seen(NamedTuple):
    """The case somebody asks something of, as they have read it."""

    case_id: str
    version: int


AUDITOR = Who("auditor-wang", Role.AUDITOR, "district-hecheng")
"""Reads for the scenarios: sees every case and changes none."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule said no: its id, and the sentence for whoever asked."""

    rule: str
    sentence: str


class NotThere(LookupError):
    """No such case, or not yet at that time."""


class Driver(Protocol):
    """One running service, empty at first. What is read is the JSON of the HTTP answers."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def ask(self, who: Who, key: str, command: str, body: Body, seen: Seen | None) -> Receipt | Refusal:
        """Report a case (nothing `seen`), or ask something of one, under an idempotency key."""

    def case_file(self, case_id: str, as_of: AsOf = None) -> Json:
        """Raises `NotThere`, as does `history`."""

    def history(self, case_id: str, as_of: AsOf = None) -> list[Json]: ...

    def docket(self, query: Query) -> list[Json]:
        """The views show whatever was acknowledged before."""

    def workload(self, query: Query) -> list[Json]: ...

    def response_times(self, query: Query) -> list[Json]: ...


class Domain:
    """In process: casework on the memory store, no door between."""

    def __init__(self, territory: Territory, clock: Clock) -> None:
        self._territory = territory
        self._ends = ExitStack()
        self._loop = self._ends.enter_context(asyncio.Runner())
        self._casework = self._loop.run(self._open(clock))
        self._views: Views | None = None

    async def _open(self, clock: Callable[[], datetime]) -> Casework:
        return Casework(CaseFiles(env=MEMORY_ENV), BOOKS, self._territory, secret=b"features", clock=clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        with self._ends:
            self._loop.run(self._casework.aclose())

    def ask(self, who: Who, key: str, command: str, body: Body, seen: Seen | None) -> Receipt | Refusal:
        caller = Caller(who.actor, key, who.actor, who.role, who.scope, who.unit)
        asked = (BY_NAME[command] if seen else Report).model_validate_json(orjson.dumps(body), strict=True)
        try:
            if isinstance(asked, Report):
                return self._loop.run(self._casework.report(asked, caller))
            assert seen is not None
            assert isinstance(asked, Step | PairedStep)
            return self._loop.run(self._casework.act(seen.case_id, asked, caller, if_match=seen.version))
        except Refused as refused:
            return Refusal(refused.rule.id, refused.sentence)

    def case_file(self, case_id: str, as_of: AsOf = None) -> Json:
        return case_file(self._lines(case_id, as_of), self._territory.names).model_dump(mode="json")

    def history(self, case_id: str, as_of: AsOf = None) -> list[Json]:
        lines = self._lines(case_id, as_of)
        names = {**self._territory.names, **people_of(lines)}
        return [
            line.model_dump(mode="json", include={"actor", "occurred_at", "recorded_at", "effective_at"})
            | {"version": line.version, "label": line.event.label, "sentence": tell(line.event, names)}
            for line in lines
        ]

    def docket(self, query: Query) -> list[Json]:
        page = docket(self._caught_up(), Scope.all(), DocketQuery.model_validate(query))
        return [row.model_dump(mode="json") for row in page.items]

    def workload(self, query: Query) -> list[Json]:
        rows = workload(self._caught_up(), Scope.all(), WorkloadQuery.model_validate(query))
        return [row.model_dump(mode="json") for row in rows]

    def response_times(self, query: Query) -> list[Json]:
        rows = response_times(self._caught_up(), Scope.all(), ResponseTimeQuery.model_validate(query))
        return [row.model_dump(mode="json") for row in rows]

    def _caught_up(self) -> Views:
        if self._views is None:
            self._views = Views(self._casework.files, None)
            self._ends.callback(self._views.close)
        self._views.catch_up()
        return self._views

    def _lines(self, case_id: str, as_of: AsOf) -> list[RecordedEvent]:
        lines = self._loop.run(self._casework.history(case_id))
        known = [line for line in lines if _known(line, as_of)]
        if not known:
            raise NotThere
        return known


def _known(line: RecordedEvent, as_of: AsOf) -> bool:
    if as_of is None:
        return True
    return line.version <= as_of if isinstance(as_of, int) else line.recorded_at <= as_of


class Door(NamedTuple):
    """One application at one port for a whole run: what is slow to build is built once."""

    app: FastAPI
    url: str


@contextmanager
def open_door(directory: Path) -> Iterator[Door]:
    """Serve until the block ends. Whoever uses the door puts a service of their own behind it."""
    settings = settings_for(directory)
    app = create_app(settings)
    with answering(app, settings) as url:
        yield Door(app, url)


class Http:
    """Over real HTTP: a service of its own behind the door, its SQLite files under `directory`."""

    def __init__(self, door: Door, clock: Clock, directory: Path) -> None:
        self._service = door.app.state.service = Service.open(settings_for(directory), clock)
        self._client = httpx.Client(base_url=f"{door.url}/api/v1", verify=TLS, timeout=30)
        self._position = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()
        asyncio.run(self._service.aclose())

    def ask(self, who: Who, key: str, command: str, body: Body, seen: Seen | None) -> Receipt | Refusal:
        headers = {"Idempotency-Key": key, "Bidao-Actor": _identity(who)}
        path = "incidents"
        if seen is not None:
            headers["If-Match"] = f'"{seen.version}"'
            path = f"incidents/{seen.case_id}/{command}"
        answer = self._client.post(path, json=body, headers=headers)
        said = answer.json()
        if answer.status_code == httpx.codes.CONFLICT and said["code"] == "refused":
            return Refusal(said["rule"], said["detail"])
        assert answer.is_success, said
        receipt = Receipt.model_validate(said)
        assert answer.headers["ETag"] == f'"{receipt.version}"'
        self._position = max(self._position, receipt.position)
        return receipt

    def case_file(self, case_id: str, as_of: AsOf = None) -> Json:
        file: Json = self._get(f"incidents/{case_id}", _as_of(as_of)).json()
        return file

    def history(self, case_id: str, as_of: AsOf = None) -> list[Json]:
        events: list[Json] = self._get(f"incidents/{case_id}/history", _as_of(as_of)).json()["events"]
        return events

    def docket(self, query: Query) -> list[Json]:
        items: list[Json] = self._view("incidents", query)["items"]
        return items

    def workload(self, query: Query) -> list[Json]:
        rows: list[Json] = self._view("views/workload", query)["rows"]
        return rows

    def response_times(self, query: Query) -> list[Json]:
        rows: list[Json] = self._view("views/response-times", query)["rows"]
        return rows

    def _view(self, path: str, query: Query) -> Json:
        view: Json = self._get(path, {**query, "after": str(self._position)}).json()
        return view

    def _get(self, path: str, query: Query | None = None) -> httpx.Response:
        answer = self._client.get(path, params=query, headers={"Bidao-Actor": _identity(AUDITOR)})
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NotThere
        assert answer.is_success, answer.json()
        return answer


def _identity(who: Who) -> str:
    said = {"role": who.role.value, "scope": who.scope, "unit": who.unit}
    return "; ".join([who.actor, *(f"{name}={value}" for name, value in said.items() if value)])


def _as_of(as_of: AsOf) -> Query:
    if as_of is None:
        return {}
    return {"as_of_version": str(as_of)} if isinstance(as_of, int) else {"as_of": as_of.isoformat()}
