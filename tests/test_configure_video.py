"""``configure_media_video``: what MediaConvert needs is made once, and found again."""

import json
from io import StringIO
from typing import Any

import pytest
from boto3.session import Session
from django.core.management import CommandError, call_command

from django_shift_media.aws.video_documents import VideoDocuments
from django_shift_media.storages.selection import media_storage
from django_shift_media.testing import MediaConvertEmulator
from django_shift_media.testing.mediaconvert_emulator import event_of
from tests.support import video_queue
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.server, pytest.mark.nightly]

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/media-convert"
SECRET = "secret-" + "s" * 40
URL = "https://www.example.com/mediaconvert/"


class Account:
    """An AWS account at a server: its IAM, EventBridge and MediaConvert."""

    def __init__(self, server: Any, settings: Any, monkeypatch: Any) -> None:
        session = Session(server.access_key, server.secret_key, region_name="us-east-1")
        self.iam = session.client("iam", endpoint_url=server.endpoint_url)
        self.events = session.client("events", endpoint_url=server.endpoint_url)
        for service in ("IAM", "EVENTBRIDGE"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", server.endpoint_url)
        options = {
            "bucket_name": "media-site",
            "region_name": "us-east-1",
            "endpoint_url": server.endpoint_url,
            "access_key": server.access_key,
            "secret_key": server.secret_key,
        }
        backend = "django_shift_media.storages.s3.S3MediaStorage"
        storage = {"BACKEND": backend, "OPTIONS": options}
        settings.STORAGES = {**settings.STORAGES, "media": storage}
        settings.SHIFT_MEDIA_STORAGE = "media"

    @property
    def name(self) -> str:
        return documents().name


def documents() -> VideoDocuments:
    return VideoDocuments(
        storage=media_storage(), role_arn=ROLE, queue_name="videos", secret=SECRET, events_url=URL
    )


@pytest.fixture(params=["ministack", "moto"])
def account(request: Any, running: Any, settings: Any, monkeypatch: Any) -> Any:
    settings.SHIFT_MEDIA_MEDIACONVERT_ROLE = ROLE
    settings.SHIFT_MEDIA_MEDIACONVERT_QUEUE = "videos"
    settings.SHIFT_MEDIA_MEDIACONVERT_SECRET = SECRET
    found = Account(running(request.param), settings, monkeypatch)
    with MediaConvertEmulator(None) as service:  # type: ignore[arg-type]  # it gets no job
        monkeypatch.setenv("AWS_ENDPOINT_URL_MEDIACONVERT", service.endpoint_url)
        yield found
    clean(found)


def clean(account: Account) -> None:
    """Delete what the command has made, for the next test."""
    name = account.name
    account.events.remove_targets(Rule=name, Ids=[name])
    account.events.delete_rule(Name=name)
    account.events.delete_api_destination(Name=name)
    account.events.delete_connection(Name=name)
    for role in ("media-convert", f"{name}-events"):
        account.iam.delete_role_policy(RoleName=role, PolicyName=name)
        account.iam.delete_role(RoleName=role)


def run(*arguments: str, url: str = URL) -> str:
    output = StringIO()
    call_command(
        "configure_media_video", f"--events-url={url}", "--no-input", *arguments, stdout=output
    )
    return output.getvalue()


def states(*arguments: str) -> dict[str, str]:
    found = json.loads(run("--json", *arguments))["resources"]
    return {each["resource"]: each["state"] for each in found}


def test_everything_is_made_once(account: Any) -> None:
    with pytest.raises(CommandError, match="Changes needed: queue videos"):
        run("--check")
    first = states("--tag=Team=web")
    assert set(first.values()) == {"changed"}, first
    assert list(first) == [
        "queue videos",
        "role media-convert",
        "policy of the role media-convert",
        "connection",
        "API destination",
        f"role {account.name}-events",
        f"policy of the role {account.name}-events",
        "rule",
        "target of the rule",
    ]
    assert set(states("--tag=Team=web").values()) == {"unchanged"}
    run("--check")
    role = account.iam.get_role(RoleName="media-convert")["Role"]
    assert role["Tags"] == [{"Key": "Team", "Value": "web"}]
    [statement] = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "mediaconvert.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    destination = account.events.describe_api_destination(Name=account.name)
    [target] = account.events.list_targets_by_rule(Rule=account.name)["Targets"]
    assert target["Arn"] == destination["ApiDestinationArn"]
    # Another secret and another URL are written; the rest stays.
    with pytest.raises(CommandError, match=r"Changes needed: API destination\."):
        run("--check", url=f"{URL}new/")


def test_a_new_secret_is_written_and_never_shown(account: Any, settings: Any) -> None:
    run()
    settings.SHIFT_MEDIA_MEDIACONVERT_SECRET = new = "another-" + "n" * 40
    output = run()
    assert "changed        connection" in output
    assert new not in output
    assert SECRET not in output
    assert set(states().values()) == {"unchanged"}


def test_the_rule_matches_the_events_of_this_queue_only(account: Any) -> None:
    pattern = json.dumps(documents().rule["EventPattern"])
    queue = f"arn:aws:mediaconvert:us-east-1:{ACCOUNT}:queues"
    run()

    def matches(status: str, name: str) -> bool:
        job = {"Id": "1-a", "Arn": "x", "Queue": f"{queue}/{name}", "Status": status}
        job |= {"ErrorCode": 1, "ErrorMessage": "x", "Settings": {"Inputs": [{"FileInput": ""}]}}
        job["Settings"]["OutputGroups"] = []
        answer = account.events.test_event_pattern(
            EventPattern=pattern, Event=json.dumps(event_of(job))
        )
        if "Result" not in answer:  # moto 5.2.5 answers nothing
            pytest.skip("this server does not evaluate patterns")
        return bool(answer["Result"])

    if account.events.meta.endpoint_url and hasattr(account.events, "test_event_pattern"):
        try:
            found = [matches("COMPLETE", "videos"), matches("ERROR", "videos")]
        except account.events.exceptions.ClientError:
            pytest.skip("this server does not evaluate patterns")
        assert found == [True, True]
        assert not matches("PROGRESSING", "videos")
        assert not matches("COMPLETE", "others")


def note_statuses(get_response: Any) -> Any:
    """Note the responses of a site: a middleware."""

    def respond(request: Any) -> Any:
        response = get_response(request)
        statuses.append((request.path, response.status_code))
        return response

    return respond


statuses: list[tuple[str, int]] = []


@pytest.mark.django_db(transaction=True)
def test_eventbridge_reaches_the_view(
    running: Any, settings: Any, monkeypatch: Any, request: Any
) -> None:
    settings.MIDDLEWARE = ["tests.test_configure_video.note_statuses", *settings.MIDDLEWARE]
    statuses.clear()
    live_server = request.getfixturevalue("live_server")
    settings.SHIFT_MEDIA_MEDIACONVERT_ROLE = ROLE
    settings.SHIFT_MEDIA_MEDIACONVERT_QUEUE = "videos"
    settings.SHIFT_MEDIA_MEDIACONVERT_SECRET = SECRET
    settings.ROOT_URLCONF = "tests.support.urls_of_mediaconvert"
    video_queue.use(settings)
    account = Account(running("ministack"), settings, monkeypatch)
    with MediaConvertEmulator(None) as service:  # type: ignore[arg-type]
        monkeypatch.setenv("AWS_ENDPOINT_URL_MEDIACONVERT", service.endpoint_url)
        run()
        # Nobody but AWS may send events of its services, and the test's site has no certificate.
        account.events.update_api_destination(
            Name=account.name, InvocationEndpoint=f"{live_server.url}/mediaconvert/"
        )
        pattern = json.dumps({"source": ["test"]})
        account.events.put_rule(Name=account.name, EventPattern=pattern)
        detail = json.dumps({"jobId": "1", "status": "COMPLETE"})
        account.events.put_events(Entries=[{"Source": "test", "DetailType": "x", "Detail": detail}])
        wait_until(lambda: statuses, "the event")
        assert statuses == [("/mediaconvert/", 204)]
    clean(account)


def test_documents_are_printed_without_any_request(settings: Any, account: Any) -> None:
    output = json.loads(run("--print"))
    assert output["rule"]["EventPattern"]["source"] == ["aws.mediaconvert"]
    assert SECRET not in json.dumps(output)
    run()


@pytest.mark.parametrize(
    ("name", "value", "url", "message"),
    [
        ("ROLE", "", URL, "SHIFT_MEDIA_MEDIACONVERT_ROLE is required"),
        ("ROLE", "videos", URL, "Invalid SHIFT_MEDIA_MEDIACONVERT_ROLE 'videos'"),
        ("QUEUE", "a/?", URL, "Invalid SHIFT_MEDIA_MEDIACONVERT_QUEUE"),
        ("SECRET", "", URL, "SHIFT_MEDIA_MEDIACONVERT_SECRET is required"),
        ("QUEUE", "videos", "http://www.example.com/", "Invalid --events-url"),
    ],
)
def test_a_wrong_option_is_named(
    settings: Any, monkeypatch: Any, moto: Any, name: str, value: str, url: str, message: str
) -> None:
    settings.SHIFT_MEDIA_MEDIACONVERT_ROLE = ROLE
    settings.SHIFT_MEDIA_MEDIACONVERT_SECRET = SECRET
    Account(moto, settings, monkeypatch)
    setattr(settings, f"SHIFT_MEDIA_MEDIACONVERT_{name}", value)
    with pytest.raises(CommandError, match=message):
        run(url=url)
