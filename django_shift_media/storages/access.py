"""Who may see the files of a storage: everyone, or those whom a function of the project allows."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Any, Literal, get_args

from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest
from django.utils.module_loading import import_string

from django_shift_media.naming import access_tokens

Access = Literal["public", "private"]
Permission = Callable[[HttpRequest, str], bool]

_IS_STAFF = "django_shift_media.storages.access.is_staff"
_HOUR = 3600  # seconds


def is_staff(request: HttpRequest, original: str) -> bool:
    """Allow all files to the staff of the site: the default permission."""
    user: Any = getattr(request, "user", None)  # without AuthenticationMiddleware, nobody
    return bool(user and user.is_active and user.is_staff)


@dataclass(frozen=True, slots=True)
class PrivateAccess:
    """
    How the files of a private storage are protected.

    ``permission`` is the dotted path of a function that takes the request and the key of an
    original, and returns whether the user may see it and its resizes. ``url_seconds`` is for how
    long a URL is valid, at least.
    """

    permission: str = _IS_STAFF
    url_seconds: int = _HOUR

    def query(self, key: str) -> str:
        return access_tokens.access_query(key, self.url_seconds)

    def cache_control(self) -> str:
        """Return the value of Cache-Control for files that a CDN serves to some visitors."""
        return f"private, max-age={self.url_seconds}"

    def permits(self, request: HttpRequest, original: str) -> bool:
        """Ask the permission; raise ``TypeError`` as ``as_permission()`` does."""
        try:
            answer = self.load_permission()(request, original)
        except (PermissionDenied, Http404):  # as by get_object_or_404()
            return False
        return as_permission(answer, self.permission)

    def load_permission(self) -> Permission:
        """Return the function; raise ``ImproperlyConfigured``."""
        try:
            permission: Permission = import_string(self.permission)
        except ImportError as error:
            raise ImproperlyConfigured(
                f"Invalid permission {self.permission!r}: {error}"
            ) from error
        if not callable(permission):
            raise ImproperlyConfigured(f"The permission {self.permission!r} is not a function.")
        if iscoroutinefunction(permission):
            raise ImproperlyConfigured(
                f"The permission {self.permission!r} is asynchronous. Use a plain function."
            )
        return permission


def as_permission(answer: object, path: str) -> bool:
    """
    Return the answer of a permission; raise ``TypeError`` for what is not a bool, but is true.

    Such as a redirect to the login page, by a decorator that is for views, or a coroutine.
    """
    if answer and answer is not True:
        raise TypeError(f"The permission {path!r} returned {answer!r}, not a bool.")
    return bool(answer)


def pop_access(options: dict[str, Any]) -> PrivateAccess | None:
    """Take the options of access out of a storage's; return None for a public storage."""
    access = options.pop("access", "public")
    given = {name: options.pop(name) for name in ("permission", "url_seconds") if name in options}
    if access not in get_args(Access):
        raise ImproperlyConfigured(
            f"Invalid access {access!r}. Use one of: {', '.join(get_args(Access))}."
        )
    if access == "public":
        if given:
            raise ImproperlyConfigured(f'{next(iter(given))!r} requires "access": "private".')
        return None
    private = PrivateAccess(**given)
    if not isinstance(private.permission, str):
        raise ImproperlyConfigured(
            f"Invalid permission {private.permission!r}. Use the dotted path of a function."
        )
    _check_seconds("url_seconds", private.url_seconds)
    return private


def _check_seconds(option: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ImproperlyConfigured(f"Invalid {option} {value!r}. Use a number of seconds.")
