"""manage.py configure_media_bucket, on each S3 server."""

import copy
import http.server
import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from botocore.exceptions import ClientError
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from django_shift_media.aws.access import MEDIA_PATTERN
from django_shift_media.aws.plan import Resource, plan
from django_shift_media.naming import keys
from django_shift_media.naming.resizes import Resize
from django_shift_media.naming.signing import sign
from gallery.models import Photo
from tests.support.browsing import fetch, follow
from tests.support.buckets import change_options, new_bucket, use_bucket
from tests.support.galleries import MANAGE, environment
from tests.support.intermediary import Intermediary, in_front_of
from tests.support.serving import serving
from tests.support.stored_objects import new_key, put, resize_of
from tests.support.versions import enable_versions, held
from tests.support.waiting import PATIENCE, wait_until

SITE = "https://www.example.com"
DISTRIBUTION = "arn:aws:cloudfront::123456789012:distribution/E1"


def configure(*options: str, app_url: str = SITE) -> str:
    output = io.StringIO()
    call_command(
        "configure_media_bucket", "--app-url", app_url, "--no-input", *options, stdout=output
    )
    return output.getvalue()


def states(*options: str, app_url: str = SITE) -> dict[str, str]:
    """Configure the bucket; return the state of each resource."""
    resources = json.loads(configure("--json", *options, app_url=app_url))["resources"]
    return {resource["resource"]: resource["state"] for resource in resources}


def snapshot(storage: Any) -> dict[str, Any]:
    """Return all of a bucket's configuration that this package could touch."""
    read = {}
    for name in (
        "public_access_block",
        "bucket_policy",
        "bucket_website",
        "bucket_cors",
        "bucket_lifecycle_configuration",
    ):
        try:
            answer = getattr(storage.client, f"get_{name}")(Bucket=storage.bucket_name)
        except ClientError as error:
            read[name] = error.response["Error"]["Code"]
        else:
            read[name] = {k: v for k, v in answer.items() if k != "ResponseMetadata"}
    return read


@pytest.fixture
def storage(s3: Any, settings: Any) -> Any:
    return use_bucket(settings, s3)


@pytest.fixture
def moto_storage(moto: Any, settings: Any) -> Any:
    return new_bucket(settings, moto)


def website(storage: Any) -> dict[str, Any]:
    answer = dict(storage.client.get_bucket_website(Bucket=storage.bucket_name))
    del answer["ResponseMetadata"]
    return answer


