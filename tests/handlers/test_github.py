"""GitHub: which conclusions count, and what names a problem."""

import json
from typing import Any

import pytest

from bodies import read
from daemon.errors import HandlerError, NothingToTell
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from daemon.loading import built_in_handlers
from handlers.github import Options

GITHUB = built_in_handlers()["github"]
RUN = json.loads(GITHUB.samples["firing"].body)


def run(**fields: Any) -> dict[str, Any]:
    return RUN | {"workflow_run": RUN["workflow_run"] | fields}


def one(body: dict[str, Any], event: str = "", **options: Any) -> Event:
    hook = Hook(
        source="github",
        body=json.dumps(body).encode(),
        headers={"x-github-event": event} if event else {},
        options=Options(**options),
    )
    [found] = GITHUB.handle(hook)
    return found


def sample(name: str) -> dict[str, Any]:
    return dict(json.loads(GITHUB.samples[name].body))


@pytest.mark.parametrize(
    ("conclusion", "state"),
    [
        ("failure", State.FIRING),
        ("timed_out", State.FIRING),
        ("startup_failure", State.FIRING),
        ("success", State.RESOLVED),
    ],
)
def test_only_failures_fire_and_only_success_ends_them(conclusion: str, state: State) -> None:
    found = one(run(conclusion=conclusion))
    assert (found.state, found.key) == (state, "acme/shop|workflow_run|159038|main")


@pytest.mark.parametrize("conclusion", ["cancelled", "skipped", "neutral", "stale", "action_required", None])
def test_what_is_neither_leaves_everything_as_it_is(conclusion: str | None) -> None:
    with pytest.raises(NothingToTell):
        one(run(conclusion=conclusion))


def test_a_conclusion_that_nobody_knows_is_refused() -> None:
    with pytest.raises(HandlerError, match=r"workflow_run\.conclusion 'exploded' is not one of GitHub's"):
        one(run(conclusion="exploded"))


def test_a_workflow_is_the_same_one_whatever_it_is_called_and_another_on_another_branch() -> None:
    renamed, elsewhere = one(run(name="build")), one(run(head_branch="dev"))
    assert renamed.fingerprint() == one(RUN).fingerprint()
    assert elsewhere.fingerprint() != one(RUN).fingerprint()


def test_the_main_branch_of_a_fork_is_not_ours() -> None:
    fork = one(run(head_repository={"full_name": "stranger/shop"}, conclusion="success"))
    assert fork.fingerprint() != one(RUN).fingerprint()
    assert fork.labels["branch"] == "stranger/shop:main"
    with pytest.raises(NothingToTell):
        one(run(head_repository={"full_name": "stranger/shop"}), branches=("main",))


def test_only_the_branches_that_matter_are_heard() -> None:
    assert one(run(head_branch="release/1.4"), branches=("main", "release/*")).labels["branch"] == "release/1.4"
    with pytest.raises(NothingToTell, match="'dev' is not among the source's branches"):
        one(run(head_branch="dev"), branches=("main", "release/*"))
    # What belongs to no branch is not a matter of branches.
    assert one(sample("firing, Dependabot"), branches=("main",)).severity is Severity.ERROR


def status(*branches: str, **more: Any) -> dict[str, Any]:
    return sample("firing, a commit status") | {"branches": [{"name": one} for one in branches]} | more


@pytest.mark.parametrize("branches", [("main",), ("feature", "main"), ("main", "other")])
def test_a_commit_on_several_branches_is_one_of_the_branch_that_matters(branches: tuple[str, ...]) -> None:
    assert one(status(*branches), branches=("main",)).key == "acme/shop|status|ci/build|main"
    by_default = status(*branches, repository={"full_name": "acme/shop", "default_branch": "main"})
    assert one(by_default).key == "acme/shop|status|ci/build|main"


def test_where_branches_are_named_a_commit_on_none_of_them_is_not_heard() -> None:
    assert one(status(), branches=()).key == "acme/shop|status|ci/build|acb5820ced9479c074f688cc328bf03f341a511d"
    for body in (status(), status("feature")):
        with pytest.raises(NothingToTell, match="not among the source's branches"):
            one(body, branches=("main",))
    assert one(sample("firing, a deployment"), branches=("main",)).state is State.FIRING


def test_checks_of_two_forks_are_two_problems() -> None:
    check = sample("firing, a check")
    keys = set()
    for sha in ("aaaa", "bbbb"):
        fork = check["check_run"] | {"head_sha": sha, "check_suite": {"head_branch": None, "head_sha": sha}}
        keys.add(one(check | {"check_run": fork}).key)
        with pytest.raises(NothingToTell):
            one(check | {"check_run": fork}, branches=("main",))
    assert keys == {"acme/shop|check_run|octo-lint|octo-linter|aaaa", "acme/shop|check_run|octo-lint|octo-linter|bbbb"}


@pytest.mark.parametrize("event", ["ping", "push", "issues", "pull_request"])
def test_other_events_are_no_alarms(event: str) -> None:
    with pytest.raises(NothingToTell, match=f"'{event}' is no alarm"):
        one({"zen": "x"}, event)


@pytest.mark.parametrize("name", [name for name in GITHUB.samples if name.startswith("firing")])
def test_a_body_without_its_header_is_recognised(name: str) -> None:
    assert one(sample(name)).labels["event"] == GITHUB.samples[name].headers["x-github-event"]


def test_a_body_that_could_be_anything_is_refused() -> None:
    with pytest.raises(HandlerError, match="the header X-GitHub-Event is missing"):
        one({"action": "completed"})


def test_a_form_carries_the_same() -> None:
    [found] = read(GITHUB, {"payload": json.dumps(RUN)}, form=True)
    assert found.key == one(RUN).key
    with pytest.raises(HandlerError, match="payload is not valid JSON"):
        read(GITHUB, {"payload": "{"}, form=True)


@pytest.mark.parametrize("state", ["inactive", "in_progress", "queued", "pending"])
def test_a_deployment_that_goes_on_says_nothing(state: str) -> None:
    body = sample("firing, a deployment")
    with pytest.raises(NothingToTell):
        one(body | {"deployment_status": body["deployment_status"] | {"state": state}})


@pytest.mark.parametrize(
    ("name", "action", "state"),
    [
        ("Dependabot", "auto_reopened", State.FIRING),
        ("Dependabot", "auto_dismissed", State.RESOLVED),
        ("code scanning", "appeared_in_branch", State.FIRING),
        ("code scanning", "closed_by_user", State.RESOLVED),
        ("secret scanning", "publicly_leaked", State.FIRING),
    ],
)
def test_alerts_open_and_close_in_many_words(name: str, action: str, state: State) -> None:
    assert one(sample(f"firing, {name}") | {"action": action}).state is state


def test_an_alert_that_was_only_assigned_says_nothing() -> None:
    with pytest.raises(NothingToTell):
        one(sample("firing, Dependabot") | {"action": "assignees_changed"})


def test_severities_are_what_github_says_and_a_leaked_secret_is_critical() -> None:
    said = {
        name: one(sample(f"firing, {name}")).severity for name in ("Dependabot", "code scanning", "secret scanning")
    }
    assert said == {
        "Dependabot": Severity.ERROR, "code scanning": Severity.CRITICAL, "secret scanning": Severity.CRITICAL,
    }  # fmt: skip


def test_a_delivery_keeps_its_name() -> None:
    assert GITHUB.delivery is not None
    assert GITHUB.delivery(Hook(source="github", body=b"", headers={"x-github-delivery": "72d3162e"})) == "72d3162e"
