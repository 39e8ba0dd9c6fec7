"""
The libraries that Pillow and its plugins load when they need them first.

If one of them cannot be loaded, Pillow concludes that it is not installed, and does not try again
as long as the process lives. So they are loaded here first, where a failure is an error.
"""

from functools import cache
from importlib import import_module
from importlib.util import find_spec

from django.core.exceptions import ImproperlyConfigured

from django_shift_media.naming.formats import INPUT_FORMATS, SourceFormat


@cache  # except for errors
def load_libraries() -> None:
    """Load the libraries that this Pillow has; raise ``ImportError`` if that fails."""
    for name in ("PIL._avif", "PIL._imagingcms", "PIL._webp"):
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
