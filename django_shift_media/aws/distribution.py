"""
What CloudFront must be told to stand before a media bucket: pure functions.

Documents have the shapes of boto3's CloudFront client. Of a distribution that exists, only what
media depend on is set; all else stays.
"""

import hashlib
from typing import Any

from django_shift_media.aws.common import Document
from django_shift_media.aws.website import App

_YEAR = 31_536_000  # seconds
_OUR_IDS = "django-shift-media-"
_WEBSITE, _BUCKET, _APP, _FAILOVER = (
    f"{_OUR_IDS}{name}" for name in ("website", "bucket", "app", "failover")
)
# Answers that say nothing about the next request. CloudFront keeps them for 10 seconds unless it
# is told otherwise, whatever their headers say.
_NOT_KEPT = (403, 404, 500, 502, 503, 504)
_NAME_LENGTH = 64  # characters, of an origin access control
# Managed-SimpleCORS: any origin's scripts may read what anyone may read. The answers that a
# distribution keeps are shared by all origins, so the bucket's own rules cannot be followed:
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-response-headers-policies.html
_SIMPLE_CORS = "60669652-455b-4ae9-85a4-c4c02393f86c"


def resource_name(bucket: str, id: str) -> str:
    """Return the name of what serves one bucket only, within CloudFront's limit of characters."""
    name = f"{id}-{bucket}"
    if len(name) <= _NAME_LENGTH:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: _NAME_LENGTH - 9]}-{digest}"


def covers(names: list[str], domain: str) -> bool:
    """Say whether a certificate's names, wildcards among them, are good for a domain."""
    return domain in names or f"*.{domain.partition('.')[2]}" in names


def cache_policy(name: str) -> Document:
    """
    Return the policy that keeps resizes for a year, and redirects to the app never.

    Both follow from the answers' own headers: resizes say how long they last, redirects say
    nothing, or "no-store", which a minimum above 0 would override.
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
    """Return what lets CloudFront sign its requests to a private bucket."""
    return {
        "Name": name,
        "SigningProtocol": "sigv4",
        "SigningBehavior": "always",
        "OriginAccessControlOriginType": "s3",
    }


def website_origins(website_host: str) -> Document:
    """Return the part of a distribution that asks a bucket's website."""
    # Website endpoints speak HTTP only, and take no signed requests.
    origin = _custom_origin(_WEBSITE, website_host, "", "http-only", 80)
    return _origins([origin], _WEBSITE, groups=[])


def failover_origins(bucket_host: str, path: str, access_control: str, app: App) -> Document:
    """
    Return the part of a distribution that asks a private bucket, and the app for what is missing.

    ``path`` is where the media lie in the bucket: "" or as in "/up".
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
    group = {
        "Id": _FAILOVER,
        # What S3 says of a missing object depends on whether its reader may list the bucket.
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

    ``origins`` is of one of the functions above, ``policy`` the id of the cache policy and
    ``certificate`` the ARN of ``domain``'s. Without a domain, the distribution has only its own.
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
            "Compress": False,  # pictures are compressed
        },
        "CustomErrorResponses": _collection(
            [{"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in _NOT_KEPT]
        ),
    }
    merged = deep_merge(_without_former(config, origins), ours)
    if domain:
        aliases = config.get("Aliases", {}).get("Items", [])
        merged["Aliases"] = _collection([*aliases, *({domain} - set(aliases))])
        if config.get("ViewerCertificate", {}).get("ACMCertificateArn") != certificate:
            merged["ViewerCertificate"] = {
                "ACMCertificateArn": certificate,
                "SSLSupportMethod": "sni-only",
                "MinimumProtocolVersion": "TLSv1.2_2021",
            }
    return merged


def deep_merge(current: Document, ours: Document) -> Document:
    """Return ``current`` with all that ``ours`` names as there, and the rest as it was."""
    merged = dict(current)
    for name, value in ours.items():
        there = current.get(name)
        if isinstance(value, dict) and isinstance(there, dict):
            merge = _merge_collection if "Quantity" in value else deep_merge
            merged[name] = merge(there, value)
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


def _without_former(config: Document, origins: Document) -> Document:
    """Return a configuration without what was ours in another mode."""
    kept = dict(config)
    for name in ("Origins", "OriginGroups"):
        wanted = {item["Id"] for item in origins[name].get("Items", [])}
        items = config.get(name, {}).get("Items", [])
        left = [x for x in items if x["Id"] in wanted or not x["Id"].startswith(_OUR_IDS)]
        if left != items:
            kept[name] = _collection(left)
    return kept


def _collection(items: list[Any]) -> Document:
    return {"Quantity": len(items), **({"Items": items} if items else {})}


def _merge_collection(current: Document, ours: Document) -> Document:
    """Items with an id are joined one by one; of others, order is all that may differ."""
    there, wanted = current.get("Items", []), ours.get("Items", [])
    if not all(isinstance(item, dict) for item in wanted):
        return current if sorted(there) == sorted(wanted) else ours
    key = next((name for name in ("Id", "ErrorCode") if wanted and name in wanted[0]), None)
    if key is None:
        return current if there == wanted or not wanted else ours
    by_id = {item[key]: item for item in there}
    joined = [deep_merge(by_id.get(item[key], {}), item) for item in wanted]
    joined_by_id = {item[key]: item for item in joined}
    items = [joined_by_id.pop(item[key], item) for item in there]
    return {**current, **_collection([*items, *joined_by_id.values()])}
