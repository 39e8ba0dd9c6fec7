"""EXIF metadata."""

from PIL import Image


def read_exif(image: Image.Image) -> Image.Exif:
    """Return the EXIF metadata; empty if damaged, as that is no reason to refuse an image."""
    try:
        # PngImageFile.getexif() decodes the whole image, to find EXIF metadata after its pixels:
        # https://github.com/python-pillow/Pillow/pull/3674.
        return Image.Image.getexif(image)
    except Exception:
        return Image.Exif()
