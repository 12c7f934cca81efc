"""A template that can say nothing about an alarm is noticed when the configuration is read."""

from collections.abc import Callable

import pytest

from daemon.config.load import Loaded
from daemon.loading import catalog

Load = Callable[..., Loaded]

TEXT = """\
receivers: [{name: ops, notify: [{by: [sms], to: [lin]}]}]
route: {receiver: ops}
people: {lin: {phone: +8613800000001}}
channels:
  sms:
    type: aliyun_sms
    access_key_id: id
    access_key_secret: "${S}"
    sign_name: 运维
    template_code: SMS_1
    template_params:
      code: "{{ alert.code }}"
      what: '%s'
"""
REAL = catalog("")


def warnings(load_text: Load, template: str) -> list[str]:
    return load_text(TEXT.replace("%s", template.replace("'", "''")), catalog=REAL, S="s3cret").warnings


@pytest.mark.parametrize(
    ("template", "state", "reason"),
    [
        ("{{ alert.titel }}", "firing", "does not render: alert has no attribute 'titel'"),
        ("{{ alrt.title }}", "firing", "'alrt' is undefined"),
        ("{{ message.alert.sevrity }}", "firing", "has no attribute 'sevrity'"),
        ("{{ alert.title.replace('a', 'b') }}", "firing", "may not call .replace()"),
        ("{{ alert.ended_at - alert.started_at }}", "firing", "unsupported operand"),
        ("{% if message.state == 'resolved' %}{{ notice.resaon }}{% endif %}", "resolved", "no attribute 'resaon'"),
    ],
)
def test_a_template_that_renders_for_no_alarm_is_a_warning_with_its_line(
    template: str, state: str, reason: str, load_text: Load
) -> None:
    (warning,) = warnings(load_text, template)
    assert warning.startswith(
        f"tocsin.yml:13: channels.sms.template_params.what: a {state} alarm will not be told in these words: "
    )
    assert reason in warning


@pytest.mark.parametrize(
    "template",
    [
        "{{ alert.title }} {{ message.title }} {{ message.text }} {{ notice.receiver }} {{ notice.reason }}",
        "{{ alert.labels.rack }} {{ alert.labels['odd name'] | upper }} {{ alert.links.runbook }}",
        "{{ alert.labels.host.split('.')[1] }} {{ alert.text.splitlines()[1] }} {{ alert.key.split('/')[1] }}",
        "{{ alert.labels.percent | int + 1 }} {{ '%.1f' | format(alert.labels.load | float) }}",
        "{% for name, value in alert.labels.items() %}{{ name }}={{ value }} {% endfor %}{{ alert.labels | tojson }}",
        "{{ alert.labels.get('rack', '?') }} {{ alert.labels.nobody | default('?') }} {{ alert.labels | length }}",
        "{% if alert.ended_at %}after {{ alert.ended_at - alert.started_at }} s{% endif %}",
        "{{ message.recipients[0].name }} {{ message.code }} {{ alert.severity }} {{ alert.count }}",
        "plain words",
    ],
)
def test_what_depends_on_the_alarms_of_the_house_is_not(template: str, load_text: Load) -> None:
    assert warnings(load_text, template) == []


def test_a_secret_in_a_template_does_not_show_in_the_warning(load_text: Load) -> None:
    (warning,) = warnings(load_text, "${S}{{ alert.titel }}")
    assert "s3cret" not in warning


def test_a_channel_whose_variables_name_the_recipient_takes_fewer_at_once(load_text: Load) -> None:
    for template, batch in (("{{ recipient.name }}", 100), ("{{ alert.title }}", 1_000)):
        loaded = load_text(TEXT.replace("%s", template), catalog=REAL, S="s3cret")
        assert loaded.settings.channels["sms"].sender.batch == batch
        assert not loaded.warnings
