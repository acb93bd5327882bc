"""The routes of the service, built once: FastAPI does it at the first request, and a start would take twice as long."""

from __future__ import annotations

from pathlib import Path

from api.app import create_app
from tests.server import settings_for

ROUTES = create_app(settings_for(Path())).router.routes
for route in ROUTES:
    route.matches({"type": "http", "method": "GET", "path": "/nowhere", "root_path": "", "headers": []})
