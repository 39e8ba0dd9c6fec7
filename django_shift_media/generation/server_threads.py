"""How many threads a WSGI server has for requests, as far as a process can find out."""

import importlib
import sys
from types import FrameType
from typing import Any

# Django's development server starts a thread for each connection.
_UNLIMITED = 1000
# Modules whose code calls the application.
_GUNICORN = "gunicorn.workers."
_WAITRESS = "waitress.task"
_DJANGO = "django.core.servers.basehttp"


def server_threads() -> int | None:
    """
    Return how many requests the server of this process answers at the same time.

    None: unknown, or not called by a request. Servers do not tell the application. uWSGI has a
    module for it, which exists only inside of it; the others are found among the callers.
    """
    if "uwsgi" in sys.modules:
        return int(importlib.import_module("uwsgi").opt.get("threads", 1))
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if threads := _threads_of_caller(frame):
            return threads
        frame = frame.f_back
    return None


def _threads_of_caller(frame: FrameType) -> int | None:
    module = frame.f_globals.get("__name__", "")
    if module == _DJANGO:
        return _UNLIMITED
    if not module.startswith((_GUNICORN, _WAITRESS)):
        return None
    caller: Any = frame.f_locals.get("self")
    if module.startswith(_GUNICORN) and hasattr(caller, "cfg"):
        return _gunicorn_threads(module, caller.cfg)
    if module == _WAITRESS and hasattr(caller, "channel"):
        return int(caller.channel.adj.threads)
    return None


def _gunicorn_threads(module: str, config: Any) -> int:
    if module == f"{_GUNICORN}sync":
        return 1
    # Greenlets count as threads: each answers a request.
    is_threaded = module == f"{_GUNICORN}gthread"
    return int(config.threads if is_threaded else config.worker_connections)
