"""manage.py configure_media_cdn, on a server that has CloudFront and ACM."""

import io
import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import Request, urlopen

import pytest
from django.core.management import CommandError, call_command

from django_shift_media.aws.distribution import (
    cache_policy,
    covers,
    deep_merge,
    failover_origins,
    merge_distribution,
    resource_name,
    website_origins,
)
from django_shift_media.aws.website import AppEndpoint
from tests.support.buckets import new_bucket, use_bucket
from tests.support.intermediary import Intermediary, Rule, in_front_of

SITE = "https://www.example.com"
DOMAIN = "media.example.com"


@pytest.fixture
def aws(ministack: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """All of AWS, by the variable that points boto3 at another."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", ministack.endpoint_url)
    return ministack


class AwsOptions:
    """The options of a bucket on AWS, as a project has them: without an endpoint."""

    def __init__(self, server: Any) -> None:
        self.server = server

    def storage_options(self, bucket: str) -> dict[str, str]:
        return {
            "bucket_name": bucket,
            "region_name": "eu-central-1",
            "access_key": self.server.access_key,
            "secret_key": self.server.secret_key,
        }


@pytest.fixture
def storage(aws: Any, settings: Any) -> Any:
    """A bucket whose distribution nobody has made yet; those of former tests are gone."""
    storage = use_bucket(settings, AwsOptions(aws))
    client = storage.aws_client("cloudfront")
    for found in client.list_distributions()["DistributionList"].get("Items", []):
        answer = client.get_distribution(Id=found["Id"])
        config = {**answer["Distribution"]["DistributionConfig"], "Enabled": False}
        updated = client.update_distribution(
            Id=found["Id"], IfMatch=answer["ETag"], DistributionConfig=config
        )
        client.delete_distribution(Id=found["Id"], IfMatch=updated["ETag"])
    for found in client.list_cache_policies(Type="custom")["CachePolicyList"].get("Items", []):
        id = found["CachePolicy"]["Id"]
        client.delete_cache_policy(Id=id, IfMatch=client.get_cache_policy(Id=id)["ETag"])
    acm = storage.aws_client("acm", region="us-east-1")
    for found in acm.list_certificates()["CertificateSummaryList"]:
        acm.delete_certificate(CertificateArn=found["CertificateArn"])
    call_command("configure_media_bucket", "--create", "--app-url", SITE, stdout=io.StringIO())
    return storage


def configure(*options: str, errors: io.StringIO | None = None) -> str:
    output = io.StringIO()
    call_command(
        "configure_media_cdn", "--no-input", *options, stdout=output, stderr=errors or output
    )
    return output.getvalue()


def states(*options: str) -> dict[str, str]:
    resources = json.loads(configure("--json", *options))["resources"]
    return {resource["resource"]: resource["state"] for resource in resources}


def distributions(storage: Any) -> list[dict[str, Any]]:
    client = storage.aws_client("cloudfront")
    listed = client.list_distributions()["DistributionList"].get("Items", [])
    return [client.get_distribution(Id=found["Id"])["Distribution"] for found in listed]


def config_of(storage: Any) -> dict[str, Any]:
    (found,) = distributions(storage)
    config: dict[str, Any] = found["DistributionConfig"]
    return config


def origin_ids(config: dict[str, Any]) -> list[str]:
    return [origin["Id"] for origin in config["Origins"]["Items"]]


def bucket_policy(storage: Any) -> dict[str, Any]:
    answer = storage.client.get_bucket_policy(Bucket=storage.bucket_name)
    policy: dict[str, Any] = json.loads(answer["Policy"])["Statement"][0]
    return policy


@contextmanager
def changing(server: Any, change: Callable[[str, bytes], bytes]) -> Iterator[str]:
    """Run a proxy that changes the responses of a server; yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            request = Request(
                server.endpoint_url + self.path,
                data=self.rfile.read(length) or None,
                headers=dict(self.headers),
                method=self.command,
            )
            with urlopen(request) as answer:
                body = change(f"{self.command} {self.path}", answer.read())
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    if name.lower() not in {"content-length", "transfer-encoding"}:
                        self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{proxy.server_port}"
        proxy.shutdown()


class Deploying:
    """Report a distribution or an invalidation as in progress for a number of requests."""

    def __init__(self, times: int) -> None:
        self.times = times

    def __call__(self, request: str, body: bytes) -> bytes:
        if not request.startswith("GET /2020-05-31/distribution/") or self.times <= 0:
            return body
        self.times -= 1
        for status in (b"Deployed", b"Completed"):
            body = body.replace(b"<Status>" + status, b"<Status>InProgress")
        return body


@pytest.fixture
def deploying(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deploying]:
    """A CloudFront that takes its time."""
    change = Deploying(0)
    monkeypatch.setattr("django_shift_media.aws.cloudfront.POLL_INTERVAL", 0.01)
    with changing(aws, change) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFRONT", url)
        yield change


# -- mode website ---------------------------------------------------------------------------------


def test_a_website_gets_https_on_a_domain(storage: Any) -> None:
    report = configure("--domain", DOMAIN)
    (found,) = distributions(storage)
    assert f"DNS record to create: {DOMAIN} CNAME {found['DomainName']}\n" in report
    assert f'Set "custom_domain": "{DOMAIN}" in the OPTIONS of the storage.' in report
    config = found["DistributionConfig"]
    (origin,) = config["Origins"]["Items"]
    assert origin["DomainName"] == storage.website_host
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "http-only"
    assert "OriginAccessControlId" not in origin
    assert config["Enabled"]
    assert config["Aliases"]["Items"] == [DOMAIN]
    assert config["ViewerCertificate"]["ACMCertificateArn"].split(":")[3] == "us-east-1"
    behavior = config["DefaultCacheBehavior"]
    assert behavior["ViewerProtocolPolicy"] == "redirect-to-https"
    client = storage.aws_client("cloudfront")
    policy = client.get_cache_policy(Id=behavior["CachePolicyId"])["CachePolicy"]
    ttls = {name: policy["CachePolicyConfig"][f"{name}TTL"] for name in ("Min", "Default", "Max")}
    assert ttls == {"Min": 0, "Default": 0, "Max": 31_536_000}
    kept = config["CustomErrorResponses"]["Items"]
    assert {error["ErrorCachingMinTTL"] for error in kept} == {0}
    assert bucket_policy(storage)["Principal"] == "*", "the website stays public"


def test_the_second_run_changes_nothing(storage: Any, settings: Any, aws: Any) -> None:
    configure("--domain", DOMAIN)
    before = distributions(storage)
    assert set(states("--domain", DOMAIN).values()) == {"unchanged"}
    configure("--check", "--domain", DOMAIN)
    assert distributions(storage) == before
    use_bucket(settings, AwsOptions(aws), bucket_name=storage.bucket_name, custom_domain=DOMAIN)
    assert "custom_domain" not in configure("--domain", DOMAIN)
    assert states() == {"cache policy": "unchanged", "distribution": "unchanged"}
    assert config_of(storage)["Aliases"]["Items"] == [DOMAIN], "what is not given stays"


def test_a_dry_run_makes_nothing(storage: Any) -> None:
    report = configure("--dry-run", "--domain", DOMAIN)
    assert '+      "CachePolicyId": "(known after it is created)"' in report.replace("    +", "+  ")
    assert distributions(storage) == []
    acm = storage.aws_client("acm", region="us-east-1")
    assert acm.list_certificates()["CertificateSummaryList"] == []
    with pytest.raises(CommandError, match="Changes needed: cache policy, distribution"):
        configure("--check")


def test_without_a_domain_cloudfront_s_own_is_used(storage: Any) -> None:
    report = configure()
    (found,) = distributions(storage)
    assert f'Set "custom_domain": "{found["DomainName"]}"' in report
    assert "ViewerCertificate" not in found["DistributionConfig"]
    assert set(states().values()) == {"unchanged"}


def test_what_others_have_put_into_the_distribution_stays(storage: Any) -> None:
    acm = storage.aws_client("acm", region="us-east-1")
    acm.request_certificate(DomainName="*.example.com", ValidationMethod="DNS")
    configure("--domain", DOMAIN)
    client = storage.aws_client("cloudfront")
    (found,) = distributions(storage)
    config = found["DistributionConfig"]
    theirs = {**config["Origins"]["Items"][0], "Id": "theirs", "DomainName": "t.example.com"}
    config["Origins"] = {"Quantity": 2, "Items": [theirs, *config["Origins"]["Items"]]}
    config["Aliases"] = {"Quantity": 2, "Items": ["other.example.com", DOMAIN]}
    config["PriceClass"] = "PriceClass_100"
    config["DefaultCacheBehavior"]["ViewerProtocolPolicy"] = "allow-all"
    etag = client.get_distribution(Id=found["Id"])["ETag"]
    client.update_distribution(Id=found["Id"], IfMatch=etag, DistributionConfig=config)
    report = configure("--domain", DOMAIN)
    assert '-    "ViewerProtocolPolicy": "allow-all",' in report
    config["DefaultCacheBehavior"]["ViewerProtocolPolicy"] = "redirect-to-https"
    assert config_of(storage) == config


def test_a_domain_of_another_distribution_is_named(storage: Any, settings: Any, aws: Any) -> None:
    configure("--domain", DOMAIN)
    before = distributions(storage)
    new_bucket(settings, AwsOptions(aws), region_name="us-east-1")
    with pytest.raises(CommandError, match=f"'{DOMAIN}' is an alias of the distribution"):
        configure("--domain", DOMAIN)
    assert distributions(storage) == before


# -- mode failover --------------------------------------------------------------------------------


FAILOVER = ("--mode", "failover", "--app-url", SITE, "--domain", DOMAIN)


def test_failover_asks_a_private_bucket_first(storage: Any) -> None:
    report = configure(*FAILOVER)
    assert 'Set "mode": "failover" in the OPTIONS of the storage.' in report
    (found,) = distributions(storage)
    config = found["DistributionConfig"]
    bucket, app = config["Origins"]["Items"]
    assert bucket["DomainName"] == f"{storage.bucket_name}.s3.eu-central-1.amazonaws.com"
    client = storage.aws_client("cloudfront")
    control = client.get_origin_access_control(Id=bucket["OriginAccessControlId"])
    signing = control["OriginAccessControl"]["OriginAccessControlConfig"]
    assert (signing["SigningBehavior"], signing["SigningProtocol"]) == ("always", "sigv4")
    assert (app["DomainName"], app["OriginPath"]) == ("www.example.com", "/media")
    assert app["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    (group,) = config["OriginGroups"]["Items"]
    assert group["FailoverCriteria"]["StatusCodes"]["Items"] == [403, 404]
    assert [one["OriginId"] for one in group["Members"]["Items"]] == [bucket["Id"], app["Id"]]
    assert config["DefaultCacheBehavior"]["TargetOriginId"] == group["Id"]

    statement = bucket_policy(storage)
    assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceArn": found["ARN"]}}
    blocks = storage.client.get_public_access_block(Bucket=storage.bucket_name)
    assert set(blocks["PublicAccessBlockConfiguration"].values()) == {True}
    assert set(states("--check", *FAILOVER).values()) == {"unchanged"}
    call_command("configure_media_bucket", "--mode=failover", "--check", stdout=io.StringIO())


def test_a_distribution_may_change_its_mode(storage: Any) -> None:
    configure("--domain", DOMAIN)
    website = config_of(storage)
    configure(*FAILOVER)
    assert origin_ids(config_of(storage)) == [
        "django-shift-media-bucket",
        "django-shift-media-app",
    ]
    configure("--domain", DOMAIN)
    assert config_of(storage) == website


def test_a_bucket_turns_private_once_the_distribution_is_deployed(
    storage: Any, deploying: Deploying
) -> None:
    configure()
    deploying.times = 99
    report = configure(*FAILOVER)
    assert "waiting        policy: the distribution is not deployed yet; run this command" in report
    assert bucket_policy(storage)["Principal"] == "*"
    deploying.times = 3
    progress = io.StringIO()
    assert "changed        policy" in configure("--wait", *FAILOVER, errors=progress)
    assert "distribution: InProgress" in progress.getvalue()
    assert bucket_policy(storage)["Principal"] != "*"


def test_waiting_says_how_it_goes(storage: Any, deploying: Deploying) -> None:
    deploying.times = 5
    progress = io.StringIO()
    report = configure("--wait", *FAILOVER, errors=progress)
    assert "distribution: InProgress, 0 s" in progress.getvalue()
    assert "changed        policy" in report


def test_a_location_is_added_by_the_distribution(aws: Any, settings: Any) -> None:
    options = {"region_name": "us-east-1", "location": "up", "mode": "failover"}
    storage = new_bucket(settings, AwsOptions(aws), **options)
    report = configure("--app-url", f"{SITE}:8443/site")
    (found,) = [one for one in distributions(storage) if storage.bucket_name in str(one)]
    base = f"https://{found['DomainName']}/"
    assert f'Set "public_url": "{base}" in the OPTIONS of the storage.' in report
    bucket, app = found["DistributionConfig"]["Origins"]["Items"]
    assert bucket["OriginPath"] == "/up"
    assert app["OriginPath"] == "/site/media"
    assert app["CustomOriginConfig"]["HTTPSPort"] == 8443
    options |= {"bucket_name": storage.bucket_name, "public_url": base}
    use_bucket(settings, AwsOptions(aws), **options)
    assert "Set " not in configure("--app-url", f"{SITE}:8443/site")


# -- the certificate ------------------------------------------------------------------------------


@pytest.fixture
def slow_acm(moto: Any, storage: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An ACM that waits for the DNS record, as AWS's does; moto's sees it after some seconds."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_ACM", moto.endpoint_url)
    monkeypatch.setattr("moto.settings.ACM_VALIDATION_WAIT", 9999)
    return f"{uuid.uuid4().hex[:8]}.example.com"


def test_a_certificate_that_is_not_issued_yet_is_waited_for(
    storage: Any, slow_acm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = (*FAILOVER[:-1], slow_acm)
    for _ in range(2):
        report = configure(*options)
        assert "waiting        certificate: create the DNS record _" in report
        assert "waiting        distribution: the certificate is not issued yet" in report
        assert "waiting        policy: the distribution does not exist yet" in report
        assert distributions(storage) == []
        assert bucket_policy(storage)["Principal"] == "*"
    with pytest.raises(CommandError, match="Changes needed: certificate, distribution"):
        configure("--check", *options)
    monkeypatch.setattr("moto.settings.ACM_VALIDATION_WAIT", 0)
    assert set(states(*options).values()) <= {"unchanged", "changed"}
    assert config_of(storage)["Aliases"]["Items"] == [slow_acm]


def test_a_certificate_may_be_waited_for(
    storage: Any, slow_acm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_shift_media.aws.cloudfront.POLL_INTERVAL", 0.01)

    class Progress(io.StringIO):
        """Has the certificate issued as soon as it is told of that it is not."""

        def write(self, text: str) -> int:
            if "PENDING_VALIDATION" in text:
                monkeypatch.setattr("moto.settings.ACM_VALIDATION_WAIT", 0)
            return super().write(text)

    progress = Progress()
    report = configure("--domain", slow_acm, "--wait", errors=progress)
    assert "DNS record to create: _" in progress.getvalue()
    assert re.search("certificate: PENDING_VALIDATION, [0-9]+ s", progress.getvalue())
    assert "changed        distribution" in report


def test_a_certificate_for_the_domain_is_not_requested_twice(storage: Any) -> None:
    acm = storage.aws_client("acm", region="us-east-1")
    asked = acm.request_certificate(DomainName="*.example.com", ValidationMethod="DNS")
    configure("--domain", DOMAIN)
    assert len(acm.list_certificates()["CertificateSummaryList"]) == 1
    certificate = config_of(storage)["ViewerCertificate"]
    assert certificate["ACMCertificateArn"] == asked["CertificateArn"]


def tag_as_ours(storage: Any, id: str) -> None:
    """Let the command manage a distribution."""
    client = storage.aws_client("cloudfront")
    arn = client.get_distribution(Id=id)["Distribution"]["ARN"]
    name = resource_name(storage.bucket_name, "DjangoShiftMedia")
    tags = {"Items": [{"Key": "django-shift-media", "Value": name}]}
    client.tag_resource(Resource=arn, Tags=tags)


def update(storage: Any, **changes: Any) -> None:
    """Change the configuration of the distribution, as others do."""
    client = storage.aws_client("cloudfront")
    (found,) = distributions(storage)
    config = {**found["DistributionConfig"], **changes}
    etag = client.get_distribution(Id=found["Id"])["ETag"]
    client.update_distribution(Id=found["Id"], IfMatch=etag, DistributionConfig=config)


@pytest.fixture
def certificates(aws: Any, storage: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Add to the certificates of ACM; those have no key types and dates of one's choice there."""
    acm = storage.aws_client("acm", region="us-east-1")
    changed: dict[str, dict[str, Any]] = {}

    def request(*names: str, **members: Any) -> str:
        others = {"SubjectAlternativeNames": list(names[1:])} if names[1:] else {}
        arn: str = acm.request_certificate(DomainName=names[0], ValidationMethod="DNS", **others)[
            "CertificateArn"
        ]
        changed[arn] = members
        return arn

    def change(body: bytes) -> bytes:
        document = json.loads(body or b"{}")
        found = document.get("Certificate", {})
        found.update(changed.get(found.get("CertificateArn"), {}))
        return json.dumps(document).encode()

    with in_front_of(aws.endpoint_url) as intermediary:
        intermediary.change("POST", change)
        monkeypatch.setenv("AWS_ENDPOINT_URL_ACM", intermediary.url)
        yield request


def certificate_of(storage: Any) -> Any:
    return config_of(storage)["ViewerCertificate"]["ACMCertificateArn"]


def test_the_present_certificate_stays_as_long_as_it_covers_all_aliases(
    storage: Any, certificates: Any
) -> None:
    present = certificates(DOMAIN, NotAfter=4_000_000_000)
    configure("--domain", DOMAIN)
    certificates(DOMAIN, "www.example.com", NotAfter=5_000_000_000)
    configure("--domain", DOMAIN)
    assert certificate_of(storage) == present


def test_an_alias_that_somebody_else_has_added_stays_covered(
    storage: Any, certificates: Any
) -> None:
    certificates(DOMAIN)
    configure("--domain", DOMAIN)
    both = certificates("other.example.org", DOMAIN)
    update(storage, Aliases={"Quantity": 2, "Items": ["other.example.org", DOMAIN]})
    certificates(DOMAIN, NotAfter=5_000_000_000)
    configure("--domain", DOMAIN)
    assert certificate_of(storage) == both
    update(storage, Aliases={"Quantity": 2, "Items": ["third.example.org", DOMAIN]})
    configure("--domain", DOMAIN)
    acm = storage.aws_client("acm", region="us-east-1")
    found = acm.describe_certificate(CertificateArn=certificate_of(storage))["Certificate"]
    assert {*found["SubjectAlternativeNames"]} >= {DOMAIN, "third.example.org"}


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"KeyAlgorithm": "RSA_2048"}, {"KeyAlgorithm": "EC_secp384r1"}),
        ({"KeyAlgorithm": "EC_prime256v1"}, {"KeyAlgorithm": "EC_secp521r1"}),
        ({"KeyAlgorithm": "RSA-4096"}, {"KeyAlgorithm": "RSA_1024", "NotAfter": 5_000_000_000}),
        ({"NotAfter": 4_000_000_001}, {"NotAfter": 4_000_000_000}),
    ],
)
def test_the_best_certificate_is_chosen(
    storage: Any, certificates: Any, better: dict[str, Any], worse: dict[str, Any]
) -> None:
    """https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html"""
    certificates(DOMAIN, **worse)
    best = certificates(DOMAIN, **better)
    certificates(DOMAIN, **worse)
    configure("--domain", DOMAIN)
    assert certificate_of(storage) == best


def test_an_expired_certificate_is_replaced(storage: Any, certificates: Any) -> None:
    present = certificates(DOMAIN, NotAfter=4_000_000_000)
    configure("--domain", DOMAIN)
    new = certificates(DOMAIN)
    acm = storage.aws_client("acm", region="us-east-1")
    acm.delete_certificate(CertificateArn=present)
    configure("--domain", DOMAIN)
    assert certificate_of(storage) == new


def test_a_new_certificate_may_be_unknown_for_seconds(
    aws: Any, storage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """https://docs.aws.amazon.com/acm/latest/APIReference/API_DescribeCertificate.html"""
    unknown = b'{"__type": "ResourceNotFoundException", "message": "Could not find it."}'
    with in_front_of(aws.endpoint_url) as intermediary:
        monkeypatch.setenv("AWS_ENDPOINT_URL_ACM", intermediary.url)
        rule = Rule("POST", 2, 400, unknown)
        # Two lists for the plan, two before it is applied, and the request for a certificate.
        intermediary.rules += [Rule("POST", 5), rule]
        configure("--domain", DOMAIN)
        assert rule.times == 0
    assert config_of(storage)["Aliases"]["Items"] == [DOMAIN]


# -- parts that depend on each other --------------------------------------------------------------


def refusing(aws: Any, monkeypatch: pytest.MonkeyPatch, pattern: str, code: str) -> Any:
    """A CloudFront that refuses some requests."""

    @contextmanager
    def run() -> Iterator[Intermediary]:
        with in_front_of(aws.endpoint_url) as intermediary, monkeypatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL_CLOUDFRONT", intermediary.url)
            intermediary.refuse(pattern, 400, code)
            yield intermediary

    return run()


def test_no_distribution_is_made_without_its_cache_policy(
    storage: Any, aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        refusing(aws, monkeypatch, "POST .*2020-05-31/cache-policy", "InvalidArgument"),
        pytest.raises(
            CommandError,
            match=r"Failed: cache policy\. Skipped: distribution, .*policy, .*public access block",
        ),
    ):
        configure(*FAILOVER)
    assert distributions(storage) == []
    assert bucket_policy(storage)["Principal"] == "*", "the website stays on line"


def test_a_bucket_stays_public_if_its_distribution_fails(
    storage: Any, aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure("--domain", DOMAIN)
    with (
        refusing(aws, monkeypatch, "PUT .*2020-05-31/distribution/", "InvalidOrigin"),
        pytest.raises(CommandError, match=r"Failed: distribution\. Skipped: .*policy"),
    ):
        configure(*FAILOVER)
    assert bucket_policy(storage)["Principal"] == "*"


def test_no_distribution_is_made_without_its_certificate(
    storage: Any, aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with in_front_of(aws.endpoint_url) as intermediary:
        monkeypatch.setenv("AWS_ENDPOINT_URL_ACM", intermediary.url)
        failure = b'{"__type": "LimitExceededException", "message": "Too many."}'
        intermediary.rules += [Rule("POST", 4), Rule("POST", 99, 400, failure)]
        with pytest.raises(CommandError, match=r"Failed: certificate\. Skipped: distribution"):
            configure("--domain", DOMAIN)
    assert distributions(storage) == []


# -- names ----------------------------------------------------------------------------------------


def test_buckets_share_one_cache_policy(storage: Any, settings: Any, aws: Any) -> None:
    """An account may have 20, whose names have no dots."""
    configure("--domain", DOMAIN)
    name = f"{storage.bucket_name}.example.com"
    use_bucket(settings, AwsOptions(aws), bucket_name=name)
    storage.client.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    configure("--mode", "failover", "--app-url", SITE)
    client = storage.aws_client("cloudfront")
    listed = client.list_cache_policies(Type="custom")["CachePolicyList"]["Items"]
    assert [one["CachePolicy"]["CachePolicyConfig"]["Name"] for one in listed] == [
        "DjangoShiftMedia"
    ]
    controls = client.list_origin_access_controls()["OriginAccessControlList"]["Items"]
    assert all(re.fullmatch("[A-Za-z0-9-]{1,64}", control["Name"]) for control in controls)
    configure("--remove")
    assert len(client.list_cache_policies(Type="custom")["CachePolicyList"]["Items"]) == 1
    use_bucket(settings, AwsOptions(aws), bucket_name=storage.bucket_name)
    assert states("--remove")["cache policy"] == "changed"


def test_a_distribution_is_found_by_its_tag(storage: Any, settings: Any, aws: Any) -> None:
    configure("--domain", DOMAIN)
    update(storage, Comment="images of the shop")
    assert states("--check", "--domain", DOMAIN)["distribution"] == "unchanged"
    assert config_of(storage)["Comment"] == "images of the shop"
    client = storage.aws_client("cloudfront")
    (found,) = distributions(storage)
    client.untag_resource(Resource=found["ARN"], TagKeys={"Items": ["django-shift-media"]})
    with pytest.raises(CommandError, match="give it the tag django-shift-media=DjangoShiftMedia-"):
        configure("--domain", DOMAIN)
    tag_as_ours(storage, found["Id"])
    assert states("--check", "--domain", DOMAIN)["distribution"] == "unchanged"


# -- DNS ------------------------------------------------------------------------------------------


def test_an_apex_domain_needs_alias_records(storage: Any) -> None:
    """RFC 1034, section 3.6.2: a CNAME record has no records beside it, and a zone has some."""
    report = configure("--domain", "example.org")
    host = distributions(storage)[0]["DomainName"]
    assert f"example.org A and example.org AAAA, both as alias records of {host}" in report
    assert "example.org CNAME" not in report


@pytest.fixture
def zone(storage: Any) -> Any:
    """A hosted zone of Route 53, and a longer one that is nearer to the domain."""
    client = storage.aws_client("route53")
    client.create_hosted_zone(Name="com", CallerReference=uuid.uuid4().hex)
    name = f"{uuid.uuid4().hex[:8]}.example.com"
    created = client.create_hosted_zone(Name=name, CallerReference=uuid.uuid4().hex)

    def records() -> dict[tuple[str, str], Any]:
        listed = client.list_resource_record_sets(HostedZoneId=created["HostedZone"]["Id"])
        return {
            (one["Name"], one["Type"]): one
            for one in listed["ResourceRecordSets"]
            if one["Type"] not in {"NS", "SOA"}
        }

    return name, records


def test_route_53_records_are_written(storage: Any, zone: Any) -> None:
    domain, records = zone
    before = records()
    configure("--domain", domain, "--route53", "--dry-run")
    assert records() == before
    report = configure("--domain", domain, "--route53")
    assert "to create" not in report
    host = distributions(storage)[0]["DomainName"]
    for type in ("A", "AAAA"):
        target = records()[f"{domain}.", type]["AliasTarget"]
        assert target["DNSName"].rstrip(".") == host
        assert target["HostedZoneId"] == "Z2FDTNDATAQYW2"
    validation = [name for name, type in records() if type == "CNAME"]
    assert len(validation) == 1
    assert validation[0].endswith(f".{domain}.")
    assert set(states("--domain", domain, "--route53").values()) == {"unchanged"}
    configure("--check", "--domain", domain, "--route53")


def test_a_cname_record_of_the_domain_is_replaced(storage: Any, zone: Any) -> None:
    zone_name, records = zone
    domain = f"media.{zone_name}"
    client = storage.aws_client("route53")
    (id,) = (
        one["Id"]
        for one in client.list_hosted_zones()["HostedZones"]
        if one["Name"] == f"{zone_name}."
    )
    record = {"Name": domain, "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "old."}]}
    change = {"Action": "CREATE", "ResourceRecordSet": record}
    client.change_resource_record_sets(HostedZoneId=id, ChangeBatch={"Changes": [change]})
    configure("--domain", domain, "--route53")
    assert {type for name, type in records() if name == f"{domain}."} == {"A", "AAAA"}


def test_route_53_without_a_zone_is_an_error(storage: Any) -> None:
    with pytest.raises(CommandError, match=r"no public hosted zone for 'media\.example\.test'"):
        configure("--domain", "media.example.test", "--route53")
    with pytest.raises(CommandError, match="--route53 requires --domain"):
        configure("--route53")


# -- the app, and other partitions ----------------------------------------------------------------


def test_the_distribution_cannot_be_the_app(storage: Any) -> None:
    match = "has the host .* of the distribution itself"
    failover = ("--mode", "failover", "--domain", DOMAIN, "--app-url")
    for host in (DOMAIN, "d111111abcdef8.cloudfront.net"):
        with pytest.raises(CommandError, match=match):
            configure(*failover, f"https://{host}")
    configure(*failover, SITE)
    with pytest.raises(CommandError, match=match):
        configure("--mode", "failover", "--app-url", f"https://{DOMAIN}")


def test_advice_without_a_domain_names_the_one_in_use(
    storage: Any, settings: Any, aws: Any
) -> None:
    configure("--domain", DOMAIN)
    assert f'Set "custom_domain": "{DOMAIN}"' in configure()
    use_bucket(settings, AwsOptions(aws), bucket_name=storage.bucket_name, custom_domain=DOMAIN)
    assert "custom_domain" not in configure()
    assert "Set " not in configure("--invalidate")


@pytest.mark.parametrize("region", ["us-gov-west-1", "eusc-de-east-1", "us-iso-east-1"])
def test_partitions_without_cloudfront_are_named(settings: Any, aws: Any, region: str) -> None:
    use_bucket(settings, AwsOptions(aws), region_name=region)
    with pytest.raises(CommandError, match=f"no CloudFront in the partition aws.* '{region}'"):
        configure()


def test_china_has_no_acm_for_cloudfront(settings: Any, aws: Any, storage: Any) -> None:
    """https://docs.amazonaws.cn/en_us/aws/latest/userguide/cloudfront.html"""
    new_bucket(settings, AwsOptions(aws), region_name="us-east-1")
    use_bucket(settings, AwsOptions(aws), region_name="cn-north-1")
    with pytest.raises(CommandError, match="In China, CloudFront does not support certificates"):
        configure("--domain", DOMAIN)
    configure()
    (found,) = distributions(storage)
    certificate = {"IAMCertificateId": "ASCA1", "SSLSupportMethod": "sni-only"}
    aliases = {"Quantity": 1, "Items": [DOMAIN]}
    update(storage, Aliases=aliases, ViewerCertificate=certificate)
    assert found["DistributionConfig"]["Origins"]["Items"][0]["DomainName"].endswith(
        ".s3-website.cn-north-1.amazonaws.com.cn"
    )
    configure("--domain", DOMAIN)
    assert config_of(storage)["ViewerCertificate"]["IAMCertificateId"] == "ASCA1"


# -- what comes after -----------------------------------------------------------------------------


def test_invalidations(storage: Any, deploying: Deploying) -> None:
    with pytest.raises(CommandError, match="There is no distribution yet"):
        configure("--check", "--remove")
        configure("--remove", "--invalidate")
    with pytest.raises(CommandError, match="There is no distribution yet"):
        configure("--invalidate")
    configure("--domain", DOMAIN)
    before = distributions(storage)
    assert "for /*" in configure("--invalidate")
    assert "for /a/* /b" in configure("--invalidate", "/a/*", "/b")
    assert distributions(storage) == before, "an invalidation alone changes nothing"
    with pytest.raises(CommandError, match=r"Invalid path 'a'\. Begin it with a slash"):
        configure("--invalidate", "a")
    (found,) = distributions(storage)
    listed = storage.aws_client("cloudfront").list_invalidations(DistributionId=found["Id"])
    assert listed["InvalidationList"]["Quantity"] == 2
    deploying.times = 4
    progress = io.StringIO()
    configure("--invalidate", "--wait", errors=progress)
    assert "invalidation: InProgress" in progress.getvalue()


def test_all_that_was_made_is_removed(storage: Any) -> None:
    configure(*FAILOVER)
    assert "changed        bucket's policy" in configure("--remove")
    client = storage.aws_client("cloudfront")
    assert distributions(storage) == []
    assert named(client.list_cache_policies()["CachePolicyList"], storage) == []
    controls = client.list_origin_access_controls()["OriginAccessControlList"]
    assert named(controls, storage) == []
    with pytest.raises(storage.client.exceptions.ClientError, match="NoSuchBucketPolicy"):
        bucket_policy(storage)
    assert set(states("--remove").values()) == {"unchanged"}


def named(listed: dict[str, Any], storage: Any) -> list[Any]:
    return [item for item in listed.get("Items", []) if storage.bucket_name in str(item)]


def test_removing_leaves_a_public_bucket_public(storage: Any) -> None:
    configure()
    configure("--remove")
    assert bucket_policy(storage)["Principal"] == "*"


def test_a_removal_takes_two_runs_if_nobody_waits(storage: Any, deploying: Deploying) -> None:
    configure()
    deploying.times = 99
    report = configure("--remove")
    assert "waiting        distribution: AWS is disabling it; run this command again" in report
    assert config_of(storage)["Enabled"] is False
    deploying.times = 0
    assert states("--remove")["cache policy"] == "changed"
    assert distributions(storage) == []
    configure()
    deploying.times = 5
    assert "changed        distribution" in configure("--remove", "--wait")


# -- what goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--mode", "failover"], "Mode failover requires --app-url"),
        (
            ["--mode", "failover", "--app-url", "x"],
            "Invalid URL of the app 'x'. Use a scheme and a host, such as",
        ),
        (
            ["--domain", "https://x.example.com"],
            "Invalid domain 'https://x.example.com'. Use a host name, such as",
        ),
        (["--domain", "localhost"], "Invalid domain 'localhost'. Use a host name, such as"),
    ],
)
def test_wrong_options_are_named(storage: Any, options: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        configure(*options)
    assert distributions(storage) == []


def test_a_bucket_that_is_not_on_aws_is_named(moto: Any, settings: Any) -> None:
    new_bucket(settings, moto)
    with pytest.raises(
        CommandError, match=r"CloudFront requires a bucket on AWS, not on 'http://127.0.0.1"
    ):
        configure()


def test_mode_app_needs_no_cdn(settings: Any, aws: Any) -> None:
    use_bucket(settings, AwsOptions(aws), mode="app")
    with pytest.raises(CommandError, match="Mode app does not use CloudFront"):
        configure()


def test_no_network_is_one_line(storage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFRONT", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(CommandError, match="Could not connect to the endpoint URL"):
        configure()


# -- documents ------------------------------------------------------------------------------------


def test_names_fit_into_cloudfront_s_limits() -> None:
    assert resource_name("b", "DjangoShiftMedia") == "DjangoShiftMedia-b"
    long = [resource_name(f"{'b' * 62}{n}", "DjangoShiftMediastaging") for n in range(2)]
    assert {len(name) for name in long} == {64}
    assert long[0] != long[1]


def test_wildcards_cover_one_label() -> None:
    assert covers([DOMAIN], DOMAIN)
    assert covers(["example.com", "*.example.com"], DOMAIN)
    assert not covers(["*.example.com"], f"a.{DOMAIN}")
    assert not covers(["*.example.com"], "example.com")


def test_what_aws_adds_is_no_difference() -> None:
    """AWS fills in defaults, and has orders of its own."""
    app = AppEndpoint("https", "www.example.com", "media/")
    origins = failover_origins("b.s3.eu-central-1.amazonaws.com", "", "E1", app)

    def merge(current: Any) -> Any:
        return merge_distribution(
            current, origins, comment="c", policy="P", domain=DOMAIN, certificate="arn"
        )

    answered = json.loads(json.dumps(merge(None)))
    for origin in answered["Origins"]["Items"]:
        origin.update(ConnectionAttempts=3, OriginShield={"Enabled": False})
    answered["Origins"]["Items"].reverse()
    answered["OriginGroups"]["Items"][0]["FailoverCriteria"]["StatusCodes"]["Items"].reverse()
    answered["CustomErrorResponses"]["Items"].reverse()
    for error in answered["CustomErrorResponses"]["Items"]:
        error.update(ResponsePagePath="", ResponseCode="")
    answered["ViewerCertificate"].update(Certificate="arn", CertificateSource="acm")
    answered["Logging"] = {"Enabled": False}
    assert merge(answered) == answered
    assert merge({**answered, "Enabled": False}) == answered
    stale = {"ACMCertificateArn": "old", "Certificate": "old", "CertificateSource": "acm"}
    assert merge({**answered, "ViewerCertificate": stale})["ViewerCertificate"] == {
        "ACMCertificateArn": "arn",
        "SSLSupportMethod": "sni-only",
        "MinimumProtocolVersion": "TLSv1.2_2021",
    }


def test_groups_of_others_stay() -> None:
    theirs = {"Quantity": 1, "Items": [{"Id": "theirs", "Members": {"Quantity": 0}}]}
    origins = website_origins("b.s3-website.eu-central-1.amazonaws.com")
    assert deep_merge({"OriginGroups": theirs}, origins)["OriginGroups"] == theirs


def test_a_redirect_is_never_kept() -> None:
    policy = cache_policy("n")
    assert policy["MinTTL"] == policy["DefaultTTL"] == 0