def statement_of_others(bucket: str) -> dict[str, Any]:
    return {
        "Sid": "Theirs",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/theirs/*",
    }


def policy(storage: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(
        storage.client.get_bucket_policy(Bucket=storage.bucket_name)["Policy"]
    )
    return answer


# -- on each server -------------------------------------------------------------------------------


def test_a_bucket_is_created_and_configured_once(storage: Any) -> None:
    with pytest.raises(
        CommandError, match=r"bucket 'media-.*' does not exist. Use manage.py .* --create to create"
    ):
        configure()
    first = configure("--create")
    assert "to change      bucket\n" in first
    assert "changed        bucket\n" in first
    assert "changed        website and routing rules\n" in first
    assert f"Media are served at {storage.media_url}" in first
    again = configure("--create")
    assert "  changed  " not in again
    assert "to change  " not in again
    assert "unchanged      bucket\n" in again
    assert "unchanged      website and routing rules\n" in again
    assert configure() == again
    assert set(states("--check").values()) <= {"unchanged", "not supported"}
    rules = website(storage)["RoutingRules"]
    assert [rule["Condition"] for rule in rules] == [
        {"HttpErrorCodeReturnedEquals": "403"},
        {"HttpErrorCodeReturnedEquals": "404"},
    ]
    for rule in rules:
        assert rule["Redirect"] == {
            "Protocol": "https",
            "HostName": "www.example.com",
            "ReplaceKeyPrefixWith": "media/",
            "HttpRedirectCode": "302",
        }


UNKNOWN = {
    "moto": "",
    "s3rver": "public access block, ownership, policy, lifecycle",
    "ceph": "ownership",
}


def test_what_a_server_does_not_know_is_reported_and_skipped(storage: Any, request: Any) -> None:
    configure("--create")
    unknown = UNKNOWN[request.node.callspec.params["s3"]]
    expected = f"This server does not support: {unknown}.\n" if unknown else ""
    assert re.findall("This server does not support.*\n", configure()) == [expected] * bool(unknown)


def test_no_server_loses_a_bucket_over_a_call_that_it_does_not_know(storage: Any) -> None:
    """Some take what they do not know for the same call on the bucket itself: DELETE, too."""
    configure("--create")
    configure("--remove")
    configure("--remove", "--mode=failover")
    storage.client.list_objects_v2(Bucket=storage.bucket_name)


def test_a_dry_run_sends_nothing(storage: Any) -> None:
    report = configure("--create", "--dry-run")
    assert "to change      bucket" in report
    assert '"HostName": "www.example.com"' in report
    # What AWS has put into a bucket by the time that it has been created.
    assert '-  "BlockPublicPolicy": true,' in report
    with pytest.raises(CommandError, match=r"The bucket '.*' does not exist"):
        configure("--dry-run")
    configure("--create")
    before = website(storage)
    report = configure("--dry-run", app_url="https://new.example.com")
    assert re.search(r'\n +-  +"HostName": "www.example.com",\n +\+ +"HostName": "new', report)
    assert website(storage) == before


@pytest.mark.parametrize("s3", ["moto", "ceph"], indirect=True)
def test_what_others_configured_stays(storage: Any) -> None:
    client, bucket = storage.client, storage.bucket_name
    client.create_bucket(Bucket=bucket)
    theirs = statement_of_others(bucket)
    document = {"Version": "2012-10-17", "Statement": [theirs]}
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
    rule = {
        "Condition": {"KeyPrefixEquals": "docs/"},
        "Redirect": {"ReplaceKeyPrefixWith": "documents/"},
    }
    client.put_bucket_website(
        Bucket=bucket,
        WebsiteConfiguration={
            "IndexDocument": {"Suffix": "start.html"},
            "ErrorDocument": {"Key": "oops.html"},
            "RoutingRules": [rule],
        },
    )
    cors = [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://theirs.example.com"]}]
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": cors})
    configure()
    configure(app_url="https://moved.example.com")
    assert [statement["Sid"] for statement in policy(storage)["Statement"]] == [
        "Theirs",
        "DjangoShiftMedia",
    ]
    assert policy(storage)["Statement"][0] == theirs
    site = website(storage)
    assert site["IndexDocument"] == {"Suffix": "start.html"}
    assert site["ErrorDocument"] == {"Key": "oops.html"}
    assert len(site["RoutingRules"]) == 3
    assert site["RoutingRules"][0]["Condition"] == rule["Condition"]
    assert {rule["Redirect"].get("HostName") for rule in site["RoutingRules"][1:]} == {
        "moved.example.com"
    }
    kept = client.get_bucket_cors(Bucket=bucket)["CORSRules"][0]
    assert kept["AllowedOrigins"] == ["https://theirs.example.com"]


@pytest.mark.parametrize("s3", ["ceph"], indirect=True)
def test_a_rule_on_404_alone_would_not_do(storage: Any) -> None:
    """The answer for a missing file is 403 if readers may not list the bucket."""
    configure("--create")
    assert fetch(storage.media_url + "missing").status == 302
    site = website(storage)
    rules = [rule for rule in site["RoutingRules"] if "404" in rule["Condition"].values()]
    storage.client.put_bucket_website(
        Bucket=storage.bucket_name, WebsiteConfiguration={**site, "RoutingRules": rules}
    )
    assert fetch(storage.media_url + "missing").status == 403


@pytest.mark.parametrize("s3", ["moto", "ceph"], indirect=True)
def test_originals_may_be_private(
    storage: Any, live_server: Any, small_jpeg: bytes, db: None
) -> None:
    configure("--create", "--private-originals", app_url=live_server.url)
    photo = Photo.objects.create(
        photo=ContentFile(
            small_jpeg,
            # As much as a name can look like a resize's.
            name=f"200x200-fill-65-upscale-{'a' * 32}.webp",
        )
    )
    assert [hop.status for hop in follow(photo.photo.resize("9x9"))] == [302, 301, 200]
    assert [hop.status for hop in follow(photo.photo.url)] == [302, 404]
    assert [hop.status for hop in follow(photo.photo.resize("9x9"))] == [200]
    configure("--no-private-originals", app_url=live_server.url)
    assert fetch(photo.photo.url).status == 200
    assert len(policy(storage)["Statement"]) == 1


@pytest.mark.parametrize("s3", ["ceph"], indirect=True)
@pytest.mark.parametrize(
    ("credentials", "message"),
    [
        (
            {"access_key": "STRANGER", "secret_key": "STRANGER"},
            "is denied: it belongs to another account, or these credentials do not have",
        ),
        ({"secret_key": "wrong"}, "SignatureDoesNotMatch"),
        ({"access_key": "nobody"}, "InvalidAccessKeyId"),
    ],
)
def test_a_stranger_s_bucket_is_left_alone(
    storage: Any, settings: Any, s3: Any, credentials: dict[str, str], message: str
) -> None:
    configure("--create")
    before = snapshot(storage)
    use_bucket(settings, s3, bucket_name=storage.bucket_name, **credentials)
    for option in ("--create", "--remove", "--mode=failover", "--check"):
        with pytest.raises(CommandError, match=message):
            configure(option, app_url="https://evil.example.com")
    assert snapshot(storage) == before


# -- on moto, whatever the server -----------------------------------------------------------------


def test_two_blocks_are_lifted_and_two_stay(moto_storage: Any) -> None:
    client, bucket = moto_storage.client, moto_storage.bucket_name
    blocks = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]
    client.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(blocks, True)
    )
    assert "changed        public access block" in configure()
    assert client.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": False,
    }
    assert "unchanged      public access block" in configure()


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            [{"Condition": {"HttpErrorCodeReturnedEquals": "404"}, "Redirect": {"HostName": "x"}}],
            "Routing rule 1 of the bucket's website redirects missing files before our rules can",
        ),
        (
            [
                {"Condition": {"KeyPrefixEquals": f"{n}/"}, "Redirect": {"HostName": "x"}}
                for n in range(49)
            ],
            "The bucket would have 51 routing rules; the maximum is 50",
        ),
    ],
)
def test_rules_that_ours_cannot_live_beside_change_nothing(
    moto_storage: Any, rules: Any, message: str
) -> None:
    client, bucket = moto_storage.client, moto_storage.bucket_name
    client.put_bucket_website(
        Bucket=bucket,
        WebsiteConfiguration={"IndexDocument": {"Suffix": "i.html"}, "RoutingRules": rules},
    )
    before = website(moto_storage)
    with pytest.raises(CommandError, match=message):
        configure()
    assert website(moto_storage) == before
    with pytest.raises(client.exceptions.ClientError, match="NoSuchBucketPolicy"):
        policy(moto_storage)


def test_a_website_that_redirects_everything_is_named(moto_storage: Any) -> None:
    moto_storage.client.put_bucket_website(
        Bucket=moto_storage.bucket_name,
        WebsiteConfiguration={"RedirectAllRequestsTo": {"HostName": "other.example.com"}},
    )
    with pytest.raises(CommandError, match=r"redirects all requests to 'other.example.com'"):
        configure()


@pytest.mark.parametrize(
    "url",
    ["www.example.com", "ftp://x", "https://", "https://x/?a=b", "https://u:p@x", "https://x:port"],
)
def test_a_wrong_app_url_is_named(moto_storage: Any, url: str) -> None:
    with pytest.raises(
        CommandError, match=f"Invalid URL of the app '{re.escape(url)}'. Use a scheme"
    ):
        configure(app_url=url)


@pytest.mark.parametrize("arn", ["E1", "arn:aws:s3:::b", f"{DISTRIBUTION}/", f" {DISTRIBUTION}"])
def test_a_wrong_distribution_is_named(moto_storage: Any, arn: str) -> None:
    with pytest.raises(CommandError, match=f"Invalid ARN of a distribution '{arn}'. Use one such"):
        configure("--mode", "failover", "--distribution-arn", arn)
    assert snapshot(moto_storage)["bucket_policy"] == "NoSuchBucketPolicy"


def test_a_storage_that_is_no_bucket_is_named() -> None:
    with pytest.raises(
        CommandError,
        match=r"is a LocalMediaStorage\. Set SHIFT_MEDIA_STORAGE to the alias of an S3",
    ):
        configure()


def test_urls_that_are_not_mounted_are_named(moto_storage: Any, settings: Any) -> None:
    settings.ROOT_URLCONF = "gallery.urls"
    with pytest.raises(CommandError, match=r"does not include django_shift_media\.urls"):
        call_command(
            "configure_media_bucket", "--app-url", SITE, skip_checks=True, stdout=io.StringIO()
        )


def test_no_server_and_no_credentials_are_one_line(
    settings: Any, moto: Any, monkeypatch: Any
) -> None:
    use_bucket(settings, moto, endpoint_url="http://127.0.0.1:9")
    with pytest.raises(CommandError, match="Could not connect to the endpoint URL"):
        configure()
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    use_bucket(settings, moto, access_key=None, secret_key=None)
    with pytest.raises(CommandError, match="Unable to locate credentials"):
        configure()


def test_check_has_one_status_for_changes_and_another_for_errors(settings: Any, moto: Any) -> None:
    new_bucket(settings, moto)
    with pytest.raises(CommandError, match="Changes needed") as raised:
        configure("--check")
    assert raised.value.returncode == 1
    use_bucket(settings, moto, endpoint_url="http://127.0.0.1:9")
    for options, status in ((("--check",), 2), ((), 1)):
        with pytest.raises(CommandError, match="Could not connect") as raised:
            configure(*options)
        assert raised.value.returncode == status


def test_a_bucket_in_another_region_is_created_there(moto: Any, settings: Any) -> None:
    storage = use_bucket(settings, moto, region_name="eu-central-1")
    configure("--create")
    location = storage.client.get_bucket_location(Bucket=storage.bucket_name)
    assert location["LocationConstraint"] == "eu-central-1"


def test_the_prefix_is_where_the_urls_are_mounted(moto_storage: Any, settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.support.urls_elsewhere"
    configure(app_url="https://example.com/site/")
    redirects = [rule["Redirect"] for rule in website(moto_storage)["RoutingRules"]]
    assert [redirect["ReplaceKeyPrefixWith"] for redirect in redirects] == [
        "site/user/pictures/",
        "site/user/pictures/",
    ]


# -- the plan -------------------------------------------------------------------------------------


def test_drift_is_shown_and_exits_with_1(moto_storage: Any) -> None:
    configure()
    assert set(states("--check").values()) == {"unchanged"}
    site = website(moto_storage)
    site["RoutingRules"].pop()
    moto_storage.client.put_bucket_website(
        Bucket=moto_storage.bucket_name, WebsiteConfiguration=site
    )
    before = snapshot(moto_storage)
    with pytest.raises(CommandError, match="Changes needed: website and routing rules") as raised:
        configure("--check")
    assert raised.value.returncode == 1
    assert snapshot(moto_storage) == before
    configure()
    assert len(website(moto_storage)["RoutingRules"]) == 2
    configure("--check")


def test_json_has_the_current_and_the_desired_documents(moto_storage: Any) -> None:
    (policy_resource,) = [
        resource
        for resource in json.loads(configure("--json", "--dry-run"))["resources"]
        if resource["resource"] == "policy"
    ]
    assert policy_resource["state"] == "to change"
    assert policy_resource["current"] is None
    assert policy_resource["desired"]["Statement"][0]["Sid"] == "DjangoShiftMedia"
    assert states()["policy"] == "changed"
    assert states() == dict.fromkeys(states(), "unchanged")


def test_the_parts_of_a_difference_are_separated() -> None:
    before = {"Statement": [{"Sid": f"Of others {n}", "Effect": "Deny"} for n in range(9)]}
    after = copy.deepcopy(before)
    for number in (0, 8):
        after["Statement"][number]["Effect"] = "Allow"
    policy = Resource(
        name="policy", read=lambda: before, merge=lambda _: after, write=lambda _: None
    )
    [change] = plan([policy])
    first, last = "\n".join(change.diff()).split("\n...\n")
    for part in (first, last):
        assert [line[0] for line in part.splitlines() if line[0] in "+-"] == ["-", "+"]
    assert "Of others 0" in first
    assert "Of others 8" in last


def test_what_is_printed_can_be_pasted(moto_storage: Any) -> None:
    """Nobody is asked for it: the bucket is not even there."""
    moto_storage.client.delete_bucket(Bucket=moto_storage.bucket_name)
    printed = configure("--print", "--redirect-code=307")
    texts = dict(re.findall(r"^(\w.*):\n\n((?:.+\n)+)", printed, re.MULTILINE))
    moto_storage.client.create_bucket(Bucket=moto_storage.bucket_name)
    moto_storage.client.put_bucket_policy(
        Bucket=moto_storage.bucket_name, Policy=texts["Bucket policy"]
    )
    moto_storage.client.put_bucket_website(
        Bucket=moto_storage.bucket_name,
        WebsiteConfiguration={
            "IndexDocument": {"Suffix": "django-shift-media-index.html"},
            "RoutingRules": json.loads(texts["Routing rules (JSON)"]),
        },
    )
    configure("--check", "--redirect-code=307")
    rules = ElementTree.fromstring(texts["Routing rules (XML)"])
    assert [rule.findtext("Redirect/HttpRedirectCode") for rule in rules] == ["307", "307"]


END_OF_FILE = "\x04"


@contextmanager
def manage_at_a_terminal(environment: dict[str, str], *arguments: str) -> Iterator[Any]:
    """Run a command of the gallery with a terminal as its standard input."""
    keyboard, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, MANAGE, *arguments],
        env=environment,
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield lambda keys: (
            os.write(keyboard, keys.encode()),
            process.communicate(timeout=PATIENCE)[0],
        )
    finally:
        process.kill()
        process.wait()
        os.close(keyboard)
        os.close(terminal)


@pytest.mark.parametrize(
    "answer",
    [
        "n\n",
        END_OF_FILE,
        *(pytest.param(answer, marks=pytest.mark.nightly) for answer in ("\n", "yse\n")),
    ],
)
def test_somebody_at_a_terminal_may_refuse(
    answer: str, moto: Any, moto_storage: Any, tmp_path: Path
) -> None:
    gallery = environment(tmp_path, moto, moto_storage.bucket_name)
    before = snapshot(moto_storage)
    command = ["configure_media_bucket", "--app-url", SITE]
    with manage_at_a_terminal(gallery, *command) as answering:
        _, output = answering(answer)
    assert "Make these changes? [y/N]" in output
    assert '+      "Sid": "DjangoShiftMedia",' in output
    assert "Nothing was changed." in output
    assert snapshot(moto_storage) == before


def test_somebody_at_a_terminal_is_asked_first(
    moto: Any, moto_storage: Any, tmp_path: Path
) -> None:
    gallery = environment(tmp_path, moto, moto_storage.bucket_name)
    command = ["configure_media_bucket", "--app-url", SITE]
    with manage_at_a_terminal(gallery, *command) as answering:
        _, output = answering("y\n")
    assert "changed        policy" in output
    with manage_at_a_terminal(gallery, *command, "--mode=app", "--json") as answering:
        _, output = answering("n\n")
    assert '-      "Sid": "DjangoShiftMedia",' in output, "nobody is asked about what is not shown"
    for arguments in ([*command, "--no-input"], command):
        with manage_at_a_terminal(gallery, *arguments) as answering:
            _, output = answering("")
        assert "Make these changes?" not in output
        assert "unchanged      policy" in output


PUT_POLICY, GET_POLICY = r"PUT .*\?policy$", r"GET .*\?policy$"


@pytest.fixture
def refusing(moto: Any, moto_storage: Any, settings: Any) -> Iterator[Intermediary]:
    """What answers for the server of ``moto_storage``, and can refuse requests."""
    with in_front_of(moto.endpoint_url) as intermediary:
        change_options(settings, endpoint_url=intermediary.url)
        yield intermediary


def test_the_policy_is_sent_again_until_the_lifted_block_has_come_through(
    moto_storage: Any, refusing: Intermediary
) -> None:
    moto_storage.client.delete_bucket(Bucket=moto_storage.bucket_name)
    put_policy = rf"PUT .*/{moto_storage.bucket_name}\?policy$"
    refusing.refuse(put_policy, 403, "AccessDenied", times=2)
    assert states("--create")["policy"] == "changed"
    assert len(refusing.sent(put_policy)) == 3


def test_a_change_is_read_back_until_it_shows(refusing: Intermediary) -> None:
    """S3 answers with the former configuration for a while."""
    refusing.refuse(GET_POLICY, 404, "NoSuchBucketPolicy", times=3)
    assert states()["policy"] == "changed"
    assert len(refusing.sent(GET_POLICY)) == 4


def test_a_resource_that_fails_is_named_and_the_others_are_changed(
    moto_storage: Any, refusing: Intermediary
) -> None:
    refusing.refuse(PUT_POLICY, 400, "MalformedPolicy")
    with pytest.raises(CommandError, match=r"Failed: policy\."):
        configure()
    assert len(website(moto_storage)["RoutingRules"]) == 2
    refusing.refuse(r"GET .*\?website$", 403, "AccessDenied")
    with pytest.raises(CommandError, match=r"\(AccessDenied\) when calling the GetBucketWebsite"):
        configure()


def test_an_answer_that_does_not_hold_is_a_failure(
    refusing: Intermediary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_shift_media.aws.plan._RETRY_DELAYS", (0, 0))
    refusing.answer(PUT_POLICY, 200, b"")
    with pytest.raises(CommandError, match=r"Failed: policy\."):
        configure()


def test_what_others_change_before_the_answer_stays(
    moto_storage: Any, refusing: Intermediary
) -> None:
    client, bucket = moto_storage.client, moto_storage.bucket_name
    document = {"Version": "2012-10-17", "Statement": [statement_of_others(bucket)]}
    client.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicPolicy": True}
    )
    refusing.before(
        rf"PUT .*/{bucket}\?publicAccessBlock$",
        lambda: client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document)),
    )
    configure()
    assert [one["Sid"] for one in policy(moto_storage)["Statement"]] == [
        "Theirs",
        "DjangoShiftMedia",
    ]


