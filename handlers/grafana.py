"""Grafana unified alerting: one event per alert in the body."""

from collections.abc import Iterator

from daemon.event import Event, State
from daemon.hook import Hook
from daemon.payload.alertlist import Listed, left_out, listed
from daemon.payload.fields import body_of, links_of, text_of
from daemon.payload.once import over_at
from daemon.registry import Sample, handler

# The alerts that Grafana makes of a rule which could not be judged; the rule's name is in a label.
_BLIND = {"DatasourceNoData": "No data", "DatasourceError": "Query failed"}

# The labels of what the button "Test" of a contact point sends, which Grafana never resolves.
_TEST = {"alertname": "TestAlert", "instance": "Grafana"}

_FIRING = b"""{
  "receiver": "tocsin",
  "status": "firing",
  "orgId": 1,
  "version": "1",
  "groupKey": "{}/{}:{alertname=\\"CPU\\"}",
  "truncatedAlerts": 0,
  "title": "[FIRING:1] CPU (web-3)",
  "state": "alerting",
  "message": "**Firing**\\n\\nValue: B=95.1",
  "groupLabels": {"alertname": "CPU"},
  "commonLabels": {"alertname": "CPU", "host": "web-3", "severity": "warning"},
  "commonAnnotations": {"summary": "CPU of web-3 is at 95%"},
  "externalURL": "https://grafana.example.com/",
  "alerts": [
    {
      "status": "firing",
      "labels": {"alertname": "CPU", "host": "web-3", "severity": "warning", "__alert_rule_uid__": "abc"},
      "annotations": {"summary": "CPU of web-3 is at 95%", "__dashboardUid__": "d1"},
      "startsAt": "2026-11-21T09:00:00+08:00",
      "endsAt": "0001-01-01T00:00:00Z",
      "generatorURL": "https://grafana.example.com/alerting/grafana/abc/view?orgId=1",
      "fingerprint": "57c6d9296de2ad39",
      "silenceURL": "https://grafana.example.com/alerting/silence/new?matcher=host%3Dweb-3",
      "dashboardURL": "https://grafana.example.com/d/d1?orgId=1",
      "panelURL": "https://grafana.example.com/d/d1?orgId=1&viewPanel=4",
      "imageURL": "https://grafana.example.com/img/7.png",
      "values": {"B": 95.1, "C": 1},
      "valueString": "[ var='B' labels={host=web-3} value=95.1 ], [ var='C' labels={host=web-3} value=1 ]",
      "orgId": 1
    }
  ]
}"""
_RESOLVED = (
    _FIRING.replace(b'"status": "firing"', b'"status": "resolved"')
    .replace(b'"state": "alerting"', b'"state": "ok"')
    .replace(b'"endsAt": "0001-01-01T00:00:00Z"', b'"endsAt": "2026-11-21T09:20:00+08:00"')
)
_NO_DATA = b"""{
  "receiver": "tocsin",
  "status": "firing",
  "orgId": 1,
  "version": "1",
  "groupKey": "{}/{}:{alertname=\\"DatasourceNoData\\"}",
  "truncatedAlerts": 0,
  "title": "[FIRING:1] DatasourceNoData (CPU)",
  "state": "alerting",
  "message": "**Firing**\\n\\nValue: [no value]",
  "groupLabels": {"alertname": "DatasourceNoData"},
  "commonLabels": {"alertname": "DatasourceNoData"},
  "commonAnnotations": {},
  "externalURL": "https://grafana.example.com/",
  "alerts": [
    {
      "status": "firing",
      "labels": {"alertname": "DatasourceNoData", "datasource_uid": "prom-1", "ref_id": "A", "rulename": "CPU"},
      "annotations": {"summary": "CPU of [no value] is at [no value]"},
      "startsAt": "2026-11-21T09:00:00+08:00",
      "endsAt": "0001-01-01T00:00:00Z",
      "generatorURL": "https://grafana.example.com/alerting/grafana/abc/view?orgId=1",
      "fingerprint": "0c1d2e3f40516273",
      "silenceURL": "https://grafana.example.com/alerting/silence/new?matcher=rulename%3DCPU",
      "dashboardURL": "",
      "panelURL": "",
      "values": null,
      "valueString": "",
      "orgId": 1
    }
  ]
}"""
_DRILL = b"""{
  "receiver": "test",
  "status": "firing",
  "orgId": 1,
  "version": "1",
  "groupKey": "test-57c6d9296de2ad39-1795222800",
  "truncatedAlerts": 0,
  "title": "[FIRING:1] TestAlert Grafana",
  "state": "alerting",
  "message": "**Firing**",
  "groupLabels": {"alertname": "TestAlert", "instance": "Grafana"},
  "commonLabels": {"alertname": "TestAlert", "instance": "Grafana"},
  "commonAnnotations": {"summary": "Notification test"},
  "externalURL": "https://grafana.example.com/",
  "alerts": [
    {
      "status": "firing",
      "labels": {"alertname": "TestAlert", "instance": "Grafana"},
      "annotations": {"summary": "Notification test"},
      "startsAt": "2026-11-21T09:00:00+08:00",
      "endsAt": "0001-01-01T00:00:00Z",
      "generatorURL": "",
      "fingerprint": "57c6d9296de2ad39",
      "silenceURL": "https://grafana.example.com/alerting/silence/new?matcher=alertname%3DTestAlert",
      "dashboardURL": "",
      "panelURL": "",
      "values": null,
      "valueString": "[ metric='foo' labels={instance=bar} value=10 ]"
    }
  ]
}"""


