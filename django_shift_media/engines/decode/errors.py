"""One place where whatever a decoder or an encoder raises becomes an error of this package."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.core.exceptions import ImproperlyConfigured
from PIL import Image, UnidentifiedImageError

from django_shift_media.engines.decode.limits import BYTES_PER_PIXEL
from django_shift_media.engines.decode.preflight import read_header
from django_shift_media.engines.decode.sniff import sniff_format, unaccepted_file_error
from django_shift_media.engines.memory import is_shortage
from django_shift_media.engines.options import EngineOptions
from django_shift_media.exceptions import DAMAGED, FileTooLarge, UnacceptableFile, UnreadableImage
from django_shift_media.exceptions import gettext_noop as _

_MAX_DETAIL = 200  # characters


@contextmanager
def wrap_decoder_errors(data: bytes, options: EngineOptions) -> Iterator[None]:
    """
    Raise ``UnreadableImage`` or ``FileTooLarge`` for whatever a decoder raises.

    If memory is short, raise ``MemoryError`` instead: the file may be in order.
    """
    try:
        yield
    # The last two are not caused by the image.
    except (UnacceptableFile, MemoryError, ImproperlyConfigured):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FileTooLarge(_("The image has too many pixels to be decoded.")) from error
    except Exception as error:
        if is_shortage(error, _decoded_size(data, options)):
            raise MemoryError(one_line(error)) from error
        if isinstance(error, UnidentifiedImageError):
            raise unaccepted_file_error(data, options) from error
        # For a damaged file, decoders raise anything from SyntaxError to struct.error.
        raise UnreadableImage(DAMAGED, detail=one_line(error)) from error


@contextmanager
def wrap_encoder_errors(size: int) -> Iterator[None]:
    """Raise ``MemoryError`` if memory is short, for an encoder that needs ``size`` bytes."""
    try:
        yield
    except Exception as error:
        if is_shortage(error, size):
            raise MemoryError(one_line(error)) from error
        raise


def _decoded_size(data: bytes, options: EngineOptions) -> int:
    """Return about how many bytes of memory it takes to decode a file that is within the limits."""
    format = sniff_format(data)
    with suppress(Exception):  # of a header that is damaged, too
        if format and (header := read_header(data)):
            pixels = min(header.width * header.height, 4 * options.max_pixels)
            return pixels * BYTES_PER_PIXEL[format]
    return 0


def one_line(error: Exception) -> str:
    """Return what an exception says, for a message or a log record."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:_MAX_DETAIL].rstrip(".")
