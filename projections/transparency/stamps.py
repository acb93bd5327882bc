"""时间戳: an authority's word (RFC 3161) that a checkpoint existed at a moment; kept beside the note that was stamped.

The key of the log could sign a false past at any time; the authority's cannot, and is not the operator's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.x509 import Certificate, load_der_x509_certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from domain.casework import durable

STAMPS, RESPONSE = "stamps", ".tsr"


class StampInvalid(ValueError):
    """A stamp that does not say what it should, or a certificate that is none. Carries a Chinese sentence."""


class Stamped(NamedTuple):
    """A checkpoint as it was stamped, under the size of its tree, and the authority's response in DER."""

    size: int
    note: bytes
    response: bytes

    def moment(self, trusted: Sequence[Certificate]) -> datetime:
        """When the note existed, by the word of an authority that those certificates vouch for. Raises `StampInvalid`.

        That a certificate has run out since does not matter: it counts as of the moment that is stamped.
        """
        response = self._decoded()
        self._require_own(response)
        try:
            if not any(_vouches(one, response) for one in trusted):
                raise StampInvalid(f"封存{self.size}条时的时间戳不是所给证书的机构盖的，或者缺中间证书。")
            verifier = VerifierBuilder(roots=list(trusted)).build()
            verifier.verify_message(response, self.note)
        except (VerificationError, ValueError) as no:
            if isinstance(no, StampInvalid):
                raise
            raise StampInvalid(f"封存{self.size}条时的时间戳签名不对：被改动过，或者证书不齐。") from no
        return response.tst_info.gen_time

    def require_answer(self, query: TimeStampRequest) -> datetime:
        """The moment, from the answer to a query just made; who stamped is not looked at. Raises `StampInvalid`."""
        response = self._decoded()
        self._require_own(response)
        if response.tst_info.nonce != query.nonce:
            raise StampInvalid("时间戳机构答的是另一次请求。")
        return response.tst_info.gen_time

    def _decoded(self) -> TimeStampResponse:
        try:
            response = decode_timestamp_response(self.response)
            granted = PKIStatus(response.status) == PKIStatus.GRANTED
        except ValueError:
            raise StampInvalid(f"封存{self.size}条时的时间戳读不懂：不是规范的 DER，或者被改动过。") from None
        if not granted:
            raise StampInvalid("时间戳机构没有盖章。")
        return response

    def _require_own(self, response: TimeStampResponse) -> None:
        try:
            stamped = response.tst_info.message_imprint.message
        except ValueError:
            raise StampInvalid(f"封存{self.size}条时的时间戳读不懂：不是规范的 DER，或者被改动过。") from None
        if stamped != sha256(self.note).digest():
            raise StampInvalid(f"封存{self.size}条时的时间戳盖的不是这个检查点：其中一个被改动过。")


class Stamps:
    """The stamps of one log, in its folder; none is ever replaced."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / STAMPS

    def __contains__(self, size: int) -> bool:
        return self._response(size).exists()

    def __iter__(self) -> Iterator[Stamped]:
        """The smallest first. Raises `StampInvalid` for one whose checkpoint is gone."""
        names = (path.stem for path in self._folder.glob(f"*{RESPONSE}"))
        for size in sorted(int(name) for name in names if name.isdecimal()):
            try:
                note = (self._folder / str(size)).read_bytes()
            except FileNotFoundError:
                raise StampInvalid(f"封存{size}条时的时间戳还在，它盖的检查点却没有了。") from None
            yield Stamped(size, note, self._response(size).read_bytes())

    def keep(self, stamped: Stamped) -> None:
        """The note is durable before the response that speaks of it."""
        durable.write(self._folder / str(stamped.size), stamped.note)
        durable.write(self._response(stamped.size), stamped.response)

    def _response(self, size: int) -> Path:
        return self._folder / f"{size}{RESPONSE}"


def query_for(note: bytes) -> TimeStampRequest:
    """What to ask an authority: for SHA-256 of the note, with a nonce, and its certificate in the answer."""
    return TimestampRequestBuilder().data(note).hash_algorithm(HashAlgorithm.SHA256).build()


def certificates(file: Path) -> Sequence[Certificate]:
    """Whom to trust: the root of an authority, and what lies between if it sends none. Raises `StampInvalid`."""
    try:
        return load_pem_x509_certificates(file.read_bytes())
    except OSError as no:
        raise StampInvalid(f"证书文件 {file} 读不了（{no.strerror}）。") from no
    except ValueError:
        raise StampInvalid(f"{file} 不是证书：应为时间戳机构的根证书，PEM 格式。") from None


def _vouches(trusted: Certificate, response: TimeStampResponse) -> bool:
    """Whether it has issued one that came with the response: this tells a stranger's stamp from an altered one."""
    for written in response.signed_data.certificates:
        try:
            load_der_x509_certificate(written).verify_directly_issued_by(trusted)
        except (InvalidSignature, ValueError, TypeError):
            continue
        return True
    return False
