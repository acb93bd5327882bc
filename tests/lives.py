"""For every command, a life in which it succeeds: who asks for what, from the report on.

The last turn of a life is its command. Played in order, with the hours in between, nothing is refused.
Actors are staff of the demo registry, or the resident who reported.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from domain.erasure import RequestErasure
from domain.incident.commands import BY_NAME, Report
from domain.register import RegisterCommand

RESIDENT = "s-zeng"
OFFICER, SECRETARY, STREET = "officer-ge", "secretary-sanjiaoping", "street-desk"
PROPERTY, EXPERT, CHECKER = "property-desk", "expert-yi", "checker-li"
SYSTEM = "bidao"
"""The service itself."""
PRIMARY = "$primary"
"""In a body: the id of the case that the first turn reported."""


ASKED_BEFORE: dict[str, type[RegisterCommand]] = {"redact-text": RequestErasure}
"""A command on a case of which the example is only lawful after that of another, on a register."""


class Turn(NamedTuple):
    """Somebody asks for something, so many hours after the turn before; `None` asks for the command's example.

    Turns with `primary` concern another case than the one the life is about, reported before it.
    """

    actor: str
    command: str
    body: dict[str, Any] | None = None
    hours: float = 0.1
    primary: bool = False

    @property
    def asked(self) -> dict[str, Any]:
        """The body, before `PRIMARY` is replaced."""
        example = BY_NAME[self.command].example if self.command != "report" else REPORT
        return dict(example if self.body is None else self.body)


Life = tuple[Turn, ...]
REPORT: dict[str, Any] = {
    **Report.example,
    "reporter": {"subject": RESIDENT, "name": "曾竹英", "phone": "13800000000"},
}

REPORTED: Life = (Turn(OFFICER, "report"),)
ACCEPTED: Life = (*REPORTED, Turn(SECRETARY, "accept"))
ASSIGNED: Life = (*ACCEPTED, Turn(SECRETARY, "assign"))
DISPATCHED: Life = (*ACCEPTED, Turn(SECRETARY, "dispatch"))
HANDLING: Life = (*REPORTED, Turn(OFFICER, "arrive"))
MET: Life = (*HANDLING, Turn(SECRETARY, "convene-meeting"), Turn(SECRETARY, "hold-meeting", hours=2))
CALLED: Life = (*HANDLING, Turn(SECRETARY, "request-help"))
ADVANCED: Life = (*HANDLING, Turn(OFFICER, "advance-cost"))
PAID: Life = (*ADVANCED, Turn(OFFICER, "pay-cost"))
GIVEN: Life = (*HANDLING, Turn(OFFICER, "receive-contribution"))
RESOLVED: Life = (*HANDLING, Turn(OFFICER, "resolve"))
CHECKED: Life = (*RESOLVED, Turn(CHECKER, "pass-check"))
FOLLOWED_UP: Life = (*CHECKED, Turn(RESIDENT, "follow-up"))
CLOSED: Life = (*FOLLOWED_UP, Turn(CHECKER, "close"))
LATE: Life = (
    *HANDLING,
    Turn(OFFICER, "resolve", hours=3),
    Turn(CHECKER, "pass-check"),
    Turn(RESIDENT, "follow-up"),
    Turn(CHECKER, "close"),
)
APPEALED: Life = (*LATE, Turn(OFFICER, "appeal-timeout"))
TWICE: Life = (Turn(OFFICER, "report", primary=True), Turn(RESIDENT, "report"))
MERGED: Life = (*TWICE, Turn(SECRETARY, "merge", {"into": PRIMARY, "reason": "同一处积水"}))
CALM: Life = (Turn(OFFICER, "report", {**REPORT, "kind": "ordinary", "urgency": 4}),)
"""What a resident may take back."""


def requested(what: str) -> Life:
    """A request that waits."""
    return (*HANDLING, Turn(OFFICER, f"request-{what}"))


SUSPENDED: Life = (*requested("suspension"), Turn(SECRETARY, "grant-suspension"))

LIVES: dict[str, Life] = {
    life[-1].command: life
    for life in (
        REPORTED,
        ACCEPTED,
        ASSIGNED,
        DISPATCHED,
        HANDLING,
        MET,
        MET[:-1],
        CALLED,
        ADVANCED,
        PAID,
        GIVEN,
        RESOLVED,
        CHECKED,
        FOLLOWED_UP,
        CLOSED,
        APPEALED,
        MERGED,
        SUSPENDED,
        *(requested(what) for what in ("extension", "suspension", "correction", "void")),
        *((*requested(what), Turn(SECRETARY, f"grant-{what}")) for what in ("extension", "correction", "void")),
        *(
            (*requested(what), Turn(SECRETARY, f"refuse-{what}"))
            for what in ("extension", "suspension", "correction", "void")
        ),
        (*REPORTED, Turn(SECRETARY, "reject")),
        (*CALM, Turn(RESIDENT, "withdraw")),
        (*ASSIGNED, Turn(SECRETARY, "hand-over")),
        (*DISPATCHED, Turn(PROPERTY, "sign-for")),
        (*DISPATCHED, Turn(PROPERTY, "return")),
        (*HANDLING, Turn(OFFICER, "take-action")),
        (*MET, Turn(SECRETARY, "keep-commitment")),
        (*MET, Turn(SECRETARY, "break-commitment")),
        (*HANDLING, Turn(OFFICER, "escalate")),
        (*CALLED, Turn(EXPERT, "answer-help")),
        (*HANDLING, Turn(STREET, "supervise")),
        (*SUSPENDED, Turn(SECRETARY, "resume")),
        (*HANDLING, Turn(SECRETARY, "grant-fund")),
        (*PAID, Turn(OFFICER, "refund-payment")),
        (*GIVEN, Turn(OFFICER, "return-contribution")),
        (*PAID, Turn(SECRETARY, "reimburse-cost")),
        (*RESOLVED, Turn(CHECKER, "fail-check")),
        (*CLOSED, Turn(SECRETARY, "reopen")),
        (*APPEALED, Turn(SECRETARY, "exempt-timeout")),
        (*APPEALED, Turn(SECRETARY, "uphold-timeout")),
        (*CLOSED, Turn(CHECKER, "archive")),
        (*MERGED, Turn(SECRETARY, "unmerge")),
        (*REPORTED, Turn(RESIDENT, "add-evidence")),
        (*REPORTED, Turn(SECRETARY, "redact-text")),
        *((*REPORTED, Turn(SYSTEM, command)) for command in ("call-duty", "redraw", "determine-deadlines")),
    )
}
