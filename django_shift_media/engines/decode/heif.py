"""
What a HEIF, an AVIF or a HEIC, says of itself: how large it is, and where its pictures are.

A decoder makes room for each claim that it meets. The boxes say one size, and the AV1 streams in
them another, which need not be the same (libheif compares those of HEVC by itself). Sections are
those of ISO/IEC 14496-12 and, for images, ISO/IEC 23008-12; what an AVIF has of them is in AV1
Image File Format, version 1.1.
"""

import struct
from collections.abc import Iterable, Iterator
from itertools import islice, repeat
from typing import NamedTuple

from django_shift_media.engines.decode.av1 import Stream
from django_shift_media.engines.decode.isobmff import Boxes, Fields, Location
from django_shift_media.exceptions import DAMAGED, UnreadableImage
from django_shift_media.naming.geometry import Size

# Items that are pictures, by how these are coded.
_AV1, _HEVC = b"av01", b"hvc1"
_NOTHING = memoryview(b"")

Claim = tuple[int, int, int]  # width, height, frames


def max_declared_size(data: bytes) -> Claim:
    """
    Return the claim with most pixels in all of its frames; 0, 0, 1 if there is none.

    Raise as ``read_header()`` does.
    """
    return max(_Heif(data).claims(), key=lambda claim: claim[0] * claim[1] * claim[2])


class Colors(NamedTuple):
    """
    How the colors of a picture are to be understood.

    ``primaries`` and ``transfer`` are code points of H.273, 2 if nothing is said; ``peak`` is how
    bright it becomes, in candelas for each square metre, 0 if nothing is said.
    """

    primaries: int = 2
    transfer: int = 2
    peak: float = 0


def colors_of(data: bytes) -> Colors:
    """Read color information of the first picture, and of how bright it is: 12.1.5 to 12.1.7."""
    told: dict[bytes, memoryview] = {}
    for kind, body in _Heif(data).properties_of_picture():
        if kind != b"colr" or bytes(body[:4]) == b"nclx":
            told.setdefault(kind, body)
    brightest = Fields(told.get(b"clli", _NOTHING)).number(2)
    of_screen = Fields(told.get(b"mdcv", _NOTHING)[16:]).number(4) / 10_000
    peak = brightest or of_screen
    if b"colr" not in told:
        return Colors(peak=peak)
    return Colors(*Fields(told[b"colr"][4:]).size(2), peak)


class _Heif(Boxes):
    def claims(self) -> Iterator[Claim]:
        yield 0, 0, 1
        for meta in self.inside(self.file, b"meta"):
            for size in self._sizes_of_items(meta[4:]):
                yield *size, 1
        for track in self.inside(self.file, b"moov", b"trak"):
            yield from self._claims_of_track(track)

    def _sizes_of_items(self, meta: memoryview) -> Iterator[Size]:
        for body in self.inside(meta, b"iprp", b"ipco", b"ispe"):
            yield Fields(body[4:]).size(4)
        kinds = dict(self.kinds(meta))
        idat = next(self.inside(meta, b"idat"), _NOTHING)
        coded: dict[int, Size] = {}
        grids: dict[int, memoryview] = {}
        for item, location in self.locations(meta):
            if kinds.get(item) in {_AV1, _HEVC}:
                self._check_is_whole(location)
            if kinds.get(item) == _AV1:
                coded[item] = _bounding_size(
                    Stream(self.count).sizes(self.bytes_at(location, idat))
                )
            elif kinds.get(item) == b"grid":
                grids[item] = self.bytes_at(location, idat)
        yield from coded.values()
        for grid, tiles in self.references(meta):
            if grid in grids:
                yield from _sizes_of_grid(
                    grids[grid], _bounding_size(coded.get(n, (0, 0)) for n in tiles)
                )

    def _check_is_whole(self, location: Location) -> None:
        """Refuse what breaks off: libheif leaves tiles gray that are not there."""
        ends = (offset + length for offset, length in location.extents)
        if not location.in_idat and max(ends, default=0) > len(self.file):
            raise UnreadableImage(DAMAGED, detail="it breaks off")

    def properties_of_picture(self) -> Iterator[tuple[bytes, memoryview]]:
        for meta in self.inside(self.file, b"meta"):
            properties = self.properties(meta[4:])
            for number in self.properties_of(meta[4:], self.first_item(meta[4:])):
                yield from properties[number - 1 : number]

    # -- tracks: 8.3 to 8.7 -------------------------------------------------------------------

    def _claims_of_track(self, track: memoryview) -> Iterator[Claim]:
        for table in self.inside(track, b"mdia", b"minf", b"stbl"):
            if self._is_av1(table):
                stream = Stream(self.count)
                sizes = [_bounding_size(stream.sizes(sample)) for sample in self._samples(table)]
                headers = map(_size_in_header, self.inside(track, b"tkhd"))
                yield *_bounding_size([*sizes, *headers]), max(len(sizes), 1)

    def _is_av1(self, table: memoryview) -> bool:
        descriptions = self.inside(table, b"stsd")
        return any(kind == _AV1 for body in descriptions for kind, _ in self.boxes(body[8:]))

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
                self.count()
                yield self.file[at : at + length]
                at += length

    def _lengths(self, table: memoryview) -> Iterator[int]:
        rows = self._rows(table, b"stsz", ">I", 12)
        for body in self.inside(table, b"stsz"):
            if length := int.from_bytes(body[4:8], "big"):
                return repeat(length)
        return (length for (length,) in rows)

    def _rows(self, table: memoryview, kind: bytes, row: str, at: int = 8) -> list[tuple[int, ...]]:
        """Read the rows of a table, behind their number."""
        bodies = list(self.inside(table, kind))
        if len(bodies) > 1:
            raise UnreadableImage(DAMAGED, detail="it has two tables of samples")
        for body in bodies:
            length = struct.calcsize(row)
            number = min(int.from_bytes(body[at - 4 : at], "big"), len(body[at:]) // length)
            self.count(number)
            return list(struct.iter_unpack(row, body[at : at + number * length]))
        return []


def _sizes_of_grid(grid: memoryview, tile: Size) -> Iterator[Size]:
    """
    Yield the size of the canvas, and that of all tiles together: 23008-12, 6.6.2.3.

    Tiles have the same size, and may stand out at the right and at the bottom.
    """
    fields = Fields(grid)
    length = 4 if fields.number(2) & 1 else 2
    rows, columns = fields.number(1) + 1, fields.number(1) + 1
    yield fields.size(length)
    yield columns * tile[0], rows * tile[1]


def _size_in_header(header: memoryview) -> Size:
    """Read a track's header: 8.3.2. The size is in 65536ths."""
    fields = Fields(header)
    fields.number((32 if fields.version() == 1 else 20) + 52)
    width, height = fields.size(4)
    return width >> 16, height >> 16


def _bounding_size(sizes: Iterable[Size]) -> Size:
    """Return the least size that covers all of them."""
    width = height = 0
    for size in sizes:
        width, height = max(width, size[0]), max(height, size[1])
    return width, height
