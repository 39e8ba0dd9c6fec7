"""IPTC metadata in their older, binary form: the Information Interchange Model (IIM), version 4."""

from collections.abc import Mapping
from typing import Any

from PIL import Image

_RECORD = 2  # "application record": the description of the image


def read_iptc(image: Image.Image) -> Mapping[int, tuple[str, ...]]:
    """Return the texts of a JPEG or TIFF by the numbers of their data sets; empty if damaged."""
    # Imported here, because it adds a format to those that Pillow opens in this process.
    from PIL.IptcImagePlugin import getiptcinfo

    try:
        found = getiptcinfo(image) or {}  # type: ignore[arg-type]  # checked by it
    except Exception:
        return {}
    return {
        number: _texts(values) for (record, number), values in found.items() if record == _RECORD
    }


def _texts(values: Any) -> tuple[str, ...]:
    # An empty data set is None, and one that is repeated a list.
    repeated = values if isinstance(values, list) else [values]
    return tuple(decode_text(value) for value in repeated if value)


def decode_text(data: bytes) -> str:
    """Decode UTF-8, which is common, or else Latin 1, whatever the file declares."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
