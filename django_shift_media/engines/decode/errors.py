"""One place where whatever a decoder raises becomes an error of this package."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ImproperlyConfigured
from PIL import Image, UnidentifiedImageError

from django_shift_media.engines.decode.sniff import unaccepted_file_error
from django_shift_media.engines.options import EngineOptions
from django_shift_media.exceptions import DAMAGED, FileTooLarge, UnacceptableFile, UnreadableImage
from django_shift_media.exceptions import gettext_noop as _

_MAX_DETAIL = 200  # characters


@contextmanager
def wrap_decoder_errors(data: bytes, options: EngineOptions) -> Iterator[None]:
    """Raise ``UnreadableImage`` or ``FileTooLarge`` for whatever a decoder raises."""
    try:
        yield
    # The last two are not caused by the image.
    except (UnacceptableFile, MemoryError, ImproperlyConfigured):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FileTooLarge(_("The image has too many pixels to be decoded.")) from error
    except UnidentifiedImageError as error:
        raise unaccepted_file_error(data, options) from error
    except Exception as error:
        # For a damaged file, decoders raise anything from SyntaxError to struct.error.
        raise UnreadableImage(DAMAGED, detail=_one_line(error)) from error


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:_MAX_DETAIL].rstrip(".")
