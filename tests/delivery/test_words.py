"""In which words a message goes out: everybody's own language, late ones marked, whatever the templates do."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from daemon.config.audience import Person
from daemon.config.wording import Templates, Texts, Wording
from daemon.errors import SendFailed
from daemon.event import State
from daemon.notice import Acceptance, Phase, Recipient
from daemon.template import Template
from daemon.zone import Zone
from delivering import Batching, Post, Provider, raising

SHANGHAI = Texts(time_zone=Zone("Asia/Shanghai"))


@dataclass(frozen=True, kw_only=True, eq=False)
class Short(Batching):
    """Takes short texts for three numbers at once."""

    text: ClassVar[str] = "short"  # type: ignore[assignment] # a kind of text

    __eq__ = object.__eq__
    __hash__ = object.__hash__


def people(post: Post, **langs: str | None) -> None:
    known = {name: Person(name=name, phone="+8613800000001", lang=lang) for name, lang in langs.items()}  # type: ignore[arg-type]
    post.settings = replace(post.settings, people=known, texts=SHANGHAI)


def test_everybody_reads_their_own_language_and_each_language_is_one_message(post: Post) -> None:
    people(post, lin="zh", wang="en", may=None, zhou="zh")
    sms = Short()
    post.channel("sms", sms)
    post.courier.start()
    post.put("sms", to=("lin", "wang", "may", "zhou"), state=State.FIRING)
    post.quiet()
    heard = sorted((message.lang, [one.name for one in message.recipients], message.text) for message in sms.heard)
    assert heard == [
        ("en", ["wang", "may"], "[ERROR] Disk full, since 09:00 (A1)"),
        ("zh", ["lin", "zhou"], "[错误] Disk full（A1），09:00起"),
    ]


def test_a_message_that_waited_says_how_late_it_is(post: Post) -> None:
    people(post, lin="en")
    sms = Provider(answer=raising(*[SendFailed("down")] * 8, None))
    post.channel("sms", sms)
    post.courier.start()
    post.put("sms", state=State.FIRING)
    post.go(1_800)
    titles = [message.title for message in sms.heard]
    assert titles[0] == "[ERROR] Disk full (A1)"
    assert titles[-1].startswith("[ERROR] Disk full (A1), ")
    assert titles[-1].endswith(" min late")
    assert sms.heard[-1].now > sms.heard[0].now + 120


@pytest.mark.parametrize(("waited", "title"), [(120.0, "Disk full (A1)"), (121.0, "Disk full (A1), 2 min late")])
def test_two_minutes_go_without_saying(waited: float, title: str, post: Post) -> None:
    people(post, lin="en")
    sms = Provider()
    post.channel("sms", sms)
    post.put("sms", state=State.FIRING)
    post.clock.advance(waited)
    post.courier.start()
    post.quiet()
    assert [message.title for message in sms.heard] == [f"[ERROR] {title}"]


def test_a_template_that_fails_is_told_and_the_message_goes_in_the_built_in_words(post: Post) -> None:
    people(post, lin="en")
    sms = Provider(answer=lambda message: Acceptance(detail=message.title))
    post.channel("sms", sms, templates=Templates(line=Wording(both=Template("{{ alert.labels.rack }}"))))
    post.courier.start()
    (one,) = post.put("sms", state=State.FIRING)
    post.quiet()
    assert post.row(one).phase is Phase.SENT
    assert sms.heard[0].title == "[ERROR] Disk full (A1)"
    assert post.raised() == ["amended:sms"]
    assert "templates.line: " in post.alarms[0].text


def test_a_reload_changes_the_words_of_what_still_waits(post: Post) -> None:
    people(post, lin="en")
    sms = Provider(answer=raising(SendFailed("down"), None))
    post.channel("sms", sms)
    post.courier.start()
    post.put("sms", state=State.FIRING)
    post.quiet()
    people(post, lin="zh")
    post.courier.reload()
    post.go(30)
    assert [message.lang for message in sms.heard] == ["en", "zh"]


def test_a_test_speaks_the_language_of_whom_it_is_for(post: Post) -> None:
    people(post, lin="zh", wang="en")
    sms = Provider()
    post.channel("sms", sms)
    post.courier.start()
    for name in ("lin", "wang"):
        post.courier.test("sms", Recipient(name=name, address="+861"))
    assert [message.text for message in sms.heard] == [
        "[测试] 通道 sms 测试\n由运维人员手动发送，一切正常。",
        "[TEST] Test of channel sms\nSent by hand; nothing is wrong.",
    ]
