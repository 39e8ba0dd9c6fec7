"""The better engine for each format, by measurement: ``python -m benchmarks engine``."""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from types import MappingProxyType

from PIL import Image

from django_shift_media.engines import pillow
from django_shift_media.engines.decode.open import SourceImage
from django_shift_media.engines.engine import Engine
from django_shift_media.engines.jobs import Job
from django_shift_media.naming.formats import SourceFormat

# From how many pixels of the result on libvips is better: it takes some milliseconds to begin,
# and by then Pillow is done with a small JPEG. Pillow is for all other formats.
_LIBVIPS_FROM: MappingProxyType[SourceFormat, int] = MappingProxyType(
    {"png": 0, "webp": 0, "gif": 0, "jpg": 250_000}
)
_HAS_LIBVIPS = find_spec("pyvips") is not None
if _HAS_LIBVIPS:
    from django_shift_media.engines import vips


def scale(
    data: bytes, source: SourceImage, jobs: Sequence[Job]
) -> Iterator[tuple[Job, Image.Image, int]]:
    yield from (vips if _is_for_libvips(source, jobs) else pillow).scale(data, source, jobs)


def _is_for_libvips(source: SourceImage, jobs: Sequence[Job]) -> bool:
    if not _HAS_LIBVIPS or source.format not in _LIBVIPS_FROM:
        return False
    largest = max(width * height for width, height in (job.scaled for job in jobs))
    return largest >= _LIBVIPS_FROM[source.format]


engine = Engine(scale)