# -- what the options are about -------------------------------------------------------------------


def test_a_website_needs_to_know_the_app(moto_storage: Any) -> None:
    with pytest.raises(CommandError, match="Mode website requires --app-url"):
        call_command("configure_media_bucket", stdout=io.StringIO())
    with pytest.raises(CommandError, match="Mode website requires --app-url"):
        call_command("configure_media_bucket", "--print", stdout=io.StringIO())
    with pytest.raises(
        CommandError, match="nothing to print in mode failover without --distribution-arn"
    ):
        configure("--print", "--mode=failover")
    assert "Principal" in configure(
        "--print", "--mode=failover", f"--distribution-arn={DISTRIBUTION}"
    )


@pytest.mark.parametrize("s3", ["moto", "ceph"], indirect=True)
def test_exactly_ours_is_removed(storage: Any) -> None:
    client, bucket = storage.client, storage.bucket_name
    client.create_bucket(Bucket=bucket)
    bare = snapshot(storage)
    configure()
    configure("--remove")
    assert snapshot(storage) == bare
    theirs = statement_of_others(bucket)
    document = {"Version": "2012-10-17", "Statement": [theirs]}
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
    client.put_bucket_website(
        Bucket=bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}}
    )
    cors = [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://theirs.example.com"]}]
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": cors})
    days = {"ID": "logs", "Filter": {"Prefix": "logs/"}, "Status": "Enabled"}
    client.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={"Rules": [{**days, "Expiration": {"Days": 9}}]},
    )
    shared = snapshot(storage)
    storage.tag_resizes = True
    configure("--cors-origin", SITE, "--expire-resizes", "30", "--private-originals")
    assert snapshot(storage) != shared
    configure("--remove")
    assert snapshot(storage) == shared
    assert "to change" not in configure("--remove")


