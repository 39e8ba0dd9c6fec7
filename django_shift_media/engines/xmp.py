"""XMP metadata: the properties of an image, from its packet, without expanding entities."""

from typing import Any
from xml.parsers import expat

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_ROOT, _DESCRIPTION = f"{_RDF} RDF", f"{_RDF} Description"  # as expat joins them
_MAX_BYTES = 1_000_000  # Photoshop writes some 100 kB of history


def read_xmp_property(packet: bytes, namespace: str, name: str) -> str | None:
    """
    Return a simple property of the image itself, None if there is none or the XML is damaged.

    A packet may also describe other images, such as those that an image is made of, in nested
    elements; these are skipped. A packet with a document type is ignored, so that no entity is
    ever expanded. Source: ISO 16684-1, 7.4 to 7.9.
    """
    if len(packet) > _MAX_BYTES:
        return None
    reader = _Reader(f"{namespace} {name}")
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.add_text
    parser.StartDoctypeDeclHandler = reader.refuse
    try:
        parser.Parse(packet.strip(b"\0"), True)
    except (expat.ExpatError, LookupError, ValueError):  # also for an unknown encoding
        return None
    return reader.value


class _Reader:
    """Find the first value of a property, as an attribute or as an element, by expat's events."""

    def __init__(self, name: str) -> None:
        self.value: str | None = None
        self._name = name
        self._path: list[str] = []  # from rdf:RDF on, which may be in an x:xmpmeta
        self._text: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self._path or name == _ROOT:
            self._path.append(name)
        if self._path == [_ROOT, _DESCRIPTION] and self.value is None:
            self.value = attributes.get(self._name)

    def add_text(self, text: str) -> None:
        if self._path == [_ROOT, _DESCRIPTION, self._name]:
            self._text.append(text)

    def end(self, name: str) -> None:
        if self._text and self.value is None:
            self.value = "".join(self._text)
        if self._path:
            self._path.pop()

    def refuse(self, *declaration: Any) -> None:
        raise ValueError("It has a document type.")
