"""openssl verifies our stamp, and rejects it with the checkpoint, the stamp or the authority changed."""

from __future__ import annotations

import asyncio
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from random import Random

from api.outside.stamping import Stamping
from domain.casework.case_files import MEMORY_ENV, CaseFiles
from projections.transparency.notes import Signer
from projections.transparency.sealing import Log
from projections.transparency.stamps import Stamped, StampInvalid, Stamps, certificates
from tests.histories import history, store
from tests.outside.judging import Disagreement
from tests.outside.tsa import Authority, openssl, serving_stamps

FORGERIES = 100


def judge(scratch: Path) -> str:
    authority, stranger = Authority(scratch / "authority"), Authority(scratch / "stranger")
    stamped = stamped_by(authority, scratch / "stamped")
    if not accepted(scratch, stamped, authority):
        raise Disagreement("openssl rejects our stamp")
    if accepted(scratch, stamped, stranger):
        raise Disagreement("openssl accepts our stamp as another authority's")
    for nth in range(FORGERIES):
        forged = forgery(stamped, Random(nth))
        if accepted(scratch, forged, authority):
            raise Disagreement(f"openssl accepts forgery {nth}")
        if held(forged, authority):
            raise Disagreement(f"we accept forgery {nth}, openssl does not")
    return f"openssl verifies our stamp and rejects {FORGERIES} forgeries of it, and another authority."


def stamped_by(authority: Authority, folder: Path) -> Stamped:
    """A checkpoint, stamped over HTTP as the service does."""
    signer = Signer.new("example.org/log")
    log = Log(folder, signer.verifier)
    with closing(CaseFiles(env=MEMORY_ENV)) as files:
        store(files, history(0))
        size = log.seal(files.store, signer).size
    with serving_stamps(authority) as url:
        asyncio.run(Stamping(url, folder, authority.root, every=60).take(size, log.note or ""))
    [stamped] = Stamps(folder)
    return stamped


def forgery(stamped: Stamped, draw: Random) -> Stamped:
    """The same with one bit changed: of the checkpoint, of what the authority says of it and when, or of its signature.

    Elsewhere in a response are version numbers and names of algorithms that nobody signs.
    """
    if draw.random() < 0.5:
        return stamped._replace(note=flipped(stamped.note, draw.randrange(len(stamped.note)), draw))
    imprint = stamped.response.index(sha256(stamped.note).digest())
    first, last = draw.choice(((imprint, imprint + 60), (len(stamped.response) - 60, len(stamped.response))))
    return stamped._replace(response=flipped(stamped.response, draw.randrange(first, last), draw))


def flipped(content: bytes, at: int, draw: Random) -> bytes:
    return content[:at] + bytes([content[at] ^ 1 << draw.randrange(8)]) + content[at + 1 :]


def accepted(scratch: Path, stamped: Stamped, authority: Authority) -> bool:
    """Whether `openssl ts -verify` takes it for a stamp of that checkpoint by that authority."""
    note, response = scratch / "note", scratch / "response"
    note.write_bytes(stamped.note)
    response.write_bytes(stamped.response)
    said = openssl("ts", "-verify", "-data", note, "-in", response, "-CAfile", authority.root)
    return said.returncode == 0 and b"Verification: OK" in said.stdout


def held(stamped: Stamped, authority: Authority) -> bool:
    """Whether we do."""
    try:
        stamped.moment(certificates(authority.root))
    except StampInvalid:
        return False
    return True
