"""规则书：每条规则一个固定编号、一句说给当事人听的话。条件写在它所管的命令里。"""

from __future__ import annotations

from domain.model import Rule

# 通用
STAGE = Rule("stage", "案件现处于“{stage}”，不能{command}。")
STAFF_ONLY = Rule("staff-only", "“{command}”须由工作人员办理。")
NOT_IN_FUTURE = Rule("not-in-future", "办理时间晚于现在，请核对后再填。")
REASON = Rule("reason-required", "请写明理由。")
PLACE_STATED = Rule("place-stated", "请写明发生在哪个网格或哪个楼栋。")
GRID_KNOWN = Rule("grid-known", "网格或楼栋“{grid}”不在册，请核对后再报。")
BY_ANOTHER = Rule("by-another", "申请人不能审批自己的申请，请由他人办理。")
REQUEST_PENDING = Rule("request-pending", "没有待审批的{request}申请。")
ONE_REQUEST = Rule("one-request", "已有一份待审批的{request}申请，请先等待批复。")

# 登记与立案
PERSON_NOT_REGISTERED = Rule(
    "person-not-registered", "“{subject}”是在册人员、单位或地点的编号，不能当作居民的编号；请另编或不填。"
)
TWO_PEOPLE = Rule("two-people", "反映人与所代的当事人应是两个人。")
BEGAN_BEFORE = Rule("began-before-report", "事情发生的时间不能晚于反映的时间。")
WITHDRAW_BY_REPORTER = Rule("withdraw-by-reporter", "只有反映人本人可以撤回。")
WITHDRAW_NOT_EMERGENCY = Rule("withdraw-not-emergency", "突发事件关系公共安全，不能撤回。")

# 派遣与处置
LEAD_ONLY = Rule("lead-only", "只有首接负责单位可以{command}。")
BINDING_STAYS = Rule("binding-stays", "本案由上级指定承办，不能退回。")
BINDING_AFTER_RETURNS = Rule("binding-after-returns", "本案已退回{returns}次，只能由上级指定承办。")
BINDING_FROM_ABOVE = Rule("binding-from-above", "指定承办须由现办层级的上级作出。")
UNIT_LISTED = Rule("unit-listed", "单位“{unit}”不在册，请核对后再派。")
OFFICER_IN_OFFICE = Rule("officer-in-office", "“{officer}”不是在岗的工作人员，请核对后再指派。")
ASSIGN_ONCE = Rule("assign-once", "本案已有经办人，请改用移交。")
HAND_OVER_TO_ANOTHER = Rule("hand-over-to-another", "移交须由现有经办人交给另一个人。")
SETTLE_ON_SITE = Rule("settle-on-site", "未到现场，不能登记现场调解结果。")

# 协调、上报、督办
MEETING_TWO_SIDES = Rule("meeting-two-sides", "协调会至少要有两方到会。")
AGREED_OR_FAILED = Rule("agreed-or-failed", "协调会要么写明达成的意见，要么记为未达成；未达成的不列承诺。")
COMMITMENT_OPEN = Rule("commitment-open", "没有第{commitment}项待兑现的承诺。")
ESCALATE_UPWARD = Rule("escalate-upward", "只能上报到比“{level}”更高、且本地设有的层级。")
SKIP_NEEDS_REASON = Rule("skip-needs-reason", "越级上报请写明理由。")
HELP_OPEN = Rule("help-open", "没有第{help}号待回应的吹哨。")
SUPERVISE_FROM_ABOVE = Rule("supervise-from-above", "督办须由现办层级的上级发出。")

# 延期、挂账、更正、作废、申诉
NOT_OVERDUE = Rule("not-overdue", "本案已超过处置时限，不能再申请{request}。")
EXTENSIONS_USED_UP = Rule("extensions-used-up", "本案已延期{count}次，不能再延。")
SUSPENDED_ONCE = Rule("suspended-once", "本案已挂账{count}次，不能再次挂账。")
SUSPENSION_AHEAD = Rule("suspension-ahead", "挂账截止时间应在今后一年以内。")
CORRECTION_CHANGES = Rule("correction-changes", "更正内容与现有登记相同，无需更正。")
CORRECTION_KEEPS_RULES = Rule("correction-keeps-rules", "更正后的类别须先到现场、依规协调，请先退回处置再更正。")
APPEAL_ONCE = Rule("appeal-once", "本案的超时已申诉过一次。")
APPEAL_WHEN_LATE = Rule("appeal-when-late", "本案没有超时，无需申诉。")

