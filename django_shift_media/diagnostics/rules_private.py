"""Problems of a private storage: what visitors without a permission get."""

from django_shift_media.diagnostics.http_trace import Hop
from django_shift_media.diagnostics.models import Expectations, Problem, RequestName, Trace
from django_shift_media.diagnostics.rules_app import is_media_view

_REFUSED = frozenset({401, 403, 404})
_REMEDIES: dict[RequestName, str] = {
    "stranger": "Check that the permission in the storage's OPTIONS returns False for this request,"
    " and that no cache or CDN keeps private responses.",
    "bucket": "Remove whatever lets everyone read the bucket:\n"
    "    python manage.py configure_media_bucket --mode app",
}


def diagnose(expected: Expectations, trace: Trace) -> Problem | None:
    """Return a problem unless the last response refuses the file."""
    hop = trace.hops[-1]
    number = len(trace.hops)
    if hop.status == 200:
        return Problem(
            id="private-visible",
            what=f"{hop.host} shows a private file to a visitor without a permission.",
            remedy=_REMEDIES.get(trace.request, _REMEDIES["stranger"]),
            request=trace.request,
            hop=number,
            url=hop.url,
        )
    if hop.status in _REFUSED and (_is_refusal(hop) or _is_elsewhere(expected, trace)):
        return None
    return Problem(
        id="private-unverified",
        what=f"{hop.host} does not answer as the app does: {hop.error or hop.status}. So this does"
        " not show that private files are refused.",
        remedy="Correct --site, or what the URL leads to, such as a proxy in front of the app.",
        request=trace.request,
        hop=number,
        url=hop.url,
    )


def _is_refusal(hop: Hop) -> bool:
    return is_media_view(hop) and hop.cache_control == "private, no-store"


def _is_elsewhere(expected: Expectations, trace: Trace) -> bool:
    """Return whether S3 or a CDN answers, rather than the app."""
    return expected.mode == "failover" or trace.request == "bucket"
