"""What people do in the features, phrase by phrase, and the command each of them is.

A phrase stands after the name of whoever acts. What is in braces is a field of the command (`words.WORDS`);
`a__b` is field b of field a. `SELF` is whoever acts. Clauses such as ，理由"…" may follow (`words.CLAUSES`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

SELF = object()


class Phrase(NamedTuple):
    """The words, the command, and the fields that need no saying."""

    words: str
    command: str
    fixed: dict[str, Any] = {}  # noqa: RUF012 - read only


INTAKE = (
    Phrase("反映一起{kind}{description}", "report", {"source": "app", "reporter": SELF}),
    Phrase("替{affected}反映一起{kind}{description}", "report", {"source": "app", "reporter": SELF}),
    Phrase("登记{reporter}来电反映的{kind}{description}", "report", {"source": "hotline"}),
    Phrase("登记{reporter}替{affected}来电反映的{kind}{description}", "report", {"source": "hotline"}),
    Phrase("登记匿名反映的{kind}{description}", "report", {"source": "hotline"}),
    Phrase("巡查发现一起{kind}{description}", "report", {"source": "patrol"}),
    Phrase("受理", "accept"),
    Phrase("不予受理", "reject", {"reason": ""}),
    Phrase("撤回", "withdraw"),
)
HANDLING = (
    Phrase("派{lead}首接负责", "dispatch"),
    Phrase("指定{lead}承办", "dispatch", {"binding": True}),
    Phrase("指派{officer}经办", "assign"),
    Phrase("移交给{officer}", "hand-over"),
    Phrase("签收", "sign-for"),
    Phrase("退回", "return", {"reason": ""}),
    Phrase("到达现场", "arrive"),
    Phrase("采取措施{note}", "take-action"),
    Phrase("为{settlement__parties}现场调解，达成{settlement__terms}", "take-action", {"note": "现场调解"}),
    Phrase("登记{refusal__capacity}拒绝协调", "take-action", {"note": "登门劝说"}),
    Phrase("补充材料{caption}", "add-evidence", {"digest": "9f" * 32, "media_type": "image/jpeg", "size": 204_800}),
)
COORDINATION = (
    Phrase("召集协调会，定于{meets_at}", "convene-meeting"),
    Phrase("召开协调会", "hold-meeting"),
    Phrase("召开协调会，未能达成一致", "hold-meeting", {"failed": True}),
    Phrase("登记第{commitment}项承诺已兑现", "keep-commitment"),
    Phrase("登记第{commitment}项承诺未兑现", "break-commitment"),
    Phrase("上报到{to}", "escalate"),
    Phrase("吹哨请{source}{whom}支援{request}", "request-help"),
    Phrase("应第{help}号吹哨报到", "answer-help"),
    Phrase("发{card}督办", "supervise"),
)
REQUESTS = (
    Phrase("申请延期", "request-extension"),
    Phrase("同意延期", "grant-extension"),
    Phrase("不同意延期", "refuse-extension"),
    Phrase("申请挂账到{until}", "request-suspension"),
    Phrase("同意挂账", "grant-suspension"),
    Phrase("不同意挂账", "refuse-suspension"),
    Phrase("恢复处置", "resume"),
    Phrase("申请把网格更正为{grid}", "request-correction"),
    Phrase("申请把性质更正为{kind}", "request-correction"),
    Phrase("申请把紧急程度更正为{urgency}", "request-correction"),
    Phrase("申请把类别更正为{category}", "request-correction"),
    Phrase("申请把情况说明更正为{description}", "request-correction"),
    Phrase("申请把发生时间更正为{began_at}", "request-correction"),
    Phrase("同意更正", "grant-correction"),
    Phrase("不同意更正", "refuse-correction"),
    Phrase("申请作废", "request-void", {"reason": ""}),
    Phrase("同意作废", "grant-void"),
    Phrase("不同意作废", "refuse-void"),
    Phrase("申诉超时", "appeal-timeout"),
    Phrase("同意免责", "exempt-timeout"),
    Phrase("维持超时认定", "uphold-timeout"),
)
MONEY = (
    Phrase("自掏腰包垫付{amount}", "advance-cost", {"advancer": SELF}),
    Phrase("登记{advancer}垫付{amount}", "advance-cost"),
    Phrase("登记捐款{amount}", "receive-contribution"),
    Phrase("登记{fund}拨款{amount}", "grant-fund"),
    Phrase("支付{amount}", "pay-cost"),
    Phrase("登记退款{amount}", "refund-payment"),
    Phrase("退还捐款{amount}", "return-contribution"),
    Phrase("把余款{amount}转入{fund}", "return-contribution"),
    Phrase("用{fund}报销{advancer}垫资{amount}", "reimburse-cost"),
)
CLOSING = (
    Phrase("办结为{outcome_code}", "resolve", {"outcome": "处置完毕"}),
    Phrase("核查通过", "pass-check"),
    Phrase("核查不通过", "fail-check", {"reason": ""}),
    Phrase("答复{answer}", "follow-up", {"person": SELF}),
    Phrase("替{person}答复{answer}", "follow-up"),
    Phrase("登记{person}联系不上", "follow-up", {"answer": "unreachable"}),
    Phrase("登记当事人联系不上", "follow-up", {"answer": "unreachable"}),
    Phrase("登记{person}不适用回访", "follow-up", {"answer": "not_applicable"}),
    Phrase("登记匿名人不适用回访", "follow-up", {"answer": "not_applicable"}),
    Phrase("结案", "close"),
    Phrase("重办", "reopen", {"reason": ""}),
    Phrase("归档", "archive"),
)
DUPLICATES = (
    Phrase("把{case}并入{into}", "merge"),
    Phrase("撤销并案", "unmerge", {"reason": ""}),
)
UPKEEP = (
    Phrase("登记已经呼叫值班", "call-duty"),
    Phrase("登记辖区已经调整", "redraw"),
    Phrase("登记时限已经确定", "determine-deadlines"),
)
REDACTING = (
    Phrase("看过案件文字，没有说到{subject}", "redact-text"),
    Phrase("为{subject}遮盖第{redactions__version}行的{redactions__field}，改为{redactions__text}", "redact-text"),
)
PHRASES = INTAKE + HANDLING + COORDINATION + REQUESTS + MONEY + CLOSING + DUPLICATES + REDACTING + UPKEEP
