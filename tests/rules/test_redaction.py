"""遮盖文字：only for somebody who is to be forgotten, and only what the case really says."""

import pytest

from domain.incident import commands as c
from domain.incident import rules
from domain.incident.events import TextRedacted
from domain.incident.events.redaction import Redaction
from domain.incident.words import Stage
from tests.rules.rows import Row, passes, refused
from tests.rules.scene import FORGOTTEN, GONE, SECRETARY, until

WITHOUT = Redaction(version=1, field="description", text="楼栋化粪池外溢，一名住户反映")
LOOKED_THROUGH = SECRETARY(c.RedactText(subject=FORGOTTEN))
REPORTED, ARCHIVED = until(Stage.REPORTED), until(Stage.ARCHIVED)
ROWS = (
    refused(
        rules.REDACT_FOR_ERASURE,
        "没有人申请删除",
        *REPORTED,
        when=SECRETARY(c.RedactText(subject="s-nobody", redactions=(WITHOUT,))),
        says="没有人申请删除s-nobody的资料，不需要遮盖；要改登记的请用更正。",
    ),
    refused(
        rules.REDACT_FOR_ERASURE,
        "已经删除",
        *REPORTED,
        when=SECRETARY(c.RedactText(subject=GONE)),
        says="没有人申请删除s-gone的资料，不需要遮盖；要改登记的请用更正。",
    ),
    passes(
        rules.REDACT_FOR_ERASURE,
        "归档以后也要遮盖",
        *ARCHIVED,
        when=SECRETARY(c.RedactText(subject=FORGOTTEN, redactions=(WITHOUT,))),
        then=[TextRedacted(subject=FORGOTTEN, redactions=(WITHOUT,))],
    ),
    refused(
        rules.REDACT_WHAT_IS_SAID,
        "那一行没有这一项",
        *REPORTED,
        when=SECRETARY(c.RedactText(subject=FORGOTTEN, redactions=(WITHOUT.model_copy(update={"field": "note"}),))),
        says="案卷第1行没有“note”这一项文字，请核对。",
    ),
    passes(
        rules.REDACT_WHAT_IS_SAID,
        "看过，没有说到此人",
        *REPORTED,
        when=LOOKED_THROUGH,
        then=[TextRedacted(subject=FORGOTTEN)],
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_redacting(row: Row) -> None:
    row.check()
