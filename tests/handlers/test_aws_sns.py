"""SNS: who may speak is decided by the signature, the topic, the time, and where the certificate comes from."""

from typing import Any

import msgspec
import pytest

from bodies import read
from daemon.errors import HandlerError, OutsideError, Untrusted
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from daemon.loading import built_in_handlers
from fake_sns import CERTIFICATE, CONFIRM, TOPIC, amazon, certificate, elliptic, message, sent, signed
from handlers.aws_sns import Options, admit, delivery

NOW = 1_795_222_800.0
SNS = built_in_handlers()["aws_sns"]
OPTIONS = Options(topics=(TOPIC,))


def hook_of(body: Any, **headers: str) -> Hook:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    raw = body if isinstance(body, bytes) else sent(body)
    return Hook(source="aws_sns", body=raw, headers=named, received_at=NOW, options=OPTIONS)


def refusal(body: Any, outside: Any = None, **headers: str) -> str:
    with pytest.raises(Untrusted) as caught:
        admit(hook_of(body, **headers), outside or amazon())
    return str(caught.value)


def event(body: dict[str, Any], options: Options = OPTIONS) -> Event:
    [one] = read(SNS, body, options=options)
    return one


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", ["Disk", None, "", "Zeile\n2 ü"])
def test_a_signed_message_is_admitted_and_costs_one_look_at_the_certificate(version: str, subject: str | None) -> None:
    outside = amazon()
    admit(hook_of(message(NOW, SignatureVersion=version, Subject=subject)), outside)
    assert outside.asked == [CERTIFICATE]


@pytest.mark.parametrize("kind", ["SubscriptionConfirmation", "UnsubscribeConfirmation"])
def test_a_subscription_is_confirmed_once_its_signature_is_good_and_its_end_is_not_undone(kind: str) -> None:
    outside = amazon()
    admit(hook_of(message(NOW, Type=kind)), outside)
    assert outside.asked == [CERTIFICATE, CONFIRM][: 1 + kind.startswith("Sub")]


@pytest.mark.parametrize("name", ["Message", "MessageId", "Subject", "Timestamp"])
def test_a_field_that_was_altered_is_noticed(name: str) -> None:
    body = message(NOW)
    body[name] = "2026-11-21T01:00:01Z" if name == "Timestamp" else body[name] + "x"
    assert "the signature does not fit" in refusal(body)


@pytest.mark.parametrize("name", ["SubscribeURL", "Token"])
def test_a_confirmation_that_was_altered_is_not_followed(name: str) -> None:
    body, outside = message(NOW, Type="SubscriptionConfirmation"), amazon()
    body[name] += "x"
    assert "the signature does not fit" in refusal(body, outside)
    assert CONFIRM not in outside.asked


def test_a_field_that_was_added_or_moved_is_noticed() -> None:
    bare = message(NOW, Subject=None)
    assert "the signature does not fit" in refusal(bare | {"Subject": "x"})
    body = message(NOW)
    assert "the signature does not fit" in refusal(
        body | {"Type": "SubscriptionConfirmation", "SubscribeURL": CONFIRM, "Token": "t"}
    )


@pytest.mark.parametrize("signature", ["", "%%%", "AAAA", "ä"])
def test_what_is_no_signature_does_not_fit(signature: str) -> None:
    assert "the signature does not fit" in refusal(message(NOW) | {"Signature": signature})


def test_the_other_version_s_signature_does_not_fit() -> None:
    assert "the signature does not fit" in refusal(message(NOW) | {"SignatureVersion": "1"})
    assert "SignatureVersion '3' is not known" in refusal(message(NOW) | {"SignatureVersion": "3"})


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/x.pem",
        "https://evil.example#@sns.eu-west-1.amazonaws.com/x.pem",
        "https://evil.example\\@sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/x.pem",
        "https://sns.eu-west-1.amazonaws.com:/x.pem",
        "https://me@sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com./x.pem",
        "https://s3.eu-west-1.amazonaws.com/bucket/x.pem",
        "https://sns.amazonaws.com/x.pem",
        "https://sns.bucket.s3-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com/x.pem?y=/x.pem",
        "https://sns.eu-west-1.amazonaws.com/x#.pem",
        "https://sns.eu-west-1.amazonaws.com/x.txt",
        "https://sns.eu-west-1.amazonaws.com/x.pem\n",
        "https://sns.eu-west-1.amazonaws.com/ä.pem",
        "https://[sns.eu-west-1.amazonaws.com/x.pem",
        "",
    ],
)  # fmt: skip
def test_a_certificate_from_anywhere_else_is_not_even_asked_for(url: str) -> None:
    outside = amazon()
    assert "SigningCertURL" in refusal(message(NOW, SigningCertURL=url), outside)
    assert outside.asked == []


def test_amazon_s_chinese_and_american_government_s_hosts_are_its_own() -> None:
    for host in (
        "sns.cn-north-1.amazonaws.com.cn",
        "sns.us-gov-west-1.amazonaws.com",
        "sns.ap-southeast-2.amazonaws.com",
    ):
        url = f"https://{host}/x.pem"
        admit(hook_of(message(NOW, SigningCertURL=url)), amazon(**{url: certificate()}))


def test_a_subscription_that_leads_elsewhere_is_not_followed_although_it_is_signed() -> None:
    outside = amazon()
    body = message(
        NOW, Type="SubscriptionConfirmation", SubscribeURL="https://evil.example/?Action=ConfirmSubscription"
    )
    assert "SubscribeURL does not lead to" in refusal(body, outside)
    assert outside.asked == [CERTIFICATE]


