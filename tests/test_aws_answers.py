"""The commands conclude from the responses of S3 servers what AWS's documentation says."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_shift_media.aws.clients import s3_client
from django_shift_media.aws.common import as_list, is_aws
from django_shift_media.storages.s3 import S3MediaStorage
from tests.support.buckets import change_options, new_bucket, use_bucket
from tests.support.galleries import MANAGE, environment
from tests.support.intermediary import Intermediary, in_front_of
from tests.support.requirements import knows_eusc
from tests.support.waiting import PATIENCE

SITE = "https://www.example.com"
DISTRIBUTION = "arn:aws:cloudfront::123456789012:distribution/E1"
BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def configure(*options: str, app_url: str = SITE) -> str:
    output = io.StringIO()
    arguments = ("--app-url", app_url, "--no-input", *options)
    call_command("configure_media_bucket", *arguments, stdout=output, stderr=output)
    return output.getvalue()


def states(*options: str) -> dict[str, str]:
    resources = json.loads(configure("--json", *options))["resources"]
    return {resource["resource"]: resource["state"] for resource in resources}


@pytest.fixture
def storage(aws_s3: Intermediary, settings: Any, moto: Any) -> Any:
    """A bucket on AWS, as far as boto3 and the commands can tell."""
    options = {"region_name": "us-east-1", "public_url": None, **aws_s3.aws_options()}
    return new_bucket(settings, moto, **options)


@pytest.fixture
def other(moto: Any, settings: Any) -> Iterator[tuple[Any, Intermediary]]:
    """A bucket on a server that is not AWS, and the intermediary in front of it."""
    with in_front_of(moto.endpoint_url) as intermediary:
        new_bucket(settings, moto)
        yield change_options(settings, endpoint_url=intermediary.url), intermediary


def blocks(storage: Any) -> set[str]:
    """The names of the public access block's settings that are on."""
    response = storage.client.get_public_access_block(Bucket=storage.bucket_name)
    return {name for name, on in response["PublicAccessBlockConfiguration"].items() if on}


def put_policy(storage: Any, *statements: dict[str, Any]) -> None:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    storage.client.put_bucket_policy(Bucket=storage.bucket_name, Policy=json.dumps(document))


def put_blocks(storage: Any, on: bool) -> None:
    storage.client.put_public_access_block(
        Bucket=storage.bucket_name, PublicAccessBlockConfiguration=dict.fromkeys(BLOCKS, on)
    )


# -- whose bucket it is ---------------------------------------------------------------------------


@pytest.mark.parametrize("options", [(), ("--check",)])
def test_a_bucket_of_another_account_is_an_error(
    storage: Any, aws_s3: Intermediary, options: tuple[str, ...]
) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html"""
    aws_s3.refuse(r"GET .*\?policy$", 405, "MethodNotAllowed")
    with pytest.raises(CommandError, match="belongs to another AWS account"):
        configure(*options)
    assert not aws_s3.sent(r"PUT .*\?")


def test_a_name_that_another_account_has_taken_is_an_error(
    aws_s3: Intermediary, settings: Any, moto: Any
) -> None:
    use_bucket(settings, moto, public_url=None, **aws_s3.aws_options())
    aws_s3.refuse("PUT [^?]*/$", 409, "BucketAlreadyExists")
    with pytest.raises(
        CommandError, match=r"Failed: bucket\. Skipped: .*policy.*website"
    ) as raised:
        configure("--create")
    assert "not supported" not in str(raised.value)


def test_405_of_another_server_means_that_it_lacks_the_call(
    other: tuple[Any, Intermediary],
) -> None:
    other[1].refuse(r"GET .*\?policy$", 405, "MethodNotAllowed")
    assert "This server does not support: policy.\n" in configure()
    assert states("--check")["policy"] == "not supported"


# -- what makes a website impossible --------------------------------------------------------------


def deny_http(storage: Any, **statement: Any) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html"""
    arn = f"arn:aws:s3:::{storage.bucket_name}"
    return {
        "Sid": "DenyInsecureTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        **statement,
    }


