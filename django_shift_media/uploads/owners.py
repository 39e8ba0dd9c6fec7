"""To whom an upload belongs: the user of the request, or a visitor's session."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from django_shift_media.uploads.reservations import reserving

_request: "ContextVar[HttpRequest | None]" = ContextVar("shift_media_request", default=None)


def owner_of(request: HttpRequest) -> str | None:
    """Return the owner of what this request uploads; None for a visitor without a session."""
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return f"user {user.pk}"
    session = getattr(request, "session", None)
    if session is None or not session.session_key:
        return None
    # The key itself would let everyone who reads a token take over the session.
    digest = salted_hmac(
        "django_shift_media.uploads.owner", session.session_key, algorithm="sha256"
    ).hexdigest()
    return f"session {digest}"


def current_owner() -> str | None:
    """Return the owner of the request that is being answered; None outside of requests."""
    request = _request.get()
    return None if request is None else owner_of(request)


@contextmanager
def during(request: HttpRequest) -> Iterator[None]:
    """Let ``current_owner()`` know a request, and keep its uploads for it, until the block ends."""
    token = _request.set(request)
    try:
        with reserving():
            yield
    finally:
        _request.reset(token)
