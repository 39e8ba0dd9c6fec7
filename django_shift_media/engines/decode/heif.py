"""
The sizes and the color information in a HEIF file, which is an AVIF or a HEIC.

A decoder allocates memory for each size that it meets. The boxes declare one size, and the AV1
streams in them may declare another. (libheif itself compares those of HEVC streams.) Sections are
those of ISO/IEC 14496-12 and, for images, ISO/IEC 23008-12; AV1 Image File Format, version 1.1,
says which of them AVIF uses.
"""

from collections.abc import Iterator
from typing import NamedTuple

from django_shift_media.engines.decode.av1 import (
    UNSPECIFIED_COLOR,
    Av1Stream,
    CodePoints,
    read_code_points,
)
from django_shift_media.engines.decode.heif_tracks import (
    AV1,
    DeclaredSize,
    TrackReader,
    bounding_size,
)
from django_shift_media.engines.decode.isobmff import FieldReader, ItemLocation
from django_shift_media.exceptions import DAMAGED, UnreadableImage
from django_shift_media.naming.geometry import Size

_HEVC, _GRID = b"hvc1", b"grid"  # types of items
_EMPTY = memoryview(b"")
_UNSPECIFIED = 2  # a code point of ITU-T H.273


def max_declared_size(data: bytes) -> DeclaredSize:
    """
    Return the declared size with the most pixels in all of its frames; 0 x 0 if there is none.

    Raise ``FileTooLarge`` for too many parts, ``UnreadableImage`` for missing or ambiguous parts.
    """
    return max(HeifReader(data).declared_sizes(), key=lambda size: size.pixels)


class ColorInfo(NamedTuple):
    """
    The colors of an image.

    ``primaries`` and ``transfer`` are code points of ITU-T H.273, 2 if unspecified; ``peak`` is
    the maximum luminance in cd/m², 0 if unspecified.
    """

    primaries: int = _UNSPECIFIED
    transfer: int = _UNSPECIFIED
    peak: float = 0


def read_color_info(data: bytes) -> ColorInfo:
    """
    Read the color information and the luminance of the primary item: 12.1.5 to 12.1.7.

    Without such a property, the AV1 stream has the color information: AV1 Image File Format, 2.2.1.
    """
    properties: dict[bytes, memoryview] = {}
    for kind, body in HeifReader(data).primary_properties():
        if kind != b"colr" or bytes(body[:4]) == b"nclx":
            properties.setdefault(kind, body)
    content_peak = FieldReader(properties.get(b"clli", _EMPTY)).read_int(2)
    display_peak = FieldReader(properties.get(b"mdcv", _EMPTY)[16:]).read_int(4) / 10_000
    peak = content_peak or display_peak
    if b"colr" not in properties:
        return ColorInfo(*HeifReader(data).coded_color(), peak)
    return ColorInfo(*FieldReader(properties[b"colr"][4:]).read_size(2), peak)


class HeifReader(TrackReader):
    """Read what the items and tracks of a file declare."""

    def declared_sizes(self) -> Iterator[DeclaredSize]:
        yield DeclaredSize(0, 0, 1)
        for meta in self.find_boxes(self.file, b"meta"):
            for size in self._item_sizes(meta[4:]):
                yield DeclaredSize(*size, 1)
        yield from self.track_sizes()

    def primary_properties(self) -> Iterator[tuple[bytes, memoryview]]:
        """Yield the type and the content of each property of the primary item."""
        for meta in self.find_boxes(self.file, b"meta"):
            properties = self.properties(meta[4:])
            for index in self.property_indexes(meta[4:], self.primary_item(meta[4:])):
                yield from properties[index - 1 : index]

    def coded_color(self) -> CodePoints:
        """Return the code points in the AV1 stream of the primary item, or of its first tile."""
        for meta in self.find_boxes(self.file, b"meta"):
            item = self.primary_item(meta[4:])
            first, *_ = dict(self.derivations(meta[4:])).get(item) or [item]
            types = dict(self.item_types(meta[4:]))
            idat = next(self.find_boxes(meta[4:], b"idat"), _EMPTY)
            for part, location in self.item_locations(meta[4:]):
                if part == first and types.get(part) == AV1:
                    return read_code_points(self.item_data(location, idat))
        return UNSPECIFIED_COLOR

    def _item_sizes(self, meta: memoryview) -> Iterator[Size]:
        for body in self.find_boxes(meta, b"iprp", b"ipco", b"ispe"):
            yield FieldReader(body[4:]).read_size(4)
        types = dict(self.item_types(meta))
        idat = next(self.find_boxes(meta, b"idat"), _EMPTY)
        coded: dict[int, Size] = {}
        grids: dict[int, memoryview] = {}
        for item, location in self.item_locations(meta):
            if types.get(item) in {AV1, _HEVC}:
                self._check_not_truncated(location)
            if types.get(item) == AV1:
                stream = Av1Stream(self.count_parts)
                coded[item] = bounding_size(stream.frame_sizes(self.item_data(location, idat)))
            elif types.get(item) == _GRID:
                grids[item] = self.item_data(location, idat)
        yield from coded.values()
        for grid, tiles in self.derivations(meta):
            if grid in grids:
                tile = bounding_size(coded.get(item, (0, 0)) for item in tiles)
                yield from _grid_sizes(grids[grid], tile)

    def _check_not_truncated(self, location: ItemLocation) -> None:
        """
        Raise ``UnreadableImage`` for an item that exceeds the file.

        libheif decodes a grid with missing tiles, and leaves them gray. Seen with libheif 1.23,
        which pillow-heif 1.8 brings.
        """
        ends = (offset + length for offset, length in location.extents)
        if not location.in_idat and max(ends, default=0) > len(self.file):
            raise UnreadableImage(DAMAGED, detail="it is truncated")


def _grid_sizes(grid: memoryview, tile: Size) -> Iterator[Size]:
    """
    Yield the size of the canvas, and the size of all tiles together: 23008-12, 6.6.2.3.

    All tiles have the same size, and may exceed the canvas at the right and at the bottom.
    """
    fields = FieldReader(grid)
    length = 4 if fields.read_int(2) & 1 else 2
    rows, columns = fields.read_int(1) + 1, fields.read_int(1) + 1
    yield fields.read_size(length)
    yield columns * tile[0], rows * tile[1]
