"""A WSGI application that answers with the number of threads of its server."""

from collections.abc import Callable
from typing import Any

from django_shift_media.generation.server_threads import server_threads


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(server_threads()).encode()]
