"""Problems of the bucket's website, or of another server in its place."""

import re
from urllib.parse import urlsplit

from django_shift_media.aws.obstacles import PRIVATE_REMEDY
from django_shift_media.diagnostics.http_trace import Hop
from django_shift_media.diagnostics.models import Evidence, Expectations, Problem

# The remedy if HTTPS is needed, which website endpoints do not support.
CDN_REMEDY = (
    'Put a CDN in front of the website endpoint, set "custom_domain" in the storage\'s OPTIONS to'
    " its host, and restart. For CloudFront:\n"
    "    python manage.py configure_media_cdn --domain media.example.com"
)


def diagnose(
    expected: Expectations, hop: Hop, evidence: Evidence, *, missing: bool
) -> Problem | None:
    """Diagnose a response; ``missing`` says whether the resize should still be missing."""
    if hop.is_redirect:
        return _redirect(expected, hop) if missing else _redirect_again(expected, hop, evidence)
    if b"NoSuchBucket" in hop.body:
        return _other_bucket(f"{hop.host} is the website of a bucket that does not exist.")
    if "xml" in hop.content_type:
        return _rest_endpoint(hop)
    if hop.status in {400, 403} and evidence.bucket.kms_key is not None:
        return _encrypted(hop)
    if hop.status == 404:
        return _rule_missing(expected, hop, evidence)
    if hop.status == 403:
        return _forbidden(expected, hop, evidence)
    what = f"{hop.host} answers {hop.status}."
    return unreachable(expected, hop, what)


def unreachable(expected: Expectations, hop: Hop, what: str) -> Problem:
    if hop.url.startswith("https:") and ".s3-website" in hop.host:
        return Problem(
            id="scheme-mismatch",
            what=f"{what} Website endpoints of S3 support HTTP only.",
            remedy=CDN_REMEDY,
        )
    if hop.error_kind == "name":
        return Problem(
            id="wrong-endpoint",
            what=what,
            remedy='Correct "region_name", "custom_domain" or "public_url" in the storage\'s'
            " OPTIONS; one of them determines this host.",
        )
    return Problem(
        id="media-unreachable",
        what=what,
        remedy="Start the server on that host, or open its port to this machine; or correct"
        ' "public_url" or "custom_domain" in the storage\'s OPTIONS.',
    )


def _redirect(expected: Expectations, hop: Hop) -> Problem | None:
    """Check the redirect of a missing resize: to the app, and not cacheable."""
    max_age = re.search(r"max-age=0*[1-9]", hop.cache_control)
    if hop.status in {301, 308} or max_age:
        reason = hop.cache_control or f"browsers cache a {hop.status}"
        return Problem(
            id="redirect-cached",
            what=f"The redirect to the app is cacheable ({reason}), which causes a redirect loop"
            " once the resize is stored.",
            remedy=expected.configure_remedy(
                "Configure CDNs not to add Cache-Control to redirects, and use routing rules with"
                " status 302"
            ),
        )
    target = hop.location or ""
    if expected.is_media_url(target):
        return Problem(
            id="redirect-loop",
            what=f"{hop.host} redirects to itself.",
            remedy=expected.configure_remedy("Make the bucket's routing rules redirect to the app"),
        )
    # If the site is unknown, the next hop shows whether it is the app.
    if not urlsplit(expected.app).netloc or expected.is_app_url(target):
        return None
    return _wrong_target(expected, target)


def _wrong_target(expected: Expectations, target: str) -> Problem:
    desired, actual = urlsplit(expected.app + expected.key), urlsplit(target)
    what = f"The bucket's routing rules redirect to {target}, not to {expected.app}"
    if desired.netloc != actual.netloc:
        id = "rule-elsewhere"
    elif desired.scheme != actual.scheme:
        id = "scheme-mismatch"
    else:
        id = "mounted-elsewhere"
    return Problem(id=id, what=what, remedy=expected.configure_remedy("Correct the routing rules"))


def _redirect_again(expected: Expectations, hop: Hop, evidence: Evidence) -> Problem:
    """Diagnose a redirect to the app although the resize is stored in the bucket."""
    if evidence.bucket.blocked_by:
        return _blocked(expected, evidence)
    if evidence.bucket.anyone_may_get(expected.object_path(expected.key)) is False:
        return _not_public(expected, evidence)
    if hop.is_cache_hit or evidence.original_is_public:
        return _cached_redirect(hop)
    may_get_original = evidence.bucket.anyone_may_get(expected.object_path(expected.original))
    if may_get_original is None:
        return _not_public(expected, evidence, guessed=True)
    if may_get_original:
        return _other_bucket(
            f"{hop.host} does not serve the files of the bucket {expected.bucket!r}, although its"
            " policy allows reading. It probably serves another bucket."
        )
    return _cached_redirect(hop)


def _other_bucket(what: str) -> Problem:
    return Problem(
        id="wrong-endpoint",
        what=what,
        remedy='Correct "public_url" or "custom_domain" in the storage\'s OPTIONS, or the origin of'
        " the CDN on that host.",
    )


