"""
Build the documents of a CloudFront distribution in front of a media bucket: pure functions.

Documents have the shapes of boto3's CloudFront client. Of an existing distribution, only the
settings that media depend on are changed.
"""

import hashlib
import re
from typing import Any

from django_shift_media.aws.common import Document
from django_shift_media.aws.website import AppEndpoint

_YEAR = 31_536_000  # seconds
OUR_IDS = "django-shift-media-"
_WEBSITE, _BUCKET, _APP, _FAILOVER = (
    f"{OUR_IDS}{name}" for name in ("website", "bucket", "app", "failover")
)
# Errors may be gone at the next request. By default CloudFront caches them for 10 seconds, whatever
# their headers say.
_UNCACHED_ERRORS = (403, 404, 500, 502, 503, 504)
# All buckets share one cache policy: an account may have 20, and their names have letters, digits,
# dashes and underscores only.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
CACHE_POLICY_NAME = "DjangoShiftMedia"
_MAX_NAME_LENGTH = 64  # characters of the name of an origin access control
# The managed policy "SimpleCORS": scripts of any origin may read. All origins share the responses
# that a distribution caches, so the bucket's own CORS rules cannot apply:
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-response-headers-policies.html
_SIMPLE_CORS = "60669652-455b-4ae9-85a4-c4c02393f86c"


def resource_name(bucket: str, id: str) -> str:
    """
    Return a name for the resources of one bucket: letters, digits and dashes.

    A name that CloudFront does not accept is changed, and gets a checksum to stay unique.
    """
    name = f"{id}-{bucket}"
    safe = re.sub("[^A-Za-z0-9-]", "-", name)
    if safe == name and len(name) <= _MAX_NAME_LENGTH:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{safe[: _MAX_NAME_LENGTH - 9]}-{digest}"


def covers(names: list[str], domain: str) -> bool:
    """Return whether a certificate's names, including wildcards, cover a domain."""
    return domain in names or f"*.{domain.partition('.')[2]}" in names


def cache_policy(name: str) -> Document:
    """
    Return the policy that caches resizes for a year, and never caches redirects to the app.

    The responses' headers decide: resizes have a max-age of a year, redirects have no
    Cache-Control, or "no-store", which a minimum TTL above 0 would override.
    """
    return {
        "Name": name,
        "MinTTL": 0,
        "DefaultTTL": 0,
        "MaxTTL": _YEAR,
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "EnableAcceptEncodingGzip": False,
            "EnableAcceptEncodingBrotli": False,
            "HeadersConfig": {"HeaderBehavior": "none"},
            "CookiesConfig": {"CookieBehavior": "none"},
            "QueryStringsConfig": {"QueryStringBehavior": "none"},
        },
    }


def origin_access_control(name: str) -> Document:
    """Return the origin access control with which CloudFront signs requests to a private bucket."""
    return {
        "Name": name,
        "SigningProtocol": "sigv4",
        "SigningBehavior": "always",
        "OriginAccessControlOriginType": "s3",
    }


def website_origins(website_host: str) -> Document:
    """Return the origin settings for a bucket's website."""
    # Website endpoints support HTTP only, and no signed requests.
    origin = _custom_origin(_WEBSITE, website_host, "", "http-only", 80)
    return _origins([origin], _WEBSITE, groups=[])


def failover_origins(
    bucket_host: str,
    path: str,
    access_control: str,
    app: AppEndpoint,
    app_access_control: str | None = None,
) -> Document:
    """
    Return the origin settings for a private bucket that fails over to the app.

    ``path`` is the folder of the media in the bucket, "" or such as "/up". An app that is a
    function URL has an access control, too; None leaves the present one.
    """
    bucket = {
        "Id": _BUCKET,
        "DomainName": bucket_host,
        "OriginPath": path,
        "S3OriginConfig": {"OriginAccessIdentity": ""},
        "OriginAccessControlId": access_control,
    }
    host, _, port = app.host.partition(":")
    mount = f"/{app.prefix}".rstrip("/")
    policy = "https-only" if app.scheme == "https" else "http-only"
    origin = _custom_origin(_APP, host, mount, policy, int(port) if port else None)
    if app_access_control:
        origin["OriginAccessControlId"] = app_access_control
    group = {
        "Id": _FAILOVER,
        # For a missing object, S3 answers 404 if the reader may list the bucket, else 403.
        "FailoverCriteria": {"StatusCodes": _collection([403, 404])},
        "Members": _collection([{"OriginId": _BUCKET}, {"OriginId": _APP}]),
    }
    return _origins([bucket, origin], _FAILOVER, groups=[group])


