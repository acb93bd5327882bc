"""Every answer that is not what was asked for, told as RFC 9457 wants it: stable codes, Chinese sentences."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route

from api.invalid import Fault, parameter_faults
from domain.casework.asking import KeyReused, KeyStale, NotFound, StoreUnavailable, VersionStale
from domain.model import Model, Refused
from domain.register import RowsRefused
from projections.database import DatabaseUnavailable
from projections.naming import ViewUnderway
from projections.transparency.notes import KeyInvalid, NoteInvalid
from projections.transparency.sealing import LogBroken
from projections.transparency.tiles import TileMissing

MEDIA_TYPE = "application/problem+json"
SCHEMA = "Problem"
log = logging.getLogger("bidao.store")
RETRY_AFTER = "1"
"""Seconds after which to ask again when the store or a view is not ready."""


class ProblemDetails(Model):
    """出错说明（RFC 9457）：`code` 固定不变供程序判断，`detail` 说给人听。"""

    type: str
    title: str
    status: int
    detail: str
    code: str
    rule: str | None = None
    errors: tuple[Fault, ...] | None = None
    version: int | None = None
    since: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: its stable code, its status, and what it says unless there is more to say."""

    code: str
    status: int
    title: str
    detail: str


KEY_REQUIRED = Kind(
    "idempotency-key-required",
    400,
    "缺少幂等键",
    "请带上请求头 Idempotency-Key：每件事用一个新键，重发同一件事用原来的键。",
)
MALFORMED = Kind("malformed", 400, "正文无法读取", "正文应为 UTF-8 编码的 JSON，请检查编码和标点。")
BAD_CURSOR = Kind("bad-cursor", 422, "翻页标记无效", "请从第一页重新查询，不要自行拼写或改动翻页标记。")
UNIDENTIFIED = Kind("unidentified", 401, "身份不明", "没有可以确认的身份，请登录后再试。")
LOOPBACK_ONLY = Kind("loopback-only", 403, "不接受此身份方式", "请求头表明身份只限在本机试用，不接受其他地址的请求。")
FORBIDDEN = Kind("forbidden", 403, "无权查阅", "台账和统计只供工作人员在所负责的范围内查阅。")
NOT_FOUND = Kind("not-found", 404, "没有找到", "没有找到这个编号，或者您无权查阅；请核对编号。")
NO_NODE = Kind("no-node", 404, "没有这个节点", "那时的辖区里没有这个编号，请核对编号和时刻。")
UNKNOWN_PATH = Kind("unknown-path", 404, "没有这个地址", "请对照接口说明 /docs 核对地址。")
METHOD = Kind("method-not-allowed", 405, "不支持这种请求方法", "可用的方法见响应头 Allow。")
REFUSED = Kind("refused", 409, "依规不能办理", "规则不允许这样办理，理由见 detail，规则编号见 rule。")
KEY_STALE = Kind("key-stale", 409, "幂等键已过期", "按时间生成的幂等键与现在相差超过一天，请换一个新键。")
VERSION_STALE = Kind("version-stale", 412, "案件已有新进展", "您看过之后案件又有变化，请重新查看后再办。")
TOO_SLOW = Kind("body-too-slow", 408, "正文迟迟没有到齐", "正文没有在规定时间内到齐，没有保存任何内容；请重发。")
TOO_LARGE = Kind("body-too-large", 413, "正文太大", "正文超过允许的大小，请缩短内容。")
WRONG_MEDIA = Kind("unsupported-media-type", 415, "正文类型不对", "请用 Content-Type: application/json，编码 UTF-8。")
INVALID = Kind("invalid", 422, "内容不符合要求", "请按 errors 逐项改正后再提交；没有保存任何内容。")
KEY_REUSED = Kind("key-reused", 422, "幂等键用过了", "这个幂等键已用于另一份内容；换一个新键，或原样重发。")
IF_MATCH_REQUIRED = Kind(
    "if-match-required", 428, "缺少版本号", "请带上请求头 If-Match，写明您看到的案件版本（即上次答复的 ETag）。"
)
UNEXPECTED = Kind("unexpected", 500, "服务出错", "服务内部出错，已记录。请凭响应头 X-Request-Id 联系管理员。")
NOT_SEALED = Kind("not-sealed", 409, "还没有封存", "还没有封存到那一条，请稍后再取。")
NOT_AS_SEALED = Kind("not-as-sealed", 409, "与封存时不同", "事件与封存时不同，请用 bidao verify log 核对。")
STORE_DOWN = Kind("store-unavailable", 503, "暂时无法保存或读取", "案卷库暂时不可用，请稍后重试。")
WITH_THE_SAME_KEY = "案卷库暂时不可用，请稍后用同一个幂等键重试。"
"""What a command is told then; nothing else has a key."""
BEING_RESTORED = Kind(
    "being-restored", 503, "那一刻的数字正在还原", "正在还原那一刻的数字，请稍后再问，还原好了就能看到。"
)
VIEWS_BEHIND = Kind("views-behind", 503, "统计还没有跟上", "您等的内容还没有汇总进来，请稍后重试。")
VIEW_UNDERWAY = Kind("view-underway", 503, "统计正在建立", "这项统计正在从头汇总，汇总完才能查询，请稍后再查。")
BUILT_LATER = "10"
"""Seconds after which to ask again for a view that is being built."""

