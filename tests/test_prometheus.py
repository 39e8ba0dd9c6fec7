"""What Prometheus sees of the resizes that a site makes, and the dashboard that shows it."""

import asyncio
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests
from django.test import AsyncClient, Client
from prometheus_client.parser import text_string_to_metric_families

from django_shift_media.contrib import prometheus
from django_shift_media.contrib.prometheus import metrics
from django_shift_media.generation.worker_pool import pool_load
from django_shift_media.naming.presets import resize_for
from django_shift_media.naming.signing import sign
from django_shift_media.signals import pool_changed, resize_failed, resize_made
from django_shift_media.storages.local import LocalMediaStorage
from django_shift_media.storages.selection import media_storage
from gallery.models import Photo
from tests.support.galleries import environment, gunicorn
from tests.support.requirements import missing, permit
from tests.support.servers import free_port, stop, wait_for
from tests.support.stored_objects import new_key, put
from tests.support.system_checks import found
from tests.support.waiting import PATIENCE, wait_until

DASHBOARD = json.loads(Path(prometheus.__file__).with_name("grafana.json").read_text())
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
PARTS = ["find", "queue", "fetch", "decode", "encode", "put"]


class Sample(NamedTuple):
    """A line of the metrics, without the buckets of histograms."""

    name: str
    labels: dict[str, str]
    value: float


def parse(text: str) -> list[Sample]:
    return [
        Sample(sample.name, sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("shift_media_")
    ]


def total(samples: list[Sample], name: str, **labels: str) -> float:
    return sum(
        sample.value
        for sample in samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


@pytest.fixture
def site(settings: Any) -> Iterator[Client]:
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django_shift_media.contrib.prometheus"]
    settings.ROOT_URLCONF = "tests.support.metrics_urls"
    yield Client()
    for signal in (resize_made, resize_failed, pool_changed):
        signal.disconnect(dispatch_uid=metrics.__name__)


def scrape(site: Client) -> list[Sample]:
    response = site.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    assert "no-store" in response.headers["Cache-Control"]
    return parse(response.content.decode())


def get_async(url: str) -> int:
    async def get() -> int:
        response: Any = await AsyncClient().get(url)
        return int(response.status_code)

    return asyncio.run(get())


def get_sync(url: str) -> int:
    return int(Client().get(url).status_code)


def make_each_outcome(photo: Photo, get: Any) -> None:
    assert get(photo.photo.resize("60x60", format="webp")) == 200
    media_storage().put(photo.photo.name, b"no image")
    assert get(photo.photo.resize("61x61", format="webp")) == 422
    media_storage().delete(photo.photo.name)
    assert get(photo.photo.resize("62x62", format="webp")) == 404


@pytest.mark.parametrize("get", [get_sync, get_async])
def test_resizes_are_counted_by_what_became_of_them(site: Client, photo: Photo, get: Any) -> None:
    before = scrape(site)
    make_each_outcome(photo, get)
    after = scrape(site)

    def grown(name: str, **labels: str) -> float:
        return total(after, name, **labels) - total(before, name, **labels)

    common = {"storage": "local", "format": "webp", "engine": "pillow"}
    outcomes = ("made", "UnreadableImage", "FileNotFoundError")
    name = "shift_media_resizes_total"
    assert [grown(name, outcome=outcome, **common) for outcome in outcomes] == [1, 1, 1]
    assert grown(name) == 3
    assert grown("shift_media_resize_seconds_count", **common) == 1
    assert 0 < grown("shift_media_resize_seconds_sum", **common) < PATIENCE
    assert [grown("shift_media_resize_step_seconds_count", step=step) for step in PARTS] == [1] * 6
    assert grown("shift_media_resize_bytes_total", storage="local", format="webp") > 100


def test_no_label_has_the_name_of_a_file(site: Client, photo: Photo) -> None:
    make_each_outcome(photo, get_sync)
    text = site.get("/metrics").content.decode()
    assert "small" not in text  # the name of the photo
    assert photo.photo.name[:8] not in text


def test_a_request_that_finds_all_threads_taken_is_counted(
    site: Client, photo: Photo, settings: Any
) -> None:
    from django_shift_media.generation.request_threads import request_threads

    settings.SHIFT_MEDIA_THREADS = 1
    before = total(scrape(site), "shift_media_resizes_total", outcome="Busy")
    with request_threads.place():
        assert get_sync(photo.photo.resize("63x63")) == 503
    assert total(scrape(site), "shift_media_resizes_total", outcome="Busy") == before + 1


def test_the_pool_shows_who_decodes_and_who_waits(site: Client, settings: Any) -> None:
    from threading import Event

    from django_shift_media.generation.worker_pool import worker_pool

    settings.SHIFT_MEDIA_CONCURRENCY = 1
    names = [f"shift_media_pool_{name}" for name in ("size", "decoding", "waiting")]
    go = Event()
    with ThreadPoolExecutor(3) as threads:
        pool = worker_pool()
        work = [threads.submit(pool.decode, lambda: go.wait(PATIENCE)) for _ in range(3)]
        wait_until(lambda: pool_load().waiting == 2, "two to wait")
        assert (pool_load().size, pool_load().decoding) == (1, 1)
        wait_until(
            lambda: [total(scrape(site), name) for name in names] == [1, 1, 2], "the metrics"
        )
        go.set()
        assert [each.result() for each in work] == [True] * 3
    assert [total(scrape(site), name) for name in names] == [1, 0, 0]


def test_a_folder_for_several_processes_that_is_missing_is_reported(
    site: Client, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    assert "shift_media.W112" not in found()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "nowhere"))
    assert "nowhere" in found()["shift_media.W112"].msg


# -- the dashboard --------------------------------------------------------------------------------


def names_and_labels(query: str) -> tuple[set[str], set[str]]:
    """Return the metrics of a query, and the labels that it matches or keeps."""
    matchers = ",".join(re.findall(r"{([^}]*)}", query))
    kept = ",".join(re.findall(r"by \(([^)]*)\)", query))
    labels = {*re.findall(r"(\w+)\s*[!=]", matchers), *re.findall(r"\w+", kept)}
    return set(re.findall(r"shift_media_\w+", query)), labels


def test_the_dashboard_asks_for_what_there_is(site: Client, photo: Photo) -> None:
    make_each_outcome(photo, get_sync)
    labels_of: dict[str, set[str]] = {}
    for sample in scrape(site):
        labels_of.setdefault(sample.name, set()).update(sample.labels)
    asked: set[str] = set()
    for query in [*QUERIES, DASHBOARD["templating"]["list"][1]["definition"]]:
        names, labels = names_and_labels(query)
        assert names <= labels_of.keys(), query
        for name in names:
            assert labels <= labels_of[name], query
        asked |= names
    # And it shows everything.
    families = {re.sub("_(total|bucket|sum|count|created)$", "", name) for name in labels_of}
    assert {re.sub("_(total|bucket|sum|count)$", "", name) for name in asked} == families


def test_each_panel_has_a_place_and_an_id_of_its_own() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for grid in (panel["gridPos"] for panel in panels)
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


# -- several processes ----------------------------------------------------------------------------


@contextmanager
def gallery(folder: Path, jpeg: bytes) -> Iterator[tuple[str, str]]:
    """Run a gallery with metrics in two processes; yield its URL and the key of an original."""
    storage = LocalMediaStorage(location=folder / "media")
    original = put(storage, new_key(), jpeg)
    (folder / "metrics").mkdir()
    variables = environment(
        folder,
        DJANGO_SETTINGS_MODULE="tests.support.metrics_settings",
        PROMETHEUS_MULTIPROC_DIR=str(folder / "metrics"),
    )
    with gunicorn(variables, workers=2, threads=2) as workers:
        yield workers.url, original


def make(url: str, original: str, widths: range) -> None:
    def get(width: int) -> int:
        key = sign(original, resize_for(f"{width}x", "jpg", None))
        return requests.get(f"{url}/media/{key}", timeout=PATIENCE).status_code

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(get, widths)) == {200}


