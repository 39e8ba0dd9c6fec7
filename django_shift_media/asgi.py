"""
The views of this package on ASGI servers: requests that wait for a resize take no thread.

Views are synchronous, and Django runs them in a thread of each request. ``MediaPattern`` resolves
to the asynchronous form of a view in an event loop.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import Any

from asgiref.sync import SyncToAsync, sync_to_async
from django.db import connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch, URLPattern

from django_shift_media.generation.asynchronous import wait_for
from django_shift_media.generation.generate import AsyncRequest, ResizeMissing, async_request

View = Callable[..., HttpResponseBase]
AsyncView = Callable[..., Awaitable[HttpResponseBase]]


class MediaPattern(URLPattern):
    """A URL pattern whose view is asynchronous for requests of ASGI servers."""

    def resolve(self, path: str) -> ResolverMatch | None:
        match = super().resolve(path)
        if match and _in_event_loop():
            match.func = asynchronous(match.func)
        return match


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def asynchronous(view: View) -> AsyncView:
    """Return a view that runs another one in a thread, and waits for missing resizes in none."""

    @wraps(view)
    async def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        state = AsyncRequest()
        in_thread = partial(_run_in_thread, state, view, request, *args, **kwargs)
        try:
            return await in_thread()
        except ResizeMissing as missing:
            generation = missing.generation
        await _release_thread()
        state.result = await wait_for(generation)
        try:
            return await in_thread()
        finally:
            # Contexts outlive the request. An exception in the result may hold an image.
            state.result = None

    return run


async def _run_in_thread(
    state: AsyncRequest, view: View, *args: Any, **kwargs: Any
) -> HttpResponseBase:
    token = async_request.set(state)
    try:
        return await sync_to_async(view)(*args, **kwargs)
    finally:
        async_request.reset(token)


async def _release_thread() -> None:
    """
    End the thread that Django keeps for the synchronous code of this request.

    The next synchronous call starts another. asgiref has no public function for this.
    """
    context = SyncToAsync.thread_sensitive_context.get(None)
    threads = SyncToAsync.context_to_thread_executor
    if context and context in threads and await sync_to_async(_disconnect)():
        threads.pop(context).shutdown(wait=False)


def _disconnect() -> bool:
    """Close the connections of this thread; return False if one of them is in a transaction."""
    if any(one.in_atomic_block for one in connections.all(initialized_only=True)):
        return False
    connections.close_all()
    return True
