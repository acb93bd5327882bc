"""Every single bit of a bundle, flipped."""

from __future__ import annotations

import re
from collections.abc import Iterator

from projections.transparency.bundles import Reason
from tests.transparency.mutants import Mutant

R = Reason
ANYWHERE = frozenset({R.UNREADABLE})
"""What a flipped bit may always do: then the line is no JSON, or no line of a bundle."""
BY_MEMBER = {
    "form": ANYWHERE,
    "key": ANYWHERE | {R.KEY, R.SUCCESSION},
    "checkpoint": ANYWHERE | {R.CHECKPOINT},
    "head": ANYWHERE | {R.HEAD},
    "earlier": ANYWHERE | {R.EARLIER},
    "successions": ANYWHERE | {R.SUCCESSION},
    "version": ANYWHERE | {R.OMITTED, R.REORDERED, R.HEAD, R.CUT_OFF},
    "position": ANYWHERE | {R.ALTERED, R.REORDERED},
    "leaf": ANYWHERE | {R.ALTERED, R.REORDERED},
    "stream": ANYWHERE | {R.ANOTHER_CASE},
    "name": ANYWHERE | {R.ALTERED},
    "stored": ANYWHERE | {R.ALTERED},
    "proof": ANYWHERE | {R.ALTERED},
    "field_keys": ANYWHERE | {R.FIELD_KEY, R.NO_SUCH_FIELD},
}
MEMBER = re.compile(
    rb'[{,]"(form|key|checkpoint|head|earlier|successions|version|position|leaf|stream|name|stored|proof|field_keys)":'
)


def bit_flips(written: bytes, step: int = 1, start: int = 0) -> Iterator[Mutant]:
    """Every bit of a file, or every so manieth, flipped; what may be said of it depends on where it is."""
    members = [(match.end(), match[1].decode()) for match in MEMBER.finditer(written)]
    first = written.index(b"\n")
    for bit in range(start, 8 * len(written), step):
        at = bit // 8
        file = written[:at] + bytes([written[at] ^ 1 << bit % 8]) + written[at + 1 :]
        member = next((name for end, name in reversed(members) if end <= at), "form")
        member = "earlier" if member == "proof" and at <= first else member
        last = frozenset({R.UNFINISHED}) if at == len(written) - 1 else frozenset[Reason]()
        yield Mutant(f"bit-{member}", file, BY_MEMBER[member] | last)
