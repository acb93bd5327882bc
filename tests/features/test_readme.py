"""What the reviewer is shown is what runs."""

import re
from pathlib import Path

FEATURES = Path(__file__).parents[2] / "features"
README = (FEATURES / "README.md").read_text(encoding="utf-8")


def test_the_example_stands_in_its_feature_file_word_for_word() -> None:
    [example] = re.findall(r"```gherkin\n(.*?)```", README, re.DOTALL)
    assert example in (FEATURES / "must_attend.feature").read_text(encoding="utf-8")


def test_every_promise_is_listed() -> None:
    listed = re.findall(r"`(\w+\.feature)`", README)
    assert sorted(listed) == sorted(path.name for path in FEATURES.glob("*.feature"))
