"""回访: whose word is asked for, and when it is final."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from domain.clocks import SHANGHAI, RuleTable
from domain.incident.events.closing import FollowedUp
from domain.incident.events.duplicates import AffectedPerson, DuplicateFollowedUp
from domain.incident.events.intake import Reported
from domain.incident.words import Answer
from domain.model import Minor

ANONYMOUS = "nobody.known"
"""Stands for the reporter nobody can ask."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One affected person: who answers for them, what they said last, and the days they were tried."""

    answers: str
    answer: Answer | None = None
    responded: bool | None = None
    """Whether anybody responded to them, and whether it is solved, as they say; None where they did not say."""
    solved: bool | None = None
    tried_on: tuple[date, ...] = ()

    def final(self, table: RuleTable) -> bool:
        """An answer, or enough tries on enough days. `unsatisfied` still wants a reason at closing."""
        if self.answer is Answer.UNREACHABLE:
            return len(self.tried_on) >= table.unreachable_tries and len(set(self.tried_on)) >= table.unreachable_days
        return self.answer is not None

    @property
    def spoken(self) -> bool:
        return self.answer in (Answer.SATISFIED, Answer.UNSATISFIED)


Voices = Mapping[str, Voice]


def affected_by(event: Reported) -> tuple[AffectedPerson, ...]:
    """The people a report affects: its reporter and whoever they speak for, or nobody known."""
    people = [person for person in (event.reporter, event.on_behalf_of) if person is not None]
    return tuple(
        AffectedPerson(
            subject=person.subject,
            answers=person.guardian.subject if isinstance(person, Minor) else person.subject,
        )
        for person in people
    ) or (AffectedPerson(subject=ANONYMOUS, answers=ANONYMOUS),)


def said(voices: Voices, event: FollowedUp | DuplicateFollowedUp, at: datetime) -> Voices:
    """The voices after one follow-up."""
    voice = voices[event.person]
    unreachable = event.answer is Answer.UNREACHABLE
    tried = (*voice.tried_on, at.astimezone(SHANGHAI).date()) if unreachable else voice.tried_on
    spoken = replace(voice, answer=event.answer, responded=event.responded, solved=event.solved, tried_on=tried)
    return {**voices, event.person: spoken}


def unasked(voices: Voices) -> Voices:
    """A new result is a new question to everybody."""
    return {person: Voice(voice.answers) for person, voice in voices.items()}


def unasked_since(before: Voices, now: Voices) -> Voices:
    """Whoever spoke since is asked anew: what they said was about another result."""
    return {person: voice if voice == before.get(person) else Voice(voice.answers) for person, voice in now.items()}


def joined(voices: Voices, own: Iterable[AffectedPerson], others: Iterable[AffectedPerson]) -> Voices:
    """The voices of a case's own people and its duplicates'; whoever was already asked keeps their word."""
    return {person.subject: voices.get(person.subject, Voice(person.answers)) for person in (*own, *others)}
