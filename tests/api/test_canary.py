"""What is said of a person is nowhere to be read but through the service: in no file, table, log, tile or export."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from typer.testing import CliRunner

from api.__main__ import app
from api.settings import Settings
from tests.api.visitor import Clock, Visitor
from tests.backup.operating import environment
from tests.sealing import seal_beside
from tests.server import serving
from tests.stores import Store

NAME, PHONE, WORDS, WHERE = "璩翾翀", "13987650001", "天井里躺着一只不会飞的鸬鹚", "犇鑫里甲字九号"
CANARIES = (NAME, PHONE, WORDS, WHERE)
SAID = {
    "description": WORDS,
    "address": WHERE,
    "reporter": {"subject": "s-canary", "name": NAME, "phone": PHONE},
}


TAKEN_OUT = (
    ("backup", "b.zip"),
    ("export", "ocel", "o.sqlite"),
    ("export", "ocel", "o.json"),
    ("export", "xes", "x.xes"),
)


def forms(canary: str) -> list[bytes]:
    """As it would be written: plainly, escaped, in UTF-16."""
    return [canary.encode(), json.dumps(canary)[1:-1].encode(), canary.encode("utf-16-le")]


def left(folder: Path, canaries: tuple[str, ...] = CANARIES) -> list[tuple[str, str]]:
    """Every file in which one is."""
    return [
        (path.name, canary)
        for path in folder.rglob("*")
        if path.is_file()
        for canary in canaries
        if any(form in path.read_bytes() for form in forms(canary))
    ]


def dumped(settings: Settings, to: Path) -> None:
    """Every row of every table of a database, as text and as bytes."""
    if settings.postgres is None:
        return
    with psycopg.connect(settings.postgres) as database:
        for schema in (settings.database_schema, settings.views_schema, settings.outbox_schema):
            tables = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema]).fetchall()
            for (table,) in tables:
                with (to / f"{schema}.{table}").open("wb") as file:
                    query = SQL("COPY {} TO STDOUT (FORMAT binary)").format(Identifier(schema, table))
                    with database.cursor().copy(query) as copy:
                        for data in copy:
                            file.write(data)


@pytest.fixture
def lived(lasting_store: Store, tmp_path: Path, log: io.StringIO) -> Iterator[Settings]:
    """A service in which it was said; everything that can be taken out of it was."""
    data, out = tmp_path / "data", tmp_path / "out"
    out.mkdir()
    settings = lasting_store.settings(data, watch=True)
    with serving(settings, Clock()) as url, httpx.Client(base_url=url, timeout=60) as client:
        visitor = Visitor(client, Clock())
        case = visitor.report("officer-ge", **SAID).json()["incident_id"]
        stood = {"longitude": 109.95, "latitude": 27.55, "crs": "gcj02"}
        for command, body in (
            ("arrive", {"note": WORDS, "position": stood}),
            ("take-action", {"note": f"{NAME}说{WORDS}"}),
            ("reveal", {"purpose": "handling", "words": f"{NAME}问{WORDS}"}),
        ):
            assert visitor.ask("officer-ge", command, body, case).is_success
        refused = visitor.ask("officer-ge", "resolve", {"outcome": WORDS, "outcome_code": NAME}, case)
        assert refused.status_code == 422
        (out / "refused.json").write_text(refused.text)
        told = visitor.read(f"/api/v1/incidents/{case}").text
        assert all(canary in told for canary in CANARIES), "else nothing is shown"
        seal_beside(settings)
        for *first, name in TAKEN_OUT:
            done = CliRunner().invoke(app, [*first, str(out / name), "--data", str(data)], env=environment(settings))
            assert done.exit_code == 0, done.output
        unkeyed = ["export", "bundle", case, "--without-keys", "--out", str(out / "case.jsonl"), "--data", str(data)]
        assert CliRunner().invoke(app, unkeyed, env=environment(settings)).exit_code == 0
        (out / "metrics").write_text(client.get("/metrics").text)
        dumped(settings, out)
        yield settings
    (out / "log").write_text(log.getvalue())


def test_nowhere_is_anything_in_plain_words(lived: Settings, tmp_path: Path) -> None:
    assert left(tmp_path) == []


def test_what_looks_for_it_would_find_it(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text(json.dumps({"name": NAME, "phone": PHONE}))
    assert left(tmp_path) == [("plain", NAME), ("plain", PHONE)]
