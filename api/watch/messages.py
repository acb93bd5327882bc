"""What whoever is on duty is told: one message for each of them, about one call, in words without personal data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import UUID, uuid5

from pydantic import AwareDatetime, Field

from domain.casework.recording import RecordedEvent
from domain.incident.events import DutyCalled
from domain.incident.words import Call, ClockName, Kind
from domain.model import Code, Model
from domain.telling import local
from domain.territory import Place

NAMESPACE = UUID("0f2f8f5e-6c0c-5f5d-9a55-2d1b7c1f9a31")


class Message(Model):
    """一条值班通知：告诉谁、哪个案件、什么事。不含个人信息。时间为 UTC。"""

    id: str = Field(description="通知编号；重发时不变，收到过的可以丢弃")
    position: int = Field(description="案卷库里呼叫值班这条记录的位置")
    incident_id: str = Field(description="案件编号")
    number: str | None = Field(description="案号；尚未立案则空")
    kind: Kind = Field(description="事件性质")
    district: Code | None = Field(description="所在区")
    staff: Code = Field(description="通知谁")
    about: Call = Field(description="为什么通知：landed 来件、yellow 黄灯、red 红灯、undetermined 时限未定")
    clock: ClockName | None = Field(description="哪个时限；来件则空")
    turned_at: AwareDatetime = Field(description="来件或变灯的时间")
    due_at: AwareDatetime | None = Field(description="到期时间；未定则空")
    called_at: AwareDatetime = Field(description="决定通知的时间")
    text: str = Field(description="通知的话")


def messages_of(line: RecordedEvent, names: Mapping[str, str], number: str | None) -> Iterator[Message]:
    """A message for each of those called; the same call gives the same messages whenever it is read."""
    call = line.event
    if not isinstance(call, DutyCalled):
        return
    standing = line.keys.standing
    nodes = (standing.place.community, lowest(standing.place))
    where = " ".join(names[node] for node in nodes if node and node in names)
    about = f"{standing.kind.label}，{f'案号{number}' if number else f'编号{line.case_id}'}，{where}"
    for staff in call.to:
        yield Message(
            id=str(uuid5(NAMESPACE, f"{line.position} {line.case_id} {line.version} {staff}")),
            position=line.position,
            incident_id=line.case_id,
            number=number,
            kind=standing.kind,
            district=standing.place.district,
            staff=staff,
            about=call.about,
            clock=call.clock,
            turned_at=call.turned_at,
            due_at=call.due_at,
            called_at=line.recorded_at,
            text=f"【必到】{about}：{told(call)}",
        )


def lowest(place: Place) -> str | None:
    """The grid, or the estate where it is not known: a building might tell whose home it is."""
    return place.grid or place.estate


def told(call: DutyCalled) -> str:
    """What the call is about, in words."""
    clock = f"{call.clock.label}时限" if call.clock else ""
    due = local(call.due_at) if call.due_at else ""
    match call.about:
        case Call.LANDED:
            return f"来件待办，{local(call.turned_at)}到。"
        case Call.YELLOW:
            return f"{clock}亮黄灯，{due}到期，请抓紧办理。"
        case Call.RED:
            return f"{clock}亮红灯，已于{due}到期，请立即办理。"
        case Call.UNDETERMINED:
            return f"{clock}未定，待工作日历公布后确定。"