@pytest.mark.parametrize("s3", ["moto", "ceph"], indirect=True)
def test_two_storages_in_one_bucket_keep_out_of_each_other_s_way(
    storage: Any, settings: Any, s3: Any
) -> None:
    bucket = storage.bucket_name
    configure("--create")
    alone = snapshot(storage)
    use_bucket(settings, s3, bucket_name=bucket, location="staging")
    configure(app_url="https://staging.example.com")
    assert [one["Resource"] for one in policy(storage)["Statement"]] == [
        f"arn:aws:s3:::{bucket}/{MEDIA_PATTERN}",
        f"arn:aws:s3:::{bucket}/staging/{MEDIA_PATTERN}",
    ]
    configure("--remove")
    assert snapshot(storage) == alone


def test_originals_stay_private_until_somebody_says_otherwise(moto_storage: Any) -> None:
    assert states("--private-originals")["policy"] == "changed"
    private = policy(moto_storage)
    assert states()["policy"] == "unchanged"
    assert policy(moto_storage) == private
    assert states("--no-private-originals")["policy"] == "changed"
    assert policy(moto_storage)["Statement"][0]["Resource"].endswith(f"/{MEDIA_PATTERN}")


# Keys of the same bucket that are not those of media.
FOREIGN_KEYS = [
    "dump.sql",
    "backups/2026/11/28/dump.sql",
    "3c72aedc-ba25-41e6-a569-406c8f413974/cat.jpg/cat.jpg",
    "3c72aedc/ba25/41e6/a569/406c8f413974/dump.sql",
    "elsewhere/3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg/cat.jpg",
]


