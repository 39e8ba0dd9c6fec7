"""What two animations show at the same time, and how far that is apart."""

from PIL import Image, ImageChops, ImageStat

from tests.support.chromium_pictures import Animation

# The largest difference that is not a mistake, of 255. The first is for any pixel of a lossless
# format, as half-transparent colors are rounded; the second is for the mean, with loss: of AVIF,
# and of a GIF with more than 256 colors.
_MAX_DIFFERENCE, _MAX_MEAN_DIFFERENCE = 3, 4
_STEP = 5  # milliseconds
_HUNDREDTH = 10
# GIF's alpha is all or nothing; for these values, browsers and the engine may round differently.
_UNDECIDED = range(126, 130)


def disagreement(
    original: Animation, made: Animation, format: str, *, is_lossy: bool = False
) -> str:
    """Say when an animation shows something else than its original; "" if it never does."""
    tolerance = _MAX_MEAN_DIFFERENCE if is_lossy else _MAX_DIFFERENCE
    size, wanted = made.frames[0].image.size, original.frames[0].image.size
    if size != wanted:
        return f"it has {size} pixels, not {wanted}"
    short = sum(frame.duration < 2 * _HUNDREDTH for frame in original.frames)
    slack = _HUNDREDTH * short if format == "gif" else 0  # a GIF shows each for at least 20 ms
    is_still = len(made.frames) == 1  # if all frames of the original are equal
    if abs(original.duration - made.duration) > _HUNDREDTH + slack and not is_still:
        return f"it lasts {made.duration} ms, not {original.duration} ms"
    start = 0.0
    for frame in original.frames:
        middle = round(start + frame.duration / 2)
        start += frame.duration
        times = range(max(middle - slack, 0), middle + slack + 1, _STEP)
        differences = (_differences(frame.image, made.at(time), format) for time in times)
        nearest = min(mean if is_lossy else most for most, mean in differences)
        if nearest > tolerance:
            return f"at {middle} ms, it is {nearest} away"
    return ""


def _differences(one: Image.Image, other: Image.Image, format: str) -> tuple[float, float]:
    """Return the maximum over all pixels, and the mean, with colors in proportion to alpha."""
    if format == "gif":
        one, other = _with_binary_alpha(one, one), _with_binary_alpha(other, one)
    difference = ImageChops.difference(_premultiplied(one), _premultiplied(other))
    statistics = ImageStat.Stat(difference)
    return max(most for _least, most in statistics.extrema), sum(statistics.mean) / 4


def _with_binary_alpha(image: Image.Image, original: Image.Image) -> Image.Image:
    """Make pixels clear or opaque, and those clear whose alpha in the original is undecided."""
    alpha, wanted = image.getchannel("A"), original.getchannel("A")
    decided = wanted.point(lambda value: 0 if value in _UNDECIDED else 255)
    visible = ImageChops.darker(alpha.point(lambda value: 255 * (value >= 128)), decided)
    image = image.copy()
    image.putalpha(visible)
    return image


def _premultiplied(image: Image.Image) -> Image.Image:
    return Image.frombytes("RGBA", image.size, image.convert("RGBa").tobytes())
