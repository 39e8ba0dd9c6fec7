"""Orientations in metadata, as programs write them, and as they should not: EXIF and XMP."""

import struct
from collections.abc import Iterable

ORIENTATION, EXIF_DIRECTORY = 0x0112, 0x8769  # EXIF tags
SHORT, LONG, RATIONAL = 3, 4, 5  # types of EXIF fields
_FORMATS = {1: "B3x", 2: "B3x", SHORT: "H2x", LONG: "I", RATIONAL: "I", 8: "h2x", 9: "i"}
Field = tuple[int, int, int, int]  # tag, type, number of values, value

_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  %s
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
_NAMESPACES = (
    'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"'
    ' xmlns:other="http://ns.example/tiff/"'
)


def orientation(value: int, kind: int = SHORT, number: int = 1) -> Field:
    return ORIENTATION, kind, number, value


def exif_fields(
    *directories: Iterable[Field],
    order: str = "<",
    exif: Iterable[Field] | None = None,
    references: int = 1,
) -> bytes:
    """
    Return EXIF metadata, without the prefix of a JPEG.

    ``directories`` are linked: the first is of the image, the second of its thumbnail. ``exif`` is
    the directory within the first, which has a number of ``references`` to it. Rational numbers
    are whole ones.
    """
    blocks = [list(fields) for fields in directories]
    linked = len(blocks)
    if exif is not None:
        blocks.append(list(exif))
        blocks[0].append((EXIF_DIRECTORY, LONG, references, 0))
    sizes = [2 + 12 * len(block) + 4 for block in blocks]
    offsets = [8 + sum(sizes[:n]) for n in range(len(blocks))]
    rationals = b""
    data = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    for n, block in enumerate(blocks):
        following = offsets[n + 1] if n + 1 < linked else 0
        data += struct.pack(f"{order}H", len(block))
        for tag, kind, number, value in block:
            found = offsets[-1] if tag == EXIF_DIRECTORY else value
            if kind == RATIONAL:
                found = 8 + sum(sizes) + len(rationals)
                rationals += struct.pack(f"{order}II", value, 1)
            data += struct.pack(f"{order}HHI{_FORMATS[kind]}", tag, kind, number, found)
        data += struct.pack(f"{order}I", following)
    return data + rationals


def xmp(properties: str = "", attributes: str = "", *, before: str = "") -> bytes:
    """Return an XMP packet whose description has these elements and attributes."""
    description = f'<rdf:Description rdf:about="" {_NAMESPACES} {attributes}>{properties}'
    return (_PACKET % f"{before}{description}</rdf:Description>").encode()
