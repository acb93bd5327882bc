"""A receiver of webhooks, over real HTTP: keeps what it was sent, and checks signatures by the published formula."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any, NamedTuple

import orjson

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the test vector everybody may read
PATIENCE = 60.0


class Post(NamedTuple):
    """One request: its headers, lower case, and its body."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = orjson.loads(self.body)["data"]
        return data


def is_signed(post: Post, secret: str = SECRET) -> bool:
    """By the words of the specification: base64 of HMAC-SHA256 of id.timestamp.payload, keyed with the bytes."""
    key = base64.b64decode(secret.split("_", 1)[1])
    content = b".".join([post.id.encode(), post.headers["webhook-timestamp"].encode(), post.body])
    expected = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return any(
        hmac.compare_digest(f"v1,{expected}", signature) for signature in post.headers["webhook-signature"].split(" ")
    )


class Receiver:
    """Answers 204 unless `answers` (asked with each request) says otherwise; None hangs up without an answer."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.answers: Callable[[Post], int | None] = lambda _: 204
        self.url = ""
        self._came = Condition()

    def wait(self, enough: Callable[[list[Post]], object], seconds: float = PATIENCE) -> list[Post]:
        """What was received, as soon as it is enough."""
        with self._came:
            assert self._came.wait_for(lambda: enough(self.posts), seconds), f"only {len(self.posts)} came"
            return list(self.posts)

    def take(self, post: Post) -> int | None:
        with self._came:
            self.posts.append(post)
            self._came.notify_all()
        return self.answers(post)


def answering(status: int | None) -> Callable[[Post], int | None]:
    """The same answer to every request."""
    return lambda _: status


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port of this machine."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = receiver.take(Post({name.lower(): value for name, value in self.headers.items()}, body))
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: pytest shows what matters."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/duty"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="webhook-receiver")
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