MISSING_HEADER = {"Idempotency-Key": KEY_REQUIRED, "If-Match": IF_MATCH_REQUIRED}
BY_STATUS = {404: UNKNOWN_PATH, 405: METHOD, 413: TOO_LARGE, 400: MALFORMED}
"""What the framework itself may answer."""


class Problem(HTTPException):
    """Raised anywhere behind the door to give one of the answers above."""

    def __init__(self, kind: Kind, detail: str = "", headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(kind.status, kind.title, headers)
        self.kind = kind
        self.told = ProblemDetails(
            type=f"urn:bidao:problem:{kind.code}",
            title=kind.title,
            status=kind.status,
            detail=detail or kind.detail,
            code=kind.code,
            **more,
        )


def invalid(faults: Sequence[Fault]) -> Problem:
    """Something in the body or the parameters is not as the schema says."""
    return Problem(INVALID, errors=tuple(faults))


def answer(request: Request, problem: Problem) -> Response:
    """The problem as a response; its code is noted for log and metrics."""
    if problem.kind is NOT_FOUND and request.method not in methods_of(request):
        problem = Problem(METHOD)  # a question's name is no case's id
    request.state.outcome = problem.kind.code
    headers, told = dict(problem.headers or {}), problem.told
    if problem.kind is STORE_DOWN and request.method == "POST":
        told = told.model_copy(update={"detail": WITH_THE_SAME_KEY})
    if problem.kind is METHOD and (methods := methods_of(request)):
        headers["Allow"] = ", ".join(methods)
    return Response(told.model_dump_json(exclude_none=True), problem.status_code, headers, MEDIA_TYPE)


def methods_of(request: Request) -> list[str]:
    """Every method served at the request's path; the framework names only those of the first route there."""
    routes: Sequence[Route] = request.app.state.doors
    served = [route for route in routes if route.matches(request.scope)[0].value]
    literal = [route for route in served if "{" not in route.path]  # a command's name is no node's id
    return sorted({method for route in literal or served for method in route.methods or ()})


def of_framework(error: HTTPException) -> Problem:
    """What Starlette or FastAPI raised by themselves, or a `Problem` as it is."""
    if isinstance(error, Problem):
        return error
    return Problem(BY_STATUS.get(error.status_code, UNEXPECTED), headers=dict(error.headers or {}))


def of_validation(error: RequestValidationError) -> Problem:
    """Parameters that do not fit: a path that leads nowhere, a header that must be there, or anything else."""
    for fault in error.errors():
        place, name = fault["loc"][:2]
        if place == "path":
            return Problem(UNKNOWN_PATH if fault["type"] == "enum" else NOT_FOUND)
        if fault["type"] == "missing" and name in MISSING_HEADER:
            return Problem(MISSING_HEADER[name])
    return invalid(parameter_faults(error.errors()))


def of_refusal(error: Refused) -> Problem:
    return Problem(REFUSED, error.sentence, rule=error.rule.id)


def of_rows(error: RowsRefused) -> Problem:
    """Every row that does not fit, by the place it has in the body."""
    faults = tuple(Fault(detail=fault.sentence, pointer=f"#/{fault.sheet}/{fault.row}") for fault in error.faults)
    return Problem(REFUSED, error.sentence, rule=error.rule.id, errors=faults)


def of_staleness(error: VersionStale) -> Problem:
    """The version to read again, and what happened since the one the caller saw."""
    since = tuple(line.event.label for line in error.since)
    return Problem(VERSION_STALE, headers={"ETag": f'"{error.version}"'}, version=error.version, since=since)


def of_view(error: ViewUnderway) -> Problem:
    """Which view it is, and how far it has come."""
    return Problem(VIEW_UNDERWAY, f"{error}；建成才能查询，请稍后再查。", headers={"Retry-After": BUILT_LATER})


def of_store(error: Exception) -> Problem:
    """Whatever keeps the store or the views from answering; the log says what, without its words."""
    log.warning("no answer from the database: %s", " < ".join(_reasons(error)))
    return Problem(STORE_DOWN, headers={"Retry-After": RETRY_AFTER})


def of_log(error: Exception) -> Problem:
    """Whatever shows that store or log are not as they were sealed, in its own sentence."""
    log.error("not as it was sealed: %s", " < ".join(_reasons(error)))
    return Problem(NOT_AS_SEALED, str(error))


def _reasons(error: BaseException | None) -> Iterator[str]:
    """The names of an error and of what it came from; a driver's is the name of its code."""
    while error is not None:
        yield str(getattr(error, "sqlite_errorname", type(error).__name__))
        error = error.__cause__


@asynccontextmanager
async def answered_within(seconds: float) -> AsyncIterator[asyncio.Timeout]:
    """Raise `Problem` (503) when the block takes longer: whoever asked is better told than kept waiting.

    What was asked may still come to pass: then the same key finds it.
    """
    try:
        async with asyncio.timeout(seconds) as patience:
            yield patience
    except TimeoutError as error:
        raise of_store(error) from None


PROBLEMS: dict[type[Exception], Callable[[Any], Problem]] = {
    HTTPException: of_framework,
    RequestValidationError: of_validation,
    Refused: of_refusal,
    RowsRefused: of_rows,
    VersionStale: of_staleness,
    StoreUnavailable: of_store,
    DatabaseUnavailable: of_store,
    ViewUnderway: of_view,
    LogBroken: of_log,
    TileMissing: of_log,
    NoteInvalid: of_log,
    KeyInvalid: of_log,
    NotFound: lambda _: Problem(NOT_FOUND),
    KeyReused: lambda _: Problem(KEY_REUSED),
    KeyStale: lambda _: Problem(KEY_STALE),
}


def install(app: FastAPI) -> None:
    """Let the app answer every exception above as a problem."""
    for exception, told in PROBLEMS.items():
        app.add_exception_handler(exception, _handler(told))


def _handler(told: Callable[[Any], Problem]) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        return answer(request, told(error))

    return handle


READING = (UNIDENTIFIED, LOOPBACK_ONLY, INVALID, UNEXPECTED, STORE_DOWN)
"""What any read may answer."""


def declared(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """These kinds for an operation's OpenAPI `responses`, one entry a status."""
    responses: dict[int | str, dict[str, Any]] = {}
    for kind in sorted(kinds, key=lambda kind: kind.status):
        content = {"schema": {"$ref": f"#/components/schemas/{SCHEMA}"}, "examples": {}}
        entry = responses.setdefault(kind.status, {"description": "", "content": {MEDIA_TYPE: content}})
        entry["description"] = "；".join(filter(None, [entry["description"], kind.title]))
        entry["content"][MEDIA_TYPE]["examples"][kind.code] = {"$ref": f"#/components/examples/{kind.code}"}
    return responses


def components() -> dict[str, dict[str, Any]]:
    """What `declared` refers to: the schema of every problem, and an example of each kind."""
    schema = ProblemDetails.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    schemas = {**schema.pop("$defs"), SCHEMA: schema}
    return {"schemas": schemas, "examples": {kind.code: _example(kind) for kind in KINDS}}


def _example(kind: Kind) -> dict[str, Any]:
    told = Problem(kind, **EXAMPLES.get(kind, {})).told
    return {"summary": kind.title, "value": told.model_dump(mode="json", exclude_none=True)}


KINDS = tuple(kind for kind in globals().copy().values() if isinstance(kind, Kind))
EXAMPLES: dict[Kind, dict[str, Any]] = {
    REFUSED: {"detail": "三必到事件须先到现场，方可办结。", "rule": "must-attend-first"},
    VERSION_STALE: {"version": 4, "since": ("到达现场", "办结")},
    INVALID: {"errors": (Fault(detail="缺少必填项。", pointer="#/outcome"),)},
}
