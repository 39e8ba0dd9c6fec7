"""``Picture``: the signed URLs of a picture in its sizes, formats and shapes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django_shift_media.naming.formats import INPUT_FORMATS
from django_shift_media.naming.resizes import Resize
from django_shift_media.naming.srcset import Row, SrcsetCandidate


@dataclass(frozen=True, slots=True)
class Variant:
    """One file that a browser may choose; sides are in pixels, None where they are not known."""

    url: str
    descriptor: str
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True)
class Source:
    """
    What a ``<source>`` or an ``<img>`` says.

    ``url`` is for those who know no ``srcset``. ``width`` and ``height`` are those of the picture
    on the page, in pixels: the largest of ``srcset`` where descriptors are widths. ``type`` is a
    content type. ``sizes`` and ``media`` are as in HTML, None where there are none.
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
    What a ``<picture>`` is made of; the first source that a browser can show is shown.

    ``dataclasses.asdict()`` makes JSON of it.
    """

    sources: tuple[Source, ...]
    img: Source

    @classmethod
    def of(cls, rows: Sequence[Row], url_of: Callable[[Resize], str]) -> "Picture":
        *sources, img = (_source(row, url_of) for row in rows)
        return cls(tuple(sources), img)


def _source(row: Row, url_of: Callable[[Resize], str]) -> Source:
    srcset = tuple(_variant(candidate, url_of) for candidate in row.candidates)
    width, height = row.size or (None, None)
    return Source(
        url=srcset[-1 if row.sizes else 0].url,
        srcset=srcset,
        width=width,
        height=height,
        type=INPUT_FORMATS[row.candidates[0].resize.format].content_type,
        sizes=row.sizes,
        media=row.media,
    )


def _variant(candidate: SrcsetCandidate, url_of: Callable[[Resize], str]) -> Variant:
    width, height = candidate.size or (None, None)
    return Variant(url_of(candidate.resize), candidate.descriptor, width, height)
