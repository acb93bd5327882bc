"""What a judge of ours is: somebody else's program that is asked about what we made, and may disagree."""

from __future__ import annotations

from pathlib import Path

ENVIRONMENT = Path(__file__).parents[2] / ".venv-judges" / "bin" / "python"
"""The judges' own Python: what is in it is no part of the product."""


class Missing(RuntimeError):
    """A judge's tool is not there. Carries a Chinese sentence that names it and says how to get it."""


class Disagreement(AssertionError):
    """A judge says something else than we do."""
