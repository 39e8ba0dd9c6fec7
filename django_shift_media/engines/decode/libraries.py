"""
The libraries that Pillow and pillow-heif load when they need them first.

If one of them cannot be loaded, they conclude that it is not installed, and do not try again as
long as the process lives. So they are loaded here first, where a failure is an error.
"""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType

from django.core.exceptions import ImproperlyConfigured

from django_shift_media.naming.formats import INPUT_FORMATS, SourceFormat

# Those of Pillow are needed for any format, since they encode as well.
_PILLOW = ("PIL._avif", "PIL._imagingcms", "PIL._webp")
_PLUGINS: MappingProxyType[SourceFormat, str] = MappingProxyType({"heic": "_pillow_heif"})


def load_libraries(format: SourceFormat) -> None:
    """Load the libraries for a format that are installed; raise ``ImportError`` if that fails."""
    for name in _PILLOW:
        _load(name)
    if format in _PLUGINS:
        _load(_PLUGINS[format])


@cache  # except for errors
def _load(name: str) -> None:
    if find_spec(name):
        import_module(name)


def missing_extra(format: SourceFormat, error: ImportError) -> Exception:
    """Return the error for the plugin of a format, which is not installed or cannot be loaded."""
    module = INPUT_FORMATS[format].module
    if module and find_spec(module):
        return error
    return ImproperlyConfigured(
        f"SHIFT_MEDIA_FORMATS contains {format!r}, whose decoder is not installed. Run:"
        f' pip install "django-shift-media[{format}]"'
    )
