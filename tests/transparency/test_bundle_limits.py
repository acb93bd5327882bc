"""Whatever a file holds, a verifier neither stumbles over it nor takes much memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from projections.transparency.bundles import LINE, WHOLE, Reason
from tests.transparency.operator import operator

BOMBS: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "another file": lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40,
    "deep": lambda: b"[" * (LINE - 1) + b"\n",
    "deep objects": lambda: b'{"form":' * (LINE // 8 - 1) + b"\n",
    "digits": lambda: b'{"form":' + b"9" * (LINE - 10) + b"}\n",
    "an exponent": lambda: b'{"form":1e999999999}\n',
    "many empty arrays": lambda: b"[" + b"[]," * ((LINE - 6) // 3) + b"[]]\n",
    "many links": lambda: (
        operator(3)
        .bundle(operator(3).cases[0])
        .header.written.replace(b'"earlier":[]', b'"earlier":[' + b"{}," * (LINE // 4) + b"{}]")
    ),
    "many members": lambda: b'{"form":{' + b",".join(b'"%d":{}' % nth for nth in range(LINE // 12)) + b"}}\n",
    "as many links as may be": lambda: (
        operator(3)
        .bundle(operator(3).cases[0])
        .header.written.replace(b'"earlier":[]', b'"earlier":[' + b"{}," * 9000 + b"{}]")
    ),
    "an endless line": lambda: b"x" * (WHOLE + 1),
    "endless lines": lambda: (
        operator(3).bundle(operator(3).cases[0]).header.written
        + operator(3).bundle(operator(3).cases[0]).events[0].written * (WHOLE // 2000)
    ),
    "zeros": lambda: bytes(LINE),
    "surrogates": lambda: b'{"form":"\\ud800"}\n',
}
READING = """
import resource, sys
from projections.transparency.bundle_checking import check
from projections.transparency.bundles import BundleRefused, read
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + 200 * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for path in sys.argv[1:]:
    try:
        with open(path, "rb") as file:
            check(read(file))
    except BundleRefused as no:
        print(no.reason)
"""


def test_no_file_makes_a_verifier_stumble_or_take_much_memory(tmp_path: Path) -> None:
    """Each is refused in a process that may take 200 MiB more, a fraction of what the worst take when parsed whole."""
    paths = []
    for nth, bomb in enumerate(BOMBS.values()):
        paths.append(tmp_path / str(nth))
        paths[-1].write_bytes(bomb())
    done = subprocess.run(
        [sys.executable, "-c", READING, *map(str, paths)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.split()) == len(BOMBS)
    assert set(done.stdout.split()) <= {Reason.UNREADABLE, Reason.UNFINISHED, Reason.TOO_LARGE}