@pytest.mark.parametrize("s3", ["ceph"], indirect=True)
@pytest.mark.parametrize("location", ["", "up/load"])
def test_a_public_bucket_opens_media_and_nothing_else(
    storage: Any, settings: Any, s3: Any, location: str, small_jpeg: bytes
) -> None:
    """Also one that an earlier version of our statement has opened as a whole."""
    storage = use_bucket(settings, s3, bucket_name=storage.bucket_name, location=location)
    storage.client.create_bucket(Bucket=storage.bucket_name)
    configure()
    prefix = f"{location}/" if location else ""
    wide = policy(storage)
    wide["Statement"][0]["Resource"] = f"arn:aws:s3:::{storage.bucket_name}/{prefix}*"
    storage.client.put_bucket_policy(Bucket=storage.bucket_name, Policy=json.dumps(wide))
    original = keys.new_original("cat.jpg")
    resize = sign(original, Resize(width=9, height=9))
    for key in (original, resize, *FOREIGN_KEYS):
        storage.client.put_object(Bucket=storage.bucket_name, Key=prefix + key, Body=b"content")

    def statuses(names: list[str]) -> list[int]:
        base = f"{storage.endpoint_url}/{storage.bucket_name}/{prefix}"
        return [fetch(base + name).status for name in names]

    assert statuses(FOREIGN_KEYS) == [200] * len(FOREIGN_KEYS)
    report = configure()
    assert re.search(rf'\n +- .*/{re.escape(prefix)}\*",?\n', report)
    assert re.search(rf'\n +\+ .*/{re.escape(prefix + MEDIA_PATTERN)}",?\n', report)
    assert statuses([original, resize]) == [200, 200]
    assert statuses(FOREIGN_KEYS) == [403] * len(FOREIGN_KEYS)


