"""What an answer of the bucket's website says, or of what was taken for it."""

import re
from urllib.parse import urlsplit

from django_shift_media.diagnostics.http_trace import Hop
from django_shift_media.diagnostics.models import Chain, Evidence, Problem

# For website endpoints, which have no HTTPS.
CDN = (
    'Put a CDN before the website endpoint, set "custom_domain" in the storage\'s OPTIONS to its'
    " host, and restart. For CloudFront:\n"
    "    python manage.py configure_media_cdn --domain media.example.com"
)


def diagnose(chain: Chain, hop: Hop, evidence: Evidence, *, missing: bool) -> Problem | None:
    """``missing`` says whether the resize is not in the bucket by now, as far as that is known."""
    if hop.redirects:
        return _redirect(chain, hop) if missing else _redirect_again(chain, hop, evidence)
    if b"NoSuchBucket" in hop.body:
        return _other_bucket(f"{hop.host} stands for a bucket that does not exist.")
    if "xml" in hop.content_type:
        return _rest_endpoint(hop)
    if hop.status == 404:
        return _rule_missing(chain, hop, evidence)
    if hop.status == 403:
        return _forbidden(chain, hop, evidence)
    what = f"{hop.host} answers {hop.status}."
    return unreachable(chain, hop, what)


def unreachable(chain: Chain, hop: Hop, what: str) -> Problem:
    if hop.url.startswith("https:") and ".s3-website" in hop.host:
        return Problem(
            id="scheme-mismatch",
            what=f"{what} Website endpoints of S3 speak HTTP only.",
            remedy=CDN,
        )
    if hop.fault == "name":
        return Problem(
            id="wrong-endpoint",
            what=what,
            remedy='Correct "region_name", "custom_domain" or "public_url" in the storage\'s'
            " OPTIONS: one of them makes this host.",
        )
    return Problem(
        id="media-unreachable",
        what=what,
        remedy="Start what answers there, or open its port to this machine; or correct"
        ' "public_url" or "custom_domain" in the storage\'s OPTIONS.',
    )


def _redirect(chain: Chain, hop: Hop) -> Problem | None:
    """The redirect of what is missing: to the app, and not to be kept."""
    max_age = re.search(r"max-age=0*[1-9]", hop.cache_control)
    if hop.status in {301, 308} or max_age:
        kept = hop.cache_control or f"as browsers do with a {hop.status}"
        return Problem(
            id="redirect-cached",
            what=f"The redirect to the app is to be kept ({kept}): browsers go in circles once the"
            " resize is there.",
            remedy=chain.configure(
                "Let no CDN put a Cache-Control on redirects, and have the rules redirect by 302"
            ),
        )
    target = hop.location or ""
    if chain.is_at_media(target):
        return Problem(
            id="redirect-loop",
            what=f"{hop.host} redirects to itself.",
            remedy=chain.configure("Have the bucket's routing rules lead to the app"),
        )
    # Without a named site, what answers there is the judge of it.
    if not urlsplit(chain.app).netloc or chain.is_at_app(target):
        return None
    return _wrong_target(chain, target)


def _wrong_target(chain: Chain, target: str) -> Problem:
    wanted, found = urlsplit(chain.app + chain.key), urlsplit(target)
    what = f"The bucket's routing rules lead to {target}, not to {chain.app}"
    if wanted.netloc != found.netloc:
        id = "rule-elsewhere"
    elif wanted.scheme != found.scheme:
        id = "scheme-mismatch"
    else:
        id = "mounted-elsewhere"
    return Problem(id=id, what=what, remedy=chain.configure("Lead there"))


def _redirect_again(chain: Chain, hop: Hop, evidence: Evidence) -> Problem:
    """The redirect of what the bucket has by now: it is not seen to be there."""
    if evidence.bucket.blocked_by:
        return _blocked(chain, evidence)
    if evidence.bucket.anyone_may_get(chain.resource(chain.key)) is False:
        return _not_public(chain)
    if hop.was_kept or evidence.original_is_seen:
        return _kept(hop)
    may_get_original = evidence.bucket.anyone_may_get(chain.resource(chain.original))
    if may_get_original is None:
        return _not_public(chain, guessed=True)
    if may_get_original:
        return _other_bucket(
            f"{hop.host} does not have what the bucket {chain.bucket!r} has, and lets anyone get:"
            " it shows another one."
        )
    return _kept(hop)


