"""
Names, URLs and bytes that were published once, and so must never change.

``names.json`` has the keys of resizes, signed with a fixed secret, and the base URL of each kind
of storage. ``pictures.json`` has digests (SHA-256, the first 128 bits) of resizes of the files in
``originals``, for each engine, with the versions of the codecs that made them: other versions
make other bytes.

``python -m tests.frozen`` writes both files. Names must never change. Digests may change only
with a change of the engine that is meant to change pictures, and the commit message says so.
"""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image, ImageSequence

FOLDER = Path(__file__).parent
NAMES, PICTURES = FOLDER / "names.json", FOLDER / "pictures.json"
SECRET = "the secret of names that were published once"
KEY = "3c72aedc/ba25/41e6/a569/406c8f413974/{0}/{0}"
ORIGINALS = (
    "upright.jpg",
    "turned.jpg",
    "progressive.jpg",
    "wide-gamut.jpg",
    "grey.jpg",
    "inks.jpg",
    "clear.png",
    "palette.png",
    "deep.png",
    "moving.gif",
    "moving.webp",
    "moving.png",
    "still.webp",
    "still.avif",
)
ENGINES = ("pillow", "auto", "vips")
# Arguments of the method ``resize``: what each option makes of a name.
RESIZES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("60x40", {}),
    ("60x", {}),
    ("x40", {"quality": 7}),
    ("40x40", {"how": "fill"}),
    ("40x40", {"how": "pad", "background": "#FFCC00"}),
    ("300x300", {"upscale": True, "format": "png"}),
    ("60x40", {"format": "webp"}),
    ("60x40", {"format": "webp", "lossless": True}),
    ("60x40", {"format": "avif", "quality": 50}),
    ("60x40", {"format": "gif"}),
    ("60x40", {"format": "png", "grayscale": True}),
    ("60x40", {"format": "jpg", "blur": 3}),
    ("60x40", {"format": "jpg", "sharpen": 100}),
    ("60x40", {"format": "jpg", "crop": "10,20,60.5,80"}),
    ("60x40", {"format": "jpg", "how": "fill", "crop": "10,20,60.5,80"}),
    ("60x40", {"format": "png", "frame": 2}),
    ("60x40", {"format": "jxl"}),
    ("60x40", {"format": "jxl", "lossless": True}),
    ("60x40", {"format": "png", "grayscale": True, "steps": "negative,frame"}),
)
STEPS = {
    "negative": {"step": "tests.support.steps.negative"},
    "frame": {"step": "tests.support.steps.frame", "version": 12},
}
# The lossy encoder of JPEG XL calculates with floating-point numbers, so its pixels depend on the
# processor.
_WITHOUT_DIGEST = ({"format": "jxl"},)
# What workers make of a video: the texts of renditions and posters.
MADE = (
    "video-720-h264.mp4",
    "video-480-vp9.webm",
    "video-1080-av1.mp4",
    "video-360q28fps30mutev2-h264.mp4",
    "video-240q40loud-vp9.webm",
    "video-hls-360x720x1080-h264.m3u8",
    "video-hls-240q28fps30mutev2-h264.m3u8",
    "poster-auto.jpg",
    "poster-at0.jpg",
    "poster-at1500v3.jpg",
)
FOCAL_POINTS = ("", "30,70", "0,100")
STORAGES: dict[str, dict[str, Any]] = {
    "website": {"bucket_name": "media", "region_name": "eu-central-1"},
    "located": {"bucket_name": "media", "region_name": "us-east-1", "location": "some/where"},
    "domain": {"bucket_name": "media", "custom_domain": "media.example.com"},
    "failover": {
        "bucket_name": "media",
        "public_url": "https://cdn.example.com/x",
        "mode": "failover",
    },
    "app": {"bucket_name": "media", "mode": "app"},
}


def calls() -> Iterator[tuple[str, str, dict[str, Any], str]]:
    """Give what is asked for: original, size, options and focal point."""
    for original in ORIGINALS:
        for size, options in RESIZES:
            points = FOCAL_POINTS if options.get("how") == "fill" else FOCAL_POINTS[:1]
            for point in points:
                yield original, size, options, point


