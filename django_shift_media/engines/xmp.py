"""
XMP metadata, read and written: ISO 16684-1.

A packet is RDF in XML. Properties are named with the usual prefixes, such as "dc:creator".
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal
from xml.etree import ElementTree
from xml.sax.saxutils import escape

Values = tuple[str, ...]
Shape = Literal["text", "list", "languages"]  # a text; texts in order; a text in several languages

# Properties of other namespaces are ignored.
NAMESPACES = MappingProxyType(
    {
        "dc": "http://purl.org/dc/elements/1.1/",
        "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
        "photoshop": "http://ns.adobe.com/photoshop/1.0/",
        "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
        "tiff": "http://ns.adobe.com/tiff/1.0/",
        "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    }
)
_PREFIXES = {namespace: prefix for prefix, namespace in NAMESPACES.items()}
_RDF_NAMESPACE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RDF = f"{{{_RDF_NAMESPACE}}}"
_ARRAYS = frozenset({f"{_RDF}Bag", f"{_RDF}Seq", f"{_RDF}Alt"})
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
# Fifteen times the maximum of a JPEG. Larger packets contain editing histories or previews.
_MAX_BYTES = 1_000_000
# XML 1.0 cannot represent these characters.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# 7.3.2. Nobody edits a resize in place, so the packet is read-only ("r") and has no padding.
_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF_NAMESPACE}">'
    '<rdf:Description rdf:about=""{namespaces}>{properties}</rdf:Description>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
)


def read_xmp(packet: bytes) -> Mapping[str, Values]:
    """
    Return the properties of the outer description that are texts, or lists of texts.

    Of a text in several languages, the default comes first. Empty if the packet is damaged, too
    large, or has a document type, without which XML has no entities to expand.
    """
    packet = packet.strip(b"\0 \t\r\n")
    if len(packet) > _MAX_BYTES:
        return {}
    parser = ElementTree.XMLParser(target=_TreeBuilder())  # noqa: S314  # no document type
    try:
        parser.feed(packet)
        return dict(_iter_properties(parser.close()))
    except (ElementTree.ParseError, LookupError, ValueError):  # also for an unknown encoding
        return {}


class _TreeBuilder(ElementTree.TreeBuilder):
    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError("XMP has no document type.")


def _iter_properties(root: Any) -> Iterator[tuple[str, Values]]:
    rdf = root if root.tag == f"{_RDF}RDF" else root.find(f"{_RDF}RDF")
    for description in () if rdf is None else rdf.iterfind(f"{_RDF}Description"):
        for name, text in description.attrib.items():
            if short_name := _shorten(name):
                yield short_name, (text.strip(),)
        for element in description:
            if short_name := _shorten(element.tag):
                yield short_name, tuple(_iter_values(element))


def _shorten(name: str) -> str | None:
    """Return "dc:creator" for "{namespace}creator", None in an unknown namespace."""
    namespace, _, local_name = name.removeprefix("{").rpartition("}")
    prefix = _PREFIXES.get(namespace)
    return prefix and f"{prefix}:{local_name}"


def _iter_values(element: Any) -> Iterator[str]:
    """Yield the text of a property, or those of its array: 7.4 to 7.9."""
    if len(element) == 0:
        yield _text(element)
    elif element[0].tag in _ARRAYS:
        items = [item for item in element[0] if len(item) == 0]
        yield from map(_text, sorted(items, key=lambda item: item.get(_LANGUAGE) != "x-default"))


def _text(element: Any) -> str:
    text: str = element.get(f"{_RDF}resource") or element.text or ""
    return text.strip()


def build_xmp(properties: Mapping[str, tuple[Shape, Values]]) -> bytes:
    """Return a packet with these properties, and nothing else."""
    prefixes = dict.fromkeys(name.partition(":")[0] for name in properties)
    namespaces = "".join(f' xmlns:{prefix}="{NAMESPACES[prefix]}"' for prefix in prefixes)
    elements = (
        f"<{name}>{_serialize(shape, values)}</{name}>"
        for name, (shape, values) in properties.items()
    )
    return _PACKET.format(namespaces=namespaces, properties="".join(elements)).encode()


def _serialize(shape: Shape, values: Values) -> str:
    texts = [escape(_FORBIDDEN.sub("", value)) for value in values]
    match shape:
        case "text":
            return texts[0]
        case "list":
            items = "".join(f"<rdf:li>{text}</rdf:li>" for text in texts)
            return f"<rdf:Seq>{items}</rdf:Seq>"
        case "languages":
            return f'<rdf:Alt><rdf:li xml:lang="x-default">{texts[0]}</rdf:li></rdf:Alt>'
