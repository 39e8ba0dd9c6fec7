"""From what was seen to what is wrong: pure, hop by hop."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from django_shift_media.diagnostics import rules_app, rules_bucket
from django_shift_media.diagnostics.http_trace import MAX_HOPS, Hop
from django_shift_media.diagnostics.models import Chain, Evidence, Problem, View
from django_shift_media.engines.selection import engine_options, get_engine
from django_shift_media.exceptions import UnacceptableFile

_YEAR = 31_536_000  # seconds
_SKEW_WARNING = 5 * 60  # seconds
_SKEW_ERROR = 15 * 60  # seconds: S3 refuses requests that are dated so far from its own time

_HTTPS_MEDIA = 'Say https in "public_url", or set "custom_domain", in the storage\'s OPTIONS.'


def diagnose(chain: Chain, views: Sequence[View], evidence: Evidence) -> list[Problem]:
    """Return what is wrong, in the order in which a browser meets it, and once for each URL."""
    chain = _with_site(chain, views)
    found: dict[tuple[str, str], Problem] = {}
    for view in views:
        for problem in diagnose_view(chain, view, evidence):
            found.setdefault((problem.id, problem.url), problem)
    return list(found.values())


def diagnose_view(chain: Chain, view: View, evidence: Evidence) -> Iterator[Problem]:
    for number, hop in enumerate(view.hops, 1):
        before = view.hops[: number - 1]
        found = [_fault(chain, view, hop, before, evidence), _skew(hop)]
        if number == 1:
            found.append(_mixed(chain, view.hops))
        if number == MAX_HOPS and hop.redirects:
            found.append(_loop())
        for problem in filter(None, found):
            yield replace(problem, request=view.request, hop=number, url=hop.url)


def _with_site(chain: Chain, views: Sequence[View]) -> Chain:
    """Take the app's site from what was seen, if the app has answered and nobody has named it."""
    for hop in (hop for view in views for hop in view.hops):
        if (
            chain.app.startswith("/")
            and rules_app.sends_back(chain, hop)
            and chain.is_at_app(hop.url)
        ):
            return replace(chain, site=hop.url.removesuffix(chain.app + chain.key))
    return chain


def _fault(
    chain: Chain, view: View, hop: Hop, before: Sequence[Hop], evidence: Evidence
) -> Problem | None:
    if hop.error:
        return _unreachable(chain, hop)
    if hop.status == 200:
        return _picture(chain, hop)
    if hop.redirects and hop.location is None:
        return _nowhere(hop)
    if upgrade := _upgrade(chain, hop):
        return upgrade
    if chain.mode == "website" and chain.is_at_media(hop.url) and not rules_app.is_view(hop):
        is_made = any(rules_app.sends_back(chain, earlier) for earlier in before)
        is_made = is_made or (view.request == "again" and bool(evidence.stored))
        return rules_bucket.diagnose(chain, hop, evidence, missing=not is_made)
    return rules_app.diagnose(chain, hop)


def _unreachable(chain: Chain, hop: Hop) -> Problem:
    what = f"{hop.host} does not answer: {hop.error}."
    if hop.fault == "certificate":
        return Problem(
            id="certificate-invalid",
            what=f"The certificate of {hop.host} is not valid: {hop.error}.",
            remedy=f"Install a certificate for {urlsplit(hop.url).hostname} that browsers trust,"
            " with all intermediate ones; or correct the host, if it is not the one you mean.",
        )
    if hop.fault == "tls":
        return Problem(
            id="scheme-mismatch",
            what=f"{what} Very likely, it does not speak HTTPS.",
            remedy='Turn HTTPS on there, or say http in what leads there: "public_url" in the'
            " storage's OPTIONS, or --app-url of configure_media_bucket.",
        )
    if chain.is_at_media(hop.url) and chain.mode != "app":
        return rules_bucket.unreachable(chain, hop, what)
    return rules_app.unreachable(chain, hop, what)


def _nowhere(hop: Hop) -> Problem:
    location = hop.headers.get("location", "nothing")
    return Problem(
        id="redirect-nowhere",
        what=f"{hop.host} answers {hop.status}, and its Location is no URL: {location}",
        remedy="Correct the rule, the proxy or the middleware that redirects there.",
    )


