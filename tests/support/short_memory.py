"""Run work in processes that have little memory left, and say how it ends."""

# Usage: ``python -m tests.support.short_memory ENGINE MEGABYTES…``. Each line of the output has a
# name of some work, the megabytes that it had, and its outcome.

import os
import re
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

Work = Callable[[int], str]  # from the megabytes that it may allocate to its outcome
SIZE = (1500, 1000)
FORMATS = ["jpg", "png", "webp", "avif", "gif", "tiff", "bmp", "heic", "jxl"]
QUALITIES = {"jpg": 80, "png": 90, "webp": 80, "avif": 65, "gif": 90, "jxl": 78}


def address_space() -> int:
    """Return how many bytes of addresses this process uses."""
    found = re.search(r"VmSize:\s*([0-9]+) kB", Path("/proc/self/status").read_text())
    assert found
    return 1024 * int(found[1])


@contextmanager
def only(megabytes: int) -> Iterator[None]:
    """Let this process allocate so many more megabytes."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (address_space() + (megabytes << 20), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def outcome(work: Work, megabytes: int) -> str:
    """Run work in a process of its own, as a library may be loaded for good, or end the process."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            result = work(megabytes)
        except BaseException as error:
            result = f"{type(error).__name__}: {error}"
        os.write(writing, result.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return " ".join(said.split()) if status == 0 else f"ended by signal {status}"


def draw_pictures(folder: Path) -> str:
    from PIL import Image

    from tests.support.pictures import encoded
    from tests.support.samples import heic, jpegxl

    picture = Image.effect_noise((150, 100), 40).resize(SIZE).convert("RGB")
    files = {
        "jpg": encoded(picture, "JPEG"),
        "progressive": encoded(picture, "JPEG", progressive=True),
        "png": encoded(picture, "PNG"),
        "webp": encoded(picture, "WEBP"),
        "avif": encoded(picture, "AVIF", speed=10),
        "gif": encoded(picture.quantize(256), "GIF"),
        "tiff": encoded(picture, "TIFF", compression="tiff_lzw"),
        "bmp": encoded(picture, "BMP"),
        "heic": heic(picture),
        "jxl": jpegxl(picture, effort=1),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return ""


def pictures(folder: Path) -> dict[str, bytes]:
    # In another process, since this one would keep the memory and the libraries.
    assert not outcome(lambda _: draw_pictures(folder), 0)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def works(files: dict[str, bytes]) -> Iterator[tuple[str, Work]]:
    from django_shift_media.engines.selection import engine_options, get_engine
    from django_shift_media.naming.resizes import Resize

    def render(data: bytes, text: str, megabytes: int) -> str:
        resize = Resize.parse(text)
        with only(megabytes):
            get_engine().render(data, resize, engine_options())
        return "ok"

    for name, data in files.items():
        yield f"decode {name}", partial(render, data, "300x300-fit-90-noupscale.png")
        yield f"upload {name}", partial(upload, data)
        yield f"view {name}", partial(view, data)
    yield "attempts png", partial(attempts, files["png"])
    for name, quality in QUALITIES.items():
        yield (
            f"encode {name}",
            partial(render, files["bmp"], f"1300x-fit-{quality}-noupscale.{name}"),
        )


def upload(data: bytes, megabytes: int) -> str:
    """Say what a form answers; "try again" only with this code."""
    from django.core.exceptions import ValidationError
    from django.core.files.uploadedfile import SimpleUploadedFile

    from django_shift_media.media.upload_validation import clean_upload

    file = SimpleUploadedFile("a.jpg", data)
    try:
        with only(megabytes):
            clean_upload(file, kind="image", max_bytes=None)
    except ValidationError as error:
        return "try again" if error.code == "try_again" else f"{error.code}: {error.messages[0]}"
    return "ok"


def request_of(data: bytes) -> tuple[Any, str]:
    """Store an original; return a request for a resize of it, and its key."""
    from django.core.files.base import ContentFile
    from django.test import RequestFactory

    from django_shift_media.naming import keys, signing
    from django_shift_media.naming.resizes import Resize
    from django_shift_media.storages.selection import media_storage

    original = keys.new_original("a.jpg")
    media_storage().save(original, ContentFile(data))
    key = signing.sign(original, Resize.parse("300x300-fit-90-noupscale.png"))
    return RequestFactory().get(f"/media/{key}"), key


def view(data: bytes, megabytes: int) -> str:
    """Say what the view answers, and what it answers once there is memory again."""
    from django_shift_media.views import media

    request, key = request_of(data)
    with only(megabytes):
        short = media(request, key=key)
    if short.status_code == 200:
        return "ok"
    again = media(request, key=key)
    return f"{short.status_code} then {again.status_code}"


def attempts(data: bytes, megabytes: int) -> str:
    """
    Say how often three views try to make a resize while memory is short.

    With too little to start a thread, there is no attempt.
    """
    from django_shift_media.signals import resize_failed
    from django_shift_media.views import media

    failures = []
    resize_failed.connect(lambda **kwargs: failures.append(kwargs["cause"]), weak=False)
    request, key = request_of(data)
    with only(megabytes):
        statuses = {media(request, key=key).status_code for _ in range(3)}
    tried = [cause for cause in failures if "start new thread" not in str(cause)]
    return "ok" if statuses == {200} else f"{statuses} after {len(tried)}"


def _main(engine: str, levels: list[int]) -> None:
    import django
    from django.test import override_settings

    django.setup()
    with tempfile.TemporaryDirectory() as root, tempfile.TemporaryDirectory() as folder:
        settings = override_settings(
            MEDIA_ROOT=root,
            SHIFT_MEDIA_ENGINE=engine,
            SHIFT_MEDIA_FORMATS=FORMATS,
            SHIFT_MEDIA_CONCURRENCY=1,
        )
        with settings:
            for name, work in works(pictures(Path(folder))):
                for megabytes in levels:
                    sys.stdout.write(f"{name}\t{megabytes}\t{outcome(work, megabytes)}\n")
                    sys.stdout.flush()


if __name__ == "__main__":
    _main(sys.argv[1], [int(level) for level in sys.argv[2:]])
