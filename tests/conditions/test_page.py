"""What docs/probes/conditions.md shows can be written."""

import re
from pathlib import Path

import pytest
import yaml

from conditions_by_hand import Ask
from daemon.conditions import parse

PAGE = (Path(__file__).parents[2] / "docs/probes/conditions.md").read_text()
ROWS = [
    condition.replace("\\|", "|")
    for row in re.findall(r"^\| (`.*?`) \|", PAGE, re.MULTILINE)
    for condition in re.findall(r"`([^`]+)`", row)
]
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", ROWS)
def test_each_row_of_the_table_is_a_condition(text: str) -> None:
    Ask().condition(text)


def test_the_examples_in_yaml_are_conditions() -> None:
    whole, part = (yaml.safe_load(block) for block in BLOCKS)
    api = whole["probes"]["shop-api"]
    for text in (*api["down"], *api["degraded"], *part["down"]):
        Ask().condition(text)


def test_the_grammar_is_the_one_of_the_code() -> None:
    grammar = re.search(r"^```text\n(condition .*?)literal ", PAGE, re.MULTILINE | re.DOTALL)
    assert grammar
    assert grammar[1] in str(parse.__doc__)