@pytest.mark.parametrize("s3", ["ceph"], indirect=True)
def test_scripts_of_an_origin_may_read(storage: Any) -> None:
    configure("--create", "--cors-origin", SITE, "--cors-origin", "https://b.example.com")
    storage.put("picture.png", b"picture")
    url = f"{storage.endpoint_url}/{storage.bucket_name}/picture.png"
    for origin, allowed in {SITE: SITE, "https://c.example.com": None}.items():
        answer = fetch(url, Origin=origin)
        assert answer.headers["Access-Control-Allow-Origin"] == allowed
    configure("--cors-origin", SITE)
    assert fetch(url, Origin="https://b.example.com").headers["Access-Control-Allow-Origin"] is None
    assert states()["CORS"] == "unchanged", "what no option is about stays"
    configure("--cors-origin", "none")
    assert snapshot(storage)["bucket_cors"] == "NoSuchCORSConfiguration"


def test_a_wrong_origin_is_named(moto_storage: Any) -> None:
    with pytest.raises(
        CommandError, match=r"Invalid origin 'www.example.com'. Use a scheme and a host, such as"
    ):
        configure("--cors-origin", "www.example.com")


def test_resizes_without_a_tag_cannot_expire(moto_storage: Any) -> None:
    with pytest.raises(CommandError, match='set "tag_resizes": True'):
        configure("--expire-resizes", "30")
    with pytest.raises(CommandError, match=r"Invalid number of days -1\. Use 1 or more, or 0"):
        configure("--expire-resizes", "-1")
    assert "to change" not in configure("--expire-resizes", "0", "--remove", "--dry-run")


