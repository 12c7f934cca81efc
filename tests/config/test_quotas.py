"""Quotas of a channel: what they mean as they are written, and what is wrong with those that could not be kept."""

from collections.abc import Callable

import pytest

from daemon.config.load import Loaded
from daemon.config.quota import Counted, Per, Then
from daemon.loading import catalog

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]

GOOD = """\
people: {lin: {phone: +8613800000001}}
receivers: [{name: ops, notify: [{to: [lin], by: [sms, hall]}]}]
route: {receiver: ops}
channels:
  hall: {type: room}
  sms:
    type: sms
    key: k
"""

ALIYUN = 'access_key_id: a, access_key_secret: "${S}", template_code: "154950909"'
TENCENT = 'sdk_app_id: "1400006666", sign_name: b, template_id: 154950909'
OF_A_TEMPLATE = (
    f"type: aliyun_sms, sign_name: b, {ALIYUN}",
    f"type: voice, {ALIYUN}",
    f'type: tencent_sms, secret_id: "${{S}}", secret_key: "${{S}}", {TENCENT}',
    f'type: tencent_sms_v5, app_key: "${{S}}", {TENCENT}',
)


def test_a_short_quota_has_a_reserve_a_warning_and_the_next_channel(load_text: Load) -> None:
    (quota,) = load_text(GOOD + "    quotas: [{most: 1000, per: day}]\n").settings.channels["sms"].quotas
    assert (quota.per, quota.each, quota.then) == (Per.DAY, Counted.CHANNEL, Then.FAIL_OVER)
    assert (quota.kept, quota.ordinary, quota.soft) == (100, 900, 720)
    assert quota.time_zone is None


def test_shares_are_written_as_parts_or_as_numbers(load_text: Load) -> None:
    text = (
        "    quotas:\n"
        "      - {most: 50, per: day, each: recipient, reserve: 12.5%, warn_at: 30, then: digest, digest_every: 30m}\n"
        "      - {most: 300, per: month, reserve: 0, warn_at: 100%, time_zone: Asia/Shanghai}\n"
    )
    day, month = load_text(GOOD + text).settings.channels["sms"].quotas
    assert (day.kept, day.ordinary, day.digests_up_to, day.soft) == (6, 44, 47, 30)
    assert (month.kept, month.soft, str(month.time_zone)) == (0, 300, "Asia/Shanghai")
    assert (day.name, month.name) == ("day-recipient", "month")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{per: day}", "[0].most: is missing (how many messages; one to three people is three)"),
        ("{most: 0, per: day}", '[0].most: "0" is too small; at least 1'),
        ("{most: 10, per: week}", '[0].per: "week" is not one of day, month'),
        ("{most: 10, per: day, each: phone}", '[0].each: "phone" is not one of channel, recipient, template'),
        ("{most: 10, per: day, reserve: 120%}", '[0].reserve: "120%" is not a share; write for example 10%, or a num'),
        ("{most: 10, per: day, reserve: -1}", '[0].reserve: "-1" is not a share'),
        ("{most: 10, per: day, reserve: 10}", "[0].reserve: leaves nothing of 10 for what is not critical"),
        ("{most: 10, per: day, reserve: 5, warn_at: 6}", "[0].warn_at: comes too late: only 5 are not reserved"),
        ("{most: 10, per: day, then: digest}", "[0].reserve: is 1, but digests are sent from one half of it"),
        (
            "{most: 100, per: day, then: digest, digest_every: 7h}",
            "[0].digest_every: is longer than the channel's deadline, 6h: what waits would be given up before",
        ),
        ("{most: 10, per: day, each: template}", "[0].each: this channel has no template of its provider"),
        ("{most: 9, per: day}, {most: 10, per: day}", "[1]: there is one for each channel and day already"),
        ("{most: 10, per: day, time_zone: Beijing}", '[0].time_zone: "Beijing" is not a time zone; did you mean "As'),
    ],
)  # fmt: skip
def test_says_what_is_wrong_and_where(written: str, expected: str, problems_of: Problems) -> None:
    (problem,) = problems_of(GOOD + f"    quotas: [{written}]\n")
    assert problem.startswith(f"tocsin.yml:9: channels.sms.quotas{expected}")


@pytest.mark.parametrize("written", OF_A_TEMPLATE)
def test_channels_of_approved_templates_may_count_by_them(written: str, load_text: Load) -> None:
    text = GOOD.replace("hall: {type: room}", f"hall: {{{written}, quotas: [{{most: 9, per: day, each: template}}]}}")
    text = text.replace("type: sms", "type: console").replace("    key: k\n", "")
    channel = load_text(text, catalog=catalog(""), S="secret").settings.channels["hall"]
    assert channel.sender.approved_template == "154950909"


def test_a_room_has_no_recipients(problems_of: Problems) -> None:
    text = GOOD.replace("hall: {type: room}", "hall: {type: room, quotas: [{most: 9, per: day, each: recipient}]}")
    (problem,) = problems_of(text)
    assert problem.endswith("quotas[0].each: channels of the type room have no recipients; write each: channel")