def _other_bucket(what: str) -> Problem:
    return Problem(
        id="wrong-endpoint",
        what=what,
        remedy='Correct "public_url" or "custom_domain" in the storage\'s OPTIONS, or the origin of'
        " the CDN there.",
    )


def _kept(hop: Hop) -> Problem:
    sign = f" (Age: {hop.age or 0}, X-Cache: {hop.x_cache or 'none'})" if hop.was_kept else ""
    return Problem(
        id="redirect-cached",
        what="The resize is in the bucket, and the redirect to the app still comes: something in"
        f" between has kept it{sign}.",
        remedy=f"Tell the cache at {hop.host} to keep no redirects; in CloudFront, a minimum TTL"
        " and a default TTL of 0 in the cache policy; in nginx, no 302 in proxy_cache_valid.",
    )


def _forbidden(chain: Chain, hop: Hop, evidence: Evidence) -> Problem:
    """403, and no rule that redirects it."""
    if evidence.bucket.blocked_by:
        return _blocked(chain, evidence)
    if evidence.bucket.anyone_may_get(chain.resource(chain.key)) is False:
        return _not_public(chain)
    if evidence.bucket.rules == []:
        return _rule_missing(chain, hop, evidence)
    if evidence.bucket.rules is None and not evidence.original_is_seen:
        return _not_public(chain, guessed=True)
    return Problem(
        id="403-instead-of-404",
        what="The bucket says 403 of what is missing, as readers may not list it, and no routing"
        " rule takes a 403.",
        remedy=chain.configure("Have a rule for 403, and one for 404"),
    )


def _blocked(chain: Chain, evidence: Evidence) -> Problem:
    if evidence.bucket.blocked_by == "account":
        return Problem(
            id="public-access-blocked",
            what="The AWS account blocks public access to all of its buckets, which wins over the"
            " bucket's own settings.",
            remedy=chain.configure(
                'Keep the bucket private, in "mode": "failover" or "app" of the storage\'s OPTIONS.'
                " Or lift BlockPublicPolicy and RestrictPublicBuckets of the account (S3 console,"
                ' "Block Public Access settings for this account"), and then'
            ),
        )
    return Problem(
        id="public-access-blocked",
        what="The bucket blocks public access (BlockPublicPolicy, RestrictPublicBuckets): nobody"
        " sees what is in it.",
        remedy=chain.configure("Lift these two blocks"),
    )


def _not_public(chain: Chain, *, guessed: bool = False) -> Problem:
    if not guessed:
        return Problem(
            id="not-public",
            what=f"The policy of the bucket {chain.bucket!r} does not let anyone get resizes.",
            remedy=chain.configure("Add the statement that does"),
        )
    return Problem(
        id="public-access-blocked",
        what="Nobody sees what is in the bucket: very likely, the bucket or the account blocks"
        " public access, or the policy lets nobody read. These credentials may not ask which.",
        remedy=chain.configure(
            "A block of the account is lifted in the S3 console. For the rest, with credentials"
            " that may change the bucket"
        ),
    )


def _rule_missing(chain: Chain, hop: Hop, evidence: Evidence) -> Problem:
    rules = evidence.bucket.rules
    what = f"{hop.host} answers {hop.status} and redirects nobody: no routing rule takes it."
    if b"NoSuchWebsiteConfiguration" in hop.body:
        what = "The bucket's website is turned off."
    elif rules == []:
        what = "The bucket's website has no routing rules."
    elif rules:
        what = f"No routing rule of the bucket takes what is missing; it has {len(rules)}."
    remedy = chain.configure("Have what is missing redirected to the app")
    return Problem(id="rule-missing", what=what, remedy=remedy)


def _rest_endpoint(hop: Hop) -> Problem:
    """XML is what S3 speaks to programs; its websites speak HTML."""
    return Problem(
        id="wrong-endpoint",
        what=f"{hop.host} is S3's endpoint for programs, which knows no routing rules (it answers"
        f" {hop.status} in XML).",
        remedy='Leave "public_url" and "custom_domain" out of the storage\'s OPTIONS for the'
        " bucket's website endpoint, or let them name a CDN whose origin is that.",
    )
