"""What an operator may set: environment variables named BIDAO_…, each with a stated default."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every limit and switch of the service. Durations are seconds, sizes are bytes."""

    model_config = SettingsConfigDict(env_prefix="BIDAO_", frozen=True, extra="forbid")

    data: Path = Field(default=Path("data"), description="Folder of events.db, views.db and secret.key")
    host: str = Field(default="127.0.0.1", description="Address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one")
    header_identity: bool = Field(
        default=False,
        description="Believe the header Bidao-Actor. For trials on one machine only: refused on any other address",
    )
    demo: bool = Field(default=False, description="Replay the three incidents of the article into an empty store")
    registry: Path = Field(
        default=Path(__file__).with_name("demo") / "registry.json",
        description="JSON file of the territory: nodes, units and staff",
    )
    body_limit: int = Field(default=64 * 1024, ge=1024, description="Largest request body")
    page_size: int = Field(default=50, ge=1, le=200, description="Rows of a docket page unless the caller says")
    wait_timeout: float = Field(default=3.0, gt=0, le=60, description="How long ?after= waits for the views")
    shutdown_timeout: int = Field(default=20, ge=1, description="How long running requests may take at shutdown")

    @property
    def events_db(self) -> Path:
        return self.data / "events.db"

    @property
    def views_db(self) -> Path:
        return self.data / "views.db"

    @property
    def secret_key(self) -> Path:
        return self.data / "secret.key"


def is_loopback(host: str | None) -> bool:
    """Whether an address is this very machine; a name other than localhost is not believed to be."""
    if host == "localhost":
        return True
    try:
        address = ip_address((host or "").strip("[]"))
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
