"""Problems of the app, of a proxy in front of it, or of another server in its place."""

from urllib.parse import urlsplit

from django_shift_media.diagnostics import rules_lambda
from django_shift_media.diagnostics.http_trace import Hop
from django_shift_media.diagnostics.models import Expectations, Problem


def is_media_view(hop: Hop) -> bool:
    """Return whether this package's view sent this error."""
    is_sandboxed = "sandbox" in hop.headers.get("content-security-policy", "")
    return is_sandboxed and hop.content_type == "text/plain"


def is_redirect_back(expected: Expectations, hop: Hop) -> bool:
    """Return whether this is the app's redirect back to the stored resize."""
    return hop.is_redirect and not expected.is_media_url(hop.url) and hop.location == expected.url


def diagnose(expected: Expectations, hop: Hop) -> Problem | None:
    if hop.is_redirect:
        return _redirect(expected, hop)
    if is_media_view(hop):
        return _view_error(expected, hop)
    return rules_lambda.diagnose(hop) or _other_error(expected, hop)


def unreachable(expected: Expectations, hop: Hop, what: str) -> Problem:
    remedy = "Start the app and its proxy, or open its port to this machine."
    if expected.mode != "website":
        return Problem(id="app-unreachable", what=what, remedy=remedy)
    return Problem(
        # A host that does not resolve cannot be the app's: the rule is wrong.
        id="rule-elsewhere" if hop.error_kind == "name" else "app-unreachable",
        what=f"{what} The bucket's routing rules redirect to it.",
        remedy=expected.configure_remedy(
            f"{remedy} If it is not the app's host, correct the routing rules"
        ),
    )


def not_the_app(expected: Expectations, hop: Hop, what: str) -> Problem:
    """Diagnose routing rules that redirect to a server other than the app."""
    if not expected.is_app_url(hop.url):
        return _mounted_elsewhere(expected, hop, what)
    return Problem(
        id="rule-elsewhere",
        what=f"{what} The bucket's routing rules redirect to it, but it does not seem to be the"
        " app.",
        remedy=expected.configure_remedy(
            "If it is the app's host, include django_shift_media.urls in the deployed URLconf. If"
            " not, correct the routing rules"
        ),
    )


def _redirect(expected: Expectations, hop: Hop) -> Problem | None:
    target = hop.location or "nowhere"
    if expected.mode != "website":
        return _unexpected_redirect(expected, hop, target)
    if target == expected.url:
        if "no-store" in hop.cache_control:
            return None
        return Problem(
            id="redirect-cached",
            what="The app's redirect should have Cache-Control: no-store, but has"
            f" {hop.cache_control or 'none'}. Browsers may cache it, which causes a redirect loop.",
            remedy="Configure the app's proxy or CDN to pass Cache-Control unchanged.",
        )
    if expected.is_media_url(target):
        return Problem(
            id="scheme-mismatch",
            what=_other_public_url(expected, target),
            remedy='Give both processes the same "public_url" (or "custom_domain" and'
            ' "url_protocol") in the storage\'s OPTIONS, and restart them.',
        )
    if urlsplit(target).path.endswith(f"/{expected.key}") and not expected.is_app_url(target):
        return Problem(
            id="wrong-endpoint",
            what=_other_public_url(expected, target),
            remedy="Give the app the same STORAGES setting as the process that renders pages, and"
            " restart it.",
        )
    return _unexpected_redirect(expected, hop, target)


def _unexpected_redirect(expected: Expectations, hop: Hop, target: str) -> Problem:
    """Diagnose a redirect that the view did not send, such as to a login or another host."""
    is_same_place = urlsplit(target).path == urlsplit(hop.url).path
    path = urlsplit(expected.app).path
    remedy = f"Exempt {path} from the middleware or proxy that redirects."
    if is_same_place and expected.mode == "website":
        site = _site_of(target)
        remedy = expected.configure_remedy("Redirect to that URL directly", site=site)
    return Problem(
        id="app-redirects",
        what=f"{hop.host} redirects to {target} instead of generating the resize.",
        remedy=remedy,
        severity="warning" if is_same_place else "error",
    )