def _upgrade(chain: Chain, hop: Hop) -> Problem | None:
    """Something that wants HTTPS: it redirects there, to the same place, or it does not bother."""
    here, there = urlsplit(hop.url), urlsplit(hop.location or "")
    is_redirect = (here.scheme, there.scheme) == ("http", "https") and (
        (here.hostname, here.path) == (there.hostname, there.path)
    )
    # What nginx and Apache say of it.
    is_refusal = hop.status == 400 and b"plain HTTP" in hop.body
    if not (is_redirect or is_refusal):
        return None
    is_by_rule = chain.mode == "website" and not chain.is_at_media(hop.url)
    leading = "The bucket's routing rules say" if is_by_rule else "The media's public URL says"
    site = f"https://{there.netloc or here.netloc}"
    remedy = _HTTPS_MEDIA if chain.mode != "app" else f"Say {site} in --site and MEDIA_URL."
    return Problem(
        id="scheme-mismatch",
        what=f"{leading} http, and {hop.host} wants https.",
        remedy=chain.configure("Lead to https at once", site=site) if is_by_rule else remedy,
    )


def _mixed(chain: Chain, hops: Sequence[Hop]) -> Problem | None:
    """Media over HTTP for an app over HTTPS, which shows when the app is met or was named."""
    apps = [chain.app, *(hop.url for hop in hops[1:] if not chain.is_at_media(hop.url))]
    if not (chain.url.startswith("http:") and any(app.startswith("https:") for app in apps)):
        return None
    return Problem(
        id="scheme-mismatch",
        what=f"The app is seen over https, and the media over http, at {hops[0].host}: browsers"
        " do not show such pictures on a page over https.",
        remedy=rules_bucket.CDN if ".s3-website" in hops[0].host else _HTTPS_MEDIA,
    )


def _loop() -> Problem:
    return Problem(
        id="redirect-loop",
        what=f"After {MAX_HOPS} hops there is still no picture.",
        remedy="Mend what is named above.",
    )


def _skew(hop: Hop) -> Problem | None:
    skew = hop.skew
    if skew is None or abs(skew) < _SKEW_WARNING:
        return None
    direction = "ahead of" if skew > 0 else "behind"
    return Problem(
        id="clock-skew",
        what=f"The clock of {hop.host} is {abs(skew) / 60:.0f} minutes {direction} this machine's.",
        remedy="Set both by NTP (timedatectl set-ntp true): S3 refuses requests that are 15"
        " minutes off.",
        severity="error" if abs(skew) >= _SKEW_ERROR else "warning",
    )


def _picture(chain: Chain, hop: Hop) -> Problem | None:
    if wrong := _wrong_picture(chain, hop):
        if chain.mode == "website" and not chain.is_at_media(hop.url):
            return rules_app.elsewhere(chain, hop, wrong)
        return Problem(
            id="wrong-picture",
            what=wrong,
            remedy=f"See what answers at {hop.host}: something in the place of the media, to which"
            ' "public_url" or "custom_domain" leads, or something that rewrites what passes.',
        )
    if _max_age(hop.cache_control) >= _YEAR:
        return None
    return Problem(
        id="cache-control-missing",
        what=f"The picture is to be kept for a year, its Cache-Control is"
        f" {hop.cache_control or 'missing'}: browsers will ask for it again and again.",
        remedy=_cache_remedy(chain),
    )


def _cache_remedy(chain: Chain) -> str:
    if chain.bucket:
        return (
            'Take CacheControl out of "object_parameters" in the storage\'s OPTIONS, and delete'
            " the resizes that were stored with it; if it is not there, a CDN has replaced the"
            " header: let it pass."
        )
    return (
        "Have the web server send it with what it serves from disk; in nginx: add_header"
        ' Cache-Control "public, max-age=31536000, immutable";'
    )


def _wrong_picture(chain: Chain, hop: Hop) -> str:
    """Say what is wrong with the picture itself, "" for nothing."""
    if hop.content_type != chain.content_type:
        return f"This should be {chain.content_type}, and is {hop.content_type or 'of no type'}."
    try:
        size = get_engine().verify(hop.body, engine_options()).size
    except UnacceptableFile as error:
        return f"This should be a picture: {error}"
    if size != chain.size:
        return "The picture should have {} x {} pixels,".format(*chain.size) + (
            " and has {} x {}.".format(*size)
        )
    return ""


def _max_age(cache_control: str) -> int:
    if re.search(r"\b(no-store|no-cache|private)\b", cache_control):
        return 0
    match = re.search(r"\bmax-age=(\d+)", cache_control)
    return int(match[1]) if match else 0
