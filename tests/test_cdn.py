"""manage.py configure_media_cdn, on a server that has CloudFront and ACM."""

import io
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

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
from tests.support.cdn import (
    DOMAIN,
    FAILOVER,
    SITE,
    AwsOptions,
    bucket_policy,
    bucket_without_distribution,
    config_of,
    configure,
    distributions,
    states,
)
from tests.support.intermediary import in_front_of


@pytest.fixture
def storage(aws: Any, settings: Any) -> Any:
    return bucket_without_distribution(settings, aws)


def origin_ids(config: dict[str, Any]) -> list[str]:
    return [origin["Id"] for origin in config["Origins"]["Items"]]


class Deploying:
    """Report a distribution or an invalidation as in progress for a number of requests."""

    def __init__(self, times: int) -> None:
        self.times = times

    def __call__(self, body: bytes) -> bytes:
        if self.times <= 0:
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
    with in_front_of(aws.endpoint_url) as intermediary:
        intermediary.change("GET .*/2020-05-31/distribution/", change)
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFRONT", intermediary.url)
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


def test_a_distribution_can_be_removed_after_its_bucket(storage: Any) -> None:
    configure(*FAILOVER)
    storage.client.delete_bucket(Bucket=storage.bucket_name)
    assert "changed        distribution" in configure("--remove")
    assert distributions(storage) == []


@pytest.mark.parametrize("mode", [(), FAILOVER], ids=["website", "failover"])
def test_a_bucket_that_does_not_exist_is_named(storage: Any, mode: tuple[str, ...]) -> None:
    storage.client.delete_bucket(Bucket=storage.bucket_name)
    with pytest.raises(CommandError, match=r"Use manage\.py configure_media_bucket --create"):
        configure(*mode)
    assert distributions(storage) == []


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
        (
            ["--app-access-control", "arn:aws:lambda", *FAILOVER],
            "Invalid id of an origin access control 'arn:aws:lambda'. Use one such as 'E",
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
