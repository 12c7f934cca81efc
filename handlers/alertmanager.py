"""Prometheus Alertmanager's webhook, version 4: one event per alert of the group."""

from collections.abc import Iterator

from daemon.event import Event
from daemon.hook import Hook
from daemon.payload.alertlist import left_out, listed, told
from daemon.payload.fields import body_of
from daemon.registry import Sample, handler

_FIRING = b"""{
  "version": "4",
  "groupKey": "{}:{alertname=\\"DiskFull\\"}",
  "truncatedAlerts": 0,
  "status": "firing",
  "receiver": "tocsin",
  "groupLabels": {"alertname": "DiskFull"},
  "commonLabels": {"alertname": "DiskFull", "severity": "critical"},
  "commonAnnotations": {},
  "externalURL": "http://am.example.com:9093",
  "alerts": [
    {
      "status": "firing",
      "labels": {"alertname": "DiskFull", "instance": "db-1:9100", "severity": "critical"},
      "annotations": {
        "summary": "/ is 97% full on db-1",
        "description": "3 GB are left; at this rate it is full in two hours.",
        "runbook_url": "https://wiki.example.com/disk"
      },
      "startsAt": "2026-11-21T01:00:00.123456789Z",
      "endsAt": "0001-01-01T00:00:00Z",
      "generatorURL": "http://prom.example.com/graph?g0.expr=disk",
      "fingerprint": "bafaf1f2a64a6f67"
    }
  ]
}"""
_RESOLVED = _FIRING.replace(b'"status": "firing"', b'"status": "resolved"').replace(
    b'"endsAt": "0001-01-01T00:00:00Z"', b'"endsAt": "2026-11-21T01:20:00.5Z"'
)
_MIXED = b"""{
  "version": "4",
  "groupKey": "{}/{team=\\"shop\\"}:{}",
  "truncatedAlerts": 2,
  "status": "firing",
  "receiver": "ops\\\\.cn",
  "groupLabels": {},
  "commonLabels": {"alertname": "Latency", "severity": "page"},
  "commonAnnotations": {},
  "externalURL": "http://am.example.com:9093",
  "notification_reason": "some alerts resolved",
  "alerts": [
    {
      "status": "firing",
      "labels": {"alertname": "Latency", "path": "/cart", "severity": "page"},
      "annotations": {"message": "p99 of /cart is above 2 s"},
      "startsAt": "2026-11-21T01:00:00Z",
      "endsAt": "0001-01-01T00:00:00Z",
      "generatorURL": "",
      "fingerprint": "1f2e3d4c5b6a7988"
    },
    {
      "status": "resolved",
      "labels": {"alertname": "Latency", "path": "/pay", "severity": "page"},
      "annotations": {},
      "startsAt": "2026-11-21T00:30:00Z",
      "endsAt": "2026-11-21T01:04:00Z",
      "generatorURL": "",
      "fingerprint": "8897a6b5c4d3e2f1"
    }
  ]
}"""


@handler(
    "alertmanager",
    samples={
        "firing": Sample(body=_FIRING),
        "resolved": Sample(body=_RESOLVED),
        "mixed": Sample(body=_MIXED),
    },
)
def alertmanager(hook: Hook) -> Iterator[Event]:
    """Each alert's own status counts, not the group's; Alertmanager's fingerprint is the key."""
    body = body_of(hook)
    for alert in listed(body):
        yield told(hook.source, alert, also=left_out(body), alertmanager=body.get("externalURL"))
