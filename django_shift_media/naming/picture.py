"""``Picture``: a responsive image, as the signed URLs of its resizes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django_shift_media.naming.formats import INPUT_FORMATS
from django_shift_media.naming.resizes import Resize
from django_shift_media.naming.srcset import SourceLayout, SrcsetCandidate


@dataclass(frozen=True, slots=True)
class Variant:
    """
    One candidate of a ``srcset``, with its URL.

    ``width`` and ``height`` are in pixels, None if they are not known.
    """

    url: str
    descriptor: str
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True)
class PictureSource:
    """
    The attributes of a ``<source>`` or an ``<img>``.

    ``url`` is for browsers without support for ``srcset``. ``width`` and ``height`` are in pixels;
    if the descriptors are widths, they are those of the largest candidate. ``type`` is a content
    type. ``sizes`` and ``media`` are the HTML attributes, None if there are none.
    """

    url: str
    srcset: tuple[Variant, ...]
    width: int | None
    height: int | None
    type: str
    sizes: str | None
    media: str | None

    @property
    def srcset_text(self) -> str:
        return ", ".join(f"{variant.url} {variant.descriptor}" for variant in self.srcset)


@dataclass(frozen=True, slots=True)
class Picture:
    """
    The elements of a ``<picture>``; browsers display the first source that they support.

    ``dataclasses.asdict()`` converts it to a document for JSON.
    """

    sources: tuple[PictureSource, ...]
    img: PictureSource

    @classmethod
    def from_layouts(
        cls, layouts: Sequence[SourceLayout], url_of: Callable[[Resize], str]
    ) -> "Picture":
        """Build the picture from its layouts, the last of which is that of the ``<img>``."""
        *sources, img = (_source(layout, url_of) for layout in layouts)
        return cls(tuple(sources), img)


def _source(layout: SourceLayout, url_of: Callable[[Resize], str]) -> PictureSource:
    srcset = tuple(_variant(candidate, url_of) for candidate in layout.candidates)
    width, height = layout.size or (None, None)
    return PictureSource(
        url=srcset[-1 if layout.sizes else 0].url,
        srcset=srcset,
        width=width,
        height=height,
        type=INPUT_FORMATS[layout.candidates[0].resize.format].content_type,
        sizes=layout.sizes,
        media=layout.media,
    )


def _variant(candidate: SrcsetCandidate, url_of: Callable[[Resize], str]) -> Variant:
    width, height = candidate.size or (None, None)
    return Variant(url_of(candidate.resize), candidate.descriptor, width, height)