# 钱款
BALANCE = Rule("balance-not-negative", "本案账上只有{balance}元，不够支出。")
REFUND_WITHIN_PAID = Rule("refund-within-paid", "退款不能多于已支付的{paid}元。")
RETURN_WITHIN_GIVEN = Rule("return-within-given", "退还不能多于尚未退还的捐款{given}元。")
REIMBURSE_WITHIN_ADVANCE = Rule("reimburse-within-advance", "报销不能多于此人尚未报销的垫资{advance}元。")
REIMBURSE_BY_ANOTHER = Rule("reimburse-by-another", "垫资人不能给自己报销，请由他人办理。")

# 办结、核查、回访、结案
MUST_ATTEND_FIRST = Rule("must-attend-first", "三必到事件须先到现场，方可办结。")
DISPUTE_NEEDS_MEETING = Rule("dispute-needs-meeting", "邻里矛盾纠纷须先协调或现场调解成功，方可按此结果办结。")
CHECKER_NOT_HANDLER = Rule("checker-not-handler", "到场、处置、办结的人不能核查本案。")
AFFECTED_PERSON = Rule("affected-person", "请指明要回访的是本案哪一位当事人。")
RESIDENT_ANSWERS = Rule("resident-answers", "是否满意只能由当事人（未成年人由监护人）本人答复，经办人不能自答。")
STAFF_RECORD_TRIES = Rule("staff-record-tries", "联系不上或不适用，由工作人员登记。")
NOT_APPLICABLE_ANONYMOUS = Rule("not-applicable-anonymous", "只有匿名反映才可以登记为不适用回访。")
ANSWERED_ALREADY = Rule("answered-already", "当事人已经答复，不能改记为联系不上。")
FOLLOW_UP_FINAL = Rule(
    "follow-up-final", "还有{waiting}位当事人没有回访结果：联系不上的，须在不少于{days}天里试满{tries}次。"
)
UNSATISFIED_REASON = Rule("unsatisfied-reason", "当事人不满意，须由没有经办本案的上级写明不重办的理由，方可结案。")
REOPEN_AFTER_UNSATISFIED = Rule("reopen-after-unsatisfied", "核查通过后，当事人答复不满意方可重办。")
NOTHING_PENDING = Rule("nothing-pending", "还有待审批的申请，不能归档。")
MONEY_SETTLED = Rule("money-settled", "本案钱款未清：余额{balance}元，未报销垫资{advance}元。")

# 时限与值守
UPKEEP = Rule("upkeep", "“{command}”由系统按时限和辖区自动办理，不由人工填报。")

# 遮盖文字
REDACT_FOR_ERASURE = Rule("redact-for-erasure", "没有人申请删除{subject}的资料，不需要遮盖；要改登记的请用更正。")
REDACT_WHAT_IS_SAID = Rule("redact-what-is-said", "案卷第{version}行没有“{field}”这一项文字，请核对。")

# 重复件
MERGE_KNOWN = Rule("merge-known", "要并入的案件不存在，请核对编号。")
MERGE_NOT_ITSELF = Rule("merge-not-itself", "案件不能并入自己。")
MERGE_NO_CHAIN = Rule("merge-no-chain", "已并案或已并入他案的案件，不能再并。")
MERGE_OPEN_ONLY = Rule("merge-open-only", "主案已了结，不能再并入。")
MERGE_SAME_KIND = Rule(
    "merge-same-kind", "本案是“{kind}”，主案是“{primary}”，性质不同不能并案；登记有误的，请先更正再并。"
)
MERGE_AS_URGENT = Rule(
    "merge-as-urgent", "主案没有本案紧急：请先把主案的紧急程度更正为{urgency}，或者反过来把主案并入本案。"
)
MERGE_MONEY_SETTLED = Rule("merge-money-settled", "本案钱款未清，不能并入他案。")
DUPLICATES_ATTACHED = Rule(
    "duplicates-attached", "还有{count}件别人反映的重复件并在本案，不能{command}；请先撤销并案，让那几件各办各的。"
)
CORRECTION_FITS_DUPLICATES = Rule(
    "correction-fits-duplicates", "本案并有重复件，不能更正为另一性质或降低紧急程度；请先撤销并案，再逐件更正。"
)
MERGED_TRACK = Rule("merged-track", "主案还没有处置结果，暂不能回访。")

RULES: dict[str, Rule] = {rule.id: rule for rule in globals().copy().values() if isinstance(rule, Rule)}
