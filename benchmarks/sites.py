"""Start servers that resize on demand, each with two processes or threads on all processors."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from benchmarks.storages import PreparedStorage, ResizeRequest
from django_shift_media.naming.resizes import Resize
from django_shift_media.naming.signing import sign
from tests.support.galleries import environment, gunicorn, running
from tests.support.servers import Missing, free_port

HERE = Path(__file__).resolve().parent
OURS = "django-shift-media"
QUALITY = 80
PROCESSES = 2
THREADS = 8


class Site(NamedTuple):
    """A running server, and its paths of the requested resizes."""

    url: str
    paths: Sequence[str]

    @property
    def urls(self) -> list[str]:
        return [self.url + path for path in self.paths]


@contextmanager
def shift_media(prepared: PreparedStorage, wanted: Sequence[ResizeRequest]) -> Iterator[Site]:
    with gunicorn(
        environment(prepared.folder, prepared.server, prepared.bucket),
        workers=PROCESSES,
        threads=THREADS,
    ) as workers:
        yield Site(workers.url, ["/media/" + key_of(prepared, requested) for requested in wanted])


def key_of(prepared: PreparedStorage, requested: ResizeRequest) -> str:
    resize = Resize(width=requested.width, height=requested.height, how="fill", quality=QUALITY)
    return sign(prepared.originals[requested.original], resize)


@contextmanager
def wagtail(
    prepared: PreparedStorage, wanted: Sequence[ResizeRequest], *, view: str = "serve"
) -> Iterator[Site]:
    """Start Wagtail's image view, with the same gunicorn; like our view, it stores its results."""
    if find_spec("wagtail") is None:
        raise Missing("not installed: pip install -r benchmarks/requirements.txt")
    site = {
        **environment(prepared.folder),
        "DJANGO_SETTINGS_MODULE": "benchmarks.wagtail_settings",
        "WAGTAIL_FOLDER": str(prepared.folder),
        "WAGTAIL_S3": json.dumps(_s3_options(prepared)),
    }
    paths = subprocess.run(
        [sys.executable, "-m", "benchmarks.wagtail_images", view, *map(str, prepared.files)],
        env=site,
        check=True,
        input=json.dumps([(requested.original, requested.size) for requested in wanted]),
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    with gunicorn(site, workers=PROCESSES, threads=THREADS) as workers:
        yield Site(workers.url, json.loads(paths))


def _s3_options(prepared: PreparedStorage) -> dict[str, str | bool]:
    """Return the options of the S3 storage of django-storages, or ``{}`` for local disk."""
    if not prepared.server:
        return {}
    return {
        "access_key": prepared.server.access_key,
        "secret_key": prepared.server.secret_key,
        "bucket_name": prepared.bucket,
        "endpoint_url": prepared.server.endpoint_url,
        "location": "wagtail",
        "querystring_auth": False,
    }


@contextmanager
def thumbor(prepared: PreparedStorage, wanted: Sequence[ResizeRequest]) -> Iterator[Site]:
    """Start thumbor, which stores no results by default and does not cache originals prepared."""
    if shutil.which("thumbor") is None:
        raise Missing(
            "not installed: pip install thumbor, in a virtual environment whose bin is on PATH"
        )
    settings = {
        "QUALITY": QUALITY,
        "LOADER": f"thumbor.loaders.{'http' if prepared.server else 'file'}_loader",
        "FILE_LOADER_ROOT_PATH": str(prepared.media),
        "STORAGE": "thumbor.storages.no_storage",
    }
    configuration = prepared.folder / "thumbor.conf"
    configuration.write_text("\n".join(f"{name} = {value!r}" for name, value in settings.items()))
    options = ["--processes", str(PROCESSES), "--conf", str(configuration), "--ip", "127.0.0.1"]
    port = free_port()
    with running(["thumbor", *options, "--port", str(port)], dict(os.environ), port):
        sources = _sources(prepared, wanted)
        paths = [f"/unsafe/{requested.size}/{source}" for requested, source in sources]
        yield Site(f"http://127.0.0.1:{port}", paths)


@contextmanager
def ipx(prepared: PreparedStorage, wanted: Sequence[ResizeRequest]) -> Iterator[Site]:
    """Start ipx by its own command; it adds caches and checks to sharp, but stores no results."""
    port = free_port()
    variables = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "IPX_FS_DIR": str(prepared.media),
        "IPX_HTTP_DOMAINS": "127.0.0.1",
    }
    command = ["node", _node_module("ipx", "bin", "ipx.mjs"), "serve"]
    with running(command, {**os.environ, **variables}, port):
        options = f"fit_cover,q_{QUALITY}"
        sources = _sources(prepared, wanted)
        paths = [f"/s_{requested.size},{options}/{source}" for requested, source in sources]
        yield Site(f"http://127.0.0.1:{port}", paths)


@contextmanager
def sharp(prepared: PreparedStorage, wanted: Sequence[ResizeRequest]) -> Iterator[Site]:
    """Start a minimal server on sharp, without checks or a cache: the fastest that sharp can be."""
    _node_module("sharp")
    port = free_port()
    origin = prepared.base if prepared.server else f"{prepared.media}/"
    with running(["node", str(HERE / "sharp.mjs"), str(port), origin], dict(os.environ), port):
        keys = [prepared.originals[requested.original] for requested in wanted]
        paths = [f"/{requested.size}/{key}" for requested, key in zip(wanted, keys, strict=True)]
        yield Site(f"http://127.0.0.1:{port}", paths)


def _sources(
    prepared: PreparedStorage, wanted: Sequence[ResizeRequest]
) -> Iterator[tuple[ResizeRequest, str]]:
    """Yield each requested resize with the URL of its original, or with its path on local disk."""
    for requested in wanted:
        yield (
            requested,
            (prepared.base if prepared.server else "") + prepared.originals[requested.original],
        )


def _node_module(*parts: str) -> str:
    path = HERE.joinpath("node_modules", *parts)
    if not path.exists() or shutil.which("node") is None:
        raise Missing("not installed: npm install --prefix benchmarks")
    return str(path)


Launcher = Callable[[PreparedStorage, Sequence[ResizeRequest]], AbstractContextManager[Site]]

SITES: Mapping[str, Launcher] = {
    OURS: shift_media,
    "Wagtail's serve view": wagtail,
    "thumbor": thumbor,
    "ipx": ipx,
    "bare sharp": sharp,
}


def start_sites(
    stack: ExitStack,
    prepared: PreparedStorage,
    wanted: Sequence[ResizeRequest],
    words: Sequence[str] | None,
    launchers: Mapping[str, Launcher] = SITES,
) -> dict[str, Site]:
    """Start our server, and all installed ones whose name contains one of the words."""
    sites = {}
    for name, launch in launchers.items():
        if words and name != OURS and not any(word in name for word in words):
            continue
        try:
            sites[name] = stack.enter_context(launch(prepared, wanted))
        except Missing as error:
            print(f"Skipped: {name} ({error})")
    return sites