def _view_error(expected: Expectations, hop: Hop) -> Problem:
    reason = hop.body.decode(errors="replace").strip()
    what = f"The app answers {hop.status}: {reason}"
    if hop.status == 404 and reason == "Not found.":
        if not expected.is_app_url(hop.url):
            return _mounted_elsewhere(expected, hop, what)
        return Problem(
            id="signing-keys-differ",
            what=f"{what} It rejects the signature, because its signing key is not that of this"
            " process.",
            remedy="Give both the same SHIFT_MEDIA_SIGNING_KEY (or SECRET_KEY, its default), or add"
            " this process's key to SHIFT_MEDIA_SIGNING_KEY_FALLBACKS of the app. Restart the app.",
        )
    if hop.status == 404:
        return Problem(
            id="other-storage",
            what=f"{what} This process has just stored the original, so the app uses another"
            " storage.",
            remedy="Give the app the same STORAGES and SHIFT_MEDIA_STORAGE settings as this process"
            " (on local disk: the same MEDIA_ROOT), and restart it.",
        )
    return Problem(id="resize-failed", what=what, remedy=_remedy_of_failure(hop.status, reason))


def _remedy_of_failure(status: int, reason: str) -> str:
    if status == 422:
        return (
            "The probe is a PNG with 64 x 48 pixels. Raise SHIFT_MEDIA_MAX_PIXELS and"
            " SHIFT_MEDIA_MAX_BYTES of the app, or install a Pillow with WebP support for it."
        )
    if reason.startswith("Too busy"):
        return "Try again. If it happens again, raise SHIFT_MEDIA_CONCURRENCY or add processes."
    return (
        "See the cause in the app's log (logger django_shift_media). On S3, the app's credentials"
        " need the permissions s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject."
    )


def _other_error(expected: Expectations, hop: Hop) -> Problem:
    what = f"{hop.host} answers {hop.status}, but not from the view of django_shift_media."
    if hop.status == 400:
        return Problem(
            id="host-refused",
            what=f"{what} Django probably rejects this host.",
            remedy=f"Add {urlsplit(hop.url).hostname!r} to ALLOWED_HOSTS of the app.",
        )
    if hop.status in {502, 503, 504}:
        return Problem(
            id="app-unreachable",
            what=f"{what} A proxy probably cannot reach the app.",
            remedy="Start the app behind the proxy, and see the proxy's log.",
        )
    if expected.mode == "failover" and hop.status in {403, 404}:
        return _no_failover(expected, hop)
    if hop.status != 404:
        return Problem(
            id="app-refuses",
            what=what,
            remedy="Allow GET requests to reach the view, past logins and firewalls. For a 500, see"
            " the app's log.",
        )
    if expected.mode == "website":
        return not_the_app(expected, hop, what)
    return _mounted_elsewhere(expected, hop, what)


def _no_failover(expected: Expectations, hop: Hop) -> Problem:
    return Problem(
        id="failover-missing",
        what=f"{hop.host} answers {hop.status} for a missing resize, without requesting it from the"
        " app.",
        remedy="Configure the CDN to request the file from the app when the bucket answers 403 and"
        f" 404, with the path {urlsplit(expected.app).path} in front of the key.",
    )


def _mounted_elsewhere(expected: Expectations, hop: Hop, what: str) -> Problem:
    mount = urlsplit(expected.app).path
    if expected.mode == "website":
        remedy = expected.configure_remedy("Correct the routing rules")
    else:
        remedy = f'Set MEDIA_URL (or "public_url") to a URL with the path {mount!r}.'
    return Problem(
        id="mounted-elsewhere",
        what=f"{what} The request was for {urlsplit(hop.url).path}, but the URLs of"
        f" django_shift_media are mounted at {mount!r}.",
        remedy=remedy,
    )


def _other_public_url(expected: Expectations, target: str) -> str:
    return f"The app redirects to {_site_of(target)}, but pages use {_site_of(expected.url)}."


def _site_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
