"""Permissions of models and of private storages in tests; the latter note what they were asked."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.http import HttpRequest

from gallery.permissions import may_see


def permission(model: type[Model], action: str) -> Permission:
    """Return Django's permission for an action on a model, which no test database has."""
    ContentType.objects.clear_cache()  # of rows that a test before this one has rolled back
    found, _ = Permission.objects.get_or_create(
        codename=f"{action}_{model._meta.model_name}",
        content_type=ContentType.objects.get_for_model(model),
    )
    return found


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
