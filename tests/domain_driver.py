"""The way to ask straight of the rules: in process, on a store of its own, no door between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Self
from uuid import UUID

import orjson

from api.accesses import accesses_told, fields_told
from api.alike import sought_by
from api.field_keys import keys_for
from api.identity import Identity
from api.opening import open_case_files, open_past, open_views
from api.past import as_of
from api.reading import Eyes, as_read, eyes_of
from api.reports.files import as_csv
from api.rolls import entry_file
from api.settings import Settings
from api.watch.chores import Chores
from api.watch.forgetting import Forgetting
from domain.access import Reveal
from domain.casework.application import Casework
from domain.casework.asking import Caller, NotFound, Receipt, RegisterReceipt, RollReceipt
from domain.casework.case_clocks import ClockReadings, case_clocks
from domain.casework.case_file import case_file, people_of
from domain.casework.case_replay import Reading, replayed
from domain.casework.erasing import Erasing
from domain.casework.recorders import CaseRecorder
from domain.casework.recording import RecordedEvent
from domain.casework.redactions import shown
from domain.casework.rolls import AnyCommand
from domain.erasure import ErasureCommand
from domain.incident.commands import BY_NAME, PairedStep, Report, Step
from domain.model import Refused
from domain.register import RegisterCommand
from domain.rolls import RollName
from domain.telling import tell
from domain.territory import Territory
from projections.alike import alike
from projections.docket import DocketQuery, docket
from projections.engine import Views
from projections.holding import HoldingQuery, holding
from projections.kpi import kpis
from projections.kpi_cases import KpiCasesQuery, kpi_cases
from projections.kpi_owed import OwedQuery, kpi_owed
from projections.kpi_query import KpiQuery
from projections.looking_back import then
from projections.monthly import MonthlyQuery, monthly
from projections.past import PastViews
from projections.reading import AsOf as Seeing
from projections.response_cases import ResponseCasesQuery, response_cases
from projections.response_time import ResponseTimeQuery, response_times
from projections.scope import Scope
from projections.transparency.bundling import bundle_of
from projections.transparency.key_file import KeyFile
from projections.transparency.sealing import Log
from projections.workload import WorkloadQuery, workload
from tests.drivers import AUDITOR, BOOKS, AsOf, Body, Clock, Handed, Json, NotThere, Query, Refusal, Seen, Who
from tests.sealing import seal

PATIENCE = 60.0
"""Seconds after which what should be made is given up; nothing is measured."""


class Domain:
    """In process: casework on a store of its own, no door between."""

    def __init__(self, settings: Settings, territory: Territory, clock: Clock) -> None:
        self.settings, self._base, self._clock = settings, territory, clock
        self._ends = ExitStack()
        self._loop = self._ends.enter_context(asyncio.Runner())
        self._casework = self._loop.run(self._open(clock))
        self._erasing = Erasing(self._casework)
        self._views: Views | None = None
        self._past: PastViews | None = None
        self._chores: Chores | None = None

    async def _open(self, clock: Callable[[], datetime]) -> Casework:
        files = open_case_files(self.settings)
        return Casework(files, BOOKS, self._base, secret=b"features", clock=clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        with self._ends:
            self._loop.run(self._casework.aclose())

    @property
    def store(self) -> CaseRecorder:
        return self._casework.files.store

    def ask(self, who: Who, key: str, command: str, body: Body, seen: Seen | None) -> Receipt | Refusal:
        asked = (BY_NAME[command] if seen else Report).model_validate_json(orjson.dumps(body), strict=True)
        try:
            if isinstance(asked, Report):
                return self._loop.run(self._casework.report(asked, _caller(who, key)))
            assert seen is not None
            assert isinstance(asked, Step | PairedStep)
            return self._loop.run(self._casework.act(seen.case_id, asked, _caller(who, key), if_match=seen.version))
        except Refused as refused:
            return Refusal(refused.rule.id, refused.sentence)

    def register(self, who: Who, key: str, command: type[RegisterCommand], body: Body) -> RegisterReceipt | Refusal:
        asked = command.model_validate_json(orjson.dumps(body), strict=True)
        try:
            if isinstance(asked, ErasureCommand):
                return self._loop.run(self._erasing.enact(asked, _caller(who, key)))
            return self._loop.run(self._casework.enact(asked, _caller(who, key)))
        except Refused as refused:
            return Refusal(refused.rule.id, refused.sentence)

    def roll(self, who: Who, key: str, command: type[AnyCommand], entry: str, body: Body) -> RollReceipt | Refusal:
        asked = command.model_validate_json(orjson.dumps(body), strict=True)
        try:
            return self._loop.run(self._casework.rolls.ask(entry, asked, _caller(who, key)))
        except Refused as refused:
            return Refusal(refused.rule.id, refused.sentence)
        except NotFound:
            raise NotThere from None

    def entry(self, roll: RollName, entry: str) -> Json:
        try:
            lines = self._loop.run(self._casework.rolls.history(roll, entry))
        except NotFound:
            raise NotThere from None
        return entry_file(roll, lines, self._casework.territory.names).model_dump(mode="json")

    def reveal(self, who: Who, key: str, case_id: str, body: Body) -> list[Json] | Refusal:
        asked = Reveal.model_validate_json(orjson.dumps(body), strict=True)
        try:
            found = self._loop.run(self._casework.accesses.reveal(case_id, asked, _caller(who, key)))
        except Refused as refused:
            return Refusal(refused.rule.id, refused.sentence)
        return [one.model_dump(mode="json") for one in fields_told(found)]

    def accesses(self, case_id: str, reader: Who) -> list[Json]:
        lines = self._lines(case_id, None)
        kept = self._loop.run(self._casework.accesses.of_case(lines))
        return [one.model_dump(mode="json") for one in accesses_told(kept, self._eyes(lines, reader))]

    def tick(self) -> None:
        while True:
            views = self._caught_up()
            self._chores = self._chores or Chores(self._casework, views)
            tally = self._loop.run(self._chores.pass_once(self._clock()))
            if not tally.changed and not tally.more:
                break
        self._loop.run(Forgetting(self._erasing).pass_once(self._clock()))

    def case_file(self, case_id: str, as_of: AsOf = None, reader: Who = AUDITOR) -> Json:
        lines = self._lines(case_id, as_of, reader)
        eyes = self._eyes(lines, reader)
        return case_file(lines, eyes.names, as_read(lines, eyes)).model_dump(mode="json", warnings=False)

    def clocks(self, case_id: str, as_of: AsOf = None) -> list[Json]:
        return [clock.model_dump(mode="json") for clock in self._readings(case_id, as_of).clocks]

    def holders(self, case_id: str, as_of: AsOf = None) -> list[Json]:
        return [holder.model_dump(mode="json") for holder in self._readings(case_id, as_of).holders]

    def _readings(self, case_id: str, as_of: AsOf) -> ClockReadings:
        now = as_of if isinstance(as_of, datetime) else self._clock()
        names = self._casework.territory.names
        return case_clocks(self._lines(case_id, as_of), self._casework.clocks, now, names)

    def replay(self, case_id: str, how: Reading) -> list[Json]:
        lines = self._lines(case_id, None)
        names = {**people_of(lines), **self._casework.territory.names}
        told = replayed(lines, self._casework.clocks, names, how)
        return [step.model_dump(mode="json") for step in told.steps]

    def alike(self, case_id: str) -> list[Json]:
        lines = self._lines(case_id, None)
        table = self._casework.clocks.table_at(self._clock())
        found = alike(self._caught_up(), self._casework.files, Scope.all(), sought_by(lines), table)
        return [one.model_dump(mode="json") for one in found.items]

    def history(self, case_id: str, as_of: AsOf = None) -> list[Json]:
        lines = self._lines(case_id, as_of)
        names = {**people_of(lines), **self._casework.territory.names}
        return [
            line.model_dump(mode="json", include={"actor", "occurred_at", "recorded_at", "effective_at"})
            | {"version": line.version, "label": line.event.label, "sentence": tell(line.event, names)}
            for line in lines
        ]

    def bundle(self, case_id: str) -> Handed:
        key = seal(self.settings, self.store)
        signer = KeyFile(self.settings.log_key).required()
        lines = self._loop.run(self._casework.history(case_id))
        seen = shown(lines, self._casework.registers.erasures, AUDITOR.role)
        keys = keys_for(self._casework.files, lines, seen)
        bundle = bundle_of(UUID(case_id), self.store, Log(self.settings.log_folder, key), signer, keys)
        return Handed(bundle.written, str(key))

    def docket(self, query: Query) -> Json:
        with self._looking(query) as (at, asked):
            page = docket(at.views, Scope.all(), DocketQuery.model_validate(asked), at.now, at.territory)
        return page.model_dump(mode="json")

    def workload(self, query: Query) -> Json:
        with self._looking(query) as (at, asked):
            found = workload(at.views, Scope.all(), WorkloadQuery.model_validate(asked), at.territory, at.now)
        told: Json = found.model_dump(mode="json")
        return told

    def response_times(self, query: Query) -> list[Json]:
        with self._looking(query) as (at, asked):
            rows = response_times(at.views, Scope.all(), ResponseTimeQuery.model_validate(asked), at.territory)
        return [row.model_dump(mode="json") for row in rows]

    def response_cases(self, query: Query) -> list[Json]:
        with self._looking(query) as (at, asked):
            page = response_cases(at.views, Scope.all(), ResponseCasesQuery.model_validate(asked), at.territory)
        return [case.model_dump(mode="json") for case in page.items]

    def holding(self, query: Query) -> list[Json]:
        with self._looking(query) as (at, asked):
            rows = holding(at.views, Scope.all(), HoldingQuery.model_validate(asked), at.territory)
        return [row.model_dump(mode="json") for row in rows]

    def kpis(self, query: Query) -> list[Json]:
        with self._looking(query) as (at, asked):
            rows = kpis(at, Scope.all(), KpiQuery.model_validate(asked))
        return [row.model_dump(mode="json") for row in rows]

    def kpi_cases(self, query: Query) -> list[Json]:
        with self._looking(query) as (at, asked):
            page = kpi_cases(at, Scope.all(), KpiCasesQuery.model_validate(asked))
        return [item.model_dump(mode="json") for item in page.items]

    def kpi_owed(self, query: Query) -> list[Json]:
        with self._looking(query) as (at, asked):
            page = kpi_owed(at, Scope.all(), OwedQuery.model_validate(asked))
        return [item.model_dump(mode="json") for item in page.items]

    def report(self, query: Query) -> bytes:
        with self._looking(query) as (at, asked):
            return as_csv(monthly(at, Scope.all(), MonthlyQuery.model_validate(asked)))

    @contextmanager
    def _looking(self, query: Query) -> Iterator[tuple[Seeing, Query]]:
        """What is looked at, now or as known at a moment, and the rest of the query."""
        views, asked = self._caught_up(), dict(query)
        moment = asked.pop("as_of", None)
        if moment is None:
            with views.snapshot() as found:
                yield Seeing(found, self._clock(), self._casework.territory, self._casework.clocks), asked
            return
        if self._past is None:
            self._past = open_past(self.settings, self._casework.files, views)
            self._ends.callback(self._past.close)
        known = then(self.store, datetime.fromisoformat(moment), None)
        assert self._loop.run(self._past.wait_for(known.position, PATIENCE))
        with self._past.snapshot(known.position) as found:
            yield as_of(known, found, self._casework), asked

    def _caught_up(self) -> Views:
        if self._views is None:
            self._views = open_views(self.settings, self._casework.files)
            self._ends.callback(self._views.close)
        self._views.catch_up()
        return self._views

    def _eyes(self, lines: list[RecordedEvent], reader: Who) -> Eyes:
        asker = Identity(actor=reader.actor, role=reader.role, scope=reader.scope, unit=reader.unit)
        return eyes_of(asker, lines, self._casework.territory.names)

    def _lines(self, case_id: str, as_of: AsOf, reader: Who = AUDITOR) -> list[RecordedEvent]:
        lines = self._loop.run(self._casework.history(case_id))
        lines = shown(lines, self._casework.registers.erasures, reader.role)
        known = [line for line in lines if _known(line, as_of)]
        if not known:
            raise NotThere
        return known


def _caller(who: Who, key: str) -> Caller:
    return Caller(who.actor, key, who.actor, who.role, who.scope, who.unit)


def _known(line: RecordedEvent, as_of: AsOf) -> bool:
    if as_of is None:
        return True
    return line.version <= as_of if isinstance(as_of, int) else line.recorded_at <= as_of
