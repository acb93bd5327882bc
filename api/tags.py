"""Entity tags: what has not changed since the caller saw it is not sent again (RFC 9110 §13.1.2)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Header, Request, Response

from api.identity import HEADER

POSITION = "Bidao-Position"


async def conditional(
    if_none_match: Annotated[
        str | None, Header(alias="If-None-Match", description="上次答复的 ETag；没有变化即答 304")
    ] = None,
) -> None:
    """Declares the header for a read; `is_known` looks at it once the tag is known."""


TAGGED: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"ETag": {"description": "内容的标记", "required": True, "schema": {"type": "string"}}}},
    304: {"description": "与 If-None-Match 所示相同，没有变化"},
}
"""For the OpenAPI `responses` of a read."""


def is_known(request: Request, tag: str) -> bool:
    """Whether the caller has what this tag stands for; compared weakly, as for every conditional read."""
    seen = [one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")]
    return "*" in seen or tag.removeprefix("W/") in seen


VIEWED: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {
            **TAGGED[200]["headers"],
            POSITION: {
                "description": "数字所到的位置；as_of_position 填它，日后可以再看",
                "schema": {"type": "integer"},
            },
        }
    },
    304: TAGGED[304],
}
"""The same for a view."""


def tag_headers(tag: str) -> dict[str, str]:
    """For what is told to one caller only: another may see less."""
    return {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": HEADER}


def tagged(tag: str, told: str | None = None, position: int | None = None) -> Response:
    """JSON under its tag, or 304 for None.

    The position is that of the views it was told from.
    """
    headers = tag_headers(tag)
    if position is not None:
        headers[POSITION] = str(position)
    if told is None:
        return Response(status_code=304, headers=headers)
    return Response(told, headers=headers, media_type="application/json")
