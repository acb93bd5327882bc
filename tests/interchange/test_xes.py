"""XES 1.0 (IEEE 1849-2016), held against the rules of its schema; and every case and event of the store is in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from domain.incident.events import BY_TYPE
from projections.interchange import xes
from tests.histories import history
from tests.interchange.exported import XES, counted, export, told
from tests.interchange.injecting import by_case

NS = "{http://www.xes-standard.org/}"
KINDS = ("string", "date", "int", "float", "boolean", "id")
ORDER = {"extension": 0, "global": 1, "classifier": 2, **dict.fromkeys(KINDS, 3), "trace": 4, "event": 5}
"""What stands in a log, in the order of the schema."""
ASKED_OF = {"extension": {"name", "prefix", "uri"}, "global": {"scope"}, "classifier": {"name", "keys"}}
WHERE = {"trace": "log", "event": "trace", "global": "log", "extension": "log", "classifier": "log"}


def faults(root: Element) -> list[str]:
    """What the schema would find wrong with a log."""
    wrong = [] if root.tag == f"{NS}log" and {"xes.version", "xes.features"} <= set(root.keys()) else ["the log itself"]
    order = [ORDER[_name(child)] for child in root]
    wrong += [] if order == sorted(order) else ["the order of the log"]
    prefixes = {child.get("prefix", "") for child in root.iter(f"{NS}extension")}
    for parent in root.iter():
        keys = [child.get("key", "") for child in parent if _name(child) in KINDS]
        wrong += [f"{_name(parent)} says {key} twice" for key in {key for key in keys if keys.count(key) > 1}]
        wrong += [f"{key} of no extension" for key in keys if ":" in key and key.partition(":")[0] not in prefixes]
        for child in parent:
            wrong += _faults_of(child, _name(parent))
    for scope in ("trace", "event"):
        [always] = [[one.get("key") for one in each] for each in root.iter(f"{NS}global") if each.get("scope") == scope]
        for one in root.iter(f"{NS}{scope}"):
            there = {child.get("key") for child in one}
            wrong += [f"{scope} lacks {key}" for key in always if key not in there]
    return wrong


def _faults_of(child: Element, parent: str) -> list[str]:
    name = _name(child)
    if name in KINDS:
        return (
            []
            if set(child.keys()) == {"key", "value"} and _reads(name, child.get("value", ""))
            else [f"{child.attrib}"]
        )
    fits = WHERE.get(name) == parent and set(child.keys()) == ASKED_OF.get(name, set())
    return [] if fits else [f"{name} in {parent}"]


def _reads(kind: str, value: str) -> bool:
    try:
        if kind == "date":
            return datetime.fromisoformat(value).utcoffset() == timedelta(0)
        if kind in ("int", "float"):
            {"int": int, "float": float}[kind](value)
    except ValueError:
        return False
    return kind != "boolean" or value in ("true", "false")


def _name(element: Element) -> str:
    return element.tag.removeprefix(NS)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("xes")
    export(history(3), folder)
    return folder / XES


@pytest.fixture
def root(path: Path) -> Element:
    return ElementTree.parse(path).getroot()  # noqa: S314 - we wrote it


def test_it_keeps_to_the_schema(root: Element) -> None:
    assert faults(root) == []


def test_what_does_not_keep_to_it_is_found_out(root: Element) -> None:
    """The negative control."""
    event = next(root.iter(f"{NS}event"))
    event.remove(event[0])
    event.append(Element(f"{NS}int", {"key": "leaf", "value": "many"}))
    event.append(Element(f"{NS}string", {"key": "cost:total", "value": "1"}))
    root.insert(0, Element(f"{NS}trace"))
    assert len(faults(root)) >= 6


def test_every_case_is_a_trace_and_every_event_of_it_there_in_order(root: Element) -> None:
    expected = counted(history(3))
    traces = list(root.iter(f"{NS}trace"))
    assert (len(traces), len(list(root.iter(f"{NS}event")))) == (expected.cases, expected.case_events)
    for trace in traces:
        said = [{one.get("key"): one.get("value") for one in event} for event in trace.iter(f"{NS}event")]
        assert [int(one["version"] or 0) for one in said] == list(range(1, len(said) + 1))
        assert [one["time:timestamp"] for one in said] == sorted(one["time:timestamp"] or "" for one in said)
        assert all(one["concept:name"] in BY_TYPE for one in said)
        assert [int(one["leaf"] or 0) + 1 for one in said] == [int(one["position"] or 0) for one in said]


def test_a_word_that_means_something_in_xml_is_only_a_word() -> None:
    said = xes.attribute('a<b>&"c"', 'd<e>&"f"\'')
    found = ElementTree.fromstring(said)  # noqa: S314 - we wrote it
    assert found.attrib == {"key": 'a<b>&"c"', "value": 'd<e>&"f"\''}


def test_cases_are_written_one_by_one(tmp_path: Path) -> None:
    """The next is not asked for before the last is written: so memory holds one case at a time."""
    path, sizes = tmp_path / "log.xes", list[int]()

    def asked_for() -> Iterator[xes.Case]:
        for case in by_case(told(history(3))).items():
            sizes.append(path.stat().st_size)
            yield case

    with path.open("wb", buffering=0) as file:
        xes.write(asked_for(), file)
    assert len(sizes) > 1
    assert sizes == sorted(set(sizes))
