"""The way to ask through the HTTP door: real HTTP, a service of its own for every scenario."""

from __future__ import annotations

import asyncio
from ssl import create_default_context
from typing import Self, TypeVar

import httpx

from api.service import Service
from api.settings import Settings
from domain.casework.asking import Receipt, RegisterReceipt, RollReceipt
from domain.casework.case_replay import Reading
from domain.casework.recorders import CaseRecorder
from domain.casework.rolls import AnyCommand
from domain.register import RegisterCommand
from domain.rolls import RollName
from tests.drivers import AUDITOR, AsOf, Body, Clock, Handed, Json, NotThere, Query, Refusal, Seen, Who
from tests.sealing import seal
from tests.server import TICK, Door

TLS = create_default_context()
"""Made once: it is slow to make, and says nothing about a scenario."""
R = TypeVar("R", Receipt, RegisterReceipt, RollReceipt)


class Http:
    """Over real HTTP: a service of its own behind the door."""

    def __init__(self, settings: Settings, door: Door, clock: Clock) -> None:
        self.settings = settings
        self._service = door.app.state.service = Service.open(settings, clock)
        self._url = door.url
        self._client = httpx.Client(base_url=f"{door.url}/api/v1", verify=TLS, timeout=30)
        self._position = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()
        asyncio.run(self._service.aclose())

    @property
    def store(self) -> CaseRecorder:
        return self._service.casework.files.store

    def ask(self, who: Who, key: str, command: str, body: Body, seen: Seen | None) -> Receipt | Refusal:
        headers = {"Idempotency-Key": key, "Bidao-Actor": _identity(who)}
        path = "incidents"
        if seen is not None:
            headers["If-Match"] = f'"{seen.version}"'
            path = f"incidents/{seen.case_id}/{command}"
        answer = self._post(path, body, headers)
        if isinstance(answer, Refusal):
            return answer
        receipt = _receipt(Receipt, answer)
        assert answer.headers["ETag"] == f'"{receipt.version}"'
        self._position = max(self._position, receipt.position)
        return receipt

    def register(self, who: Who, key: str, command: type[RegisterCommand], body: Body) -> RegisterReceipt | Refusal:
        headers = {"Idempotency-Key": key, "Bidao-Actor": _identity(who)}
        answer = self._post(f"{command.register}/{command.name}", body, headers)
        return answer if isinstance(answer, Refusal) else _receipt(RegisterReceipt, answer)

    def roll(self, who: Who, key: str, command: type[AnyCommand], entry: str, body: Body) -> RollReceipt | Refusal:
        headers = {"Idempotency-Key": key, "Bidao-Actor": _identity(who)}
        answer = self._post(f"{_address(command.roll, entry)}/{command.name}", body, headers)
        if isinstance(answer, Refusal):
            return answer
        receipt = _receipt(RollReceipt, answer)
        assert answer.headers["ETag"] == f'"{receipt.version}"'
        self._position = max(self._position, receipt.position)
        return receipt

    def entry(self, roll: RollName, entry: str) -> Json:
        file: Json = self._get(_address(roll, entry)).json()
        return file

    def reveal(self, who: Who, key: str, case_id: str, body: Body) -> list[Json] | Refusal:
        headers = {"Idempotency-Key": key, "Bidao-Actor": _identity(who)}
        answer = self._post(f"incidents/{case_id}/reveal", body, headers)
        if isinstance(answer, Refusal):
            return answer
        fields: list[Json] = answer.json()["fields"]
        return fields

    def accesses(self, case_id: str, reader: Who) -> list[Json]:
        items: list[Json] = self._get(f"incidents/{case_id}/accesses", reader=reader).json()["items"]
        return items

    def _post(self, path: str, body: Body, headers: dict[str, str]) -> httpx.Response | Refusal:
        answer = self._client.post(path, json=body, headers=headers)
        said = answer.json()
        if answer.status_code == httpx.codes.CONFLICT and said["code"] == "refused":
            return Refusal(said["rule"], said["detail"])
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NotThere
        assert answer.is_success, said
        return answer

    def tick(self) -> None:
        while True:
            self._view("incidents", {})  # the watch looks where the views are
            tally = self._client.post(f"{self._url}{TICK}").json()
            if not tally["changed"] and not tally["more"]:
                return

    def case_file(self, case_id: str, as_of: AsOf = None, reader: Who = AUDITOR) -> Json:
        file: Json = self._get(f"incidents/{case_id}", _as_of(as_of), reader).json()
        return file

    def clocks(self, case_id: str, as_of: AsOf = None) -> list[Json]:
        clocks: list[Json] = self._get(f"incidents/{case_id}/clocks", _as_of(as_of)).json()["clocks"]
        return clocks

    def holders(self, case_id: str, as_of: AsOf = None) -> list[Json]:
        holders: list[Json] = self._get(f"incidents/{case_id}/clocks", _as_of(as_of)).json()["holders"]
        return holders

    def replay(self, case_id: str, how: Reading) -> list[Json]:
        steps: list[Json] = self._get(f"incidents/{case_id}/replay", {"as": how.value}).json()["steps"]
        return steps

    def alike(self, case_id: str) -> list[Json]:
        items: list[Json] = self._view(f"incidents/{case_id}/alike", {})["items"]
        return items

    def history(self, case_id: str, as_of: AsOf = None) -> list[Json]:
        events: list[Json] = self._get(f"incidents/{case_id}/history", _as_of(as_of)).json()["events"]
        return events

    def bundle(self, case_id: str) -> Handed:
        key = seal(self.settings, self.store)
        return Handed(self._get(f"incidents/{case_id}/bundle").content, str(key))

    def docket(self, query: Query) -> Json:
        return self._view("incidents", query)

    def workload(self, query: Query) -> Json:
        return self._view("views/workload", query)

    def response_times(self, query: Query) -> list[Json]:
        rows: list[Json] = self._view("views/response-times", query)["rows"]
        return rows

    def response_cases(self, query: Query) -> list[Json]:
        items: list[Json] = self._view("views/response-times/cases", query)["items"]
        return items

    def holding(self, query: Query) -> list[Json]:
        rows: list[Json] = self._view("views/holding", query)["rows"]
        return rows

    def kpis(self, query: Query) -> list[Json]:
        rows: list[Json] = self._view("views/kpis", query)["rows"]
        return rows

    def kpi_cases(self, query: Query) -> list[Json]:
        items: list[Json] = self._view("views/kpis/cases", query)["items"]
        return items

    def kpi_owed(self, query: Query) -> list[Json]:
        items: list[Json] = self._view("views/kpis/owed", query)["items"]
        return items

    def report(self, query: Query) -> bytes:
        return self._looked_up("reports/monthly.csv", query).content

    def _view(self, path: str, query: Query) -> Json:
        view: Json = self._looked_up(path, query).json()
        return view

    def _looked_up(self, path: str, query: Query) -> httpx.Response:
        known = {} if "as_of" in query else {"after": str(self._position)}
        return self._get(path, {**query, **known})

    def _get(self, path: str, query: Query | None = None, reader: Who = AUDITOR) -> httpx.Response:
        answer = self._client.get(path, params=query, headers={"Bidao-Actor": _identity(reader)})
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NotThere
        assert answer.is_success, answer.json()
        return answer


def _receipt(kind: type[R], answer: httpx.Response) -> R:
    """What casework itself would have said; the door tells more."""
    return kind.model_validate(
        {field: answer.json()[field] for field, of in kind.model_fields.items() if not of.exclude}
    )


def _identity(who: Who) -> str:
    said = {"role": who.role.value, "scope": who.scope, "unit": who.unit}
    return "; ".join([who.actor, *(f"{name}={value}" for name, value in said.items() if value)])


def _address(roll: RollName, entry: str) -> str:
    return f"{roll}s/{entry}"


def _as_of(as_of: AsOf) -> Query:
    if as_of is None:
        return {}
    return {"as_of_version": str(as_of)} if isinstance(as_of, int) else {"as_of": as_of.isoformat()}
