"""GitLab: which statuses count, and what names a problem."""

import json
from typing import Any

import pytest

from daemon.errors import HandlerError, NothingToTell
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from daemon.loading import built_in_handlers
from handlers.gitlab import Options

GITLAB = built_in_handlers()["gitlab"]


def sample(name: str, **fields: Any) -> dict[str, Any]:
    return dict(json.loads(GITLAB.samples[name].body)) | fields


def pipeline(**fields: Any) -> dict[str, Any]:
    body = sample("firing")
    return body | {"object_attributes": body["object_attributes"] | fields}


def one(body: dict[str, Any], **options: Any) -> Event:
    hook = Hook(source="gitlab", body=json.dumps(body).encode(), options=Options(**options))
    [found] = GITLAB.handle(hook)
    return found


@pytest.mark.parametrize("status", ["created", "pending", "running", "canceled", "skipped", "manual"])
def test_what_is_neither_failed_nor_well_leaves_everything_as_it_is(status: str) -> None:
    for body in (pipeline(status=status), sample("firing, a job", build_status=status)):
        with pytest.raises(NothingToTell):
            one(body)


def test_a_status_that_nobody_knows_is_refused() -> None:
    with pytest.raises(HandlerError, match="status 'exploded' is not one of GitLab's"):
        one(pipeline(status="exploded"))


@pytest.mark.parametrize("kind", ["push", "note", "merge_request", "release"])
def test_other_events_are_no_alarms(kind: str) -> None:
    with pytest.raises(NothingToTell, match=f"'{kind}' is no alarm"):
        one({"object_kind": kind})


def test_a_pipeline_of_a_merge_request_does_not_close_that_of_its_branch() -> None:
    request = pipeline(source="merge_request_event", status="success") | {"merge_request": {"iid": 12}}
    assert one(request).labels["branch"] == "!12"
    assert one(request).fingerprint() != one(pipeline()).fingerprint()


def test_a_nightly_pipeline_is_not_closed_by_a_push() -> None:
    assert one(pipeline(source="schedule")).fingerprint() != one(pipeline()).fingerprint()
    assert one(pipeline(source="web")).fingerprint() == one(pipeline()).fingerprint()


def test_a_pipeline_names_the_jobs_that_failed() -> None:
    body = pipeline()
    body["builds"].append({"stage": "test", "name": "flaky", "status": "failed", "allow_failure": True})
    assert one(body).text == "test/unit: script_failure"


def test_only_the_branches_that_matter_are_heard() -> None:
    assert one(pipeline(ref="release/1"), branches=("release/*",)).state is State.FIRING
    with pytest.raises(NothingToTell, match="'main' is not among the source's branches"):
        one(pipeline(), branches=("release/*",))


def test_a_job_that_may_fail_is_a_warning() -> None:
    assert one(sample("firing, a job", build_allow_failure=True)).severity is Severity.WARNING
    assert one(sample("firing, a job")).severity is Severity.ERROR


def test_a_project_is_named_by_its_path_also_where_a_job_tells_only_its_name() -> None:
    body = sample("firing, a job")
    assert one(body).title == "Job test/unit failed on main of acme/shop"
    assert one(body).links == {"job": "https://gitlab.example.com/acme/shop/-/jobs/1977"}
    del body["project"]
    assert one(body).labels["project"] == "Acme / Shop"


def test_an_ordinary_issue_is_no_alarm_and_an_incident_may_say_so_in_two_ways() -> None:
    body = sample("firing, an incident")
    older = body | {"event_type": "issue"}
    assert one(older).fingerprint() == one(body).fingerprint()
    older["object_attributes"]["type"] = "Issue"
    with pytest.raises(NothingToTell):
        one(older)


def test_the_time_is_read_with_its_offset() -> None:
    assert one(sample("firing, a deployment")).started_at == one(pipeline()).started_at == 1_795_222_800.0


def test_a_webhook_that_is_sent_again_keeps_its_name() -> None:
    assert GITLAB.delivery is not None
    assert GITLAB.delivery(Hook(source="gitlab", body=b"", headers={"idempotency-key": "f5e5"})) == "f5e5"
