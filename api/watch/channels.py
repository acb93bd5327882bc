"""Channels: the ways a message takes to whoever is on duty."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import entry_points
from typing import Protocol

import httpx
import orjson

from api.logs import logger
from api.settings import GATEWAYS, Settings
from api.watch.messages import Message

SHORT = 64 * 1024
"""Bytes. Longer answers are not read."""
log = logger("bidao.duty")
logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log addresses


class NotDelivered(Exception):
    """The receiver did not take the message; a code that says why, without words of the receiver."""


class Channel(Protocol):
    """A gateway of any kind: SMS, e-mail, a desk's own system. It looks addresses up by the id of the staff.

    `name` is what settings and lists call it. A message may come again under its id, when it was not known
    whether it arrived.
    """

    name: str

    async def send(self, message: Message) -> None:
        """Hand the message over. Raises `NotDelivered`, or anything else, to be asked again later."""

    async def aclose(self) -> None:
        """Let go of connections."""


class LogChannel:
    """Into the service's own log."""

    name = "log"

    async def send(self, message: Message) -> None:
        log.info(
            "duty called", message=message.id, staff=message.staff, incident=message.incident_id, text=message.text
        )

    async def aclose(self) -> None:
        """There is nothing to let go of."""


class Webhook:
    """To one address, as a CloudEvent (1.0, structured), signed as Standard Webhooks say."""

    name = "webhook"

    def __init__(self, url: str, secret: bytes, timeout: float, clock: Callable[[], datetime]) -> None:
        self._url, self._secret, self._timeout, self._clock = url, secret, timeout, clock
        self._client = httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False)

    async def send(self, message: Message) -> None:
        body = cloud_event(message)
        moment = int(self._clock().timestamp())
        headers = {
            "content-type": "application/cloudevents+json; charset=utf-8",
            "webhook-id": message.id,
            "webhook-timestamp": str(moment),
            "webhook-signature": signature(self._secret, message.id, moment, body),
        }
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._client.stream("POST", self._url, content=body, headers=headers) as answer,
            ):
                taken, status = answer.is_success, answer.status_code
                if int(answer.headers.get("content-length", SHORT + 1)) <= SHORT:
                    await answer.aread()  # so that the connection can be used again
        except (TimeoutError, httpx.TimeoutException) as error:
            raise NotDelivered("timeout") from error
        except httpx.TransportError as error:
            raise NotDelivered("unreachable") from error
        if not taken:
            raise NotDelivered(f"status-{status}")

    async def aclose(self) -> None:
        await self._client.aclose()


def cloud_event(message: Message) -> bytes:
    """The message as the body of a webhook."""
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": message.id,
            "source": "urn:bidao:duty",
            "type": "bidao.duty.called",
            "subject": message.incident_id,
            "time": message.called_at.isoformat(),
            "datacontenttype": "application/json",
            "data": message.model_dump(mode="json"),
        }
    )


def signature(secret: bytes, message_id: str, moment: int, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 of id, time (seconds since 1970) and body. Source: Standard Webhooks 1.0."""
    signed = f"{message_id}.{moment}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()}"


def open_channels(settings: Settings, clock: Callable[[], datetime]) -> tuple[Channel, ...]:
    """The log always; the webhook where there is an address; gateways by their names."""
    channels: list[Channel] = [LogChannel()]
    if settings.webhook_url is not None:
        url = settings.webhook_url.get_secret_value()
        channels.append(Webhook(url, settings.webhook_key, settings.webhook_timeout, clock))
    gateways = (entry_points(group=GATEWAYS)[name].load() for name in settings.gateways)
    return (*channels, *(gateway() for gateway in gateways))
