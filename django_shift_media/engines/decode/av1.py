"""
How large the frames of an AV1 stream are, by their headers, without decoding any.

AV1 Bitstream & Decoding Process Specification, version 1.0.0 with errata 1, sections 5.3, 5.5
and 5.9. What is damaged reads as zeros, as in decoders, which refuse it in the end.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from django_shift_media.exceptions import DAMAGED, FileTooLarge, UnreadableImage
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.naming.geometry import Size

# A picture is one frame; a few more where it has layers, or where others are predicted from frames
# that are not shown. All are decoded, and need not take more than some hundred bytes each.
_FRAMES = 16
_FRAMES_MESSAGE = _("A picture in it has more than %(limit)s frames.")
_HEADER = 600  # bytes: the longest header of a sequence has less

_SEQUENCE_HEADER, _FRAME_HEADER, _FRAME, _REDUNDANT_FRAME_HEADER = 1, 3, 6, 7
_KEY_FRAME, _SWITCH_FRAME = 0, 3
_BY_FRAME = 2  # what a sequence says of tools that each of its frames chooses


class _Sequence(NamedTuple):
    """What the frames that follow have in common."""

    size: Size
    most: Size  # what a frame can say that has a size of its own: decoders believe it
    still: bool  # frames have a reduced header, and no size of their own
    time_bits: int = 0
    screen_content_tools: int = _BY_FRAME
    integer_motion_by_frame: bool = False
    id_bits: int = 0


class Stream:
    """
    A stream that comes in pieces, each of which has one picture to show.

    ``count()`` is called for each of its units, and raises if there are too many.
    """

    def __init__(self, count: Callable[[], None]) -> None:
        self._count = count
        # Which of them a frame follows depends on where decoding begins. Most streams have one.
        self._sequences: set[_Sequence] = set()

    def sizes(self, piece: memoryview) -> Iterator[Size]:
        """
        Yield the sizes that each frame which is decoded may have.

        Raise ``FileTooLarge`` for many frames, ``UnreadableImage`` for one without a sequence.
        """
        frames = 0
        for kind, body in _units(piece):
            self._count()
            if kind == _SEQUENCE_HEADER:
                self._sequences.add(_sequence(_Bits(body)))
            elif kind in {_FRAME_HEADER, _FRAME, _REDUNDANT_FRAME_HEADER}:
                if not self._sequences:
                    raise UnreadableImage(DAMAGED, detail="a frame has no sequence")
                frames += 1
                if frames > _FRAMES:
                    raise FileTooLarge(_FRAMES_MESSAGE, limit=_FRAMES)
                for sequence in self._sequences:
                    self._count()
                    yield _frame_size(_Bits(body), sequence)


def _units(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield the type and the content of each open bitstream unit: 5.3."""
    while data:
        header = data[0]
        at = 2 if header & 4 else 1
        length = len(data) - at
        if header & 2:
            length, at = _leb128(data, at)
        if length < 0 or length > len(data) - at:
            return
        yield header >> 3 & 15, data[at : at + length]
        data = data[at + length :]


def _leb128(data: memoryview, at: int) -> tuple[int, int]:
    """Return a number of up to 8 bytes of 7 bits, the lowest first, and where it ends: 4.10.5."""
    number = 0
    for n, byte in enumerate(data[at : at + 8]):
        number |= (byte & 0x7F) << 7 * n
        if byte < 0x80:
            return number, at + n + 1
    return -1, at


class _Bits:
    def __init__(self, data: memoryview) -> None:
        head = data[:_HEADER]
        self._bits = int.from_bytes(head, "big")
        self._left = 8 * len(head)

    def read(self, number: int) -> int:
        self._left -= number
        shifted = self._bits >> self._left if self._left >= 0 else self._bits << -self._left
        return shifted & (1 << number) - 1

    def skip_uvlc(self) -> None:
        """Skip as many zeros as there are, up to 32, a one, and as many bits as zeros: 4.10.3."""
        zeros = 0
        while zeros < 32 and not self.read(1):
            zeros += 1
        self.read(zeros)


def _sequence(bits: _Bits) -> _Sequence:
    """Read as far as frames need it to be read up to their size: 5.5.1 and 5.5.2."""
    bits.read(4)
    still = bool(bits.read(1))
    time_bits = 0
    if still:
        bits.read(5)
    else:
        delay_bits, time_bits = _timing(bits)
        _skip_operating_points(bits, delay_bits)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    size = bits.read(width_bits) + 1, bits.read(height_bits) + 1
    most = 1 << width_bits, 1 << height_bits
    if still:
        return _Sequence(size, most, still)
    id_bits = bits.read(4) + 3 + bits.read(3) if bits.read(1) else 0
    bits.read(7)
    if bits.read(1):  # the order of frames, and two tools that need it
        bits.read(2)
    screen = _BY_FRAME if bits.read(1) else bits.read(1)
    integer_motion_by_frame = bool(screen and bits.read(1))
    return _Sequence(size, most, still, time_bits, screen, integer_motion_by_frame, id_bits)


def _timing(bits: _Bits) -> tuple[int, int]:
    """Return the length of the delays of operating points and of frames' times: 5.5.3, 5.5.4."""
    if not bits.read(1):
        return 0, 0
    bits.read(64)
    equal_intervals = bits.read(1)
    if equal_intervals:
        bits.skip_uvlc()
    if not bits.read(1):
        return 0, 0
    delay_bits = bits.read(5) + 1
    bits.read(37)
    time_bits = bits.read(5) + 1
    return delay_bits, 0 if equal_intervals else time_bits


def _skip_operating_points(bits: _Bits, delay_bits: int) -> None:
    has_display_delays = bits.read(1)
    for _n in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:  # the level; higher ones have a tier
            bits.read(1)
        if delay_bits and bits.read(1):
            bits.read(2 * delay_bits + 1)
        if has_display_delays and bits.read(1):
            bits.read(4)


def _frame_size(bits: _Bits, sequence: _Sequence) -> Size:
    """Return the sequence's size, or the most that the frame can have if it has its own: 5.9.2."""
    if sequence.still:
        return sequence.size
    if bits.read(1):
        return 0, 0  # one that has been decoded before is shown
    kind, is_shown = bits.read(2), bits.read(1)
    bits.read(sequence.time_bits if is_shown else 1)
    if kind == _SWITCH_FRAME:
        return sequence.most
    if not (kind == _KEY_FRAME and is_shown):
        bits.read(1)
    bits.read(1)
    screen = sequence.screen_content_tools
    screen = bits.read(1) if screen == _BY_FRAME else screen
    if screen and sequence.integer_motion_by_frame:
        bits.read(1)
    bits.read(sequence.id_bits)
    return sequence.most if bits.read(1) else sequence.size
