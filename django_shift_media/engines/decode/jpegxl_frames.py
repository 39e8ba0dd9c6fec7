"""
The frames of a JPEG XL codestream, from their headers: ISO/IEC 18181-1, annexes D and F.

No frame is decoded: its header says how many parts it has, and a table says how long they are.
"""

import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from django_shift_media.engines.decode.header import check_count
from django_shift_media.engines.decode.jpegxl_bits import JpegXlBitReader, damaged
from django_shift_media.engines.decode.jpegxl_entropy import NumberReader
from django_shift_media.engines.decode.jpegxl_frame_header import (
    FrameHeader,
    ImageHeader,
    read_frame_header,
)
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.naming.geometry import Size

# Width to height, by a field of three bits; with 0, the width is stored on its own.
_ASPECT_RATIOS = (None, (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_SIDE = ((9, 1), (13, 1), (18, 1), (30, 1))
_PREVIEW_SIDE = ((6, 1), (8, 65), (10, 321), (12, 1345))
_PREVIEW_SIDE_IN_EIGHTS = ((0, 16), (0, 32), (5, 1), (9, 33))

_GRAY, _XYB = 1, 2  # color spaces
_CUSTOM = 2  # a white point, primaries
_ALPHA, _SPOT_COLOR, _COLOR_FILTER = 0, 2, 5  # kinds of extra channels
_PROFILE_CONTEXTS, _ORDER_CONTEXTS = 41, 8
_PART_LENGTH = ((10, 0), (14, 1024), (22, 17408), (30, 4_211_712))


def _kind_of_byte(byte: int, ranges: Mapping[int, Iterable[int]]) -> int:
    """Return the kind of a byte: 0 for letters, 1 for digits, or as in ``ranges``: E.4.3."""
    if byte in string.ascii_letters.encode():
        return 0
    if byte in b"0123456789.,":
        return 1
    return next(kind for kind, bytes_ in ranges.items() if byte in bytes_)


_LAST_RANGES = {2: [0], 3: [1], 4: range(16), 5: range(241, 255), 6: [255], 7: range(256)}
_BEFORE_RANGES = {2: range(16), 3: range(241, 256), 4: range(256)}
_KINDS_OF_LAST = [_kind_of_byte(byte, _LAST_RANGES) for byte in range(256)]
_KINDS_OF_BEFORE = [_kind_of_byte(byte, _BEFORE_RANGES) for byte in range(256)]
# In bytes. Decoding this many takes almost a second; profiles of displays and cameras are smaller.
_MAX_PROFILE_LENGTH = 200_000
_PROFILE_TOO_LARGE = _("The color profile of the image has more than %(limit)s bytes.")
# What a frame costs to read, in the steps of a reader of boxes.
_FRAME_PARTS = 20


class Frame(NamedTuple):
    """
    The header of a frame, and positions in bits: its start, the end of what comes before the
    lengths of its parts, and its end.
    """

    header: FrameHeader
    start: int
    order_end: int
    end: int

    @property
    def size(self) -> Size:
        return self.header.size

    @property
    def is_shown(self) -> bool:
        """Whether it is shown; others are only parts of later frames."""
        return self.header.is_shown


class JpegXlReader:
    """
    Read the headers of a codestream; raise ``UnreadableImage`` where that is not possible.

    ``size`` is that of the canvas, as stored, in pixels.

    ``count_parts()`` is called with a number of steps, and raises an exception for too many.
    """

    def __init__(self, codestream: bytes, count_parts: Callable[[int], None]) -> None:
        self._bits = JpegXlBitReader(codestream)
        self._bits.read(16)  # signature
        self._count_parts = count_parts
        self.size = self._read_size()

    @cached_property
    def _image(self) -> ImageHeader:
        return self._read_image_header()

    @property
    def is_animated(self) -> bool:
        return self._image.is_animated

    @property
    def has_preview(self) -> bool:
        """Whether the first frame is a preview."""
        return self._image.preview is not None

    @property
    def extra_channels(self) -> int:
        return self._image.extra_channels

    def frames(self) -> Iterator[Frame]:
        if self._image.has_profile:
            self._skip_profile()
        self._bits.align()
        if self._image.preview:
            yield self._read_frame(self._image.preview)[0]
        is_last = False
        while not is_last:
            frame, is_last = self._read_frame(self._image.size)
            yield frame

    # -- the image: D ---------------------------------------------------------------------------

    def _read_image_header(self) -> ImageHeader:
        bits = self._bits
        image = ImageHeader(self.size)
        if bits.read_bool():  # all default
            self._skip_transform(image)
            return image
        has_extra_fields = bits.read_bool()
        if has_extra_fields:
            self._read_extra_fields(image)
        self._skip_bit_depth()
        bits.read(1)  # 16 bits are sufficient
        image.extra_channels = bits.read_u32((0, 0), (0, 1), (4, 2), (12, 1))
        for _n in range(image.extra_channels):
            self._skip_extra_channel()
        image.is_xyb = bits.read_bool()
        image.has_profile = self._skip_color_encoding()
        if has_extra_fields and not bits.read_bool():  # tone mapping
            bits.skip_f16(2)
            bits.read(1)
            bits.skip_f16(1)
        bits.skip_extensions()
        self._skip_transform(image)
        return image

    def _read_size(self) -> Size:
        if self._bits.read_bool():
            return self._read_sides(lambda: 8 * (self._bits.read(5) + 1))
        return self._read_sides(lambda: self._bits.read_u32(*_SIDE))

    def _read_preview_size(self) -> Size:
        if self._bits.read_bool():
            return self._read_sides(lambda: 8 * self._bits.read_u32(*_PREVIEW_SIDE_IN_EIGHTS))
        return self._read_sides(lambda: self._bits.read_u32(*_PREVIEW_SIDE))

    def _read_sides(self, read_side: Callable[[], int]) -> Size:
        height = read_side()
        ratio = _ASPECT_RATIOS[self._bits.read(3)]
        return (height * ratio[0] // ratio[1] if ratio else read_side()), height

    def _read_extra_fields(self, image: ImageHeader) -> None:
        bits = self._bits
        bits.read(3)  # orientation
        if bits.read_bool():  # the size at which it is meant to be shown
            self._read_size()
        if bits.read_bool():
            image.preview = self._read_preview_size()
        image.is_animated = bits.read_bool()
        if image.is_animated:
            bits.read_u32((0, 100), (0, 1000), (10, 1), (30, 1))  # ticks
            bits.read_u32((0, 1), (0, 1001), (8, 1), (10, 1))  # in so many seconds
            bits.read_u32((0, 0), (3, 0), (16, 0), (32, 0))  # repetitions
            image.has_timecodes = bits.read_bool()

    def _skip_bit_depth(self) -> None:
        bits = self._bits
        if bits.read_bool():  # floating point
            bits.read_u32((0, 32), (0, 16), (0, 24), (6, 1))
            bits.read(4)
        else:
            bits.read_u32((0, 8), (0, 10), (0, 12), (6, 1))

    def _skip_extra_channel(self) -> None:
        bits = self._bits
        if bits.read_bool():  # all default
            return
        kind = bits.read_enum()
        self._skip_bit_depth()
        bits.read_u32((0, 0), (0, 3), (0, 4), (3, 1))  # how much smaller it is
        bits.skip_name()
        if kind == _ALPHA:
            bits.read(1)
        elif kind == _SPOT_COLOR:
            bits.skip_f16(4)
        elif kind == _COLOR_FILTER:
            bits.read_u32((0, 1), (2, 0), (4, 3), (8, 19))

    def _skip_color_encoding(self) -> bool:
        """Return whether there is an ICC profile instead."""
        bits = self._bits
        if bits.read_bool():  # all default
            return False
        has_profile, space = bits.read_bool(), bits.read_enum()
        if has_profile:
            return True
        if space != _XYB and bits.read_enum() == _CUSTOM:  # the white point
            self._skip_chromaticity()
        if space not in {_GRAY, _XYB} and bits.read_enum() == _CUSTOM:  # primaries
            for _n in range(3):
                self._skip_chromaticity()
        if space != _XYB:
            if bits.read_bool():
                bits.read(24)  # gamma
            else:
                bits.read_enum()  # transfer function
        bits.read_enum()  # rendering intent
        return False

    def _skip_chromaticity(self) -> None:
        for _axis in "xy":
            self._bits.read_u32((19, 0), (19, 524_288), (20, 1_048_576), (21, 2_097_152))

    def _skip_transform(self, image: ImageHeader) -> None:
        bits = self._bits
        if bits.read_bool():  # all default
            return
        if image.is_xyb and not bits.read_bool():
            bits.skip_f16(9 + 3 + 4)
        custom_weights = bits.read(3)
        bits.skip_f16(sum(n for k, n in enumerate((15, 55, 210)) if custom_weights >> k & 1))

    def _skip_profile(self) -> None:
        """Decode an ICC profile, in which two bytes decide about the context of the next: E.4."""
        length = self._bits.read_u64()
        check_count(length, _MAX_PROFILE_LENGTH, _PROFILE_TOO_LARGE)
        reader = NumberReader(self._bits, _PROFILE_CONTEXTS)
        last = before = 0
        for n in range(length):
            context = 0 if n <= 128 else 1 + _KINDS_OF_LAST[last] + 8 * _KINDS_OF_BEFORE[before]
            last, before = reader.read(context) & 255, last

    # -- a frame: F -----------------------------------------------------------------------------

    def _read_frame(self, canvas: Size) -> tuple[Frame, bool]:
        """Return the next frame, and whether it is the last one."""
        self._bits.align()
        start = self._bits.position
        header = read_frame_header(self._bits, self._image, canvas)
        self._count_parts(_FRAME_PARTS + header.parts)
        order_end = self._skip_parts(header.parts)
        return Frame(header, start, order_end, self._bits.position), header.is_last

    def _skip_parts(self, number: int) -> int:
        """Skip the parts of a frame, and return the position after their order: F.3."""
        bits = self._bits
        if bits.read_bool():
            reader = NumberReader(bits, _ORDER_CONTEXTS)
            last = 0
            moved = reader.read(_order_context(number))
            if moved > number:
                raise damaged()
            for _n in range(moved):
                last = reader.read(_order_context(last))
        order_end = bits.position
        bits.align()
        lengths = [bits.read_u32(*_PART_LENGTH) for _n in range(number)]
        bits.align()
        bits.skip(8 * sum(lengths))
        return order_end


def _order_context(number: int) -> int:
    return min(number.bit_length(), _ORDER_CONTEXTS - 1)