def url_of(original: str, size: str, options: dict[str, Any], point: str) -> str:
    from gallery.models import Photo

    url: str = Photo(photo=KEY.format(original), focal_point=point).photo.resize(size, **options)
    return url


def names() -> dict[str, Any]:
    """Return the keys of all calls, and the URL that each kind of storage puts before them."""
    from django.test import override_settings

    urls = {}
    for storage, options in {"local": None, **STORAGES}.items():
        media = {"media": {"BACKEND": S3_STORAGE, "OPTIONS": options}} if options else {}
        with override_settings(
            SHIFT_MEDIA_SIGNING_KEY=SECRET,
            SHIFT_MEDIA_STEPS=STEPS,
            SHIFT_MEDIA_STORAGE="media" if options else None,
            STORAGES={"default": {"BACKEND": _DEFAULT}, **media},
        ):
            urls[storage] = [url_of(*call) for call in calls()]
    start = KEY.partition("{")[0]
    bases = {storage: found[0].partition(start)[0] for storage, found in urls.items()}
    keys = [url.removeprefix(bases["local"]) for url in urls["local"]]
    for storage, found in urls.items():
        assert found == [bases[storage] + key for key in keys], storage
    return {"bases": bases, "keys": keys, "videos": video_names()}


def video_names() -> list[str]:
    from django.test import override_settings

    from django_shift_media.naming import renditions

    original = KEY.format("moving.mp4")
    with override_settings(SHIFT_MEDIA_SIGNING_KEY=SECRET):
        return [renditions.sign(original, renditions.parse_made(text)) for text in MADE]


S3_STORAGE = "django_shift_media.storages.s3.S3MediaStorage"
_DEFAULT = "django.core.files.storage.FileSystemStorage"


def pictures(engine: str, media_root: Path) -> dict[str, str]:
    """Return the SHA-256 of what the view answers to each call, by the end of its URL."""
    import shutil

    from django.core.cache import cache
    from django.test import Client, override_settings

    cache.clear()
    with override_settings(
        SHIFT_MEDIA_SIGNING_KEY=SECRET,
        SHIFT_MEDIA_ENGINE=engine,
        SHIFT_MEDIA_STEPS=STEPS,
        SHIFT_MEDIA_STORAGE=None,
        MEDIA_ROOT=media_root,
    ):
        for original in ORIGINALS:
            path = media_root / KEY.format(original)
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(FOLDER / "originals" / original, path)
        digests = {}
        for call in calls():
            if call[2] in _WITHOUT_DIGEST:
                continue
            url = url_of(*call)
            answer = Client().get(url)
            assert answer.status_code == 200, (call, answer.content)
            data = b"".join(answer) if answer.streaming else answer.content
            name = url.removeprefix("/media/" + KEY.format("").rstrip("/") + "/")
            digests[name] = _digest(data)
        return digests


def _digest(data: bytes) -> str:
    """
    Return a digest of the bytes.

    Of its pixels for an AVIF, which may carry the time, and for JPEG XL, whose lossless encoder may
    choose other ways on other processors.
    """
    digest = hashlib.sha256()
    if data[4:8] == b"ftyp" or data.startswith(b"\xff\x0a"):
        with Image.open(io.BytesIO(data)) as image:
            for frame in ImageSequence.Iterator(image):
                digest.update(repr((frame.mode, frame.size, frame.info.get("duration"))).encode())
                digest.update(frame.tobytes())
    else:
        digest.update(data)
    return digest.hexdigest()[:32]


def codecs() -> dict[str, str]:
    """Return the versions of everything that decides about bytes."""
    import PIL
    import pyvips
    from PIL import features

    names = ("libjpeg_turbo", "webp", "avif", "zlib", "littlecms2")
    versions = {name: str(features.version(name)) for name in names}
    vips = ".".join(str(pyvips.version(part)) for part in range(3))
    return {"Pillow": PIL.__version__, "libvips": vips, **versions}
