"""Whoever writes what another program calls it is told what it is called here."""

from collections.abc import Callable
from pathlib import Path

import pytest

from daemon import loading

Problems = Callable[..., list[str]]

TOP = "receivers: [{name: ops}]\nroute: {receiver: ops}\nprobes:\n"
HTTP = "  shop: {type: http, url: 'http://x/', "


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (HTTP + "interval: 60s}", 'unknown key "interval"; did you mean "every"?'),
        (HTTP + "retries: 3}", 'unknown key "retries"; did you mean "fail_after"?'),
        (HTTP + "success-threshold: 3}", 'unknown key "success-threshold"; did you mean "recover_after"?'),
        (HTTP + "conditions: ['[STATUS] == 200']}", 'unknown key "conditions"; did you mean "down"?'),
        (HTTP + "keyword: ok}", 'unknown key "keyword"; did you mean "down"?'),
        (HTTP + "tags: [a]}", 'unknown key "tags"; did you mean "labels"?'),
        (HTTP + "parent: router}", 'unknown key "parent"; did you mean "depends_on"?'),
        (HTTP + "Insecure: true}", 'unknown key "Insecure"; did you mean "verify"?'),
        (HTTP + "retry_interval: 20s}", 'unknown key "retry_interval"; did you mean "every_while_failing"?'),
        (HTTP + "schedule: '@daily'}", 'unknown key "schedule"; did you mean "cron"?'),
        ("  p: {type: push}", 'type: there is no type "push"; did you mean "heartbeat"?'),
        ("  p: {type: cron}", 'type: there is no type "cron"; did you mean "heartbeat"?'),
        ("  p: {type: keyword}", 'type: there is no type "keyword"; did you mean "http"?'),
        ("  p: {type: icmp}", 'type: there is no type "icmp"; did you mean "ping"?'),
        ("  p: {type: nagios}", 'type: there is no type "nagios"; did you mean "command"?'),
        ("  p: {type: filesystem}", 'type: there is no type "filesystem"; did you mean "disk"?'),
        ("  p: {type: mariadb}", 'type: there is no type "mariadb"; did you mean "mysql"?'),
    ],
)
def test_the_word_of_another_program_is_answered_with_ours(written: str, said: str, problems_of: Problems) -> None:
    (problem,) = problems_of(TOP + written, catalog=loading.catalog(Path("handlers.d")))
    assert problem.endswith(said)


def test_a_word_is_only_offered_where_it_stands_for_something(problems_of: Problems) -> None:
    (problem,) = problems_of(TOP + "  d: {type: disk, path: /, hostname: x}", catalog=loading.catalog(Path()))
    assert "did you mean" not in problem
    assert 'unknown key "hostname"; known here: ' in problem
