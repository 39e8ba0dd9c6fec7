"""Small images to upload in tests."""

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from django_shift_media.naming.formats import INPUT_FORMATS, extension_of


def sample_image(
    name: str = "photo.jpg", *, width: int = 40, height: int = 30, color: str = "steelblue"
) -> SimpleUploadedFile:
    """
    Return a real image, as a browser uploads it.

    The extension of ``name`` selects the format, which Pillow must be able to write: "jpg", "png",
    "webp", "avif", "gif", "tif" or "bmp". ``color`` is a color of CSS.
    """
    format = INPUT_FORMATS.get(extension_of(name))  # type: ignore[call-overload]  # any text
    if format is None or format.module:
        raise ValueError(f"Invalid name {name!r}. Use an extension such as jpg, png or webp.")
    data = io.BytesIO()
    Image.new("RGB", (width, height), color).save(data, format.name.upper())
    return SimpleUploadedFile(name, data.getvalue(), content_type=format.content_type)