def test_a_307_is_what_the_viewer_gets(moto: Any, live_server: Any, settings: Any) -> None:
    storage = new_bucket(settings, moto)
    configure("--redirect-code", "307", app_url=live_server.url)
    assert fetch(storage.media_url + "missing").status == 307


def test_a_private_bucket_lets_only_the_cdn_read(moto: Any, settings: Any) -> None:
    storage = new_bucket(settings, moto, mode="failover")
    assert (
        "To let CloudFront read, run: manage.py configure_media_cdn --mode failover" in configure()
    )
    assert snapshot(storage)["bucket_policy"] == "NoSuchBucketPolicy"
    configure("--distribution-arn", DISTRIBUTION)
    blocks = snapshot(storage)["public_access_block"]["PublicAccessBlockConfiguration"]
    assert set(blocks.values()) == {True}
    (statement,) = policy(storage)["Statement"]
    assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceArn": DISTRIBUTION}}
    assert set(states("--check").values()) == {"unchanged"}, "nobody has to repeat the ARN"


@pytest.mark.parametrize("s3", ["moto", "ceph"], indirect=True)
def test_a_bucket_may_change_its_mode(storage: Any) -> None:
    configure("--create")
    public = snapshot(storage)
    report = configure("--mode", "failover", "--distribution-arn", DISTRIBUTION)
    assert 'Set "mode": "failover" in the OPTIONS' in report
    assert snapshot(storage)["bucket_website"] == "NoSuchWebsiteConfiguration"
    configure("--mode", "website")
    now = snapshot(storage)
    assert now["bucket_policy"] == public["bucket_policy"]
    assert now["bucket_website"] == public["bucket_website"]


def test_a_public_bucket_of_others_is_not_made_private(moto_storage: Any) -> None:
    theirs = statement_of_others(moto_storage.bucket_name)
    moto_storage.client.put_bucket_policy(
        Bucket=moto_storage.bucket_name, Policy=json.dumps({"Statement": theirs})
    )
    before = snapshot(moto_storage)
    with pytest.raises(CommandError, match="grants public access in its statement 'Theirs'"):
        configure("--mode", "failover")
    assert snapshot(moto_storage) == before


