"""Responses that are the same for all visitors, so that shared caches can keep one copy."""

from http.cookies import SimpleCookie
from typing import Any, TypeVar

from django.http.response import HttpResponseBase, ResponseHeaders

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