def merge_distribution(
    current: Document | None,
    origins: Document,
    *,
    comment: str,
    policy: str,
    domain: str | None,
    certificate: str | None,
) -> Document:
    """
    Return the configuration of a new or an existing distribution.

    ``origins`` comes from ``website_origins`` or ``failover_origins``. ``policy`` is the id of
    the cache policy, ``certificate`` the ARN of the domain's certificate, None to keep the present
    one. Without a domain, the distribution only answers under its own cloudfront.net name.
    """
    config = current or {
        "Comment": comment,
        "PriceClass": "PriceClass_All",
        "HttpVersion": "http2and3",
        "IsIPV6Enabled": True,
        "DefaultCacheBehavior": {"ResponseHeadersPolicyId": _SIMPLE_CORS},
    }
    ours = {
        **origins,
        "Enabled": True,
        "DefaultCacheBehavior": {
            **origins["DefaultCacheBehavior"],
            "ViewerProtocolPolicy": "redirect-to-https",
            "CachePolicyId": policy,
            "Compress": False,  # images are compressed already
        },
        "CustomErrorResponses": _collection(
            [{"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in _UNCACHED_ERRORS]
        ),
    }
    merged = deep_merge(_without_other_modes(config, origins), ours)
    if domain:
        aliases = config.get("Aliases", {}).get("Items", [])
        merged["Aliases"] = _collection([*aliases, *({domain} - set(aliases))])
        present = config.get("ViewerCertificate", {}).get("ACMCertificateArn")
        if certificate and present != certificate:
            merged["ViewerCertificate"] = {
                "ACMCertificateArn": certificate,
                "SSLSupportMethod": "sni-only",
                "MinimumProtocolVersion": "TLSv1.2_2021",
            }
    return merged


def deep_merge(current: Document, ours: Document) -> Document:
    """Return ``current`` with the values of ``ours``, dictionaries merged key by key."""
    merged = dict(current)
    for name, value in ours.items():
        existing = current.get(name)
        if isinstance(value, dict) and isinstance(existing, dict):
            merge = _merge_collection if "Quantity" in value else deep_merge
            merged[name] = merge(existing, value)
        else:
            merged[name] = value
    return merged


def _custom_origin(id: str, host: str, path: str, policy: str, port: int | None) -> Document:
    is_plain = policy == "http-only"
    return {
        "Id": id,
        "DomainName": host,
        "OriginPath": path,
        "CustomOriginConfig": {
            "HTTPPort": port if port and is_plain else 80,
            "HTTPSPort": port if port and not is_plain else 443,
            "OriginProtocolPolicy": policy,
            "OriginSslProtocols": _collection(["TLSv1.2"]),
        },
    }


def _origins(origins: list[Document], target: str, groups: list[Document]) -> Document:
    return {
        "Origins": _collection(origins),
        "OriginGroups": _collection(groups),
        "DefaultCacheBehavior": {"TargetOriginId": target},
    }


def _without_other_modes(config: Document, origins: Document) -> Document:
    """Return the configuration without the origins that another mode has added."""
    result = dict(config)
    for name in ("Origins", "OriginGroups"):
        ids = {item["Id"] for item in origins[name].get("Items", [])}
        items = config.get(name, {}).get("Items", [])
        kept = [x for x in items if x["Id"] in ids or not x["Id"].startswith(OUR_IDS)]
        if kept != items:
            result[name] = _collection(kept)
    return result


def _collection(items: list[Any]) -> Document:
    return {"Quantity": len(items), **({"Items": items} if items else {})}


def _merge_collection(current: Document, ours: Document) -> Document:
    """Merge items that have an id one by one; replace other items unless only the order differs."""
    existing, desired = current.get("Items", []), ours.get("Items", [])
    if not all(isinstance(item, dict) for item in desired):
        return current if sorted(existing) == sorted(desired) else ours
    names = ("Id", "ErrorCode", "HeaderName")
    key = next((name for name in names if desired and name in desired[0]), None)
    if key is None:
        return current if existing == desired or not desired else ours
    existing_by_id = {item[key]: item for item in existing}
    merged = [deep_merge(existing_by_id.get(item[key], {}), item) for item in desired]
    merged_by_id = {item[key]: item for item in merged}
    items = [merged_by_id.pop(item[key], item) for item in existing]
    return {**current, **_collection([*items, *merged_by_id.values()])}
