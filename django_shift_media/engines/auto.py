"""The faster backend for each original, by measurement: ``python -m benchmarks engine``."""

from collections.abc import Sequence
from importlib.util import find_spec
from types import MappingProxyType

from django_shift_media.engines import pillow
from django_shift_media.engines.decode.open import SourceImage
from django_shift_media.engines.engine import Backend, Engine
from django_shift_media.engines.jobs import Job
from django_shift_media.naming.formats import SourceFormat

# The pixels of the largest resize from which libvips is faster. It takes some milliseconds to
# start, and by then Pillow has finished a small JPEG. Pillow is faster for all other formats.
_MIN_PIXELS_FOR_LIBVIPS: MappingProxyType[SourceFormat, int] = MappingProxyType(
    {"png": 0, "webp": 0, "gif": 0, "jpg": 250_000}
)
_HAS_LIBVIPS = find_spec("pyvips") is not None
if _HAS_LIBVIPS:
    from django_shift_media.engines import vips


def choose_backend(source: SourceImage, jobs: Sequence[Job]) -> Backend:
    return vips.backend if _is_for_libvips(source, jobs) else pillow.backend


def _is_for_libvips(source: SourceImage, jobs: Sequence[Job]) -> bool:
    if not _HAS_LIBVIPS or source.format not in _MIN_PIXELS_FOR_LIBVIPS:
        return False
    largest = max(width * height for width, height in (job.scaled_size for job in jobs))
    return largest >= _MIN_PIXELS_FOR_LIBVIPS[source.format]


engine = Engine(choose_backend)
