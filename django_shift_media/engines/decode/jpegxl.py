"""The codestream in a JPEG XL file."""

from django_shift_media.engines.decode.isobmff import BoxReader
from django_shift_media.exceptions import DAMAGED, UnreadableImage

_SIGNATURE = b"\xff\x0a"
_PARTIAL_HEADER = 4  # bytes of the index of a part of the codestream


def read_codestream(data: bytes, boxes: BoxReader) -> bytes:
    """Return the codestream, whose parts are in boxes or which is the whole file: 18181-2, 9."""
    if data.startswith(_SIGNATURE):
        return data
    parts = []
    for kind, body in boxes.iter_boxes(boxes.file):
        if kind == b"jxlc":
            parts.append(body)
        elif kind == b"jxlp":
            parts.append(body[_PARTIAL_HEADER:])
    codestream = b"".join(parts)
    if not codestream.startswith(_SIGNATURE):
        raise UnreadableImage(DAMAGED, detail="it contains only a container")
    return codestream
