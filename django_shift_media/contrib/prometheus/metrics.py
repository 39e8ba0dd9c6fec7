"""
The metrics, and the receivers that update them.

No label has the key of a file, or anything else of which there may be many.
"""

import threading
from collections.abc import Mapping
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from django_shift_media.generation.worker_pool import pool_load
from django_shift_media.signals import pool_changed, resize_failed, resize_made

MADE = "made"
# Seconds, from a small JPEG on local disk to a large animation on a busy machine.
_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

RESIZES = Counter(
    "shift_media_resizes",
    'Requests for missing resizes; outcome is "made", or the exception.',
    ["storage", "format", "engine", "outcome"],
)
SECONDS = Histogram(
    "shift_media_resize_seconds",
    "How long it took to make a resize, from the request until it was stored.",
    ["storage", "format", "engine"],
    buckets=_BUCKETS,
)
STEP_SECONDS = Histogram(
    "shift_media_resize_step_seconds",
    "How long each step took: find, queue, fetch, decode, encode, put.",
    ["step"],
    buckets=_BUCKETS,
)
BYTES = Counter("shift_media_resize_bytes", "Bytes of the resizes made.", ["storage", "format"])
# Of all processes that run, together.
POOL_SIZE = Gauge(
    "shift_media_pool_size",
    "The maximum number of images decoded at the same time.",
    multiprocess_mode="livesum",
)
POOL_DECODING = Gauge(
    "shift_media_pool_decoding",
    "Images that are decoded now.",
    multiprocess_mode="livesum",
)
POOL_WAITING = Gauge(
    "shift_media_pool_waiting",
    "Resizes and uploads that wait for memory or for a decoder.",
    multiprocess_mode="livesum",
)

_pool_lock = threading.Lock()


def connect() -> None:
    resize_made.connect(_count_made, dispatch_uid=__name__)
    resize_failed.connect(_count_failed, dispatch_uid=__name__)
    pool_changed.connect(_show_pool, dispatch_uid=__name__)


def _count_made(
    *,
    storage: str | None,
    format: str,
    engine: str,
    bytes: int,
    milliseconds: float,
    parts: Mapping[str, float],
    **others: Any,
) -> None:
    alias = _storage_label(storage)
    RESIZES.labels(alias, format, engine, MADE).inc()
    SECONDS.labels(alias, format, engine).observe(milliseconds / 1000)
    BYTES.labels(alias, format).inc(bytes)
    for step, spent in parts.items():
        STEP_SECONDS.labels(step).observe(spent / 1000)


def _count_failed(
    *, storage: str | None, format: str | None, engine: str, cause: Exception, **others: Any
) -> None:
    labels = (_storage_label(storage), format or "", engine, type(cause).__name__)
    RESIZES.labels(*labels).inc()


def _storage_label(alias: str | None) -> str:
    return alias or "local"  # local disk without an alias in STORAGES


def _show_pool(**others: Any) -> None:
    # With the lock, the last one sets the values of the last change.
    with _pool_lock:
        load = pool_load()
        POOL_SIZE.set(load.size)
        POOL_DECODING.set(load.decoding)
        POOL_WAITING.set(load.waiting)
