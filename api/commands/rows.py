"""Rows of a sheet that the command line was given, each as what it should be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import TypeVar

import typer
from rich.markup import escape

from api.commands.enacting import WRONG, console
from domain.registry.sheets import SheetUnreadable, records_of, text_of

R = TypeVar("R")


def rows_in(
    file: Path, columns: Mapping[str, str], read: Callable[[dict[str, str]], R], wrong: str, nothing: str
) -> dict[int, R]:
    """The rows by number, the header being row 1. `columns` maps what a column may also be called to its name.

    `read` makes a row of its cells by column, or raises `ValueError`. Every row that is `wrong` is
    said, then that there is `nothing`, and the program ends.
    """
    found: dict[int, R] = {}
    bad = []
    try:
        (_, header), *records = [*records_of(text_of(file.read_bytes(), columns))] or [(1, [])]
    except SheetUnreadable as unreadable:
        console.print(f"[red]{escape(str(unreadable))}[/]")
        raise typer.Exit(WRONG) from None
    for number, cells in records:
        named = zip_longest(header, cells, fillvalue="")
        try:
            found[number] = read({columns.get(name, name): value for name, value in named if name or value})
        except ValueError:
            bad.append(number)
    for number in bad:
        console.print(f"[red]第{number}行{wrong}[/]")
    if bad or not found:
        console.print(f"[red]{nothing}[/]")
        raise typer.Exit(WRONG)
    return found
