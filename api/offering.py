"""What may be reported already: offered with the receipt of a report, for people to look at before they go on."""

from __future__ import annotations

import asyncio
import logging

from pydantic import Field

from api.identity import Identity
from api.problems import Problem
from api.proving import ProvenReceipt
from api.reading import everywhere_for
from api.service import Service
from domain.casework.asking import Receipt
from domain.incident.commands import Report
from projections.alike import Alike, AlikeCase, Sought, alike
from projections.scope import Scope

log = logging.getLogger(__name__)
LONGEST = 0.1
"""Seconds a receipt waits at most for what is offered with it."""
FOLLOWED = LONGEST / 2
"""How many of them for the views to come to the report itself, so that none just before it is missed."""


class ReportReceipt(ProvenReceipt):
    """反映的回执，附可能重复的在办案件，由近及远；没有找到，或一时来不及查找，即为空。"""

    alike: tuple[AlikeCase, ...] = Field(default=(), description="可能说的是同一件事的在办案件，是否并案由人决定")


async def offered(service: Service, receipt: Receipt, command: Report, asker: Identity) -> tuple[AlikeCase, ...]:
    """Open cases like the one just reported, wherever they lie, for staff. Never fails, never waits for long."""
    if command.position is None and command.building is None:
        return ()
    sought = Sought(command.category, service.clock(), command.building, command.position, receipt.incident_id)
    try:
        scope = everywhere_for(asker, service.casework.territory)
        async with asyncio.timeout(LONGEST):
            await service.views.wait_for(receipt.position, FOLLOWED)
            return (await look_for(service, scope, sought)).items
    except Problem:
        return ()  # a resident, or somebody responsible for no place
    except Exception as error:  # the report is stored, and nothing that is only offered may hide its receipt
        log.warning("nothing offered as alike: %s", type(error).__name__)
        return ()


async def look_for(service: Service, scope: Scope, sought: Sought) -> Alike:
    """Ask on a reading thread, by the rule table now in force."""
    table = service.casework.clocks.table_at(service.clock())
    return await service.read(lambda: alike(service.views, service.casework.files, scope, sought, table))
