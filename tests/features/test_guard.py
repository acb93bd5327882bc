"""No scenario is lost in silence: our own features are sound, and the guard finds every known way to lose one."""

import re
import tomllib
from collections import Counter
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import pytest

from tests.drivers import WAYS
from tests.features.guard import FIRST_LINE, pickles, problems
from tests.inner_pytest import run_pytest

ROOT = Path(__file__).parents[2]
FEATURES = ROOT / "features"


def registered_tags() -> set[str]:
    """Ours only: pytest's own markers would let @skip pass."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {re.split("[:(]", line)[0].strip() for line in settings["tool"]["pytest"]["ini_options"].get("markers", [])}


def test_the_feature_files_are_sound() -> None:
    assert problems(FEATURES, registered_tags()) == []


def test_every_scenario_is_collected_once_for_each_way_to_ask() -> None:
    expected = pickles(FEATURES)
    module = "tests/features/test_features.py"
    run = run_pytest(ROOT, "--collect-only", "-q", module)
    assert run.returncode == 0, run.stdout + run.stderr
    collected = [line for line in run.stdout.splitlines() if line.startswith(f"{module}::")]
    by_way = Counter(next(way for way in WAYS if f"[{way}" in item) for item in collected)
    total = sum(expected.values())
    assert total > 0, "no scenario at all"
    assert by_way == dict.fromkeys(WAYS, total), f"scenarios by file: {expected}"


class Trap(NamedTuple):
    """A feature file with a slip. What the slip loses says 丢了; `silent` if pytest-bdd alone stays green."""

    slip: str
    feature: str
    sentence: str
    silent: bool = True

    def write(self, directory: Path) -> Path:
        directory.mkdir(parents=True, exist_ok=True)
        file = directory / "slip.feature"
        file.write_text(dedent(self.feature).lstrip("\n"), encoding="utf-8")
        return file


def below(*lines: str) -> str:
    return "\n".join([FIRST_LINE, "功能: 甲", *lines])


SOUND = below("  场景: 好的", "    当 没有丢")
TRAPS = [
    Trap(
        "two scenarios of one name under different rules",
        below("规则: 一", "场景: 同名", "  当 丢了", "规则: 二", "场景: 同名", "  当 在"),
        "第 7 行：场景“同名”与第 4 行同名",
    ),
    Trap(
        "full-width colon after 场景",
        below("规则: 一", "场景：没有了", "  当 丢了", "场景: 二", "  当 在"),
        "第 4 行：“场景：没有了”只算说明文字",
    ),
    Trap(
        "full-width colon after 背景",
        below("背景：", "  假如 丢了", "场景: 一", "  当 在"),
        "第 4 行：步骤“假如 丢了”不在任何场景之内",
    ),
    Trap(
        "a space before the colon",
        below("场景 : 没有了", "  当 丢了", "场景: 二", "  当 在"),
        "第 3 行：“场景 : 没有了”只算说明文字",
    ),
    Trap(
        "unknown keyword under a rule",
        below("规则: 一", "用例: 没有了", "  当 丢了", "场景: 二", "  当 在"),
        "第 4 行：“用例: 没有了”只算说明文字",
    ),
    Trap("English keyword", below("Scenario: lost", "  当 丢了", "场景: 二", "  当 在"), "第 3 行：“Scenario: lost”"),
    Trap(
        "steps below a rule, in no scenario",
        below("规则: 一", "  当 丢了", "场景: 二", "  当 在"),
        "第 4 行：步骤“当 丢了”不在任何场景之内",
    ),
    Trap("misspelt step", below("场景: 一", "  如果 丢了", "  当 在"), "第 4 行：“如果 丢了”不是步骤"),
    Trap("scenario without steps", below("场景: 空", "场景: 二", "  当 在"), "第 3 行：场景“空”没有步骤"),
    Trap("background without steps", below("背景:", "场景: 二", "  当 在"), "第 3 行：背景“”没有步骤"),
    Trap("outline without examples", below("场景大纲: 空", "  当 <甲>"), "第 3 行：场景大纲“空”没有例子"),
    Trap(
        "examples without rows",
        below("场景大纲: 空", "  当 <甲>", "  例子:", "    | 甲 |"),
        "第 5 行：例子没有数据行",
    ),
    Trap(
        "placeholder without a column",
        below("场景大纲: 一", "  当 <乙>", "  例子:", "    | 甲 |", "    | 丢了 |"),
        "第 4 行：“<乙>”在例子里没有这一列",
    ),
    Trap(
        "prose that parses as a step",
        below("场景: 一", "  当事人张三来了", "  那么 在"),
        "第 4 行：“当事人张三来了”会被读成步骤“当”",
    ),
    Trap("rule without scenarios", below("场景: 一", "  当 在", "规则: 二"), "第 5 行：规则“二”之下没有场景"),
    Trap(
        "scenario commented out",
        below("场景: 一", "  当 在", "# 场景: 二", "#   当 丢了"),
        "第 5 行：“场景: 二”被注释掉了",
    ),
    Trap("scenario without a name", below("场景:", "  当 在"), "第 3 行：场景没有名称"),
    Trap("tag that skips", below("@skip", "场景: 一", "  当 丢了"), "第 3 行：标签“@skip”没有登记"),
    Trap("unknown tag", below("@没有", "场景: 一", "  当 在"), "第 3 行：标签“@没有”没有登记", silent=False),
    Trap("feature without scenarios", below(), "第 2 行：功能“甲”之下没有场景", silent=False),
    Trap("no language line", "功能: 甲\n场景: 一\n  当 在", f"第 1 行：第一行须是“{FIRST_LINE}”", silent=False),
    Trap("nothing in the file", FIRST_LINE, "第 2 行：读不懂“文件末尾”", silent=False),
    Trap(
        "full-width colon after 例子",
        below("场景大纲: 一", "  当 <甲>", "  例子：", "    | 甲 |", "    | 丢了 |"),
        "第 5 行：读不懂“例子：”",
        silent=False,
    ),
]


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.slip)
def test_each_slip_is_reported_with_file_and_line(trap: Trap, tmp_path: Path) -> None:
    trap.write(tmp_path)
    found = problems(tmp_path, tags={"登记"})
    assert any(problem.startswith(f"slip.feature {trap.sentence}") for problem in found), found


def test_a_scenario_in_a_file_of_another_name_is_reported(tmp_path: Path) -> None:
    Trap("", SOUND, "").write(tmp_path).rename(tmp_path / "slip.features")
    assert problems(tmp_path) == ["slip.features：文件名不以 .feature 结尾，里面的场景不会运行。"]
    assert pickles(tmp_path) == {}


def test_a_sound_file_has_no_problems(tmp_path: Path) -> None:
    sound = """
        # language: zh-CN
        @登记
        功能: 化粪池
          当事人可以是任何居民，说明文字写在这里。

          背景:
            假如 有一个小区

          规则: 先到现场
            同时也要说清楚。

            # 为什么这样写
            场景大纲: 到场
              当 <谁>到场
                | 时间 |
                | <时> |
              那么 记下
                '''
                场景：文中可以这样写
                '''
              例子:
                | 谁   | 时 |
                | 葛岳辉 | 8 |
                | 易杰  | 9 |
        """.replace("'''", '"""')
    Trap("", sound, "").write(tmp_path)
    assert problems(tmp_path, tags={"登记"}) == []
    assert pickles(tmp_path) == {"slip.feature": 2}


STEPS = """
    from pathlib import Path
    from pytest_bdd import given, parsers, scenarios, then, when

    scenarios("features")

    @given(parsers.parse("{what}"))
    @when(parsers.parse("{what}"))
    @then(parsers.parse("{what}"))
    def _(what):
        with Path("steps.log").open("a", encoding="utf-8") as log:
            log.write(what + chr(10))
    """


def test_without_the_guard_pytest_bdd_stays_green_over_what_is_lost(tmp_path: Path) -> None:
    """The control: if a release of pytest-bdd mends one of these, the guard may drop it."""
    for number, trap in enumerate(trap for trap in TRAPS if trap.silent):
        trap.write(tmp_path / "features" / str(number))
    Trap("", SOUND, "").write(tmp_path / "features" / "sound")
    (tmp_path / "test_slips.py").write_text(dedent(STEPS), encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n", encoding="utf-8")
    run = run_pytest(tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    executed = (tmp_path / "steps.log").read_text(encoding="utf-8")
    assert "没有丢" in executed
    assert "丢了" not in executed