# -- resizes that expire --------------------------------------------------------------------------


@pytest.mark.nightly
@pytest.mark.parametrize("s3", ["ceph"], indirect=True)
def test_resizes_expire_and_originals_do_not(
    settings: Any, s3: Any, live_server: Any, small_jpeg: bytes
) -> None:
    """
    A day of this server's lifecycle takes a second.

    Now and then, Ceph 16 does not apply the rules of one bucket for ten minutes.
    """
    use_bucket(settings, s3, tag_resizes=True)
    configure("--create", app_url=live_server.url)
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="small.jpg"))
    url = photo.photo.resize("50x50")
    assert [hop.status for hop in follow(url)] == [302, 301, 200]
    configure("--expire-resizes", "1", app_url=live_server.url)
    wait_until(lambda: fetch(url).status == 302, "the resize to expire")
    assert fetch(photo.photo.url).body == small_jpeg
    configure("--expire-resizes", "0", app_url=live_server.url)
    assert [hop.status for hop in follow(url)] == [302, 301, 200], "and is made again"


@pytest.mark.nightly
@pytest.mark.parametrize("s3", ["ceph"], indirect=True)
def test_expiry_leaves_neither_versions_nor_delete_markers(settings: Any, s3: Any) -> None:
    """
    A day of this server's lifecycle takes a second.

    In one of six runs, Ceph 16 did not apply the rules to the bucket for ten minutes.
    """
    storage = use_bucket(settings, s3, tag_resizes=True, location="up")
    configure("--create")
    enable_versions(storage)
    original, deleted = put(storage, new_key()), put(storage, new_key())
    elsewhere = f"other/{new_key()}"
    for key in (elsewhere, deleted):
        storage.client.put_object(Bucket=storage.bucket_name, Key=key)
        storage.client.delete_object(Bucket=storage.bucket_name, Key=key)
    storage.delete(deleted)
    storage.put(resize_of(original), b"data")
    configure("--expire-resizes", "1")
    kept = [original, *[deleted] * 2]
    wait_until(
        lambda: held(storage) == sorted(kept),
        lambda: f"only originals to remain, not {held(storage)}",
    )
    versions = storage.client.list_object_versions(Bucket=storage.bucket_name, Prefix="other/")
    assert len(versions["Versions"]) == len(versions["DeleteMarkers"]) == 1
    configure("--expire-resizes", "0")
    assert "Rules" not in snapshot(storage)["bucket_lifecycle_configuration"]


# -- what goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ['{"Statement": ["allow all"]}', '"allow all"', '{"Statement": 1}']
)
def test_a_policy_that_makes_no_sense_is_named(moto_storage: Any, text: str) -> None:
    moto_storage.client.put_bucket_policy(Bucket=moto_storage.bucket_name, Policy=text)
    before = snapshot(moto_storage)
    with pytest.raises(CommandError, match="The current policy could not be parsed"):
        configure()
    assert snapshot(moto_storage) == before


class _Expired(http.server.BaseHTTPRequestHandler):
    """Answers as AWS does to credentials of yesterday."""

    def do_GET(self) -> None:
        body = (
            b"<Error><Code>ExpiredToken</Code>"
            b"<Message>The provided token has expired.</Message></Error>"
        )
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_expired_credentials_are_one_line(settings: Any, moto: Any) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Expired)
    with serving(server):
        use_bucket(settings, moto, endpoint_url=f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(CommandError, match=r"The provided token has expired\.$"):
            configure()


def test_a_bucket_in_another_region_than_the_storage_s_is_named(settings: Any) -> None:
    from moto import mock_aws

    class Aws:
        """No server: moto answers for the hosts of AWS, within this process."""

        def storage_options(self, bucket: str) -> dict[str, str]:
            keys = {"access_key": "testing", "secret_key": "testing"}
            return {**keys, "bucket_name": bucket, "region_name": "us-east-1"}

    with mock_aws():
        storage = use_bucket(settings, Aws())
        storage.client.create_bucket(
            Bucket=storage.bucket_name,
            CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
        )
        with pytest.raises(
            CommandError,
            match="is in 'eu-central-1', but \"region_name\" of the storage is 'us-east-1'",
        ):
            configure()
        use_bucket(settings, Aws(), bucket_name=storage.bucket_name, region_name="eu-central-1")
        assert "s3-website.eu-central-1.amazonaws.com" in configure()
