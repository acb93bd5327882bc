"""The guard against scenarios that are lost in silence.

Gherkin takes what it does not recognise for prose, and pytest-bdd keeps one scenario per name: a slip of
the pen makes a promise vanish while the run stays green. `problems` says what is wrong with a directory
of feature files, `pickles` how many scenarios ought to run; `test_guard.py` compares that with what does.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from gherkin.dialect import DIALECTS
from gherkin.errors import CompositeParserException
from gherkin.parser import Parser
from gherkin.pickles.compiler import Compiler

Node = Mapping[str, Any]  # a node of the syntax tree, as the parser gives it
Finding = tuple[int, str]  # line number, sentence
Check = Callable[[Node, list[str]], Iterator[Finding]]

LANGUAGE = "zh-CN"
FIRST_LINE = f"# language: {LANGUAGE}"
KEYWORDS: Mapping[str, Any] = DIALECTS[LANGUAGE]


def _words(*kinds: str) -> str:
    found = {word.strip() for kind in kinds for word in KEYWORDS[kind]} - {"*"}
    return "|".join(sorted(found, key=len, reverse=True))


_STEP = re.compile(rf"(?:{_words('given', 'when', 'then', 'and', 'but')})\s")
_HEADING = re.compile(
    rf"(?:{_words('feature', 'background', 'rule', 'scenario', 'scenarioOutline', 'examples')})\s*[:：]"
)
_LABEL = re.compile(r"[^\s，。；、！？:：]{1,10}\s*[:：]")  # a word and a colon: read as a heading by people only
_PLACEHOLDER = re.compile(r"<([^<>]+)>")


def problems(directory: Path, tags: Collection[str] = ()) -> list[str]:
    """What is wrong with the feature files under `directory`, one Chinese sentence each: file, line, what.

    `tags` are the tags a scenario may carry, without "@".
    """
    found: list[str] = []
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if path.suffix == ".feature":
            findings = sorted(_findings(path.read_text(encoding="utf-8"), tags))
            found += [f"{name} 第 {line} 行：{sentence}" for line, sentence in findings]
        elif path.is_file() and path.name != "README.md":
            found.append(f"{name}：文件名不以 .feature 结尾，里面的场景不会运行。")
    return found


def pickles(directory: Path) -> dict[str, int]:
    """How many scenarios each file holds by the reference parser, every row of 例子 counted as one.

    Raises `gherkin.errors.CompositeParserException` on a file that `problems` reports as unreadable.
    """
    counts: dict[str, int] = {}
    for path in sorted(directory.rglob("*.feature")):
        document = Parser().parse(path.read_text(encoding="utf-8"))
        counts[path.relative_to(directory).as_posix()] = len(Compiler().compile({**document, "uri": path.name}))
    return counts


def _findings(text: str, tags: Collection[str]) -> Iterator[Finding]:
    lines = text.splitlines()
    if lines[:1] != [FIRST_LINE]:
        yield 1, f"第一行须是“{FIRST_LINE}”。"
        return
    try:
        document: Node = Parser().parse(text)
    except CompositeParserException as unreadable:
        for error in unreadable.errors:
            line = error.location["line"]
            yield line, f"读不懂“{lines[line - 1].strip() if line <= len(lines) else '文件末尾'}”（{error}）。"
        return
    yield from _commented_out(document)
    nodes = list(_walk("feature", document["feature"]))
    yield from _same_names([node for kind, node in nodes if kind == "scenario"])
    for kind, node in nodes:
        yield from _unregistered(node, tags)
        for check in CHECKS[kind]:
            yield from check(node, lines)


def _walk(kind: str, node: Node) -> Iterator[tuple[str, Node]]:
    """The node and all headings below it, with their kinds: feature, rule, background, scenario, examples."""
    yield kind, node
    for child in node.get("children", ()):
        for inner_kind, inner in child.items():
            yield from _walk(inner_kind, inner)
    for examples in node.get("examples", ()):
        yield "examples", examples


def _line(node: Node) -> int:
    line: int = node["location"]["line"]
    return line


def _commented_out(document: Node) -> Iterator[Finding]:
    for comment in document["comments"]:
        content = comment["text"].strip().lstrip("# ")
        if _HEADING.match(content) or _STEP.match(content):
            yield _line(comment), f"“{content}”被注释掉了，不会运行；不要的内容请删去。"


def _same_names(scenarios: list[Node]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for scenario in scenarios:
        name = scenario["name"]
        if name in first:
            yield _line(scenario), f"场景“{name}”与第 {first[name]} 行同名，只有最后一个会运行；同一文件内不得重名。"
        first.setdefault(name, _line(scenario))


def _unregistered(node: Node, tags: Collection[str]) -> Iterator[Finding]:
    for tag in node.get("tags", ()):
        if tag["name"].removeprefix("@") not in tags:
            yield _line(tag), f"标签“{tag['name']}”没有登记（pyproject.toml 的 markers）。"


def _prose(node: Node, lines: list[str]) -> Iterator[Finding]:
    """The lines under a heading that are taken for prose, each where it stands in the file."""
    at = _line(node)
    for prose in filter(None, map(str.strip, node["description"].splitlines())):
        at = next(number for number in range(at + 1, len(lines) + 1) if lines[number - 1].strip() == prose)
        yield at, prose


def _heading_lost(node: Node, lines: list[str]) -> Iterator[Finding]:
    for line, prose in _prose(node, lines):
        if _LABEL.match(prose):
            yield line, f"“{prose}”只算说明文字，不起作用；关键词要写对并紧跟半角冒号，说明文字不要写成“某某：”。"
        elif _STEP.match(prose):
            yield line, f"步骤“{prose}”不在任何场景之内，不会运行。"


def _only_steps(node: Node, lines: list[str]) -> Iterator[Finding]:
    for line, prose in _prose(node, lines):
        yield line, f"“{prose}”不是步骤，不会运行；说明文字请写在“功能”或“规则”下面。"


def _no_scenario(node: Node, _lines: list[str]) -> Iterator[Finding]:
    if all(kind in ("feature", "rule", "background") for kind, _ in _walk("rule", node)):
        yield _line(node), f"{node['keyword']}“{node['name']}”之下没有场景。"


def _no_name(node: Node, _lines: list[str]) -> Iterator[Finding]:
    if not node["name"]:
        yield _line(node), f"{node['keyword']}没有名称。"


def _no_steps(node: Node, _lines: list[str]) -> Iterator[Finding]:
    if not node["steps"]:
        yield _line(node), f"{node['keyword']}“{node['name']}”没有步骤，什么也没有验证。"


def _steps_like_prose(node: Node, lines: list[str]) -> Iterator[Finding]:
    for step in node["steps"]:
        line = lines[_line(step) - 1].strip()
        if not line.removeprefix(step["keyword"].strip())[:1].isspace():
            yield _line(step), f"“{line}”会被读成步骤“{step['keyword']}”；步骤的关键词后要空一格，说明文字请换个开头。"


def _no_examples(node: Node, _lines: list[str]) -> Iterator[Finding]:
    if node["keyword"] in KEYWORDS["scenarioOutline"] and not node["examples"]:
        yield _line(node), f"场景大纲“{node['name']}”没有例子。"


def _unfilled(node: Node, _lines: list[str]) -> Iterator[Finding]:
    tables: list[Node] = [examples for examples in node["examples"] if examples.get("tableHeader")]
    columns = [{cell["value"] for cell in table["tableHeader"]["cells"]} for table in tables]
    known: set[str] = set.intersection(*columns) if columns else set()
    for step in node["steps"]:
        for name in _PLACEHOLDER.findall(str({**step, "location": None})):
            if name not in known:
                yield _line(step), f"“<{name}>”在例子里没有这一列，会原样留在步骤里。"


def _no_rows(node: Node, _lines: list[str]) -> Iterator[Finding]:
    if not node.get("tableBody"):
        yield _line(node), "例子没有数据行，一次也不会运行。"


CHECKS: Mapping[str, tuple[Check, ...]] = {
    "feature": (_no_name, _no_scenario, _heading_lost),
    "rule": (_no_name, _no_scenario, _heading_lost),
    "background": (_no_steps, _only_steps, _steps_like_prose),
    "scenario": (_no_name, _no_steps, _only_steps, _steps_like_prose, _no_examples, _unfilled),
    "examples": (_no_rows, _only_steps),
}