@handler(
    "grafana",
    samples={
        "firing": Sample(body=_FIRING),
        "resolved": Sample(body=_RESOLVED),
        "no data": Sample(body=_NO_DATA),
        "test of the contact point": Sample(body=_DRILL),
    },
)
def grafana(hook: Hook) -> Iterator[Event]:
    """Each alert's own status counts; the key is Grafana's fingerprint within its organisation."""
    body = body_of(hook)
    for alert in listed(body, _is_public):
        drill = _TEST.items() <= alert.labels.items() and alert.state is State.FIRING
        organisation = text_of(alert.raw.get("orgId", body.get("orgId")))
        yield Event(
            source=hook.source,
            key=f"{organisation}|{alert.fingerprint}" if alert.fingerprint else "",
            state=alert.state,
            severity=alert.severity,
            title=_title(alert),
            text=_text(alert, left_out(body)),
            labels=alert.labels | ({"test": "true"} if drill else {}),
            links=links_of(
                dashboard=alert.raw.get("dashboardURL"),
                panel=alert.raw.get("panelURL"),
                image=alert.raw.get("imageURL"),
                rule=alert.raw.get("generatorURL"),
                silence=alert.raw.get("silenceURL"),
                runbook=alert.note("runbook_url", "runbook"),
                grafana=body.get("externalURL"),
            ),
            started_at=alert.started_at,
            ended_at=alert.ended_at,
            fires_until=over_at(hook) if drill else None,
            annotations=alert.notes,
        )


def _is_public(name: str) -> bool:
    """Grafana's own bookkeeping (`__alert_rule_uid__`) is nobody's label."""
    return not (name.startswith("__") and name.endswith("__"))


def _title(alert: Listed) -> str:
    """Name the rule that is blind: its summary was written for values that it does not have."""
    name = alert.labels.get("alertname", "")
    if name in _BLIND:
        return f"{_BLIND[name]}: {alert.labels.get('rulename') or name}"
    return alert.note("summary") or name


def _text(alert: Listed, cut: str) -> str:
    """Put together what the rule says, why its query failed, and the values."""
    values = alert.raw.get("values")
    if isinstance(values, dict) and values:
        shown = ", ".join(f"{name} = {text_of(value)}" for name, value in values.items())
    else:
        shown = text_of(alert.raw.get("valueString"))
    return "\n".join(filter(None, (alert.note("description", "message"), alert.note("Error"), shown, cut)))
