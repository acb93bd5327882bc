"""Who asks. Until accounts arrive a header says so, believed only by a service and a caller on one machine."""

from __future__ import annotations

import re

from fastapi.security import APIKeyHeader
from pydantic import ValidationError
from starlette.requests import HTTPConnection

from api.problems import LOOPBACK_ONLY, UNIDENTIFIED, Problem
from api.settings import Settings, is_loopback
from domain.model import Code, Model, Role
from domain.territory import Territory

HEADER = "Bidao-Actor"
SCHEME = APIKeyHeader(
    name=HEADER,
    scheme_name="BidaoActor",
    description=(
        "试用身份，只在本机有效：`officer-ge; role=grid_officer; scope=grid-chuangdan-1; unit=unit-x`。"
        "role 必填，scope 是所负责的地方（在册节点），unit 是所在单位；居民只写编号和角色：`s-zeng; role=resident`。"
    ),
    auto_error=False,
)
FORM = "请求头 Bidao-Actor 应写为：编号; role=角色; scope=所负责的地方; unit=所在单位。"
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
"""Marks of a proxy: the caller behind it may be anywhere."""


class UnsafeSettings(ValueError):
    """Settings under which the service must not start. Carries a Chinese sentence."""


class Identity(Model):
    """Whoever asks: an opaque id, the capacity they act in, the node they are responsible for, their unit."""

    actor: Code
    role: Role
    scope: Code | None = None
    unit: Code | None = None


def refuse_unsafe(settings: Settings) -> None:
    """Raise `UnsafeSettings` where strangers could name themselves."""
    if settings.header_identity and not is_loopback(settings.host):
        raise UnsafeSettings(
            f"BIDAO_HEADER_IDENTITY 只能在本机使用，监听地址 {settings.host} 会让任何人自称任何身份；"
            "请改回 127.0.0.1，或关闭此设置。"
        )


def identify(request: HTTPConnection, settings: Settings) -> Identity:
    """The identity the header claims. Raises `Problem`: not from this machine (403), or not to be believed (401)."""
    if not settings.header_identity:
        raise unidentified()
    if not is_local(request):
        raise Problem(LOOPBACK_ONLY)
    claim = request.headers.get(HEADER)
    if claim is None:
        raise unidentified(FORM)
    return parsed(claim)


def require_listed(identity: Identity, territory: Territory) -> None:
    """Raise `Problem` (401) for somebody responsible for a place the territory never had."""
    if identity.scope is not None and identity.scope not in territory.node:
        raise unidentified("请求头 Bidao-Actor 的 scope 不是在册的地方，请核对编号。")


def parsed(claim: str) -> Identity:
    """`id; role=…; scope=…; unit=…` in any order after the id, each at most once."""
    actor, *parameters = [part.strip() for part in claim.split(";")]
    pairs = [re.split(r"\s*=\s*", part, maxsplit=1) for part in parameters]
    said = {pair[0]: pair[-1] for pair in pairs if len(pair) == 2}
    if len(said) != len(pairs) or "actor" in said:
        raise unidentified(FORM)
    try:
        return Identity.model_validate({**said, "actor": actor})
    except ValidationError:
        raise unidentified(FORM) from None


def is_local(request: HTTPConnection) -> bool:
    """From this machine, under its own name (a page elsewhere may point its name here), through no proxy."""
    caller = request.client.host if request.client else None
    name = re.sub(r":\d+$", "", request.headers.get("host", ""))
    return is_loopback(caller) and is_loopback(name) and not any(mark in request.headers for mark in FORWARDED)


def unidentified(detail: str = "") -> Problem:
    return Problem(UNIDENTIFIED, detail, headers={"WWW-Authenticate": HEADER})
