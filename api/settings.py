"""What an operator may set: environment variables named BIDAO_…, each with a stated default."""

from __future__ import annotations

import base64
import binascii
from importlib.metadata import entry_points
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import Field, HttpUrl, SecretStr, TypeAdapter, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

GATEWAYS = "bidao.gateways"
"""The entry points under which installed packages offer channels of their own (`api.watch.channels.Channel`)."""

VIEWS, OUTBOX = BESIDE = ("_views", "_outbox")
"""How the schemas end in which a PostgreSQL store keeps what is not events."""
MEMORY = "memory:"
"""The address of a store that is gone with the process."""


class Settings(BaseSettings):
    """Every limit and switch of the service. Durations are seconds, sizes are bytes."""

    model_config = SettingsConfigDict(env_prefix="BIDAO_", frozen=True, extra="forbid")

    data: Path = Field(
        default=Path("data"), description="Folder of events.db, views.db, outbox.db, secret.key and kek.key"
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="Keep everything but the two keys in this PostgreSQL (15 or newer) database; "
        "memory: keeps it until the process ends",
    )
    database_schema: str = Field(
        default="public",
        pattern="^[a-z_][a-z0-9_]*$",
        max_length=50,
        description="Schema of the events, made if missing; views and messages are beside it, in …_views and …_outbox",
    )
    follow: bool = Field(default=True, description="Take part in keeping the views; elsewhere bidao follow does it")
    views_grace: float = Field(
        default=600.0,
        ge=0,
        le=7 * 24 * 3600,
        description="How long a view that was replaced stays for whoever reads it",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one")
    header_identity: bool = Field(
        default=False,
        description="Believe the header Bidao-Actor. For trials on one machine only: refused on any other address",
    )
    demo: bool = Field(default=False, description="Replay the three incidents of the article into an empty store")
    registry: Path = Field(
        default=Path(__file__).with_name("demo") / "registry.json",
        description="JSON file of the territory an empty store begins with",
    )
    kek: Path | None = Field(
        default=None,
        description="File of the keys that wrap the keys of personal data, made with a new store: kek.key in the data "
        "folder unless named. Keep a copy apart from the backups",
    )
    evidence: Path | None = Field(
        default=None,
        description="Folder of photographs and minutes, sealed; evidence in the data folder unless named. "
        "Several machines share one",
    )
    evidence_limit: int = Field(
        default=20 * 1024 * 1024, ge=1024, le=256 * 1024 * 1024, description="Largest photograph or minutes"
    )
    body_limit: int = Field(default=64 * 1024, ge=1024, description="Largest request body")
    import_limit: int = Field(default=4 * 1024 * 1024, ge=1024, description="Largest sheet of the territory")
    body_timeout: float = Field(default=30.0, gt=0, le=600, description="How long a request body may take to arrive")
    upload_timeout: float = Field(
        default=300.0, gt=0, le=3600, description="How long a photograph or minutes may take to arrive"
    )
    page_size: int = Field(default=50, ge=1, le=200, description="Rows of a docket page unless the caller says")
    wait_timeout: float = Field(default=3.0, gt=0, le=60, description="How long ?after= waits for the views")
    past_views: int = Field(
        default=4,
        ge=1,
        le=100,
        description="How many past states of the views are kept, for ?as_of=, in the system's temporary folder; "
        "each is no larger than the views are now",
    )
    answer_timeout: float = Field(
        default=10.0, gt=0, le=600, description="How long a request may wait for the store before it is answered 503"
    )
    shutdown_timeout: int = Field(default=20, ge=1, description="How long running requests may take at shutdown")
    watch: bool = Field(default=True, description="Keep the watch: call whoever is on duty, hand over, redraw")
    watch_period: float = Field(default=1.0, gt=0, le=60, description="How often the watch looks")
    webhook_url: SecretStr | None = Field(default=None, description="Where calls for whoever is on duty are posted")
    webhook_secret: SecretStr | None = Field(
        default=None, description="Signs them (Standard Webhooks): whsec_ and base64 of 24 to 64 bytes"
    )
    webhook_timeout: float = Field(default=10.0, gt=0, le=120, description="How long the receiver may take")
    gateways: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Names of installed SMS, e-mail or other gateways, separated by commas"
    )
    message_tries: int = Field(default=12, ge=1, le=50, description="After so many a message is a dead letter")
    holders: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(),
        description="Who is handed each minute's checkpoint: https addresses and folders (file:/mnt/worm), "
        "separated by commas",
    )
    stamp_url: SecretStr | None = Field(
        default=None, description="Address of a time stamping authority (RFC 3161) that stamps checkpoints"
    )
    stamp_period: float = Field(
        default=3600.0, ge=60, le=7 * 24 * 3600, description="How long from one stamp to the next, at least"
    )
    tsa_cert: Path | None = Field(
        default=None, description="Root certificate of the authority (PEM), which stamps are checked with"
    )

    @field_validator("database_url")
    @classmethod
    def _understood(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None or not url.get_secret_value():  # as a line of a settings file with nothing behind it
            return None
        if url.get_secret_value() == MEMORY:
            return url
        try:
            conninfo_to_dict(url.get_secret_value())
        except ProgrammingError:  # its message may quote the password
            raise ValueError("读不懂这个数据库地址，应如 postgresql://用户:口令@主机:5432/库名。") from None
        return url

    @field_validator("database_schema")
    @classmethod
    def _not_the_server_s(cls, schema: str) -> str:
        if schema.startswith("pg_") or schema == "information_schema":
            raise ValueError(f"{schema} 是数据库自己的模式，请另取一个名字。")
        if schema.endswith(BESIDE):
            raise ValueError(f"{schema} 是另一个库放视图或通知的模式，请另取一个不以 {'、'.join(BESIDE)} 结尾的名字。")
        return schema

    @field_validator("gateways", "holders", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @field_validator("gateways")
    @classmethod
    def _installed(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if names and (missing := set(names) - entry_points(group=GATEWAYS).names):
            raise ValueError(f"没有安装名为 {'、'.join(sorted(missing))} 的通知网关，请核对 BIDAO_GATEWAYS。")
        return names

    @field_validator("holders")
    @classmethod
    def _reachable(cls, holders: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for written in holders:
            scheme, host, path = _parts(written)
            folder = scheme == "file" and host is None and path.startswith("/")
            private = scheme == "https" or (scheme == "http" and is_loopback(host))
            if not folder and not (host and private):
                raise ValueError("BIDAO_HOLDERS 里的地址应为 https://…（本机可用 http://），或目录的全路径 file:/…。")
        return tuple(dict.fromkeys(holders))

    @field_validator("stamp_url")
    @classmethod
    def _asked_over_http(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and (_parts(url)[0] not in ("http", "https") or not _parts(url)[1]):
            raise ValueError("BIDAO_STAMP_URL 应为时间戳机构的地址，如 http://…：它的答复签过名，不必 https。")
        return url

    @model_validator(mode="after")
    def _webhook_is_whole(self) -> Self:
        if self.webhook_url is not None:
            TypeAdapter(HttpUrl).validate_python(self.webhook_url.get_secret_value())
            if not 24 <= len(self.webhook_key) <= 64:
                raise ValueError("BIDAO_WEBHOOK_SECRET 应为 whsec_ 加 24 至 64 字节的 base64；有接收地址就须有密钥。")
        return self

    @model_validator(mode="after")
    def _demo_is_kept(self) -> Self:
        if self.demo and self.in_memory:
            raise ValueError("内存里的库随进程消失，放不进三件事的重放：请去掉 BIDAO_DEMO 或 BIDAO_DATABASE_URL。")
        return self

    @property
    def in_memory(self) -> bool:
        """Whether nothing is to survive the process."""
        return self.database_url is not None and self.database_url.get_secret_value() == MEMORY

    @property
    def postgres(self) -> str | None:
        """The address of the PostgreSQL database, if there is one."""
        return None if self.database_url is None or self.in_memory else self.database_url.get_secret_value()

    @property
    def views_schema(self) -> str:
        """In PostgreSQL."""
        return self.database_schema + VIEWS

    @property
    def outbox_schema(self) -> str:
        """In PostgreSQL; not that of the views, whose writers may take long."""
        return self.database_schema + OUTBOX

    @property
    def webhook_key(self) -> bytes:
        """The bytes that sign; none where the secret is missing or not as it should be."""
        written = self.webhook_secret.get_secret_value() if self.webhook_secret else ""
        try:
            return base64.b64decode(written.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            return b""

    @property
    def events_db(self) -> Path:
        return self.data / "events.db"

    @property
    def views_db(self) -> Path:
        return self.data / "views.db"

    @property
    def outbox_db(self) -> Path:
        return self.data / "outbox.db"

    @property
    def watch_lock(self) -> Path:
        return self.data / "watch.lock"

    @property
    def seal_lock(self) -> Path:
        return self.data / "seal.lock"

    @property
    def secret_key(self) -> Path:
        return self.data / "secret.key"

    @property
    def key_file(self) -> Path:
        """What wraps the keys of personal data."""
        return self.kek or self.data / "kek.key"

    @property
    def evidence_folder(self) -> Path:
        """Photographs and minutes, sealed."""
        return self.evidence or self.data / "evidence"

    @property
    def log_key(self) -> Path:
        """What signs the transparency log."""
        return self.data / "log.key"

    @property
    def log_folder(self) -> Path:
        """The transparency log: tiles and checkpoints, nothing secret in it."""
        return self.data / "log"

    @property
    def outside(self) -> Path:
        """What became of handing checkpoints over, a file for each place."""
        return self.data / "outside"


def _parts(address: SecretStr) -> tuple[str, str | None, str]:
    """Scheme, host and path of an address; nothing of what is none."""
    try:
        parts = urlsplit(address.get_secret_value())
        _ = parts.port  # one that is no number is refused here
    except ValueError:
        return "", None, ""
    return parts.scheme, parts.hostname, parts.path


def is_loopback(host: str | None) -> bool:
    """Whether an address is this very machine; a name other than localhost is not believed to be."""
    if host == "localhost":
        return True
    try:
        address = ip_address((host or "").strip("[]"))
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
