"""templates.*: what people read, shown without being sent."""

import dataclasses

import pytest

from daemon.cli.commands import command
from daemon.config.audience import Person
from daemon.config.settings import Channel
from daemon.config.wording import Templates, Texts, Wording
from daemon.methods.table import INVALID_PARAMS, NOT_FOUND
from daemon.secret import Secret
from daemon.senders.aliyun_sms import AliyunSms
from daemon.template import Template
from daemon.zone import Zone
from fake_parts import Desk, Said

PARAMS = {"what": Template("{{ alert.title | fit(6) }}"), "wrong": Template("{{ alert.titel }}")}
SMS = AliyunSms(
    access_key_id="id", access_key_secret=Secret("s"), sign_name="运维", template_code="SMS_1", template_params=PARAMS
)


@pytest.fixture
def worded(desk: Desk) -> Desk:
    """Chinese in the house, with a template of all, one of a channel, and a text-message channel with variables."""
    room = dataclasses.replace(
        desk.settings.channels["room"], templates=Templates(long=Wording(both=Template("room {{ alert.code }}")))
    )
    desk.settings = dataclasses.replace(
        desk.settings,
        texts=Texts(lang="zh", time_zone=Zone("Asia/Shanghai")),
        templates=Templates(line=Wording(en=Template("all {{ alert.title }}"))),
        channels={**desk.settings.channels, "room": room, "text": Channel(name="text", type="aliyun_sms", sender=SMS)},
        people={"lin": Person(name="lin", lang="zh", phone="+8613800000001"), "smith": Person(name="smith", lang="en")},
    )
    return desk


def texts(desk: Desk, **params: object) -> dict[str, str]:
    return {one["name"]: one["text"] for one in desk.ask("templates.render", **params)["texts"]}


def test_an_alert_is_shown_as_it_would_be_told(worded: Desk) -> None:
    code = worded.send("磁盘满")
    shown = worded.ask("templates.render", alert=code, kind="short")
    assert shown == {
        "kind": "short",
        "lang": "zh",
        "reason": "first",
        "texts": [
            {"name": "title", "text": "[严重] 磁盘满（A1）", "characters": 12, "bytes": 26},
            {"name": "text", "text": "[严重] 磁盘满（A1），09:00起", "characters": 19, "bytes": 37},
        ],
        "warnings": [],
    }


def test_a_channel_gives_the_kind_its_templates_and_its_variables(worded: Desk) -> None:
    assert texts(worded, channel="room", lang="en") == {"title": "all Disk full on db-1", "text": "room A17"}
    shown = worded.ask("templates.render", channel="text", lang="en")
    assert shown["kind"] == "short"
    assert [one["name"] for one in shown["texts"]] == ["title", "text", "template_params.what"]
    assert shown["texts"][2]["text"] == "Disk …"
    (warning,) = shown["warnings"]
    assert warning.startswith("template_params.wrong: ")


def test_a_person_is_shown_their_own_language(worded: Desk) -> None:
    assert texts(worded, kind="short", to="smith")["text"] == "[CRITICAL] Disk full on db-1, since 08:50 (A17)"
    assert texts(worded, kind="short", to="lin")["text"] == "[严重] Disk full on db-1（A17），08:50起"


def test_any_reason_and_lateness_can_be_tried(worded: Desk) -> None:
    digest = texts(worded, reason="digest", kind="short", lang="en", late=720)["text"]
    assert digest.startswith("[DIGEST] 4 alarms in 2 min, worst: CRITICAL Disk")
    assert digest.endswith("(A17), 12 min late")


def test_a_template_can_be_tried_before_it_is_configured(worded: Desk) -> None:
    assert texts(worded, template="{{ alert.code }}!", lang="en")["text"] == "A17!"
    shown = worded.ask("templates.render", template="{{ alert.titel }}", lang="en")
    assert shown["texts"][1]["text"].startswith("[CRITICAL] Disk full on db-1 (A17)\n")
    assert shown["warnings"][0].startswith("templates.long: ")


@pytest.mark.parametrize(
    ("params", "sentence", "code"),
    [
        ({"template": "{% include 'x' %}"}, "template: line 1: include is not for messages", INVALID_PARAMS),
        ({"channel": "hall"}, "there is no channel 'hall'; there are: sms, room, text", NOT_FOUND),
        ({"to": "wang"}, "there is no person 'wang'; there are: lin, smith", NOT_FOUND),
        ({"alert": "A99"}, "there is no alert A99", NOT_FOUND),
        ({"alert": "D1"}, "'D1' does not name an alert", INVALID_PARAMS),
        ({"lang": "de"}, "lang", INVALID_PARAMS),
    ],
)
def test_what_there_is_not_is_an_error_that_says_what_there_is(
    params: dict[str, str], sentence: str, code: int, worded: Desk
) -> None:
    with pytest.raises(Said) as said:
        worded.ask("templates.render", **params)
    assert sentence in str(said.value)
    assert said.value.code == code


def test_a_hostile_template_ends_and_the_built_in_text_is_shown(worded: Desk) -> None:
    bomb = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    shown = worded.ask("templates.render", template=bomb, lang="en")
    assert "more than 10000 steps" in shown["warnings"][0]
    assert shown["texts"][1]["text"].startswith("[CRITICAL] ")


def test_the_list_names_every_text_in_force(worded: Desk) -> None:
    listed = worded.ask("templates.list")
    assert len(listed) == 5 * 2 + 2
    own = [(one["kind"], one["lang"], one["channel"], one["source"]) for one in listed if not one["built_in"]]
    assert own == [
        ("line", "en", "", "all {{ alert.title }}"),
        ("long", "en", "room", "room {{ alert.code }}"),
        ("long", "zh", "room", "room {{ alert.code }}"),
    ]


def test_people_see_each_text_with_its_length(worded: Desk) -> None:
    one = command("template render")
    result = worded.ask(one.method, channel="text", lang="zh")
    assert one.show(result).splitlines()[:4] == [
        "-- title: 27 characters, 35 bytes",
        "[严重] Disk full on db-1（A17）",
        "-- text: 34 characters, 46 bytes",
        "[严重] Disk full on db-1（A17），08:50起",
    ]
    assert one.failed(result)
    assert "! template_params.wrong: " in one.show(result)
    listed = command("template list")
    assert "room {{ alert.code }}" in listed.show(worded.ask(listed.method))
