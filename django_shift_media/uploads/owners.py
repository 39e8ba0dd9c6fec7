"""To whom an upload belongs: the user of the request, or a visitor's session."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from django_shift_media.uploads.reservations import Reservations, reserving

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
    with _bound(request) as reservations:
        try:
            yield
        finally:
            reservations.release()


@asynccontextmanager
async def during_async(request: HttpRequest) -> AsyncIterator[None]:
    """As ``during()``, without waiting for the cache in the event loop."""
    with _bound(request) as reservations:
        try:
            yield
        finally:
            if reservations.names:
                await sync_to_async(reservations.release)()


@contextmanager
def _bound(request: HttpRequest) -> Iterator[Reservations]:
    token = _request.set(request)
    try:
        with reserving() as reservations:
            yield reservations
    finally:
        _request.reset(token)
