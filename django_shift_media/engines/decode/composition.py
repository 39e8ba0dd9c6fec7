"""
Compose the frames of GIF and APNG files, whose frames are drawn on one canvas by rule.

Pillow pastes frames instead: half-transparent parts lose their colors, what the first frame leaves
free gets a color, and disposal 0 of a GIF is taken for the disposal of the frame before.
"""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from PIL import Image

from django_shift_media.engines.color.conversion import to_scalable_mode
from django_shift_media.naming.geometry import Size

# What becomes of the part of the canvas that a frame covers, before the next one is drawn: it
# stays, it becomes clear, or what was there before is back.
Disposal = Literal["keep", "clear", "restore"]


class Layer(NamedTuple):
    """
    A frame as it is stored: its pixels, the place of its top left corner, and its disposal.

    ``blends`` says that it is drawn over what is there; otherwise it replaces it, also where it is
    transparent. ``duration`` is in milliseconds.
    """

    image: Image.Image
    corner: tuple[int, int]
    disposal: Disposal
    blends: bool
    duration: float

    @property
    def box(self) -> tuple[int, int, int, int]:
        (left, top), (width, height) = self.corner, self.image.size
        return left, top, left + width, top + height

    def covers(self, size: Size) -> bool:
        return self.box == (0, 0, *size)


def compose(layers: Iterable[Layer], size: Size) -> Iterator[tuple[Image.Image, float]]:
    """
    Yield what the canvas shows with each frame, and for how many milliseconds.

    What no frame has covered is clear. An image that has been yielded is not changed later.
    """
    canvas: Image.Image | None = None  # all clear
    for layer in layers:
        layer.image.load()
        shown = _draw(canvas, layer, size)
        yield shown, layer.duration
        if layer.disposal == "keep":
            canvas = shown
        elif layer.disposal == "clear":
            canvas = _clear(shown, layer, size)


def _draw(canvas: Image.Image | None, layer: Layer, size: Size) -> Image.Image:
    blends = layer.blends and canvas is not None and layer.image.has_transparency_data
    if layer.covers(size) and not blends:
        return layer.image  # in its own mode: a palette is scaled faster
    image = to_scalable_mode(layer.image)
    if canvas is None:
        canvas = Image.new(_with_alpha(image.mode), size)
    else:
        canvas = _copy_for(to_scalable_mode(canvas), image, replaces=not blends)
    if not blends:
        canvas.paste(image, layer.corner)
    elif canvas.mode.endswith("A"):
        canvas.alpha_composite(image.convert(canvas.mode), layer.corner)
    else:
        canvas.paste(image.convert(canvas.mode), layer.corner, mask=image)
    return canvas


def _copy_for(canvas: Image.Image, image: Image.Image, *, replaces: bool) -> Image.Image:
    """Copy the canvas, in a mode that can represent what will be drawn on it."""
    base = "L" if {canvas.mode, image.mode} <= {"L", "LA"} else "RGB"
    has_alpha = canvas.mode.endswith("A") or (replaces and image.mode.endswith("A"))
    mode = _with_alpha(base) if has_alpha else base
    return canvas.copy() if canvas.mode == mode else canvas.convert(mode)


def _clear(canvas: Image.Image, layer: Layer, size: Size) -> Image.Image | None:
    if layer.covers(size):
        return None
    canvas = to_scalable_mode(canvas)
    cleared = canvas.convert(_with_alpha(canvas.mode))
    cleared.paste((0,) * len(cleared.getbands()), layer.box)
    return cleared


def _with_alpha(mode: str) -> str:
    return mode if mode.endswith("A") else f"{mode}A"
