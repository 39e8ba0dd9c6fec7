"""Problems of direct uploads: what the bucket answers to the requests of a browser."""

from django_shift_media.diagnostics.http_trace import Hop
from django_shift_media.diagnostics.models import Expectations, Problem, Trace
from django_shift_media.diagnostics.upload_probe import origin_of


def diagnose(expected: Expectations, trace: Trace) -> Problem | None:
    """Return the problem that a response shows, if any."""
    (hop,) = trace.hops
    if trace.request == "preflight":
        return None if _allows_put(hop, origin_of(expected.site)) else _no_cors(expected, trace)
    if trace.request == "part":
        return None if hop.status == 200 else _refused(trace)
    return _any_length(trace) if hop.status == 200 else None


def _allows_put(hop: Hop, origin: str) -> bool:
    methods = hop.headers.get("access-control-allow-methods", "").upper()
    allowed = hop.headers.get("access-control-allow-origin")
    return hop.status in {200, 204} and allowed in {origin, "*"} and "PUT" in methods


def _no_cors(expected: Expectations, trace: Trace) -> Problem:
    origin = origin_of(expected.site)
    return _problem(
        "uploads-cors",
        trace,
        f"The bucket does not allow pages of {origin} to upload, so direct uploads fail.",
        expected.configure_remedy("Add the origin") + f" --uploads {origin}",
    )


def _refused(trace: Trace) -> Problem:
    (hop,) = trace.hops
    return _problem(
        "uploads-refused",
        trace,
        f"{hop.host} refuses a part of a direct upload: {hop.error or hop.status}.",
        "Allow the app what manage.py media_iam_policy app prints, since the URL of a part has its"
        ' permissions, and check "endpoint_url", "region_name" and "upload_url" in the storage\'s'
        ' OPTIONS. A proxy at "upload_url" has to keep the header Host, which is signed.',
    )


def _any_length(trace: Trace) -> Problem:
    (hop,) = trace.hops
    return _problem(
        "uploads-any-length",
        trace,
        f"{hop.host} accepts a part of another length than the signed one, so whoever may upload"
        " can store any amount.",
        "Use an S3 server that verifies signed headers, as AWS and Ceph do, or remove direct=True"
        " from the fields.",
    )


def _problem(id: str, trace: Trace, what: str, remedy: str) -> Problem:
    (hop,) = trace.hops
    return Problem(id=id, what=what, remedy=remedy, request=trace.request, hop=1, url=hop.url)
