"""The script that docs/sources/zabbix.md gives to paste, run by Duktape, the engine that Zabbix runs it with."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import dukpy
import pytest

from bodies import read
from daemon.event import State
from handlers.zabbix import zabbix

PAGE = (Path(__file__).parents[2] / "docs" / "sources" / "zabbix.md").read_text()
[SCRIPT] = re.findall(r"```js\n(.*?)```", PAGE, re.DOTALL)
[TEMPLATE] = re.findall(r"```json template\n(.*?)```", PAGE, re.DOTALL)
PARAMETERS: dict[str, str] = json.loads(TEMPLATE)

# What the script finds in Zabbix: `value`, and an HttpRequest that notes what it is asked for and answers as told.
AROUND = """
var sent = {headers: []};
function HttpRequest() {}
HttpRequest.prototype.addHeader = function (line) { sent.headers.push(line); };
HttpRequest.prototype.post = function (url, body) { sent.url = url; sent.body = body; return dukpy.answer; };
HttpRequest.prototype.getStatus = function () { return dukpy.status; };
try { sent.returned = (function (value) { %s })(JSON.stringify(dukpy.parameters)); }
catch (error) { sent.thrown = String(error); }
sent
"""


def run(parameters: dict[str, str], status: int = 200, answer: str = "{}") -> Any:
    return dukpy.evaljs(AROUND % SCRIPT, parameters=parameters, status=status, answer=answer)


def filled(sample: str, **others: str) -> dict[str, str]:
    """The parameters of the page as Zabbix would fill them in for this sample."""
    return PARAMETERS | json.loads(zabbix.samples[sample].body) | {"token": "t0k"} | others


def test_the_parameters_are_those_of_the_samples() -> None:
    assert set(PARAMETERS) - {"url", "token"} == set(json.loads(zabbix.samples["firing"].body))


@pytest.mark.parametrize("sample", ["firing", "resolved", "update"])
def test_what_it_posts_is_read_and_holds_no_token(sample: str) -> None:
    sent = run(filled(sample))
    assert (sent["url"], sent["returned"]) == ("https://your-host/webhook/zabbix", "OK")
    assert sent["headers"] == ["Content-Type: application/json", "Authorization: Bearer t0k"]
    assert "t0k" not in sent["body"]
    assert read(zabbix, sent["body"].encode()) == read(zabbix, zabbix.samples[sample].body)


def test_before_7_0_the_times_are_those_of_the_server_s_zone() -> None:
    old = filled("resolved", timestamp="{EVENT.TIMESTAMP}", rtimestamp="{EVENT.RECOVERY.TIMESTAMP}")
    [event] = read(zabbix, run(old)["body"].encode())
    assert event.state is State.RESOLVED
    assert event.started_at == datetime(2026, 11, 21, 9, 0, 3).timestamp()  # noqa: DTZ001 - this machine's zone
    assert event.ended_at == datetime(2026, 11, 21, 9, 20, 3).timestamp()  # noqa: DTZ001


def test_the_test_of_the_media_type_s_page_is_one() -> None:
    [event] = read(zabbix, run(PARAMETERS)["body"].encode())
    assert event.labels["test"] == "true"


def test_zabbix_hears_why_it_failed_and_tries_again() -> None:
    said = run(filled("firing"), status=503, answer='{"error": "unavailable"}')["thrown"]
    assert said == 'tocsin answers 503: {"error": "unavailable"}'