def both_worked(folder: Path) -> bool:
    """Whether two processes have counted: each has a file of its own."""
    return len(list((folder / "metrics").glob("counter_*.db"))) >= 2


@pytest.mark.server
def test_the_metrics_of_all_processes_of_gunicorn_are_added(
    tmp_path: Path, small_jpeg: bytes
) -> None:
    with gallery(tmp_path, small_jpeg) as (url, original):
        made = 0
        while not both_worked(tmp_path):  # one process may be faster than the other
            make(url, original, range(10 + made, 40 + made))
            made += 30
        answers = [requests.get(f"{url}/metrics", timeout=PATIENCE).text for _ in range(4)]
    for text in answers:
        samples = parse(text)
        assert total(samples, "shift_media_resizes_total", outcome="made") == made
        assert total(samples, "shift_media_resize_seconds_count") == made
        assert total(samples, "shift_media_pool_decoding") == 0
        # Not of each process, nor of the one that answers: Prometheus would see ever others.
        assert {frozenset(sample.labels) & {"pid"} for sample in samples} == {frozenset()}
    sizes = {total(parse(text), "shift_media_pool_size") for text in answers}
    assert len(sizes) == 1
    assert sizes <= {(os.cpu_count() or 1) * workers for workers in (1, 2)}


@contextmanager
def prometheus_server(folder: Path, target: str) -> Iterator[str]:
    permit("server")
    if not shutil.which("prometheus"):
        missing("Prometheus: apt-get install prometheus")
    port = free_port()
    configuration = folder / "prometheus.yml"
    jobs = [{"job_name": "gallery", "static_configs": [{"targets": [target]}]}]
    configuration.write_text(
        json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs})
    )
    options = [f"--config.file={configuration}", f"--storage.tsdb.path={folder / 'data'}"]
    options += [f"--web.listen-address=127.0.0.1:{port}"]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(["prometheus", *options], stdout=log, stderr=log)
        try:
            wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            stop(process)


@pytest.mark.server
@pytest.mark.nightly
def test_prometheus_answers_each_query_of_the_dashboard(tmp_path: Path, small_jpeg: bytes) -> None:
    def ask(server: str, query: str) -> list[Any]:
        expression = query.replace("$__rate_interval", "1m").replace("$storage", ".*")
        url = f"{server}/api/v1/query"
        answer = requests.get(url, {"query": expression}, timeout=PATIENCE).json()
        assert answer["status"] == "success", answer
        result: list[Any] = answer["data"]["result"]
        return [one for one in result if one["value"][1] != "NaN"]

    with (
        gallery(tmp_path, small_jpeg) as (url, original),
        prometheus_server(tmp_path, url.removeprefix("http://")) as server,
    ):
        make(url, original, range(10, 20))
        wait_until(lambda: ask(server, "shift_media_resizes_total"), "a scrape")
        # A rate needs two different values.
        make(url, original, range(20, 40))
        rate = "sum(rate(shift_media_resizes_total[1m])) > 0"
        wait_until(lambda: ask(server, rate), "another scrape")
        gone = sign(new_key(), resize_for("10x", "jpg", None))
        assert requests.get(f"{url}/media/{gone}", timeout=PATIENCE).status_code == 404
        for query in QUERIES:
            wait_until(lambda query=query: ask(server, query), query)
