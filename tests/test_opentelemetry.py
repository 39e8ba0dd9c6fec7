"""The spans of the resizes that a site makes."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from django.test import AsyncClient, Client
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from django_shift_media.contrib.opentelemetry import spans
from django_shift_media.generation.request_threads import request_threads
from django_shift_media.signals import resize_failed, resize_made
from django_shift_media.storages.selection import media_storage
from gallery.models import Photo

STEPS = ["find", "queue", "fetch", "queue", "decode", "encode", "put"]
# A process can have one provider only.
_exporter = InMemorySpanExporter()
_provider = TracerProvider()
_provider.add_span_processor(SimpleSpanProcessor(_exporter))


@pytest.fixture
def exported(settings: Any) -> Iterator[InMemorySpanExporter]:
    trace.set_tracer_provider(_provider)
    settings.INSTALLED_APPS = [
        *settings.INSTALLED_APPS,
        "django_shift_media.contrib.opentelemetry",
    ]
    _exporter.clear()
    yield _exporter
    for signal in (resize_made, resize_failed):
        signal.disconnect(dispatch_uid=spans.__name__)


def get_sync(url: str) -> int:
    return int(Client().get(url).status_code)


def get_async(url: str) -> int:
    async def get() -> int:
        response: Any = await AsyncClient().get(url)
        return int(response.status_code)

    return asyncio.run(get())


@pytest.mark.parametrize("get", [get_sync, get_async])
def test_a_resize_is_a_span_of_its_request_with_a_span_for_each_step(
    exported: InMemorySpanExporter, photo: Photo, get: Any
) -> None:
    with trace.get_tracer("test").start_as_current_span("GET /media/") as request:
        assert get(photo.photo.resize("60x60", format="webp")) == 200
    *steps, resize, outer = exported.get_finished_spans()
    assert (resize.name, resize.parent) == ("shift_media.resize", request.get_span_context())
    attributes = dict(resize.attributes or {})
    assert attributes.pop("shift_media.bytes")
    assert attributes == {
        "shift_media.format": "webp",
        "shift_media.engine": "pillow",
        "shift_media.outcome": "made",
    }
    assert resize.status.is_ok or resize.status.is_unset
    assert [step.name for step in steps] == [f"shift_media.{step}" for step in STEPS]
    times = [outer.start_time, resize.start_time, steps[0].start_time]
    for step in steps:
        assert step.parent == resize.context
        times += [step.end_time]
    times += [resize.end_time, outer.end_time]
    # Clocks of wall time and of durations differ by less.
    allowed = 1_000_000
    assert all(a <= b + allowed for a, b in pairwise(times))


def test_a_failure_is_a_span_and_an_error_only_if_an_operator_is_needed(
    exported: InMemorySpanExporter, photo: Photo, settings: Any
) -> None:
    settings.SHIFT_MEDIA_THREADS = 1
    with request_threads.place():
        assert get_sync(photo.photo.resize("61x61")) == 503
    media_storage().put(photo.photo.name, b"no image")
    assert get_sync(photo.photo.resize("62x62")) == 422
    busy, unreadable = exported.get_finished_spans()
    assert (busy.attributes or {})["shift_media.outcome"] == "Busy"
    assert not busy.status.is_ok
    assert not busy.status.is_unset
    assert (busy.attributes or {})["error.type"] == "Busy"
    assert (unreadable.attributes or {})["shift_media.outcome"] == "UnreadableImage"
    assert unreadable.status.is_unset


def test_no_span_has_the_name_of_a_file(exported: InMemorySpanExporter, photo: Photo) -> None:
    key = photo.photo.name
    get_sync(photo.photo.resize("60x60"))
    media_storage().put(key, b"no image")
    get_sync(photo.photo.resize("62x62"))
    texts = [span.to_json() for span in exported.get_finished_spans()]
    assert texts
    assert not [text for text in texts if key[:8] in text or "small" in text]
