"""What a receipt says beyond the command's own: the leaf of what was written, and who has signed for it."""

from __future__ import annotations

from typing import Any

import orjson

from api.service import Service
from domain.casework.asking import Receipt, RegisterReceipt, RollReceipt
from projections.transparency.receipts import Proven


class ProvenReceipt(Proven, Receipt):
    """办理的回执。

    `leaf_hash` 是所登记的最后一条记录在封存日志里的叶子哈希，`signature` 是当时的签名：请保存整个答复，
    事后可以用 bidao verify receipt 核对签名，用 bidao verify log --receipt 与日志核对。
    """


class ProvenRegisterReceipt(Proven, RegisterReceipt):
    """登记簿的回执；`leaf_hash` 和 `signature` 同办理的回执。"""


class ProvenRollReceipt(Proven, RollReceipt):
    """名册的回执；`leaf_hash` 和 `signature` 同办理的回执。"""


async def proven(service: Service, receipt: Receipt | RegisterReceipt | RollReceipt, **more: Any) -> bytes:
    """The receipt as it is answered, in JSON. Of what was not written just now the leaf is read from the store."""
    found = service.notary.recent(receipt.position)
    if found is None:
        found = await service.read(lambda: service.notary.again(receipt.position))
    return orjson.dumps({**receipt.model_dump(), **found, **more})
