"""The permission of private storages in tests, which notes what it was asked."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest

from gallery.permissions import may_see


def is_logged_in(request: HttpRequest, original: str) -> bool:
    return request.user.is_authenticated


def everyone(request: HttpRequest, original: str) -> bool:
    return True


async def asynchronous(request: HttpRequest, original: str) -> bool:
    return False


@login_required  # which is for views: it returns a redirect, and not a bool
def behind_a_login(request: HttpRequest, original: str) -> Any:
    return True


def undecided(request: HttpRequest, original: str) -> Any:
    return None


# The keys that the permission was asked for, in this process.
asked: list[str] = []


def is_owner(request: HttpRequest, original: str) -> bool:
    """Let users see the photos that have their name as the title."""
    asked.append(original)
    return bool(may_see(request, original))
