"""Apply the steps of a site's own (``SHIFT_MEDIA_STEPS``), and check what they return."""

from PIL import Image

from django_shift_media.engines.decode.errors import one_line
from django_shift_media.engines.memory import is_shortage
from django_shift_media.engines.options import EngineOptions, StepFunction
from django_shift_media.exceptions import StepFailed, UnacceptableFile
from django_shift_media.naming.resizes import Resize

_MODES = frozenset({"L", "LA", "RGB", "RGBA"})


def apply_own_steps(image: Image.Image, resize: Resize, options: EngineOptions) -> Image.Image:
    """
    Return the image after the steps of a resize, in their order.

    Each step gets a copy in sRGB, in mode "RGB", or "RGBA" if the image has transparency. The
    result has one of these modes, "L" or "LA", and always the same size, because pages state the
    width and the height without having seen the image. Raise ``StepFailed`` for other results and
    for exceptions, except ``UnacceptableFile`` and ``MemoryError``, which a step may raise.
    """
    for name, _version in resize.steps:
        image = _apply(options.get_step(name), name, image)
    return image


def _apply(step: StepFunction, name: str, image: Image.Image) -> Image.Image:
    # convert() copies: a step may draw on its image, which other resizes or frames may still need.
    given = image.convert("RGBA" if image.mode.endswith("A") else "RGB")
    given.info = {}
    try:
        result = step(given)
        _check(result, image.size)
        result.load()  # a step may return a file that it has opened
    except (UnacceptableFile, MemoryError):
        raise
    except Exception as error:
        if is_shortage(error):
            raise MemoryError(one_line(error)) from error
        raise StepFailed(
            f"The step {name!r} failed: {type(error).__name__}: {one_line(error)}."
        ) from error
    return result


def _check(result: object, size: tuple[int, int]) -> None:
    if not isinstance(result, Image.Image):
        raise TypeError(f"it returned {type(result).__name__}, not an image")
    if result.mode not in _MODES:
        modes = ", ".join(sorted(_MODES))
        raise ValueError(f"it returned an image in mode {result.mode}. Use one of: {modes}")
    if result.size != size:
        sizes = ["{} x {}".format(*each) for each in (size, result.size)]
        raise ValueError(f"it must keep the size of {sizes[0]} pixels, but returned {sizes[1]}")