def test_another_topic_is_refused_before_anything_is_fetched() -> None:
    outside = amazon()
    assert "is not among the source's topics" in refusal(message(NOW, TopicArn=TOPIC + "x"), outside)
    assert outside.asked == []


@pytest.mark.parametrize("seconds", [-3_601, 3_601, -86_400 * 365])
def test_what_is_old_or_of_the_future_is_refused(seconds: float) -> None:
    assert "more than an hour from now" in refusal(message(NOW + seconds))
    admit(hook_of(message(NOW + (3_590 if seconds > 0 else -3_590))), amazon())


def test_what_is_no_time_is_refused() -> None:
    assert "more than an hour from now" in refusal(message(NOW, Timestamp="soon"))


@pytest.mark.parametrize(
    ("fetched", "said"),
    [
        (b"", "is no certificate"),
        (b"<html>sign in</html>", "is no certificate"),
        (certificate()[:300], "is no certificate"),
        (certificate().replace(b"M", b"N", 3), "is no certificate"),
        (elliptic(), "has no RSA key"),
    ],
    ids=["nothing", "a page", "half of one", "a damaged one", "another key"],
)
def test_what_is_no_certificate_vouches_for_nothing(fetched: bytes, said: str) -> None:
    assert said in refusal(message(NOW), amazon(**{CERTIFICATE: fetched}))


def test_when_amazon_cannot_be_asked_it_is_nobody_s_fault() -> None:
    with pytest.raises(OutsideError):
        admit(hook_of(message(NOW)), amazon(**{CERTIFICATE: OutsideError("no answer")}))
    confirmation = message(NOW, Type="SubscriptionConfirmation")
    with pytest.raises(OutsideError):
        admit(hook_of(confirmation), amazon(**{CONFIRM: OutsideError("no answer")}))


def test_raw_delivery_is_refused_and_says_how_to_mend_it() -> None:
    said = refusal(b"CPU is high", x_amz_sns_rawdelivery="true")
    assert "--attribute-name RawMessageDelivery --attribute-value false" in said


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"Type": "Other"}', b'{"Type": ["Notification"]}'])
def test_what_is_no_message_is_an_unusable_body_and_not_a_stranger(body: bytes) -> None:
    with pytest.raises(HandlerError):
        admit(hook_of(body), amazon())
    with pytest.raises(HandlerError):
        delivery(hook_of(body))


def test_a_message_keeps_its_name_when_it_is_sent_again() -> None:
    assert delivery(hook_of(message(NOW))) == delivery(hook_of(signed(message(NOW)))) == "m-1"


def test_an_alarm_without_data_is_a_warning_that_the_same_ok_ends() -> None:
    firing, over = (msgspec.json.decode(SNS.samples[name].body) for name in ("firing", "resolved"))
    alarm = msgspec.json.decode(firing["Message"]) | {"NewStateValue": "INSUFFICIENT_DATA"}
    blind = event(firing | {"Message": msgspec.json.encode(alarm).decode()})
    assert (blind.state, blind.severity, blind.title) == (State.FIRING, Severity.WARNING, "No data: cpu")
    assert event(over).fingerprint() == blind.fingerprint()


def test_an_alarm_says_where_and_what_and_when() -> None:
    body = msgspec.json.decode(SNS.samples["firing"].body)
    one = event(body, Options(topics=(TOPIC,), severity=Severity.CRITICAL))
    assert one.severity is Severity.CRITICAL
    assert one.key == "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:cpu"
    assert one.labels == {
        "alertname": "cpu", "account": "111122223333", "namespace": "AWS/EC2", "metric": "CPUUtilization",
        "topic": "ops", "InstanceId": "i-0123456789abcdef0", "region": "eu-west-1",
    }  # fmt: skip
    assert one.started_at == pytest.approx(NOW + 0.123)
    assert one.links == {"alarm": "https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/cpu"}


def test_a_composite_alarm_has_no_trigger_and_is_one_all_the_same() -> None:
    body = msgspec.json.decode(SNS.samples["firing"].body)
    alarm = msgspec.json.decode(body["Message"])
    del alarm["Trigger"]
    one = event(body | {"Message": msgspec.json.encode(alarm | {"AlarmRule": "ALARM(a) OR ALARM(b)"}).decode()})
    assert one.key == event(body).key


def test_a_state_that_nobody_knows_is_refused() -> None:
    body = message(NOW, '{"AlarmName": "cpu", "NewStateValue": "MAYBE"}')
    with pytest.raises(HandlerError, match="must be OK, ALARM or INSUFFICIENT_DATA, not 'MAYBE'"):
        event(body)


def test_a_text_is_an_alarm_under_its_subject_or_its_first_line() -> None:
    assert event(message(NOW, "full\nvery")).key == f"{TOPIC}|Disk"
    bare = event(message(NOW, "\nfull\nvery", Subject=None))
    assert (bare.key, bare.title, bare.text) == (f"{TOPIC}|full", "full", "\nfull\nvery")
    assert event(message(NOW, "", Subject=None)).title == "A message of ops"


def test_a_subscription_that_somebody_ended_is_an_alarm_until_it_is_confirmed_anew() -> None:
    ended, begun = (
        event(message(NOW, Type=f"{kind}scribeConfirmation".replace("SubscribeC", "SubscriptionC")))
        for kind in ("Unsub", "Sub")
    )
    assert (ended.state, begun.state) == (State.FIRING, State.RESOLVED)
    assert ended.fingerprint() == begun.fingerprint()
    assert "sends no more alarms of ops" in ended.title
