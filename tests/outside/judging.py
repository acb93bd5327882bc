"""What a judge of ours is: somebody else's program that is asked about what we made, and may disagree."""

from __future__ import annotations

import subprocess
from pathlib import Path

ENVIRONMENT = Path(__file__).parents[2] / ".venv-judges" / "bin" / "python"
"""The judges' own Python: what is in it is no part of the product."""


class Missing(RuntimeError):
    """A judge's tool is not there. Carries a Chinese sentence that names it and says how to get it."""


class Disagreement(AssertionError):
    """A judge says something else than we do."""


def require(tool: str) -> None:
    """Raises `Missing` where a library is not in the judges' environment."""
    if not ENVIRONMENT.exists() or asked("-c", f"import {tool}").returncode:
        raise Missing(f"没有 {tool}：请运行 make judges，它会把 requirements-judges.txt 装进 .venv-judges。")


def asked(*words: str) -> subprocess.CompletedProcess[str]:
    """What a program in the judges' environment says."""
    return subprocess.run([str(ENVIRONMENT), *words], capture_output=True, text=True, check=False)