@pytest.mark.parametrize(
    "variant",
    [
        {},
        {"Principal": {"AWS": ["*"]}, "Condition": {"Bool": {"AWS:SecureTransport": [False]}}},
        {"Action": "S3:getObject", "Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}}},
    ],
)
def test_a_policy_that_denies_http_is_named(
    storage: Any, aws_s3: Intermediary, variant: dict[str, Any]
) -> None:
    put_policy(storage, deny_http(storage, **variant))
    with pytest.raises(
        CommandError,
        match=r"denies requests without HTTPS in its statement 'DenyInsecureTransport'.*"
        r"configure_media_cdn --mode failover",
    ):
        configure()
    assert len(aws_s3.sent(r"PUT .*\?")) == 1


def test_other_denials_of_http_do_not_matter(storage: Any) -> None:
    put_policy(
        storage,
        deny_http(storage, Resource=f"arn:aws:s3:::{storage.bucket_name}/reports/*"),
        deny_http(storage, Condition={"Bool": {"aws:SecureTransport": "true"}}, Action="s3:Put*"),
    )
    assert states()["policy"] == "changed"


@pytest.mark.parametrize("algorithm", ["aws:kms", "aws:kms:dsse"])
def test_a_website_whose_files_are_encrypted_with_a_kms_key_is_refused(
    storage: Any, algorithm: str
) -> None:
    encrypt(storage, SSEAlgorithm=algorithm)
    with pytest.raises(CommandError, match=r"encrypts with a KMS key.*mode failover.*SSE-S3"):
        configure()
    encrypt(storage, SSEAlgorithm="AES256")
    assert states()["policy"] == "changed"


def encrypt(storage: Any, **default: str) -> None:
    rules = [{"ApplyServerSideEncryptionByDefault": default}]
    storage.client.put_bucket_encryption(
        Bucket=storage.bucket_name, ServerSideEncryptionConfiguration={"Rules": rules}
    )


def test_a_storage_that_encrypts_with_a_kms_key_cannot_be_a_website(
    storage: Any, settings: Any
) -> None:
    change_options(settings, object_parameters={"ServerSideEncryption": "aws:kms"})
    with pytest.raises(CommandError, match="encrypts with a KMS key"):
        configure()


def test_cloudfront_needs_the_key_of_an_encrypted_bucket(storage: Any) -> None:
    failover = ("--mode", "failover", "--distribution-arn", DISTRIBUTION)
    key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    encrypt(storage, SSEAlgorithm="aws:kms", KMSMasterKeyID=key)
    report = configure(*failover)
    assert f"The KMS key {key} must let CloudFront decrypt." in report
    (statement,) = (json.loads(line) for line in report.splitlines() if "kms:Decrypt" in line)
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceArn": DISTRIBUTION}}
    assert (statement["Action"], statement["Resource"]) == ("kms:Decrypt", "*")
    encrypt(storage, SSEAlgorithm="aws:kms")
    with pytest.raises(CommandError, match="the KMS key aws/s3, which CloudFront cannot use"):
        configure(*failover)


def test_cloudfront_needs_the_key_of_a_storage_that_encrypts(storage: Any, settings: Any) -> None:
    failover = ("--mode", "failover", "--distribution-arn", DISTRIBUTION)
    encryption = {"ServerSideEncryption": "aws:kms"}
    change_options(settings, object_parameters={**encryption, "SSEKMSKeyId": "alias/media"})
    assert "The KMS key alias/media must let CloudFront decrypt." in configure(*failover)
    change_options(settings, object_parameters=encryption)
    with pytest.raises(CommandError, match="the KMS key aws/s3, which CloudFront cannot use"):
        configure(*failover)


@pytest.mark.parametrize("setting", ["BlockPublicPolicy", "RestrictPublicBuckets"])
def test_a_block_of_the_account_or_its_organization_is_named(
    storage: Any, aws_s3: Intermediary, setting: str
) -> None:
    put_blocks(storage, True)
    control = "/v20180820/configuration/publicAccessBlock"
    body = f"<PublicAccessBlockConfiguration><{setting}>true</{setting}>"
    aws_s3.answer(control, 200, f"{body}</PublicAccessBlockConfiguration>".encode())
    with pytest.raises(
        CommandError,
        match=r"account or its organization blocks public access.*configure_media_cdn --mode"
        " failover.*only the organization's administrator can",
    ):
        configure()
    assert blocks(storage) == set(BLOCKS), "nothing is lifted in vain"


@pytest.mark.parametrize("refused", ["configuration/publicAccessBlock$", r"\?encryption$"])
def test_what_may_not_be_read_is_no_obstacle(
    storage: Any, aws_s3: Intermediary, refused: str
) -> None:
    aws_s3.refuse(f"GET .*{refused}", 403, "AccessDenied")
    assert states()["policy"] == "changed"


# -- policies are compared by their meaning -------------------------------------------------------


def as_minio(body: bytes) -> bytes:
    """
    Return a policy as MinIO's servers return it.

    https://github.com/minio/pkg/tree/main/policy: sets are lists, and "*" is {"AWS": ["*"]}.
    """
    if not body.startswith(b"{"):
        return body  # the error if no policy is set
    policy = json.loads(body)
    for statement in policy["Statement"]:
        for name in ("Action", "Resource"):
            statement[name] = as_list(statement[name])
        statement["Principal"] = {"AWS": ["*"]}
    return json.dumps(policy).encode()


def test_a_policy_in_another_form_is_the_same_policy(other: tuple[Any, Intermediary]) -> None:
    storage, intermediary = other
    intermediary.change(rf"GET .*/{storage.bucket_name}\?policy$", as_minio)
    assert states("--private-originals")["policy"] == "changed"
    assert states()["policy"] == "unchanged"
    configure("--check")
    assert states("--no-private-originals")["policy"] == "changed"
    configure("--check", "--no-private-originals")
    configure("--remove")


def test_a_server_that_refuses_to_set_is_reported_once(other: tuple[Any, Intermediary]) -> None:
    """https://github.com/seaweedfs/seaweedfs/blob/master/weed/s3api/s3api_bucket_skip_handlers.go"""
    storage, intermediary = other
    intermediary.refuse(r"GET .*\?policy$", 404, "NoSuchBucketPolicy")
    intermediary.refuse(r"(PUT|DELETE) .*\?policy$", 501, "NotImplemented")
    for options in ((), ("--check",), ("--check",)):
        report = configure(*options)
        assert report.count("This server does not support: policy.") == 1
    assert not intermediary.sent(rf"PUT .*/{storage.bucket_name}\?policy$")


def test_a_check_changes_nothing_on_any_server(other: tuple[Any, Intermediary]) -> None:
    storage, intermediary = other
    before = storage.client.list_buckets()["Buckets"]
    with pytest.raises(CommandError, match="Changes needed: policy, website"):
        configure("--check")
    assert not intermediary.sent(rf"(PUT|DELETE) .*/{storage.bucket_name}\?")
    assert storage.client.list_buckets()["Buckets"] == before


# -- parts that depend on each other --------------------------------------------------------------


def test_a_lifted_block_is_put_back_if_the_policy_fails(storage: Any, aws_s3: Intermediary) -> None:
    put_blocks(storage, True)
    aws_s3.refuse(r"PUT .*\?policy$", 400, "MalformedPolicy")
    output = io.StringIO()
    with pytest.raises(CommandError, match=r"Failed: policy\."):
        call_command("configure_media_bucket", "--app-url", SITE, "--no-input", stdout=output)
    assert blocks(storage) == set(BLOCKS)
    assert "  restored       public access block: the policy was not written\n" in output.getvalue()


def test_a_policy_is_not_tried_if_its_block_stays(storage: Any, aws_s3: Intermediary) -> None:
    put_blocks(storage, True)
    aws_s3.refuse(r"PUT .*\?publicAccessBlock$", 400, "InvalidRequest")
    with pytest.raises(CommandError, match=r"Failed: public access block\. Skipped: policy\."):
        configure()
    assert not aws_s3.sent(r"PUT .*\?policy$")


def test_a_bucket_stays_public_if_its_policy_cannot_be_replaced(
    storage: Any, aws_s3: Intermediary
) -> None:
    configure()
    put_blocks(storage, False)
    aws_s3.refuse(r"PUT .*\?policy$", 400, "MalformedPolicy")
    with pytest.raises(CommandError, match=r"Failed: policy\. Skipped: public access block\."):
        configure("--mode", "failover", "--distribution-arn", DISTRIBUTION)
    assert blocks(storage) == set()


def test_a_live_website_is_not_made_private_without_a_distribution(storage: Any) -> None:
    configure()
    for options in ((), ("--check",), ("--dry-run",)):
        with pytest.raises(
            CommandError,
            match=r"no CloudFront distribution may read it yet.*In this order: 1\. run manage\.py"
            r' configure_media_cdn --mode failover .*2\. set "mode": "failover"',
        ):
            configure("--mode", "failover", *options)
    assert states("--check") == dict.fromkeys(states(), "unchanged")


# -- the app, and hosts ---------------------------------------------------------------------------


def test_the_app_cannot_be_the_bucket_s_website(storage: Any, settings: Any) -> None:
    change_options(settings, custom_domain="media.example.com")
    for url in ("https://media.example.com", "http://media.example.com/site"):
        with pytest.raises(CommandError, match="missing files would be redirected to themselves"):
            configure(app_url=url)
    change_options(settings, custom_domain=None, public_url="https://www.example.com/uploads/")
    assert states()["website and routing rules"] == "changed", "a CDN may serve both"


@pytest.mark.parametrize(
    ("region", "website", "rest"),
    [
        ("eu-central-1", "s3-website.eu-central-1.amazonaws.com", "s3.eu-central-1.amazonaws.com"),
        (
            "us-gov-east-1",
            "s3-website.us-gov-east-1.amazonaws.com",
            "s3.us-gov-east-1.amazonaws.com",
        ),
        ("cn-north-1", "s3-website.cn-north-1.amazonaws.com.cn", "s3.cn-north-1.amazonaws.com.cn"),
        pytest.param(
            "eusc-de-east-1",
            "s3-website.eusc-de-east-1.amazonaws.eu",
            "s3.eusc-de-east-1.amazonaws.eu",
            marks=knows_eusc,
        ),
        ("us-iso-east-1", "s3-website.us-iso-east-1.c2s.ic.gov", "s3.us-iso-east-1.c2s.ic.gov"),
    ],
)
def test_hosts_are_those_of_the_partition(region: str, website: str, rest: str) -> None:
    storage = S3MediaStorage(
        bucket_name="media", region_name=region, access_key="a", secret_key="s"
    )
    assert (storage.website_host, storage.rest_host) == (f"media.{website}", f"media.{rest}")
    # The authority for the latter is boto3.
    assert storage.aws_client("s3").meta.endpoint_url == f"https://{rest}"
    assert is_aws(storage.client.meta.endpoint_url)


@pytest.mark.parametrize("host", ["amazonaws.com.example.com", "notamazonaws.com", "127.0.0.1"])
def test_other_hosts_are_not_of_aws(host: str) -> None:
    assert not is_aws(f"https://{host}")


def test_commands_wait_longer_than_visitors(storage: Any) -> None:
    ours = s3_client(storage).meta.config
    assert ours.read_timeout >= 60
    assert ours.retries["total_max_attempts"] > 2
    assert ours.proxies == storage.client.meta.config.proxies, "all else is as in the options"


def test_a_closed_pipe_ends_a_command_quietly(moto: Any, moto_bucket: Any, tmp_path: Path) -> None:
    command = [sys.executable, MANAGE, "configure_media_bucket", "--app-url", SITE, "--print"]
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run(
        command,
        env=environment(tmp_path, moto, moto_bucket.bucket_name),
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=PATIENCE,
    )
    os.close(writer)
    assert (result.returncode, result.stderr) == (141, b"")


# -- removal --------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [("--remove",), ("--mode=app",)])
def test_rules_are_removed_whatever_the_path_of_the_app(
    storage: Any, options: tuple[str, ...], settings: Any
) -> None:
    configure(app_url="https://www.example.com/site/")
    theirs = {
        "Condition": {"HttpErrorCodeReturnedEquals": "404", "KeyPrefixEquals": "docs/"},
        "Redirect": {"HostName": "docs.example.com", "ReplaceKeyPrefixWith": "media/"},
    }
    bucket = {"Bucket": storage.bucket_name}
    website = storage.client.get_bucket_website(**bucket)
    rules = [theirs, *website["RoutingRules"]]
    storage.client.put_bucket_website(
        **bucket,
        WebsiteConfiguration={"IndexDocument": website["IndexDocument"], "RoutingRules": rules},
    )
    call_command("configure_media_bucket", *options, "--no-input", stdout=io.StringIO())
    assert storage.client.get_bucket_website(**bucket)["RoutingRules"] == [theirs]
