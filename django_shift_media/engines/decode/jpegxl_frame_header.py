"""The header of a frame of a JPEG XL codestream: ISO/IEC 18181-1, annex F."""

from dataclasses import dataclass
from math import ceil

from django_shift_media.engines.decode.jpegxl_bits import JpegXlBitReader
from django_shift_media.naming.geometry import Size

_REGULAR, _LOW_FREQUENCY, _REFERENCE, _SKIP_PROGRESSIVE = range(4)  # kinds of frames
_SHOWN = frozenset({_REGULAR, _SKIP_PROGRESSIVE})
_USES_LOW_FREQUENCY_FRAME = 32  # a flag
_REPLACE, _BLEND, _ADD_WEIGHTED, _MULTIPLY = 0, 2, 3, 4  # modes of blending
_CHOICE = ((0, 0), (0, 1), (0, 2), (0, 3))
_FACTOR = ((0, 1), (0, 2), (0, 4), (0, 8))
_SIDE = ((8, 0), (11, 256), (14, 2304), (30, 18_688))
_BLOCK = 8  # pixels
_SMALLEST_GROUP = 128  # pixels


@dataclass(slots=True)
class ImageHeader:
    """The fields of the image header on which the headers of frames depend."""

    size: Size
    preview: Size | None = None
    extra_channels: int = 0
    is_animated: bool = False
    has_timecodes: bool = False
    is_xyb: bool = True
    has_profile: bool = False


@dataclass(slots=True)
class FrameHeader:
    """
    The fields of a frame that say how large it is, and what comes after its header.

    ``last_flag`` is the position, in bits, of ``is_last``. The fields from there to ``name`` are
    only those of a frame that is not the last. Both are 0 if the header consists of defaults.
    """

    size: Size
    kind: int = _REGULAR
    is_modular: bool = False
    upsampling: int = 1
    group_shift: int = 1
    passes: int = 1
    subsampling: tuple[int, int] = (0, 0)  # the binary logarithm, across and down
    is_partial: bool = False
    replaces: bool = True
    duration: int = 0
    is_last: bool = True
    last_flag: int = 0
    name: int = 0

    @property
    def is_shown(self) -> bool:
        return self.kind in _SHOWN

    @property
    def ends_picture(self) -> bool:
        """Whether the canvas is shown as it is now; if not, later frames are put on it first."""
        return self.is_shown and (self.is_last or self.duration > 0)

    @property
    def parts(self) -> int:
        """The number of parts in which the frame is stored: F.3."""
        group = _SMALLEST_GROUP << self.group_shift
        sides = [ceil(side / self.upsampling) for side in self.size]
        blocks = [
            ceil(side / (_BLOCK << shift)) << shift
            for side, shift in zip(sides, self.subsampling, strict=True)
        ]
        groups = ceil(sides[0] / group) * ceil(sides[1] / group)
        if groups == self.passes == 1:
            return 1
        return 2 + ceil(blocks[0] / group) * ceil(blocks[1] / group) + groups * self.passes


def read_frame_header(bits: JpegXlBitReader, image: ImageHeader, canvas: Size) -> FrameHeader:
    """Read the header of a frame on this canvas, and leave the reader after it."""
    frame = FrameHeader(canvas)
    if bits.read_bool():  # all default
        return frame
    frame.kind = bits.read(2)
    frame.is_modular = bits.read_bool()
    uses_low_frequency_frame = bool(bits.read_u64() & _USES_LOW_FREQUENCY_FRAME)
    is_ycbcr = not image.is_xyb and bits.read_bool()
    if not uses_low_frequency_frame:
        if is_ycbcr:
            frame.subsampling = _read_subsampling(bits)
        frame.upsampling = bits.read_u32(*_FACTOR)
        bits.skip(2 * image.extra_channels)  # the same for each
    if frame.is_modular:
        frame.group_shift = bits.read(2)
    elif image.is_xyb:
        bits.read(6)  # quantization
    if frame.kind != _REFERENCE:
        frame.passes = _read_passes(bits)
    if frame.kind == _LOW_FREQUENCY:
        shift = 3 * bits.read_u32((0, 1), (0, 2), (0, 3), (0, 4))
        frame.size = (ceil(canvas[0] / (1 << shift)), ceil(canvas[1] / (1 << shift)))
    else:
        _read_place(bits, frame, canvas)
    if frame.is_shown:
        _read_blending(bits, frame, image)
    else:
        frame.is_last = False
    _skip_reference(bits, frame)
    frame.name = bits.position
    bits.skip_name()
    _skip_filters(bits, frame)
    bits.skip_extensions()
    return frame


