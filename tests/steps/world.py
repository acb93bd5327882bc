"""What one scenario remembers: the cases it spoke of, and the last answer it was given."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from domain.casework.asking import Receipt
from domain.casework.case_replay import Reading
from domain.casework.recorders import Stored
from domain.casework.rolls import AnyCommand
from domain.incident.words import Kind, Stage
from domain.register import RegisterCommand
from projections.transparency.checkpoints import Checkpoint
from tests.drivers import AUDITOR, AsOf, Clock, Driver, Handed, Json, NotThere, Query, Refusal, Seen, Who
from tests.steps.cast import ENTRIES, NAMES, officer_of, who
from tests.steps.grammar import ACTS, Ask

UNKNOWN = "00000000-0000-8000-8000-000000000000"
"""The id of a case nobody reported."""

NOT_ON_ROLL = Refusal("", "名册里没有。")
"""The answer about somebody nobody enrolled."""

NOTHING = Handed(b"", "")


class Page(NamedTuple):
    """Which case file is opened (None: the one last spoken of), and where (None: at its end)."""

    case: str | None = None
    as_of: AsOf = None
    reader: Who = AUDITOR


LATEST = Page()


class Sent(NamedTuple):
    """What was asked, to the letter."""

    ask: Ask
    key: str
    body: Json
    seen: Seen | None
    """Whoever asks something of a case has read it; a report is about none."""


@dataclass(slots=True)
class World:
    """The service, its clock, and the thread of the story."""

    service: Driver
    clock: Clock
    owner: Callable[[list[Stored], list[Stored]], None]
    """Puts events in the place of others, as the owner of a database may."""
    ids: dict[str, str] = field(default_factory=dict)
    """Description of a case → its id."""
    case: str = ""
    """The case last spoken of."""
    receipt: Receipt | None = None
    receipt_before: Receipt | None = None
    refusal: Refusal | None = None
    version_before: int = 0
    sent: Sent | None = None
    keys: int = 0
    revealed: list[Json] = field(default_factory=list)
    """What was last read of what is sensitive."""
    handed: Handed = NOTHING
    """The bundle somebody holds."""
    checkpoint: Checkpoint | None = None
    """What somebody else has kept of the log."""

    def act(self, ask: Ask) -> None:
        """Ask, and keep the answer. The refusal before must have been spoken of."""
        self.nothing_unsaid()
        self.case = ask.case or self.case
        body = dict(ask.body)
        if ask.command == "merge":
            body["into"] = self.ids.get(body["into"], UNKNOWN)
        self.keys += 1
        version = self._last_seen()
        seen = None if ask.command == "report" else Seen(self.ids[self.case], version)
        self._send(Sent(ask, f"k-{self.keys}", body, seen), version)

    def again(self) -> None:
        """Send what was last sent once more, word for word: same key, same body, same version seen."""
        assert self.sent is not None, "还没有办过事。"
        self._send(self.sent, self._last_seen())

    def must(self, ask: Ask) -> None:
        """Ask for what has to succeed."""
        self.act(ask)
        self.nothing_unsaid()

    def nothing_unsaid(self) -> None:
        """A refusal that no step speaks of is a promise broken in silence."""
        assert self.refusal is None, f"上一步被拒绝，却没有写明：{self.refusal}"

    def enact(self, name: str, command: type[RegisterCommand], body: Json) -> None:
        """Ask something of a register; cases are another matter."""
        self.nothing_unsaid()
        self.version_before = self._version()
        self.keys += 1
        answer = self.service.register(who(name), f"k-{self.keys}", command, body)
        self.refusal = answer if isinstance(answer, Refusal) else None

    def keep(self, name: str, command: type[AnyCommand], entry: str, body: Json) -> None:
        """Ask something of an entry of a roll, by the name it has here."""
        self.nothing_unsaid()
        self.version_before, before = self._version(), self.kept(entry)
        self.keys += 1
        try:
            answer = self.service.roll(who(name), f"k-{self.keys}", command, ENTRIES[entry].id, body)
        except NotThere:
            answer = NOT_ON_ROLL
        self.refusal = answer if isinstance(answer, Refusal) else None
        assert self.refusal is None or self.kept(entry) == before, "被拒绝了，名册却变了。"

    def reveal(self, name: str, body: Json) -> None:
        """Read what is sensitive in the case last spoken of."""
        self.nothing_unsaid()
        self.version_before = self._version()
        self.keys += 1
        answer = self.service.reveal(who(name), f"k-{self.keys}", self.ids[self.case], body)
        self.refusal, self.revealed = (answer, []) if isinstance(answer, Refusal) else (None, answer)

    def accesses(self, name: str) -> list[Json]:
        """Who read it, as somebody may know."""
        self.nothing_unsaid()
        return self.service.accesses(self.ids[self.case], who(name))

    def kept(self, entry: str) -> Json | None:
        """What is kept of an entry; None of what nobody enrolled."""
        with suppress(NotThere):
            return self.service.entry(ENTRIES[entry].roll, ENTRIES[entry].id)
        return None

    def tick(self) -> None:
        """Let the watch do what is due now."""
        self.nothing_unsaid()
        self.service.tick()
        self.receipt = None  # the cases may have moved on

    def clocks(self, page: Page = LATEST) -> list[Json]:
        self.nothing_unsaid()
        return self.service.clocks(self.ids[page.case or self.case], page.as_of)

    def alike(self) -> list[Json]:
        """What may be about the same matter as the case last spoken of, each by its description."""
        self.nothing_unsaid()
        titles = {case_id: title for title, case_id in self.ids.items()}
        return [{**row, "title": titles[row["incident_id"]]} for row in self.service.alike(self.ids[self.case])]

    def refused(self) -> Refusal:
        """The refusal, hereby spoken of; it wrote nothing."""
        refusal, self.refusal = self.refusal, None
        assert refusal is not None, "没有被拒绝，办成了。"
        assert self._version() == self.version_before, "被拒绝了，案卷却变了。"
        return refusal

    def take_along(self, case: str | None) -> None:
        """Somebody is handed the bundle of a case."""
        self.nothing_unsaid()
        self.handed = self.service.bundle(self.ids[case or self.case])

    def stored(self) -> list[Stored]:
        """Every event, as it is stored."""
        store = self.service.store
        return list(store.select_notifications(1, store.max_notification_id()))

    def rewrite(self, others: list[Stored]) -> None:
        """Somebody puts others in the place of the events there are."""
        self.nothing_unsaid()
        self.owner(self.stored(), others)

    def file(self, page: Page = LATEST) -> Json:
        self.nothing_unsaid()
        return self.service.case_file(self.ids[page.case or self.case], page.as_of, page.reader)

    def history(self, page: Page = LATEST) -> list[Json]:
        self.nothing_unsaid()
        return self.service.history(self.ids[page.case or self.case], page.as_of)

    def replay(self, how: Reading) -> list[Json]:
        """The case last spoken of, read again."""
        self.nothing_unsaid()
        return self.service.replay(self.ids[self.case], how)

    def docket(self, query: Query) -> list[Json]:
        """The cases listed, the first reported first, each with the description it is known by here."""
        titles = {case_id: title for title, case_id in self.ids.items()}
        self.nothing_unsaid()
        found = self.service.docket({**query, "sort": "reported_at"})
        assert (found["count"], found["capped"]) == (len(found["items"]), False)
        return [{**row, "title": titles[row["incident_id"]]} for row in found["items"]]

    def meanings(self, asked: str, word: str) -> list[str]:
        """What one of the words looked for was taken for."""
        self.nothing_unsaid()
        [meanings] = [told["meanings"] for told in self.service.docket({"q": asked})["words"] if told["word"] == word]
        return list(meanings)

    def bring_to(self, stage: Stage, case: str | None) -> None:
        """Take a case to a stage the ordinary way: officer, residents and checker each do their part."""
        self.case = case or self.case
        file = self.file()
        for reached, sentences in ordinary_way(file):
            if ORDER.index(file["stage"]) < ORDER.index(reached):
                for sentence in sentences:
                    self.must(ACTS.read(sentence))
            if reached is stage:
                break
        assert self.file()["stage"] == stage.value

    def _send(self, sent: Sent, version: int) -> None:
        self.version_before, self.receipt_before = version, self.receipt
        answer = self.service.ask(who(sent.ask.who), sent.key, sent.ask.command, sent.body, sent.seen)
        self.sent = sent
        self.receipt, self.refusal = (None, answer) if isinstance(answer, Refusal) else (answer, None)
        if sent.seen is None and self.receipt is not None:
            self.case = sent.body["description"]
            self.ids[self.case] = self.receipt.incident_id

    def _last_seen(self) -> int:
        """The version on the receipt in hand, if it is of this case; else the case has to be read."""
        if self.receipt is not None and self.receipt.incident_id == self.ids.get(self.case):
            return self.receipt.version
        return self._version()

    def _version(self) -> int:
        """That of the case last spoken of; 0 before any was."""
        known = self.ids.get(self.case)
        version: int = self.service.case_file(known)["version"] if known else 0
        return version


ORDER = ("reported", "accepted", "dispatched", "handling", "resolved", "checked", "closed", "archived")


def ordinary_way(file: Json) -> list[tuple[Stage, list[str]]]:
    """What it takes to reach each stage, in the words of the features."""
    officer = officer_of(file["place"]["grid"])
    settled = [f'{officer}为"双方当事人"现场调解，达成"各退一步"'] if file["kind"] == Kind.DISPUTE else []
    affected = [person for person in (file["reporter"], file["on_behalf_of"]) if person]
    answers = [answer(person) for person in affected] or ["李核查员登记匿名人不适用回访"]
    return [
        (Stage.ACCEPTED, [f"{officer}受理"]),
        (Stage.HANDLING, [f"{officer}到达现场", *settled]),
        (Stage.RESOLVED, [f'{officer}办结为"已解决"']),
        (Stage.CHECKED, ["李核查员核查通过"]),
        (Stage.CLOSED, [*answers, "李核查员结案"]),
        (Stage.ARCHIVED, ["李核查员归档"]),
    ]


def answer(person: Json) -> str:
    """A resident's own word, or their guardian's."""
    if "guardian" in person:
        return f'{NAMES[person["guardian"]["subject"]]}替{NAMES[person["subject"]]}答复"满意"'
    return f'{NAMES[person["subject"]]}答复"满意"'
