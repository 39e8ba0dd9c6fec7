"""
What a HEIF, which is an AVIF or a HEIC, says of itself: how large it is, and where its pictures lie.

A decoder makes room for each claim that it meets. The boxes say one size, and the AV1 streams in
them another, which need not be the same (libheif compares those of HEVC by itself). Sections are
those of ISO/IEC 14496-12 (boxes, items, tracks) and, for images, ISO/IEC 23008-12; what an AVIF has
of them is in AV1 Image File Format, version 1.1.
"""

import struct
from collections.abc import Iterable, Iterator
from itertools import islice, repeat
from typing import NamedTuple

from django_shift_media.engines.av1 import Size, Stream
from django_shift_media.exceptions import DAMAGED, FileTooLarge, UnreadableImage
from django_shift_media.exceptions import gettext_noop as _

# Boxes, items, samples, units of a stream and so on. A picture of 256 tiles has some thousand.
_PARTS = 200_000

# Items that are pictures, by how these are coded.
_AV1, _HEVC = b"av01", b"hvc1"

Claim = tuple[int, int, int]  # width, height, frames


def largest_claim(data: bytes) -> Claim:
    """
    Return the claim with most pixels in all of its frames; 0, 0, 1 if there is none.

    Raise as ``outline()`` does.
    """
    return max(_Heif(data).claims(), key=lambda claim: claim[0] * claim[1] * claim[2])


class _Fields:
    """Numbers, one after the other; zeros behind the end."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0

    def number(self, length: int) -> int:
        self._at += length
        return int.from_bytes(self._data[self._at - length : self._at], "big")

    def version(self) -> int:
        return self.number(4) >> 24  # the rest are flags

    def size(self, length: int) -> Size:
        return self.number(length), self.number(length)

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._data)


class _Location(NamedTuple):
    """Where an item's bytes are: in the file or in the idat box of its meta box."""

    in_idat: bool
    extents: list[tuple[int, int]]  # offsets and lengths


