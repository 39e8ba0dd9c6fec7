"""
The image sequences in a HEIF file: tracks whose samples are the frames of an animation.

Sections are those of ISO/IEC 14496-12.
"""

import struct
from collections.abc import Iterable, Iterator
from itertools import islice, repeat
from typing import NamedTuple

from django_shift_media.engines.decode.av1 import Av1Stream
from django_shift_media.engines.decode.isobmff import BoxReader, FieldReader
from django_shift_media.exceptions import DAMAGED, UnreadableImage
from django_shift_media.naming.geometry import Size

AV1 = b"av01"  # the type of an item or a track that is coded as AV1
_SAMPLE_ENTRY_LENGTH = 78  # of the fields before the properties: 12.1.3


class DeclaredSize(NamedTuple):
    """Width and height in pixels, and the number of frames that have them."""

    width: int
    height: int
    frames: int

    @property
    def pixels(self) -> int:
        return self.width * self.height * self.frames


def bounding_size(sizes: Iterable[Size]) -> Size:
    """Return the smallest size that covers all of the sizes."""
    width = height = 0
    for size in sizes:
        width, height = max(width, size[0]), max(height, size[1])
    return width, height


class TrackReader(BoxReader):
    """Read tracks: 8.3 to 8.7."""

    def track_sizes(self) -> Iterator[DeclaredSize]:
        """Yield the size of each AV1 track, by its header and its samples."""
        for track in self.find_boxes(self.file, b"moov", b"trak"):
            for table in self.find_boxes(track, b"mdia", b"minf", b"stbl"):
                if self._is_av1(table):
                    stream = Av1Stream(self.count_parts)
                    samples = self._samples(table)
                    sizes = [bounding_size(stream.frame_sizes(sample)) for sample in samples]
                    headers = map(_size_in_track_header, self.find_boxes(track, b"tkhd"))
                    size = bounding_size([*sizes, *headers])
                    yield DeclaredSize(*size, max(len(sizes), 1))

    def track_properties(self) -> Iterator[tuple[bytes, memoryview]]:
        """Yield the type and the content of each property of the first track with colors in AV1."""
        for track in self.find_boxes(self.file, b"moov", b"trak"):
            is_auxiliary = any(self.find_boxes(track, b"tref", b"auxl"))
            for table in self.find_boxes(track, b"mdia", b"minf", b"stbl"):
                for kind, entry in self._sample_descriptions(table):
                    if kind == AV1 and not is_auxiliary:
                        yield from self.iter_boxes(entry[_SAMPLE_ENTRY_LENGTH:])
                        return

    def _is_av1(self, table: memoryview) -> bool:
        return any(kind == AV1 for kind, _ in self._sample_descriptions(table))

    def _sample_descriptions(self, table: memoryview) -> Iterator[tuple[bytes, memoryview]]:
        for body in self.find_boxes(table, b"stsd"):
            yield from self.iter_boxes(body[8:])

    def _samples(self, table: memoryview) -> Iterator[memoryview]:
        """Yield the bytes of each sample: 8.7.3 (lengths) to 8.7.5 (chunks)."""
        lengths = self._sample_lengths(table)
        samples_by_first_chunk = {
            first: number for first, number, _ in self._read_table(table, b"stsc", ">III")
        }
        offsets_32 = self._read_table(table, b"stco", ">I")
        offsets_64 = self._read_table(table, b"co64", ">Q")
        if offsets_32 and offsets_64:
            raise UnreadableImage(DAMAGED, detail="it has two chunk tables")
        number = 0
        for chunk, (offset,) in enumerate(offsets_32 or offsets_64, 1):
            number = samples_by_first_chunk.get(chunk, number)
            for length in islice(lengths, number):
                self.count_parts()
                yield self.file[offset : offset + length]
                offset += length

    def _sample_lengths(self, table: memoryview) -> Iterator[int]:
        rows = self._read_table(table, b"stsz", ">I", 12)
        for body in self.find_boxes(table, b"stsz"):
            if length := int.from_bytes(body[4:8], "big"):
                return repeat(length)
        return (length for (length,) in rows)

    def _read_table(
        self, parent: memoryview, kind: bytes, row_format: str, offset: int = 8
    ) -> list[tuple[int, ...]]:
        """Return the rows of a table, which start at ``offset``, after their number."""
        bodies = list(self.find_boxes(parent, kind))
        if len(bodies) > 1:
            raise UnreadableImage(DAMAGED, detail="it has two sample tables")
        for body in bodies:
            length = struct.calcsize(row_format)
            declared = int.from_bytes(body[offset - 4 : offset], "big")
            number = min(declared, len(body[offset:]) // length)
            self.count_parts(number)
            return list(struct.iter_unpack(row_format, body[offset : offset + number * length]))
        return []


def _size_in_track_header(header: memoryview) -> Size:
    """Read a track header, whose size is in units of 1/65536 pixel: 8.3.2."""
    fields = FieldReader(header)
    fields.read_int((32 if fields.read_version() == 1 else 20) + 52)
    width, height = fields.read_size(4)
    return width >> 16, height >> 16
