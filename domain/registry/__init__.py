"""辖区登记簿: how the tree of five levels, its staff, units and building heads came to be, as events."""

from __future__ import annotations

from domain.registry.drawing import drawn

__all__ = ["drawn"]