def _cached_redirect(hop: Hop) -> Problem:
    headers = f" (Age: {hop.age or 0}, X-Cache: {hop.x_cache or 'none'})"
    return Problem(
        id="redirect-cached",
        what="The resize is in the bucket, but the response is still the redirect to the app: a"
        f" cache has stored it{headers if hop.is_cache_hit else ''}.",
        remedy=f"Configure the cache at {hop.host} not to store redirects. For CloudFront, set the"
        " minimum TTL and the default TTL of the cache policy to 0; for nginx, remove 302 from"
        " proxy_cache_valid.",
    )


def _forbidden(expected: Expectations, hop: Hop, evidence: Evidence) -> Problem:
    """Diagnose a 403 that no routing rule redirects."""
    if evidence.bucket.blocked_by:
        return _blocked(expected, evidence)
    if evidence.bucket.anyone_may_get(expected.object_path(expected.key)) is False:
        return _not_public(expected, evidence)
    if evidence.bucket.rules == []:
        return _rule_missing(expected, hop, evidence)
    if evidence.bucket.rules is None and not evidence.original_is_public:
        return _not_public(expected, evidence, guessed=True)
    return Problem(
        id="403-instead-of-404",
        what="The bucket answers 403 for missing files, because readers may not list it, and no"
        " routing rule applies to 403.",
        remedy=expected.configure_remedy("Add routing rules for both 403 and 404"),
    )


def _blocked(expected: Expectations, evidence: Evidence) -> Problem:
    if evidence.bucket.blocked_by == "account":
        return Problem(
            id="public-access-blocked",
            what="The AWS account blocks public access to all of its buckets, which overrides the"
            " bucket's own settings. The account or its organization has set this.",
            remedy=expected.configure_remedy(
                'Keep the bucket private, and set "mode": "failover" or "app" in the storage\'s'
                " OPTIONS. Or turn off BlockPublicPolicy and RestrictPublicBuckets of the account"
                ' (S3 console, "Block Public Access settings for this account"), and then run'
            ),
        )
    return Problem(
        id="public-access-blocked",
        what="The bucket blocks public access (BlockPublicPolicy, RestrictPublicBuckets), so"
        " browsers cannot read media.",
        remedy=expected.configure_remedy("Turn off these two settings"),
    )


def _encrypted(hop: Hop) -> Problem:
    return Problem(
        id="encrypted",
        what=f"{hop.host} answers {hop.status}: the bucket encrypts with a KMS key, and S3 serves"
        " such files to signed requests only, which browsers do not send.",
        remedy=f"Either {PRIVATE_REMEDY}. Or use Amazon S3 managed keys (SSE-S3) as default"
        " encryption, and copy the files that are encrypted with KMS onto themselves.",
    )


def _not_public(expected: Expectations, evidence: Evidence, *, guessed: bool = False) -> Problem:
    if evidence.bucket.denies_http(expected.object_path(expected.key)):
        return Problem(
            id="http-denied",
            what=f"The policy of the bucket {expected.bucket!r} denies requests without HTTPS, and"
            " website endpoints support HTTP only.",
            remedy=f"Either {PRIVATE_REMEDY}. Or remove that statement from the policy.",
        )
    if not guessed:
        return Problem(
            id="not-public",
            what=f"The policy of the bucket {expected.bucket!r} does not allow everyone to read"
            " resizes.",
            remedy=expected.configure_remedy("Add a policy statement that does"),
        )
    return Problem(
        id="public-access-blocked",
        what="Browsers cannot read media. Probably the bucket or the account blocks public access,"
        " or the policy does not allow reading; these credentials cannot read the configuration.",
        remedy=expected.configure_remedy(
            "Turn off the account's block in the S3 console. For the bucket's own settings, use"
            " credentials that may change them, and run"
        ),
    )


def _rule_missing(expected: Expectations, hop: Hop, evidence: Evidence) -> Problem:
    rules = evidence.bucket.rules
    what = f"{hop.host} answers {hop.status} instead of a redirect: no routing rule applies."
    if b"NoSuchWebsiteConfiguration" in hop.body:
        what = "The bucket's website is turned off."
    elif rules == []:
        what = "The bucket's website has no routing rules."
    elif rules:
        what = f"None of the bucket's routing rules ({len(rules)}) applies to missing files."
    remedy = expected.configure_remedy("Redirect requests for missing files to the app")
    return Problem(id="rule-missing", what=what, remedy=remedy)


def _rest_endpoint(hop: Hop) -> Problem:
    """Only S3's REST endpoint answers in XML; website endpoints answer in HTML."""
    return Problem(
        id="wrong-endpoint",
        what=f"{hop.host} is S3's REST endpoint, which has no routing rules (it answers"
        f" {hop.status} in XML).",
        remedy='Remove "public_url" and "custom_domain" from the storage\'s OPTIONS to use the'
        " bucket's website endpoint, or set them to a CDN whose origin is the website endpoint.",
    )