class _Heif:
    def __init__(self, data: bytes) -> None:
        self._file = memoryview(data)
        self._parts = 0
        self._copied = 0

    def claims(self) -> Iterator[Claim]:
        yield 0, 0, 1
        for meta in self._inside(self._file, b"meta"):
            for size in self._sizes_of_items(meta[4:]):
                yield *size, 1
        for track in self._inside(self._file, b"moov", b"trak"):
            yield from self._claims_of_track(track)

    def _count(self, parts: int = 1) -> None:
        self._parts += parts
        if self._parts > _PARTS:
            raise FileTooLarge(_("The image has more than %(limit)s parts."), limit=_PARTS)

    # -- boxes: 4.2 ---------------------------------------------------------------------------

    def _boxes(self, data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
        while len(data) >= 8:
            self._count()
            fields = _Fields(data)
            size, kind, header = fields.number(4), bytes(data[4:8]), 8
            if size == 1:
                size, header = int.from_bytes(data[8:16], "big"), 16
            elif size == 0:
                size = len(data)
            if size < header:
                return
            yield kind, data[header:size]
            data = data[size:]

    def _inside(self, data: memoryview, *path: bytes) -> Iterator[memoryview]:
        """Yield the contents of the boxes that a path leads to."""
        if not path:
            yield data
            return
        for kind, body in self._boxes(data):
            if kind == path[0]:
                yield from self._inside(body, *path[1:])

    # -- items: 8.11 --------------------------------------------------------------------------

    def _sizes_of_items(self, meta: memoryview) -> Iterator[Size]:
        for body in self._inside(meta, b"iprp", b"ipco", b"ispe"):
            yield _Fields(body[4:]).size(4)
        kinds = dict(self._kinds(meta))
        idat = next(self._inside(meta, b"idat"), memoryview(b""))
        coded: dict[int, Size] = {}
        grids: dict[int, memoryview] = {}
        for item, location in self._locations(meta):
            if kinds.get(item) in {_AV1, _HEVC}:
                self._check_is_whole(location)
            if kinds.get(item) == _AV1:
                coded[item] = _hull(Stream(self._count).sizes(self._bytes_at(location, idat)))
            elif kinds.get(item) == b"grid":
                grids[item] = self._bytes_at(location, idat)
        yield from coded.values()
        for grid, tiles in self._references(meta):
            if grid in grids:
                yield from _sizes_of_grid(grids[grid], _hull(coded.get(n, (0, 0)) for n in tiles))

    def _kinds(self, meta: memoryview) -> Iterator[tuple[int, bytes]]:
        """Read the type of each item: 8.11.6."""
        for body in self._inside(meta, b"iinf"):
            entries = body[8:] if _Fields(body).version() else body[6:]
            for entry in self._inside(entries, b"infe"):
                fields = _Fields(entry)
                item = fields.number(4 if fields.version() == 3 else 2)
                fields.number(2)
                yield item, fields.number(4).to_bytes(4, "big")

    def _locations(self, meta: memoryview) -> Iterator[tuple[int, _Location]]:
        """Read where each item is: 8.11.3."""
        for body in self._inside(meta, b"iloc"):
            fields = _Fields(body)
            version = fields.version()
            lengths = fields.number(2) & (0xFFFF if version else 0xFFF0)
            id_length = 4 if version == 2 else 2
            for _n in range(fields.number(id_length)):
                if fields.at_end:
                    break
                self._count()
                item = fields.number(id_length)
                in_idat = version > 0 and fields.number(2) & 15 == 1
                fields.number(2)
                yield item, _Location(in_idat, list(self._extents(fields, lengths)))

    def _extents(self, fields: _Fields, lengths: int) -> Iterator[tuple[int, int]]:
        base = fields.number(lengths >> 4 & 15)
        for _n in range(fields.number(2)):
            self._count()
            fields.number(lengths & 15)
            offset = base + fields.number(lengths >> 12)
            yield offset, fields.number(lengths >> 8 & 15)

    def _check_is_whole(self, location: _Location) -> None:
        """Refuse what breaks off: libheif leaves tiles grey that are not there."""
        ends = (offset + length for offset, length in location.extents)
        if not location.in_idat and max(ends, default=0) > len(self._file):
            raise UnreadableImage(DAMAGED, detail="it breaks off")

    def _bytes_at(self, location: _Location, idat: memoryview) -> memoryview:
        source = idat if location.in_idat else self._file
        pieces = [source[offset : offset + length] for offset, length in location.extents]
        if len(pieces) == 1:
            return pieces[0]
        self._copied += sum(map(len, pieces))
        if self._copied > len(self._file):
            raise UnreadableImage(DAMAGED, detail="its parts overlap")
        return memoryview(b"".join(pieces))

    def _references(self, meta: memoryview) -> Iterator[tuple[int, list[int]]]:
        """Read of which items others are made: 8.11.12."""
        for body in self._inside(meta, b"iref"):
            length = 4 if _Fields(body).version() else 2
            for reference in self._inside(body[4:], b"dimg"):
                fields = _Fields(reference)
                item, number = fields.number(length), fields.number(2)
                self._count(number)
                yield item, [fields.number(length) for _n in range(number)]

    # -- tracks: 8.3 to 8.7 -------------------------------------------------------------------

    def _claims_of_track(self, track: memoryview) -> Iterator[Claim]:
        for table in self._inside(track, b"mdia", b"minf", b"stbl"):
            if self._is_av1(table):
                stream = Stream(self._count)
                sizes = [_hull(stream.sizes(sample)) for sample in self._samples(table)]
                headers = map(_size_in_header, self._inside(track, b"tkhd"))
                yield *_hull([*sizes, *headers]), max(len(sizes), 1)

    def _is_av1(self, table: memoryview) -> bool:
        descriptions = self._inside(table, b"stsd")
        return any(kind == _AV1 for body in descriptions for kind, _ in self._boxes(body[8:]))

    def _samples(self, table: memoryview) -> Iterator[memoryview]:
        """Read where samples are: lengths, chunks, and how many a chunk has: 8.7.3 to 8.7.5."""
        lengths = self._lengths(table)
        runs = {first: number for first, number, _ in self._rows(table, b"stsc", ">III")}
        near, far = self._rows(table, b"stco", ">I"), self._rows(table, b"co64", ">Q")
        if near and far:
            raise UnreadableImage(DAMAGED, detail="it has two tables of chunks")
        number = 0
        for n, (at,) in enumerate(near or far, 1):
            number = runs.get(n, number)
            for length in islice(lengths, number):
                self._count()
                yield self._file[at : at + length]
                at += length

    def _lengths(self, table: memoryview) -> Iterator[int]:
        rows = self._rows(table, b"stsz", ">I", 12)
        for body in self._inside(table, b"stsz"):
            if length := int.from_bytes(body[4:8], "big"):
                return repeat(length)
        return (length for (length,) in rows)

    def _rows(self, table: memoryview, kind: bytes, row: str, at: int = 8) -> list[tuple[int, ...]]:
        """Read the rows of a table, behind their number."""
        bodies = list(self._inside(table, kind))
        if len(bodies) > 1:
            raise UnreadableImage(DAMAGED, detail="it has two tables of samples")
        for body in bodies:
            length = struct.calcsize(row)
            number = min(int.from_bytes(body[at - 4 : at], "big"), len(body[at:]) // length)
            self._count(number)
            return list(struct.iter_unpack(row, body[at : at + number * length]))
        return []


def _sizes_of_grid(grid: memoryview, tile: Size) -> Iterator[Size]:
    """
    Yield the size of the canvas, and that of all tiles together: 23008-12, 6.6.2.3.

    Tiles have the same size, and may stand out at the right and at the bottom.
    """
    fields = _Fields(grid)
    length = 4 if fields.number(2) & 1 else 2
    rows, columns = fields.number(1) + 1, fields.number(1) + 1
    yield fields.size(length)
    yield columns * tile[0], rows * tile[1]


def _size_in_header(header: memoryview) -> Size:
    """Read a track's header: 8.3.2. The size is in 65536ths."""
    fields = _Fields(header)
    fields.number((32 if fields.version() == 1 else 20) + 52)
    width, height = fields.size(4)
    return width >> 16, height >> 16


def _hull(sizes: Iterable[Size]) -> Size:
    """Return the least size that covers all of them."""
    width = height = 0
    for size in sizes:
        width, height = max(width, size[0]), max(height, size[1])
    return width, height
