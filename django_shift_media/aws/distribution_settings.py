"""Optional settings of a distribution, which stay as they are if no option is given."""

import re
from dataclasses import dataclass

from django_shift_media.aws.access_logs import LogTarget, distribution_logging
from django_shift_media.aws.common import Conflict, Document
from django_shift_media.aws.distribution import OUR_IDS, deep_merge

# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/PriceClass.html
PRICE_CLASSES = {"100": "PriceClass_100", "200": "PriceClass_200", "all": "PriceClass_All"}
# Security policies of viewers, oldest first, without those that allow TLS 1.0 and 1.1:
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html
MINIMUM_TLS = (
    "TLSv1.2_2018",
    "TLSv1.2_2019",
    "TLSv1.2_2021",
    "TLSv1.2_2025",
    "TLSv1.3_2025",
)
_OFF = "none"
_WEB_ACL = re.compile(r"arn:[\w-]+:wafv2:[a-z0-9-]+:[0-9]{12}:global/webacl/[\w-]+/[\w-]+")
_REGION = re.compile(r"[a-z]+(-[a-z]+)+-[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionSettings:
    """
    None leaves a setting unchanged.

    ``origin_shield`` is a region, ``web_acl`` the ARN of a web ACL of AWS WAF; "none" turns them
    off. ``price_class`` and ``minimum_tls`` are names of the tables above.
    """

    origin_shield: str | None = None
    web_acl: str | None = None
    access_logs: LogTarget | None = None
    price_class: str | None = None
    minimum_tls: str | None = None


def check_settings(settings: DistributionSettings) -> None:
    """Raise ``ValueError`` for an invalid ARN or region."""
    acl, region = settings.web_acl, settings.origin_shield
    if acl and acl != _OFF and not _WEB_ACL.fullmatch(acl):
        raise ValueError(
            f"Invalid web ACL {acl!r}. Use the ARN of a web ACL of AWS WAF with the scope"
            " CLOUDFRONT, such as"
            " 'arn:aws:wafv2:us-east-1:123456789012:global/webacl/NAME/ID', or 'none'."
        )
    if region and region != _OFF and not _REGION.fullmatch(region):
        raise ValueError(f"Invalid region {region!r}. Use one such as 'eu-central-1', or 'none'.")


def merge_settings(config: Document, settings: DistributionSettings, region: str) -> Document:
    """
    Return a distribution's configuration with these settings.

    ``region`` is the one of the media bucket. Raise ``Conflict`` for a minimum TLS version without
    a certificate, as only AWS can set it for cloudfront.net.
    """
    ours: Document = {}
    if settings.price_class:
        ours["PriceClass"] = PRICE_CLASSES[settings.price_class]
    if settings.web_acl:
        ours["WebACLId"] = "" if settings.web_acl == _OFF else settings.web_acl
    if settings.access_logs:
        ours["Logging"] = distribution_logging(settings.access_logs, region)
    if settings.minimum_tls:
        if not _has_certificate(config):
            raise Conflict("--minimum-tls requires --domain: it belongs to the certificate.")
        ours["ViewerCertificate"] = {"MinimumProtocolVersion": settings.minimum_tls}
    merged = deep_merge(config, ours)
    if settings.origin_shield:
        merged["Origins"] = _shielded(config["Origins"], settings.origin_shield)
    return merged


def _has_certificate(config: Document) -> bool:
    return bool(
        {"ACMCertificateArn", "IAMCertificateId"} & config.get("ViewerCertificate", {}).keys()
    )


def _shielded(origins: Document, region: str) -> Document:
    """Return our origins behind Origin Shield in a region; those of others stay."""
    is_on = region != _OFF
    shield = {"Enabled": is_on, **({"OriginShieldRegion": region} if is_on else {})}
    items = [
        {**item, "OriginShield": shield} if item["Id"].startswith(OUR_IDS) else item
        for item in origins["Items"]
    ]
    return {**origins, "Items": items}
