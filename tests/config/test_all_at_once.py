"""What is wrong with one value is told whatever else is wrong with its section, with the value's own line."""

from collections.abc import Callable

import pytest

from daemon.loading import catalog

Problems = Callable[..., list[str]]

GOOD = """\
channels: {hall: {type: console}}
receivers: [{name: ops, notify: [{by: [hall]}]}]
route: {receiver: ops}
"""
REAL = catalog("")
TABLE = {
    "a channel's URL beside its time-out": (
        GOOD.replace("{hall: {type: console}}", "\n  hall: {type: webhook, url: foo, timeout: 5 min}"),
        [
            'tocsin.yml:2: channels.hall.timeout: "5 min" is not a duration; write for example 30s, 5m, 4h or 1h30m',
            "tocsin.yml:2: channels.hall.url: is not a URL: write for example https://alarms.example.com/hook",
        ],
    ),
    "a gateway beside missing keys": (
        GOOD.replace(
            "{hall: {type: console}}",
            "\n  hall: {type: aliyun_sms, endpoint: foo, access_key_id: a, sign_name: b, template_code: c}",
        ),
        [
            "tocsin.yml:2: channels.hall.access_key_secret: is missing (the AccessKey's secret)",
            "tocsin.yml:2: channels.hall.endpoint: is not a URL: write for example https://",
        ],
    ),
    "a probe's URL beside its beat": (
        GOOD + "probes:\n  shop:\n    type: http\n    url: shop\n    every: 1ms\n",
        [
            "tocsin.yml:7: probes.shop.url: is not a URL: write for example https://shop.example.com/health",
            'tocsin.yml:8: probes.shop.every: "1ms" is too small; at least 1s',
        ],
    ),
    "a port that is none beside a missing host": (
        GOOD + "probes: {db: {type: tcp, port: 70000}}\n",
        [
            'tocsin.yml:4: probes.db.port: "70000" is too large; at most 65,535',
            "tocsin.yml:4: probes.db.host: is missing (host name or address; an IPv6 address with or without brackets)",
        ],
    ),
    "a map's mistakes beside its missing title": (
        GOOD
        + "sources:\n  shop:\n    handler: generic\n    each: alerts\n    map:\n      titel: $.title\n      key: '$['\n"
        + "      labels: {host: '{{ item.host'}\n",
        [
            "tocsin.yml:7: sources.shop.each: 'alerts' is not a path: it begins with $",
            'tocsin.yml:9: sources.shop.map: unknown key "titel"; did you mean "title"?',
            "tocsin.yml:8: sources.shop.map.title: is missing (one line that says what is wrong)",
            "tocsin.yml:10: sources.shop.map.key: ",
            "tocsin.yml:11: sources.shop.map.labels.host: line 1: ",
        ],
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_one_mistake_does_not_hide_another(case: str, problems_of: Problems) -> None:
    text, expected = TABLE[case]
    problems = sorted(problems_of(text, catalog=REAL))
    assert len(problems) == len(expected), problems
    for problem, beginning in zip(problems, sorted(expected), strict=True):
        assert problem.startswith(beginning), problems


def test_a_value_that_may_be_secret_is_not_quoted(problems_of: Problems) -> None:
    text = GOOD + "probes: {shop: {type: http, url: 'htp://u:hunter22@shop'}}\n"
    assert "hunter22" not in str(problems_of(text, catalog=REAL))
