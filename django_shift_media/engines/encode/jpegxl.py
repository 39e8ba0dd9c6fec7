"""Encode JPEG XL, with the package pillow-jxl-plugin, which writes still images of 8 bits."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from PIL import Image

from django_shift_media.naming.resizes import Resize

# The effort of the encoder, up to 9. For photos, 5 takes four times as long as 3 for 3 to 7 % fewer
# bytes. For text and drawings without loss, 3 takes up to twenty times the bytes of 5.
_LOSSY_EFFORT, _LOSSLESS_EFFORT = 3, 5
# An image with no more colors is a drawing, which is smaller without loss. A photo may have all of
# the 256 grays.
_DRAWING_COLORS, _DRAWING_GRAYS = 256, 16
_EXIF_PREFIX = b"Exif\0\0"  # of EXIF metadata in a JPEG, and as Pillow returns them


def encode_jpegxl(
    image: Image.Image, resize: Resize, *, exif: bytes | None, xmp: bytes | None
) -> bytes:
    """
    Return a still image; a drawing is lossless.

    Raise ``ImproperlyConfigured`` if the encoder is not installed.
    """
    try:
        from pillow_jxl import Encoder
    except ImportError as error:
        raise ImproperlyConfigured(
            'The encoder of JPEG XL is not installed. Run: pip install "django-shift-media[jxl]"'
        ) from error
    make_encoder: Any = Encoder  # its type hints are those of an old version
    lossless = resize.lossless or _is_drawing(image)
    encoder = make_encoder(
        mode=image.mode,
        lossless=lossless,
        quality=100 if lossless else resize.quality,
        effort=_LOSSLESS_EFFORT if lossless else _LOSSY_EFFORT,
        use_container=bool(exif or xmp),
        num_threads=0,  # as many images as processors are encoded at a time
    )
    exif = exif and exif.removeprefix(_EXIF_PREFIX)
    encoded: bytes = encoder(image.tobytes(), *image.size, False, exif=exif, xmp=xmp)
    return encoded


def _is_drawing(image: Image.Image) -> bool:
    is_gray = image.mode in {"L", "LA"}
    return image.getcolors(_DRAWING_GRAYS if is_gray else _DRAWING_COLORS) is not None
