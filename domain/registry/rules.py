"""辖区规则书：每条规则一个固定编号、一句说给经办人听的话。条件写在它所管的命令里。"""

from __future__ import annotations

from domain.model import Rule

# 通用
REDRAW_NOT_PAST = Rule("redraw-not-past", "生效时间不能早于现在；不填即刻生效。")
CHANGE_PENDING = Rule("change-pending", "“{id}”已定于{at}调整，调整生效之前不能再改。")
ROWS_FIT = Rule("rows-fit", "有{count}行不符合要求，没有导入任何内容。{first}")

# 节点
ID_ONCE = Rule("id-once", "编号“{id}”在表中出现了不止一次。")
ID_FREE = Rule("id-free", "编号“{id}”已经用在别处，请换一个。")
NODE_OPEN = Rule("node-open", "“{id}”不在册，或已经撤销。")
CLOSED_STAYS = Rule("closed-stays", "“{id}”已经撤销，不能再改；新设的请用新编号。")
LEVEL_FIXED = Rule("level-fixed", "“{id}”登记的层级是{level}，不能改。")
PARENT_REQUIRED = Rule("parent-required", "{level}须写明上级。")
ONE_ROOT = Rule("one-root", "一个案卷库只管一个市：最上级已是“{root}”，“{id}”须属于它，或另建一个库。")
PARENT_KNOWN = Rule("parent-known", "上级“{parent}”不在册，或已经撤销。")
PARENT_ABOVE = Rule("parent-above", "上级“{parent}”是{above}，不高于{level}。")
CODE_DIGITS = Rule("code-digits", "{level}的代码应为{digits}位数字，现为“{code}”。")
CODE_NESTED = Rule("code-nested", "代码“{code}”应以所属{level}的代码“{above}”开头。")
CODE_FREE = Rule("code-free", "代码“{code}”已由“{id}”使用。")

# 网格调整
GRID_OPEN = Rule("grid-open", "“{id}”不是在册的网格，或已经撤销。")
BUILDING_OF_GRID = Rule("building-of-grid", "“{building}”不是“{grid}”的楼栋。")
MAPPED_ONCE = Rule("mapped-once", "“{id}”只能划入一个新网格。")
OFFICER_KNOWN = Rule("officer-known", "“{id}”不是在岗的网格员。")
JOIN_ALIKE = Rule("join-alike", "只有同一社区的网格可以合并。")
JOIN_TWO = Rule("join-two", "合并至少要有两个不同的网格。")

# 人员
POST_OF_STAFF = Rule("post-of-staff", "“{role}”不是工作岗位。")
SCOPE_KNOWN = Rule("scope-known", "所负责的“{scope}”不在册，或已经撤销。")
POST_FITS_SCOPE = Rule("post-fits-scope", "{role}应负责{level}，而“{scope}”是{found}。")
UNIT_KNOWN = Rule("unit-known", "单位“{unit}”不在册。")
DEPARTMENT_HAS_UNIT = Rule("department-has-unit", "部门单位的人员须写明所在单位。")
RELEASED_STAYS = Rule("released-stays", "“{id}”已经离岗；重新任职请用“任职”，不能随表导入。")
STAFF_IN_OFFICE = Rule("staff-in-office", "“{id}”不在册，或已经离岗。")
SUCCESSOR_IN_OFFICE = Rule("successor-in-office", "接手人“{id}”应是在岗的另一个人。")
HEAD_OF_BUILDING = Rule("head-of-building", "“{building}”不是在册的楼栋。")

RULES: dict[str, Rule] = {rule.id: rule for rule in globals().copy().values() if isinstance(rule, Rule)}
