"""Derive problems from traces, hop by hop, without any request."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from django_shift_media.conf import conf
from django_shift_media.diagnostics import rules_app, rules_bucket, rules_cdn, rules_lambda
from django_shift_media.diagnostics.http_trace import MAX_HOPS, Hop
from django_shift_media.diagnostics.models import Evidence, Expectations, Problem, Trace
from django_shift_media.engines.selection import engine_options, get_engine
from django_shift_media.exceptions import UnacceptableFile
from django_shift_media.storages.base import cache_control

_CLOCK_SKEW_WARNING = 5 * 60  # seconds
_CLOCK_SKEW_ERROR = 15 * 60  # seconds; S3 rejects requests with a larger difference

_HTTPS_REMEDY = 'Use https in "public_url", or set "custom_domain", in the storage\'s OPTIONS.'


def diagnose(expected: Expectations, traces: Sequence[Trace], evidence: Evidence) -> list[Problem]:
    """Return problems in the order of the requests, each one once for a URL."""
    expected = _with_site(expected, traces)
    found: dict[tuple[str, str], Problem] = {}
    for trace in traces:
        for problem in diagnose_trace(expected, trace, evidence):
            found.setdefault((problem.id, problem.url), problem)
    return list(found.values())


def diagnose_trace(expected: Expectations, trace: Trace, evidence: Evidence) -> Iterator[Problem]:
    if trace.request in {"stored", "original"}:
        if problem := _problem_behind_cdn(expected, trace, evidence):
            number = len(trace.hops)
            yield replace(
                problem, request=trace.request, hop=number, url=trace.hops[number - 1].url
            )
        return
    for number, hop in enumerate(trace.hops, 1):
        before = trace.hops[: number - 1]
        problems = [_problem_at(expected, trace, hop, before, evidence), _clock_skew(hop)]
        problems.append(rules_lambda.warn(hop))
        if number == 1:
            problems.append(_mixed_content(expected, trace.hops))
        if number == MAX_HOPS and hop.is_redirect:
            problems.append(_too_many_hops())
        for problem in filter(None, problems):
            yield replace(problem, request=trace.request, hop=number, url=hop.url)


def _problem_behind_cdn(expected: Expectations, trace: Trace, evidence: Evidence) -> Problem | None:
    if trace.request == "stored":
        return rules_cdn.diagnose_stored(expected, trace, evidence)
    return rules_cdn.diagnose_original(expected, trace)


def _with_site(expected: Expectations, traces: Sequence[Trace]) -> Expectations:
    """Take an unknown site from the traces, if the app has answered."""
    for hop in (hop for trace in traces for hop in trace.hops):
        if (
            expected.app.startswith("/")
            and rules_app.is_redirect_back(expected, hop)
            and expected.is_app_url(hop.url)
        ):
            return replace(expected, site=hop.url.removesuffix(expected.app + expected.key))
    return expected


def _problem_at(
    expected: Expectations, trace: Trace, hop: Hop, before: Sequence[Hop], evidence: Evidence
) -> Problem | None:
    if hop.error:
        return _unreachable(expected, hop)
    if hop.status == 200:
        return _check_image(expected, hop)
    if hop.is_redirect and hop.location is None:
        return _invalid_location(hop)
    if problem := _https_required(expected, hop):
        return problem
    is_bucket = expected.mode == "website" and expected.is_media_url(hop.url)
    if is_bucket and not rules_app.is_media_view(hop):
        is_stored = any(rules_app.is_redirect_back(expected, earlier) for earlier in before)
        is_stored = is_stored or (trace.request == "again" and bool(evidence.stored))
        return rules_bucket.diagnose(expected, hop, evidence, missing=not is_stored)
    return rules_app.diagnose(expected, hop)


def _unreachable(expected: Expectations, hop: Hop) -> Problem:
    what = f"{hop.host} does not answer: {hop.error}."
    if hop.error_kind == "certificate":
        return Problem(
            id="certificate-invalid",
            what=f"The certificate of {hop.host} is not valid: {hop.error}.",
            remedy=f"Install a certificate for {urlsplit(hop.url).hostname} that browsers trust,"
            " with its intermediate certificates; or correct the host, if it is the wrong one.",
        )
    if hop.error_kind == "tls":
        return Problem(
            id="scheme-mismatch",
            what=f"{what} It probably does not support HTTPS.",
            remedy='Enable HTTPS on that host, or use http in "public_url" in the storage\'s'
            " OPTIONS, or in --app-url of configure_media_bucket.",
        )
    if expected.is_media_url(hop.url) and expected.mode != "app":
        return rules_bucket.unreachable(expected, hop, what)
    return rules_app.unreachable(expected, hop, what)


def _invalid_location(hop: Hop) -> Problem:
    location = hop.headers.get("location", "nothing")
    return Problem(
        id="redirect-nowhere",
        what=f"{hop.host} answers {hop.status} with a Location that is not a valid URL: {location}",
        remedy="Correct the rule, the proxy or the middleware that redirects there.",
    )


def _https_required(expected: Expectations, hop: Hop) -> Problem | None:
    """Detect a server that redirects to HTTPS, or rejects plain HTTP."""
    url, target = urlsplit(hop.url), urlsplit(hop.location or "")
    is_redirect = (url.scheme, target.scheme) == ("http", "https") and (
        (url.hostname, url.path) == (target.hostname, target.path)
    )
    # From the error pages of nginx and Apache.
    is_rejection = hop.status == 400 and b"plain HTTP" in hop.body
    if not (is_redirect or is_rejection):
        return None
    is_by_rule = expected.mode == "website" and not expected.is_media_url(hop.url)
    cause = "The bucket's routing rules use" if is_by_rule else "The public URL of media uses"
    site = f"https://{target.netloc or url.netloc}"
    if is_by_rule:
        remedy = expected.configure_remedy("Redirect to https directly", site=site)
    elif expected.mode == "app":
        remedy = f"Use {site} in --site and MEDIA_URL."
    else:
        remedy = _HTTPS_REMEDY
    return Problem(
        id="scheme-mismatch",
        what=f"{cause} http, but {hop.host} requires https.",
        remedy=remedy,
    )


def _mixed_content(expected: Expectations, hops: Sequence[Hop]) -> Problem | None:
    """Detect HTTP media of an HTTPS app, if the app is known or one of the hops."""
    apps = [expected.app, *(hop.url for hop in hops[1:] if not expected.is_media_url(hop.url))]
    if not (expected.url.startswith("http:") and any(app.startswith("https:") for app in apps)):
        return None
    return Problem(
        id="scheme-mismatch",
        what=f"The app uses https, but media use http, at {hops[0].host}. Browsers block HTTP"
        " images on HTTPS pages (mixed content).",
        remedy=rules_bucket.CDN_REMEDY if ".s3-website" in hops[0].host else _HTTPS_REMEDY,
    )


def _too_many_hops() -> Problem:
    return Problem(
        id="redirect-loop",
        what=f"There is no image after {MAX_HOPS} hops.",
        remedy="Fix the problems that are listed above.",
    )


def _clock_skew(hop: Hop) -> Problem | None:
    skew = hop.clock_skew
    if skew is None or abs(skew) < _CLOCK_SKEW_WARNING:
        return None
    direction = "ahead of" if skew > 0 else "behind"
    return Problem(
        id="clock-skew",
        what=f"The clock of {hop.host} is {abs(skew) / 60:.0f} minutes {direction} this machine's.",
        remedy="Synchronize both clocks by NTP (timedatectl set-ntp true). S3 rejects requests that"
        " are more than 15 minutes off.",
        severity="error" if abs(skew) >= _CLOCK_SKEW_ERROR else "warning",
    )


def _check_image(expected: Expectations, hop: Hop) -> Problem | None:
    if error := _image_error(expected, hop):
        if expected.mode == "website" and not expected.is_media_url(hop.url):
            return rules_app.not_the_app(expected, hop, error)
        return Problem(
            id="wrong-picture",
            what=error,
            remedy=f'Check the server at {hop.host}: it may not serve media, so that "public_url"'
            ' or "custom_domain" is wrong, or a proxy may modify responses.',
        )
    if _max_age(hop.cache_control) >= conf.max_age:
        return None
    return Problem(
        id="cache-control-missing",
        what=f"Browsers should cache the resize for {conf.max_age} seconds, but its Cache-Control"
        f" is {hop.cache_control or 'missing'}.",
        remedy=_cache_remedy(expected),
    )


def _cache_remedy(expected: Expectations) -> str:
    if expected.bucket:
        return (
            'Remove "CacheControl" from "object_parameters" in the storage\'s OPTIONS, and delete'
            " the resizes that were stored with it (manage.py clear_media_resizes). If it is not"
            " there, configure the CDN to pass the header unchanged."
        )
    return (
        "Configure the web server to send the header with media. For nginx: add_header"
        f' Cache-Control "{cache_control()}";'
    )


def _image_error(expected: Expectations, hop: Hop) -> str:
    """Return what is wrong with the image itself, or ""."""
    if hop.content_type != expected.content_type:
        content_type = hop.content_type or "missing"
        return f"The Content-Type is {content_type}, must be {expected.content_type}."
    try:
        size = get_engine().verify(hop.body, engine_options()).size
    except UnacceptableFile as error:
        return f"The response is not a valid image: {error}"
    if size != expected.size:
        return "The image has {} x {} pixels, must have {} x {}.".format(*size, *expected.size)
    return ""


def _max_age(cache_control: str) -> int:
    if re.search(r"\b(no-store|no-cache|private)\b", cache_control):
        return 0
    match = re.search(r"\bmax-age=(\d+)", cache_control)
    return int(match[1]) if match else 0
