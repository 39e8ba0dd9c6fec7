"""Good files of every format, and the suites that packages of this machine carry."""

import io
from functools import cache
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import Image, ImageCms

from gallery.drawings import exif
from tests.support.hostile import av1, avif_tiles
from tests.support.pictures import encoded

PILLOW_NAMES = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "avif": "AVIF", "gif": "GIF"}
# The sources of Go carry PngSuite and JPEGs of all kinds.
_GO = sorted(Path("/usr/share").glob("go-*/src/image"))
SUITES = {
    "png": sorted(_GO[-1].glob("png/testdata/pngsuite/*.png")) if _GO else [],
    "jpeg": sorted(_GO[-1].glob("testdata/*.jpeg")) if _GO else [],
}


def heic(picture: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    # As x265 does by itself takes eight times the time.
    options = {"enc_params": {"preset": "ultrafast"}, **options}
    pillow_heif.from_pillow(picture).save(buffer, quality=90, **options)
    return buffer.getvalue()


def jpegxl(picture: Image.Image, **options: Any) -> bytes:
    import pillow_jxl  # noqa: F401  # which registers itself

    return encoded(picture, "JXL", **options)


@cache
def originals(format: str) -> list[bytes]:
    """Good files that use much of what a format has, the same in each run."""
    ramp = Image.linear_gradient("L").resize((64, 48))
    picture = Image.merge("RGB", [ramp, ramp.rotate(180), ramp.point(lambda value: value // 2)])
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    everything = {"exif": exif(6), "icc_profile": profile, "xmp": b"<x/>", "comment": b"Hello"}
    frames = {"save_all": True, "append_images": [picture.rotate(90), picture.rotate(180)]}
    particular: dict[str, list[dict[str, Any]]] = {
        "JPEG": [{"progressive": True}, {"quality": 100, "subsampling": 0}],
        "PNG": [frames],
        "WEBP": [frames, {"lossless": True}],
        "AVIF": [frames],
        "GIF": [frames],
        "TIFF": [{"compression": "tiff_lzw"}, {"compression": "jpeg"}, frames],
        "BMP": [],
    }
    files = [
        encoded(picture, format, **options) for options in [{}, everything, *particular[format]]
    ]
    if format == "JPEG":
        return [*files, encoded(picture, "MPO", **frames), encoded(picture.convert("CMYK"), format)]
    files.append(encoded(picture.convert("P"), format))
    if format != "BMP":
        files.append(encoded(picture.convert("LA"), format))
    if format == "AVIF":
        files.append(avif_tiles(av1((64, 48)), rows=2, columns=3, size=(192, 96)))
    return files
