"""A pytest inside a test, for what can only be seen from outside a run."""

import os
import subprocess
import sys
from pathlib import Path


def run_pytest(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in `directory` as from a shell: no options, cache or worker inherited from the run that asks."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
