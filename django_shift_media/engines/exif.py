"""What of a picture's metadata may stay: who made it, and whose it is."""

from PIL import ExifTags, Image

_KEPT = (ExifTags.Base.Artist, ExifTags.Base.Copyright)
_LENGTH = 1_000  # characters, at most


def exif_of(image: Image.Image) -> Image.Exif:
    """Return what EXIF says; damaged metadata is no reason to refuse a good picture."""
    try:
        # Not that of a PNG, which decodes it to look behind its pixels.
        return Image.Image.getexif(image)
    except Exception:
        return Image.Exif()


def credit_of(image: Image.Image) -> bytes | None:
    """Return EXIF with artist and copyright, and nothing else; None if neither is there."""
    noted, kept = exif_of(image), Image.Exif()
    for tag in _KEPT:
        if isinstance(value := noted.get(tag), str) and value:
            kept[tag] = value[:_LENGTH]
    return kept.tobytes() if kept else None
