"""
The frame sizes of an AV1 stream, from its headers, without decoding a frame.

Source: AV1 Bitstream & Decoding Process Specification, version 1.0.0 with errata 1, sections 5.3,
5.5 and 5.9. Bits after the end of the data are zeros, as in decoders, which refuse such a file
in the end.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from django_shift_media.exceptions import DAMAGED, FileTooLarge, UnreadableImage
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.naming.geometry import Size

# An image is one frame, or a few if it has layers or is predicted from frames that are not shown.
# All of them are decoded, and a frame need not be larger than a few hundred bytes.
_MAX_FRAMES = 16
_TOO_MANY_FRAMES = _("An image in the file has more than %(limit)s coded frames.")
_MAX_HEADER_BYTES = 600  # the longest sequence header is shorter

# Types of open bitstream units: 6.2.2.
_SEQUENCE_HEADER, _FRAME_HEADER, _FRAME, _REDUNDANT_FRAME_HEADER = 1, 3, 6, 7
_KEY_FRAME, _SWITCH_FRAME = 0, 3  # types of frames: 6.8.2
_CHOSEN_BY_FRAME = 2  # SELECT_SCREEN_CONTENT_TOOLS


CodePoints = tuple[int, int]  # of ITU-T H.273: primaries, and transfer function
UNSPECIFIED_COLOR: CodePoints = 2, 2


class _SequenceHeader(NamedTuple):
    """
    The fields that the headers of the following frames depend on.

    ``max_size`` is the largest size that a frame header can override ``size`` with; decoders
    allocate memory for it. With ``is_reduced``, frame headers have no size at all.
    """

    size: Size
    max_size: Size
    is_reduced: bool
    presentation_time_bits: int = 0
    screen_content_tools: int = _CHOSEN_BY_FRAME
    integer_mv_by_frame: bool = False
    frame_id_bits: int = 0
    color: CodePoints = UNSPECIFIED_COLOR


class Av1Stream:
    """
    An AV1 stream in samples, of which each has one image to show.

    ``count_part()`` is called for each unit, and raises an exception if there are too many.
    """

    def __init__(self, count_part: Callable[[], None]) -> None:
        self._count_part = count_part
        # Where decoding starts determines which of them is valid for a frame. Most streams have
        # only one.
        self._sequences: set[_SequenceHeader] = set()

    def frame_sizes(self, sample: memoryview) -> Iterator[Size]:
        """
        Yield the sizes that each coded frame may have.

        Raise ``FileTooLarge`` for too many frames, ``UnreadableImage`` for a frame before the
        first sequence header.
        """
        frames = 0
        for kind, body in _iter_units(sample):
            self._count_part()
            if kind == _SEQUENCE_HEADER:
                self._sequences.add(_read_sequence_header(_BitReader(body)))
            elif kind in {_FRAME_HEADER, _FRAME, _REDUNDANT_FRAME_HEADER}:
                if not self._sequences:
                    raise UnreadableImage(DAMAGED, detail="a frame has no sequence header")
                frames += 1
                if frames > _MAX_FRAMES:
                    raise FileTooLarge(_TOO_MANY_FRAMES, limit=_MAX_FRAMES)
                for sequence in self._sequences:
                    self._count_part()
                    yield _read_frame_size(_BitReader(body), sequence)


def read_code_points(sample: memoryview) -> CodePoints:
    """Return the primaries and the transfer function in the first sequence header: 6.4.2."""
    headers = (body for kind, body in _iter_units(sample) if kind == _SEQUENCE_HEADER)
    header = next(headers, None)
    return _read_sequence_header(_BitReader(header)).color if header else UNSPECIFIED_COLOR


def _iter_units(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield the type and the content of each open bitstream unit: 5.3."""
    while data:
        header = data[0]
        offset = 2 if header & 4 else 1
        length = len(data) - offset
        if header & 2:
            length, offset = _read_leb128(data, offset)
        if length < 0 or length > len(data) - offset:
            return
        yield header >> 3 & 15, data[offset : offset + length]
        data = data[offset + length :]


def _read_leb128(data: memoryview, offset: int) -> tuple[int, int]:
    """
    Return a number and the offset after it, or -1 if the number does not end: 4.10.5.

    The number has up to 8 bytes of 7 bits each, the least significant first.
    """
    number = 0
    for index, byte in enumerate(data[offset : offset + 8]):
        number |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return number, offset + index + 1
    return -1, offset


