"""manage.py configure_media_cdn: what AWS documents, and simpler servers do not do."""

import json
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import CommandError

from django_shift_media.aws.dns import records_to_create
from tests.support.buckets import change_options, new_bucket, use_bucket
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
    tag_as_ours,
    update,
)
from tests.support.intermediary import Intermediary, Rule, in_front_of


@pytest.fixture
def storage(aws: Any, settings: Any) -> Any:
    return bucket_without_distribution(settings, aws)


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


@pytest.mark.parametrize("domain", ["example.org", "example.co.uk", "example.com.au"])
def test_registered_names_have_no_cname_record(domain: str) -> None:
    assert "CNAME d1.cloudfront.net" not in records_to_create(domain, "d1.cloudfront.net")[0]
    (line,) = records_to_create(f"media.{domain}", "d1.cloudfront.net")
    assert line == f"DNS record to create: media.{domain} CNAME d1.cloudfront.net"


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


def test_records_are_removed_with_the_distribution(storage: Any, zone: Any) -> None:
    domain, records = zone
    configure("--domain", domain, "--route53")
    report = configure("--remove", "--domain", domain, "--route53", "--wait")
    assert {type for name, type in records() if name == f"{domain}."} == set()
    assert distributions(storage) == []
    assert "records to delete" not in report


def test_a_removal_names_the_records_that_it_leaves(storage: Any) -> None:
    configure("--domain", DOMAIN)
    host = distributions(storage)[0]["DomainName"]
    line = f"DNS records to delete: those of {DOMAIN} that point to {host}.\n"
    assert configure("--remove", "--wait").endswith(line)
    assert "to delete" not in configure("--remove")


def test_records_of_something_else_survive_a_removal(storage: Any, zone: Any) -> None:
    domain, records = zone
    configure("--domain", domain, "--route53")
    client = storage.aws_client("route53")
    (id,) = (
        one["Id"]
        for one in client.list_hosted_zones()["HostedZones"]
        if one["Name"] == f"{domain}."
    )
    record = {"Name": domain, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    change = {"Action": "UPSERT", "ResourceRecordSet": record}
    client.change_resource_record_sets(HostedZoneId=id, ChangeBatch={"Changes": [change]})
    configure("--remove", "--domain", domain, "--route53", "--wait")
    assert {type for name, type in records() if name == f"{domain}."} == {"A"}


def test_route_53_without_a_zone_is_an_error(storage: Any) -> None:
    with pytest.raises(CommandError, match=r"no public hosted zone for 'media\.example\.test'"):
        configure("--domain", "media.example.test", "--route53")
    with pytest.raises(CommandError, match="--route53 requires --domain"):
        configure("--route53")


# -- the app, and other partitions ----------------------------------------------------------------


def test_the_distribution_cannot_be_the_app(storage: Any) -> None:
    match = "has the host .* of the distribution itself"
    failover = ("--mode", "failover", "--domain", DOMAIN, "--app-url")
    with pytest.raises(CommandError, match=match):
        configure(*failover, f"https://{DOMAIN}")
    configure(*failover, SITE)
    for host in (DOMAIN, distributions(storage)[0]["DomainName"]):
        with pytest.raises(CommandError, match=match):
            configure("--mode", "failover", "--app-url", f"https://{host}")


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
    change_options(settings, region_name="cn-north-1")
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
