"""How commands of the log say what keeps them from it: in a sentence, not in a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.markup import escape

from api.commands.enacting import WRONG, console
from projections.transparency.notes import KeyInvalid, NoteInvalid
from projections.transparency.sealer import Busy
from projections.transparency.sealing import LogBroken
from projections.transparency.stamps import StampInvalid
from projections.transparency.tiles import TileMissing


@contextmanager
def plainly() -> Iterator[None]:
    """What keeps it from being done is said in a sentence, and ends the program."""
    try:
        yield
    except (Busy, KeyInvalid, NoteInvalid, LogBroken, StampInvalid, TileMissing) as no:
        said(str(no))
    except FileNotFoundError as missing:
        said(f"没有文件 {missing.filename}，请先运行 bidao keys init 和 bidao seal。")


def said(sentence: str) -> NoReturn:
    """Say what is wrong, and end the program."""
    console.print(f"[red]{escape(sentence)}[/]")
    raise typer.Exit(WRONG)
