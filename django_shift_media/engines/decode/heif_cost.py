"""
What a decoder decodes to show a HEIF file, which is an AVIF or a HEIC.

An image is coded, or it is derived from others: a grid of tiles, an overlay of layers, an identity.
A decoder decodes all inputs of a derived image one by one, even if they are the same item; a coded
image may be several frames (AV1 only; libheif decodes one frame of an HEVC item); and each image
may have an auxiliary image for its transparency. Sections are those of ISO/IEC 23008-12.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from django_shift_media.engines.decode.av1 import Av1Stream
from django_shift_media.engines.decode.heif_tracks import AV1, TrackReader
from django_shift_media.engines.decode.isobmff import FieldReader
from django_shift_media.engines.decode.limits import part_work
from django_shift_media.exceptions import UnreadableImage
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.naming.geometry import Size

_DERIVED = frozenset({b"grid", b"iovl", b"iden"})  # types of items: 6.6.2
_EMPTY = memoryview(b"")
# A grid, its transparency, the tiles of that, and theirs.
_MAX_DEPTH = 4
_NESTED = _("The image is derived from images that are derived themselves, which is not supported.")


class DecodingCost(NamedTuple):
    """The number of frames to decode, and how many pixels they have in total."""

    parts: int = 0
    work: int = 0


def read_decoding_cost(data: bytes) -> DecodingCost:
    """
    Return the cost of the item or the track that costs most.

    Raise ``UnreadableImage`` for images derived from derived images.
    """
    reader = _CostReader(data)
    costs = [DecodingCost(), *reader.track_costs(), *reader.item_costs()]
    return DecodingCost(*map(max, zip(*costs, strict=True)))


class _CostReader(TrackReader):
    def track_costs(self) -> Iterator[DecodingCost]:
        for table in self.find_boxes(self.file, b"moov", b"trak", b"mdia", b"minf", b"stbl"):
            if self._is_av1(table):
                stream = Av1Stream(self.count_parts)
                samples = self._samples(table)
                yield _cost(chain.from_iterable(map(stream.frame_sizes, samples)))

    def item_costs(self) -> Iterator[DecodingCost]:
        for meta in self.find_boxes(self.file, b"meta"):
            yield from _ItemCosts(
                dict(self._coded_frames(meta[4:])),
                dict(self._inputs(meta[4:])),
                self._auxiliary_images(meta[4:]),
            )

    def _coded_frames(self, meta: memoryview) -> Iterator[tuple[int, list[Size]]]:
        """Yield the ID of each coded image with the sizes of its frames."""
        types = dict(self.item_types(meta))
        sizes = self._declared_sizes(meta)
        idat = next(self.find_boxes(meta, b"idat"), _EMPTY)
        for item, location in self.item_locations(meta):
            if types.get(item) == AV1:
                stream = Av1Stream(self.count_parts)
                yield item, list(stream.frame_sizes(self.item_data(location, idat)))
            elif types.get(item) not in _DERIVED:
                yield item, [sizes.get(item, (0, 0))]

    def _declared_sizes(self, meta: memoryview) -> dict[int, Size]:
        """Return the size of each item by its property: 6.5.3."""
        properties = self.properties(meta)
        sizes = {}
        for item, index in self.associations(meta):
            for kind, body in properties[index - 1 : index]:
                if kind == b"ispe":
                    sizes[item] = FieldReader(body[4:]).read_size(4)
        return sizes

    def _inputs(self, meta: memoryview) -> Iterator[tuple[int, list[int]]]:
        """Yield the ID of each derived image with the IDs of its inputs."""
        types = dict(self.item_types(meta))
        for item, inputs in self.references(meta, b"dimg"):
            # Other types, such as tone maps, are not composed.
            if types.get(item) in _DERIVED:
                if any(types.get(each) in _DERIVED for each in inputs):
                    raise UnreadableImage(_NESTED)
                yield item, inputs

    def _auxiliary_images(self, meta: memoryview) -> Mapping[int, list[int]]:
        """Return the IDs of the auxiliary images of each image: 6.6.1 (it has "auxl")."""
        auxiliary_images = defaultdict(list)
        for auxiliary, images in self.references(meta, b"auxl"):
            for image in images:
                auxiliary_images[image].append(auxiliary)
        return auxiliary_images


class _ItemCosts:
    """Iterate over the costs of items, by their frames, their inputs and their auxiliary images."""

    def __init__(
        self,
        frames: Mapping[int, list[Size]],
        inputs: Mapping[int, list[int]],
        auxiliary_images: Mapping[int, list[int]],
    ) -> None:
        self._frames = frames
        self._inputs = inputs
        self._auxiliary_images = auxiliary_images
        self._costs: dict[int, DecodingCost] = {}

    def __iter__(self) -> Iterator[DecodingCost]:
        for item in {*self._frames, *self._inputs}:
            yield self._cost(item, 1)

    def _cost(self, item: int, depth: int) -> DecodingCost:
        if item not in self._costs:
            if depth > _MAX_DEPTH:
                raise UnreadableImage(_NESTED)
            others = [*self._inputs.get(item, ()), *self._auxiliary_images.get(item, ())]
            costs = [self._cost(other, depth + 1) for other in others]
            own = _cost(self._frames.get(item, ()))
            self._costs[item] = DecodingCost(*map(sum, zip(own, *costs, strict=True)))
        return self._costs[item]


def _cost(sizes: Iterable[Size]) -> DecodingCost:
    areas = [width * height for width, height in sizes]
    return DecodingCost(len(areas), sum(part_work(area, 2) for area in areas))
