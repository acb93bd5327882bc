"""A case file on a terminal: who, when, what, by which rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from api.reading import Eyes, as_read
from domain.casework.case_file import people_of
from domain.casework.recording import RecordedEvent
from domain.incident.governing import rules_of
from domain.telling import local, tell


def print_timeline(console: Console, lines: Sequence[RecordedEvent], names: Mapping[str, str]) -> None:
    """Print every line, sensitive fields covered; a time claimed but not counted is beside the one that counts."""
    eyes = Eyes({**people_of(lines), **names})
    for line in as_read(lines, eyes):
        print_line(console, line, eyes.names)


def print_line(console: Console, line: RecordedEvent, names: Mapping[str, str]) -> None:
    """Print one line as it is."""
    who = f"{' '.join(names.get(line.actor, line.actor).split())}（{line.role.label}）"
    head = Text(f"{line.version:>3}  {when(line)}  {who}　", "bold").append(line.event.label, "bold cyan")
    console.print(head, soft_wrap=True)
    for paragraph in tell(line.event, names).splitlines():  # so that no text passes for a line of the file
        console.print(Text(f"     {paragraph}"), soft_wrap=True)
    if rules := rules_of(line.command):
        console.print(Text(f"     依据 {'、'.join(rule.id for rule in rules)}", "dim"), soft_wrap=True)


def when(line: RecordedEvent) -> str:
    """The time that counts, and the claimed one where it differs."""
    counted, claimed = local(line.effective_at), local(line.occurred_at)
    return counted if claimed == counted else f"{counted}（自报{claimed}）"