def _read_subsampling(bits: JpegXlBitReader) -> tuple[int, int]:
    """Return how much the component with the fewest samples is smaller: F.2."""
    # By the mode of a component; what counts is its difference from the largest one.
    modes = [bits.read(2) for _component in range(3)]
    across = [mode in {1, 2} for mode in modes]
    down = [mode in {1, 3} for mode in modes]
    return int(any(across)), int(any(down))


def _read_passes(bits: JpegXlBitReader) -> int:
    passes = bits.read_u32((0, 1), (0, 2), (0, 3), (3, 4))
    if passes > 1:
        scales = bits.read_u32((0, 0), (0, 1), (0, 2), (1, 3))
        bits.skip(2 * (passes - 1))
        for _n in range(scales):
            bits.read_u32(*_FACTOR)
        for _n in range(scales):
            bits.read_u32((0, 0), (0, 1), (0, 2), (3, 0))
    return passes


def _read_place(bits: JpegXlBitReader, frame: FrameHeader, canvas: Size) -> None:
    if not bits.read_bool():  # it has the size of the canvas
        return
    origin = (0, 0)
    if frame.is_shown:
        origin = _to_signed(bits.read_u32(*_SIDE)), _to_signed(bits.read_u32(*_SIDE))
    frame.size = bits.read_u32(*_SIDE), bits.read_u32(*_SIDE)
    frame.is_partial = frame.is_shown and any(
        start > 0 or start + side < whole
        for start, side, whole in zip(origin, frame.size, canvas, strict=True)
    )


def _to_signed(number: int) -> int:
    return -(number + 1 >> 1) if number & 1 else number >> 1


def _read_blending(bits: JpegXlBitReader, frame: FrameHeader, image: ImageHeader) -> None:
    mode = _read_blending_mode(bits, frame, image)
    for _n in range(image.extra_channels):
        _read_blending_mode(bits, frame, image)
    frame.replaces = mode == _REPLACE
    if image.is_animated:
        frame.duration = bits.read_u32((0, 0), (0, 1), (8, 0), (32, 0))
        if image.has_timecodes:
            bits.read(32)
    frame.last_flag = bits.position
    frame.is_last = bits.read_bool()


def _read_blending_mode(bits: JpegXlBitReader, frame: FrameHeader, image: ImageHeader) -> int:
    mode = bits.read_u32((0, 0), (0, 1), (0, 2), (2, 3))
    uses_alpha = image.extra_channels > 0 and mode in {_BLEND, _ADD_WEIGHTED}
    if uses_alpha:
        bits.read_u32((0, 0), (0, 1), (0, 2), (3, 3))  # the channel
    if uses_alpha or mode == _MULTIPLY:
        bits.read(1)
    if mode != _REPLACE or frame.is_partial:
        bits.read(2)  # the frame below
    return mode


def _skip_reference(bits: JpegXlBitReader, frame: FrameHeader) -> None:
    """Skip where and how a frame is kept for later ones."""
    slot = 0
    if frame.kind != _LOW_FREQUENCY and not frame.is_last:
        slot = bits.read_u32(*_CHOICE)
    is_kept = not frame.is_last and (frame.duration == 0 or slot != 0)
    if frame.kind == _REFERENCE or (
        frame.is_shown and is_kept and frame.replaces and not frame.is_partial
    ):
        bits.read(1)


def _skip_filters(bits: JpegXlBitReader, frame: FrameHeader) -> None:
    """Skip the parameters of the filters after decoding: J."""
    if bits.read_bool():  # all default
        return
    if bits.read_bool() and bits.read_bool():  # smoothing with weights of its own
        bits.skip_f16(6)
    if bits.read(2):  # iterations
        if not frame.is_modular and bits.read_bool():
            bits.skip_f16(8)
        if bits.read_bool():
            bits.skip_f16(5)
        if bits.read_bool():
            bits.skip_f16(3 if frame.is_modular else 4)
        if frame.is_modular:
            bits.skip_f16(1)
    bits.skip_extensions()
