"""Headers of media: those of public files are the same for all, and private files are not kept."""

from http.cookies import SimpleCookie
from typing import Any, TypeVar

from django.http.response import HttpResponseBase, ResponseHeaders
from django.utils.cache import patch_vary_headers

# Browsers must display this content, never execute it.
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}
R = TypeVar("R", bound=HttpResponseBase)


def shareable(response: R) -> R:
    """
    Have a response ignore what other middleware adds for one visitor.

    Cookies are dropped. Of ``Vary``, only ``Accept-Encoding`` is kept, because the body depends on
    it after ``GZipMiddleware``.
    """
    response.headers = _ShareableHeaders(response.headers)
    response.cookies = _DroppedCookies()
    return response


def unshared(response: R) -> R:
    """
    Keep a response out of shared caches, and out of a browser's once the user has logged out.

    Other cookies are as another user: a browser then asks again (RFC 9111, section 4.1).
    """
    patch_vary_headers(response, ("Cookie", "Authorization"))
    if not response.get("Cache-Control", "").startswith("private"):
        response["Cache-Control"] = "private, no-store"
    return response


class _ShareableHeaders(ResponseHeaders):
    def __setitem__(self, key: str, value: Any) -> None:
        if key.lower() == "vary":
            names = [name for name in value.split(",") if name.strip().lower() == "accept-encoding"]
            if not names:
                return
            value = names[0].strip()
        super().__setitem__(key, value)


class _DroppedCookies(SimpleCookie):
    """Takes the cookies of other middleware, and hands none of them to the server."""

    def values(self) -> Any:  # the handlers of WSGI and ASGI send these
        return ()