class _BitReader:
    """Read bits, the most significant bit of each byte first."""

    def __init__(self, data: memoryview) -> None:
        header = data[:_MAX_HEADER_BYTES]
        self._bits = int.from_bytes(header, "big")
        self._remaining = 8 * len(header)

    def read(self, number: int) -> int:
        self._remaining -= number
        if self._remaining >= 0:
            shifted = self._bits >> self._remaining
        else:
            shifted = self._bits << -self._remaining
        return shifted & (1 << number) - 1

    def skip_uvlc(self) -> None:
        """Skip up to 32 zeros, a one, and as many bits as there were zeros: 4.10.3."""
        zeros = 0
        while zeros < 32 and not self.read(1):
            zeros += 1
        self.read(zeros)


def _read_sequence_header(bits: _BitReader) -> _SequenceHeader:
    """Read the fields up to the colors; the position of a frame's size depends on some: 5.5."""
    profile = bits.read(3)
    bits.read(1)  # still picture
    is_reduced = bool(bits.read(1))
    presentation_time_bits = 0
    if is_reduced:
        bits.read(5)  # level
    else:
        delay_bits, presentation_time_bits = _read_timing(bits)
        _skip_operating_points(bits, delay_bits)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    size = bits.read(width_bits) + 1, bits.read(height_bits) + 1
    max_size = 1 << width_bits, 1 << height_bits
    if is_reduced:
        bits.read(3)  # coding tools
        return _SequenceHeader(size, max_size, is_reduced, color=_read_color(bits, profile))
    frame_id_bits = bits.read(4) + 3 + bits.read(3) if bits.read(1) else 0
    bits.read(7)  # coding tools
    has_order_hints = bits.read(1)
    if has_order_hints:  # with two tools that depend on them
        bits.read(2)
    screen_content_tools = _CHOSEN_BY_FRAME if bits.read(1) else bits.read(1)
    integer_mv_by_frame = bool(screen_content_tools and bits.read(1))
    if screen_content_tools and not integer_mv_by_frame:
        bits.read(1)
    if has_order_hints:
        bits.read(3)  # their length
    return _SequenceHeader(
        size,
        max_size,
        is_reduced,
        presentation_time_bits,
        screen_content_tools,
        integer_mv_by_frame,
        frame_id_bits,
        _read_color(bits, profile),
    )


def _read_color(bits: _BitReader, profile: int) -> CodePoints:
    """Read from the coding tools in front of the color to its code points: 5.5.2."""
    bits.read(3)
    has_high_depth = bits.read(1)
    if profile == 2 and has_high_depth:
        bits.read(1)  # 12 bits
    if profile != 1:
        bits.read(1)  # monochrome
    return (bits.read(8), bits.read(8)) if bits.read(1) else UNSPECIFIED_COLOR


def _read_timing(bits: _BitReader) -> tuple[int, int]:
    """Return the length in bits of decoder delays and of presentation times: 5.5.3 and 5.5.4."""
    if not bits.read(1):
        return 0, 0
    bits.read(64)  # clock
    has_equal_intervals = bits.read(1)
    if has_equal_intervals:
        bits.skip_uvlc()
    if not bits.read(1):
        return 0, 0
    delay_bits = bits.read(5) + 1
    bits.read(37)  # decoding clock, length of removal times
    presentation_time_bits = bits.read(5) + 1
    return delay_bits, 0 if has_equal_intervals else presentation_time_bits


def _skip_operating_points(bits: _BitReader, delay_bits: int) -> None:
    has_display_delays = bits.read(1)
    for _n in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:  # a level from 8 on has a tier
            bits.read(1)
        if delay_bits and bits.read(1):
            bits.read(2 * delay_bits + 1)
        if has_display_delays and bits.read(1):
            bits.read(4)


def _read_frame_size(bits: _BitReader, sequence: _SequenceHeader) -> Size:
    """Return the size of the sequence, or its maximum if the frame overrides it: 5.9.2."""
    if sequence.is_reduced:
        return sequence.size
    if bits.read(1):
        return 0, 0  # shows a frame that has been decoded before
    kind, is_shown = bits.read(2), bits.read(1)
    bits.read(sequence.presentation_time_bits if is_shown else 1)
    if kind == _SWITCH_FRAME:
        return sequence.max_size
    if not (kind == _KEY_FRAME and is_shown):
        bits.read(1)  # error resilience
    bits.read(1)  # updates of symbol probabilities
    screen_content_tools = sequence.screen_content_tools
    if screen_content_tools == _CHOSEN_BY_FRAME:
        screen_content_tools = bits.read(1)
    if screen_content_tools and sequence.integer_mv_by_frame:
        bits.read(1)
    bits.read(sequence.frame_id_bits)
    return sequence.max_size if bits.read(1) else sequence.size
