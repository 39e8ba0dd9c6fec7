"""The application on a server of its own, with nothing before it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer
from django.test.testcases import QuietWSGIRequestHandler

from tests.support.serving import serving


@contextmanager
def application() -> Iterator[str]:
    """
    The application, on Django's own server and with nothing before it.

    ``live_server`` looks into ``MEDIA_ROOT`` itself, before the view is asked.
    """
    server = ThreadedWSGIServer(("127.0.0.1", 0), QuietWSGIRequestHandler)
    server.set_app(WSGIHandler())
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"
