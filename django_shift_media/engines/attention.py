"""Where people look first, as libvips estimates it: by edges, skin and saturated colors."""

from PIL import Image


def find_attention(image: Image.Image) -> tuple[float, float] | None:
    """
    Return a point in percent from the left and the top, None if nothing attracts attention.

    Raise ``ImportError`` if pyvips is not installed.
    """
    import pyvips

    image = image.convert("RGB")
    pixels = pyvips.Image.new_from_memory(image.tobytes(), *image.size, 3, "uchar")
    pixels = pixels.copy(interpretation="srgb")
    # The size of the crop decides how far apart details may be to count together.
    side = min(image.size)
    _, found = pixels.smartcrop(
        side, side, interesting="attention", attention_x=True, attention_y=True
    )
    x, y = found["attention_x"], found["attention_y"]
    # Where no pixel attracts more attention than the others, libvips returns the first.
    return (100 * x / image.width, 100 * y / image.height) if x or y else None
