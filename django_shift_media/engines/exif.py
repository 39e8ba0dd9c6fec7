"""EXIF metadata: read from an image, and reduced to author and copyright for its resizes."""

from PIL import ExifTags, Image

_CREDIT_TAGS = (ExifTags.Base.Artist, ExifTags.Base.Copyright)
_MAX_LENGTH = 1_000  # characters


def read_exif(image: Image.Image) -> Image.Exif:
    """Return the EXIF metadata; empty if damaged, as that is no reason to refuse an image."""
    try:
        # PngImageFile.getexif() decodes the whole image, to find EXIF metadata after its pixels:
        # https://github.com/python-pillow/Pillow/pull/3674.
        return Image.Image.getexif(image)
    except Exception:
        return Image.Exif()


def read_credit(image: Image.Image) -> bytes | None:
    """Return EXIF metadata with only artist and copyright, None if the image has neither."""
    exif, credit = read_exif(image), Image.Exif()
    for tag in _CREDIT_TAGS:
        if isinstance(value := exif.get(tag), str) and value:
            credit[tag] = value[:_MAX_LENGTH]
    return credit.tobytes() if credit else None
