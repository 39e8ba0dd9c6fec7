"""How many threads a WSGI server has for requests, as far as a process can find out."""

import importlib
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

# Django's development server starts a thread for each connection.
_UNLIMITED = 1000


def server_threads() -> int | None:
    """
    Return how many requests the server of this process handles at the same time.

    None: unknown, or not called by a request. Servers do not tell the application, but uWSGI and
    mod_wsgi have a module for it, and those written in Python are among the callers.
    """
    return _threads_of_module() or next(_threads_of_callers(sys._getframe()), None)


def _threads_of_module() -> int | None:
    # Both modules exist only inside of their servers.
    if "uwsgi" in sys.modules or "uwsgi_python" in sys.modules:
        options: dict[str, Any] = importlib.import_module("uwsgi").opt
        return int(options.get("threads", 1))
    if "mod_wsgi" in sys.modules:
        return int(importlib.import_module("mod_wsgi").threads_per_process)
    return None


def _threads_of_callers(frame: FrameType | None) -> Iterator[int]:
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        caller = frame.f_locals.get("self") if module.startswith(_SERVERS) else None
        if caller is not None and (threads := _threads_of(module, caller)):
            yield threads
        frame = frame.f_back


_SERVERS = ("gunicorn.workers.", "waitress.task", "django.core.servers.basehttp")


def _threads_of(module: str, caller: Any) -> int | None:
    if module.startswith("gunicorn.workers.") and hasattr(caller, "cfg"):
        return _gunicorn_threads(module, caller.cfg)
    if module == "waitress.task" and hasattr(caller, "channel"):
        return int(caller.channel.adj.threads)
    return _UNLIMITED if module == "django.core.servers.basehttp" else None


def _gunicorn_threads(module: str, config: Any) -> int:
    kind = module.rpartition(".")[2]
    if kind == "sync":
        return 1
    # Greenlets and coroutines count as threads: each answers a request.
    return int(config.threads if kind == "gthread" else config.worker_connections)
