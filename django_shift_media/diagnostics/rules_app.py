"""What an answer of the app says, of what stands before it, or of what was taken for it."""

from urllib.parse import urlsplit

from django_shift_media.diagnostics.http_trace import Hop
from django_shift_media.diagnostics.models import Chain, Problem


def is_view(hop: Hop) -> bool:
    """Say whether it is this package's view that refuses."""
    is_sandboxed = "sandbox" in hop.headers.get("content-security-policy", "")
    return is_sandboxed and hop.content_type == "text/plain"


def sends_back(chain: Chain, hop: Hop) -> bool:
    """Say whether it is the app's redirect to the resize that it has made or found."""
    return hop.redirects and not chain.is_at_media(hop.url) and hop.location == chain.url


def diagnose(chain: Chain, hop: Hop) -> Problem | None:
    if hop.redirects:
        return _redirect(chain, hop)
    if is_view(hop):
        return _refused_by_view(chain, hop)
    return _refused_by_others(chain, hop)


def unreachable(chain: Chain, hop: Hop, what: str) -> Problem:
    remedy = "Start the app, and what stands before it, or open its port to this machine."
    if chain.mode != "website":
        return Problem(id="app-unreachable", what=what, remedy=remedy)
    return Problem(
        # A host without an address is none that has an app.
        id="rule-elsewhere" if hop.fault == "name" else "app-unreachable",
        what=f"{what} The bucket's routing rules lead there.",
        remedy=chain.configure(f"{remedy} If that is not the app, lead there"),
    )


def elsewhere(chain: Chain, hop: Hop, what: str) -> Problem:
    """The routing rules lead to something that is not the app."""
    if not chain.is_at_app(hop.url):
        return _mounted_elsewhere(chain, hop, what)
    return Problem(
        id="rule-elsewhere",
        what=f"{what} The bucket's routing rules lead there, and it does not seem to be the app.",
        remedy=chain.configure(
            "If that is the right host, deploy the urls of django_shift_media there. If it is"
            " not, lead to the app"
        ),
    )


def _redirect(chain: Chain, hop: Hop) -> Problem | None:
    target = hop.location or "nowhere"
    if chain.mode != "website":
        return _astray(chain, hop, target)
    if target == chain.url:
        if "no-store" in hop.cache_control:
            return None
        return Problem(
            id="redirect-cached",
            what="The app's redirect has lost its Cache-Control: no-store on the way"
            f" ({hop.cache_control or 'there is none'}): browsers may keep it and go in circles.",
            remedy="Let the proxy or CDN before the app pass Cache-Control as it is.",
        )
    if chain.is_at_media(target):
        return Problem(
            id="scheme-mismatch",
            what=f"The app sends back to {_site_of(target)}, the page says {_site_of(chain.url)}.",
            remedy='Give both processes the same "public_url" (or "custom_domain" and'
            ' "url_protocol") in the storage\'s OPTIONS, and restart them.',
        )
    if urlsplit(target).path.endswith(f"/{chain.key}") and not chain.is_at_app(target):
        return Problem(
            id="wrong-endpoint",
            what=f"The app sends back to {_site_of(target)}, the page says {_site_of(chain.url)}.",
            remedy="Give the app the same STORAGES as the process that renders pages, and restart"
            " it.",
        )
    return _astray(chain, hop, target)


def _astray(chain: Chain, hop: Hop, target: str) -> Problem:
    """A redirect that the view does not send: a login, a language, another host name."""
    is_same_place = urlsplit(target).path == urlsplit(hop.url).path
    remedy = f"Exempt {urlsplit(chain.app).path} from what sends it, a middleware or a proxy."
    if is_same_place and chain.mode == "website":
        site = _site_of(target)
        remedy = chain.configure("Lead there at once", site=site)
    return Problem(
        id="app-redirects",
        what=f"Instead of making the resize, {hop.host} redirects to {target}.",
        remedy=remedy,
        severity="warning" if is_same_place else "error",
    )


def _refused_by_view(chain: Chain, hop: Hop) -> Problem:
    reason = hop.body.decode(errors="replace").strip()
    what = f"The app answers {hop.status}: {reason}"
    if hop.status == 404 and reason == "Not found.":
        if not chain.is_at_app(hop.url):
            return _mounted_elsewhere(chain, hop, what)
        return Problem(
            id="signing-keys-differ",
            what=f"{what} It does not take the signature for its own: it signs with another key"
            " than this process, which renders pages.",
            remedy="Give both the same SHIFT_MEDIA_SIGNING_KEY (or else SECRET_KEY), or put this"
            " process's key among the app's SHIFT_MEDIA_SIGNING_KEY_FALLBACKS; restart the app.",
        )
    if hop.status == 404:
        return Problem(
            id="other-storage",
            what=f"{what} It was written a moment ago: the app looks into another storage.",
            remedy="Give the app the same STORAGES and SHIFT_MEDIA_STORAGE (on local disk: the"
            " same MEDIA_ROOT) as this process, and restart it.",
        )
    return Problem(id="resize-failed", what=what, remedy=_remedy_of_failure(hop.status, reason))


def _remedy_of_failure(status: int, reason: str) -> str:
    if status == 422:
        return (
            "The probe is a PNG of 64 x 48 pixels: raise SHIFT_MEDIA_MAX_PIXELS and"
            " SHIFT_MEDIA_MAX_BYTES of the app, or install a Pillow there that knows WebP."
        )
    if reason.startswith("Too busy"):
        return "Try again; if it stays so, raise SHIFT_MEDIA_CONCURRENCY or add processes."
    return (
        "The app's log (django_shift_media) names the failure. For one, its credentials must allow"
        " s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject."
    )


def _refused_by_others(chain: Chain, hop: Hop) -> Problem:
    what = f"{hop.host} answers {hop.status}, and it is not the view of django_shift_media."
    if hop.status == 400:
        return Problem(
            id="host-refused",
            what=f"{what} Very likely, Django does not take this host for its own.",
            remedy=f"Add {urlsplit(hop.url).hostname!r} to ALLOWED_HOSTS of the app.",
        )
    if hop.status in {502, 503, 504}:
        return Problem(
            id="app-unreachable",
            what=f"{what} Very likely, a proxy does not reach the app.",
            remedy="Start the app behind it; the proxy's log says more.",
        )
    if chain.mode == "failover" and hop.status in {403, 404}:
        return _no_failover(chain, hop)
    if hop.status != 404:
        return Problem(
            id="app-refuses",
            what=what,
            remedy="Let GET requests pass whatever stands before the view (a login, a firewall);"
            " the app's log says more about a 500.",
        )
    if chain.mode == "website":
        return elsewhere(chain, hop, what)
    return _mounted_elsewhere(chain, hop, what)


def _no_failover(chain: Chain, hop: Hop) -> Problem:
    return Problem(
        id="failover-missing",
        what=f"{hop.host} answers {hop.status} for what is missing: it has not asked the app.",
        remedy="Let the CDN ask the app on 403 and 404 of the bucket, with the path"
        f" {urlsplit(chain.app).path} before the key.",
    )


def _mounted_elsewhere(chain: Chain, hop: Hop, what: str) -> Problem:
    mount = urlsplit(chain.app).path
    if chain.mode == "website":
        remedy = chain.configure("Have the routing rules lead to where the urls are mounted")
    else:
        remedy = 'Let MEDIA_URL (or "public_url") lead to where the urls are mounted.'
    return Problem(
        id="mounted-elsewhere",
        what=f"{what} It was asked for {urlsplit(hop.url).path}, and the urls are mounted at"
        f" {mount!r}.",
        remedy=remedy,
    )


def _site_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
