"""
The first picture of a JPEG XL file, decoded.

Only the decoder of the plugin for Pillow is used, on the codestream alone. The plugin's own class
returns the last frame of an animation. From a file that was made from a JPEG, it restores the JPEG
and lets ``Image.open()`` decode it, with any decoder of the process, and without the orientation in
the codestream. Seen with pillow-jxl-plugin 1.3.
"""

import io

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from django_shift_media.engines.decode.isobmff import BoxReader
from django_shift_media.engines.decode.jpegxl import read_codestream
from django_shift_media.engines.decode.jpegxl_frames import Frame, JpegXlReader
from django_shift_media.engines.memory import is_shortage

_ALL_PROCESSORS = -1
_EXIF_OFFSET_LENGTH = 4  # bytes before the EXIF metadata, which tell how many more to skip
_TIFF_SIGNATURES = b"II*\0", b"MM\0*"  # of EXIF metadata


def decode_jpegxl(data: bytes, *, with_metadata: bool) -> Image.Image:
    """
    Return the first picture, upright, with its color profile, and with EXIF and XMP if wanted.

    Raise ``ImportError`` if the plugin is not installed.
    """
    from pillow_jxl import Decoder

    boxes = BoxReader(data)
    decode = Decoder(num_threads=_ALL_PROCESSORS)
    codestream = first_picture(read_codestream(data, boxes), boxes)
    _is_jpeg, info, pixels, profile, _boxes = decode(codestream)
    mode = "F" if info.mode == "F;16" else info.mode  # which the decoder has converted
    image = Image.frombytes(mode, (info.width, info.height), pixels)
    if with_metadata:
        image.info.update(_read_metadata(data, boxes))
    if profile:
        image.info["icc_profile"] = profile
    return image


def first_picture(codestream: bytes, boxes: BoxReader) -> bytes:
    """
    Return a codestream that ends with the first picture of an animation.

    That is the canvas when it is shown for the first time: frames before may be layers of it.
    """
    reader = JpegXlReader(codestream, boxes.count_parts)
    if not reader.is_animated:
        return codestream
    frames = reader.frames()
    if reader.has_preview:
        next(frames)
    first = next(frame for frame in frames if frame.header.ends_picture)
    if first.header.is_last:
        return codestream
    return codestream[: first.start // 8] + _as_last(codestream, first)


def _as_last(codestream: bytes, frame: Frame) -> bytes:
    """Return a frame with the flag that it is the last, without the fields of other frames."""
    header = frame.header
    before, after = header.last_flag - frame.start, frame.order_end - header.name
    bits = int.from_bytes(codestream[frame.start // 8 : (frame.order_end + 7) // 8], "little")
    flagged = bits & (1 << before) - 1 | 1 << before
    rest = bits >> (header.name - frame.start) & (1 << after) - 1
    length = (before + 1 + after + 7) // 8
    lengths_start = (frame.order_end + 7) // 8
    changed = (flagged | rest << before + 1).to_bytes(length, "little")
    return changed + codestream[lengths_start : frame.end // 8]


def _read_metadata(data: bytes, boxes: BoxReader) -> dict[str, bytes]:
    """Return EXIF and XMP, by their keys in Pillow's ``info``; compressed boxes are left out."""
    found = dict(boxes.iter_boxes(boxes.file)) if data[:1] == b"\0" else {}
    if b"jbrd" in found:
        return _metadata_of_jpeg(data)
    info = {}
    if b"Exif" in found:
        info["exif"] = _exif_in_box(bytes(found[b"Exif"]))
    if b"xml " in found:
        info["xmp"] = bytes(found[b"xml "])
    return info


def _exif_in_box(content: bytes) -> bytes:
    # ExifTool 12.57, of Debian 12, writes no offset.
    if content.startswith(_TIFF_SIGNATURES):
        return content
    skipped = int.from_bytes(content[:_EXIF_OFFSET_LENGTH], "big")
    return content[_EXIF_OFFSET_LENGTH + skipped :]


def _metadata_of_jpeg(data: bytes) -> dict[str, bytes]:
    """Return the metadata of the JPEG that a file was made from, none if it cannot be restored."""
    from pillow_jxl import Decoder

    try:
        is_jpeg, _info, jpeg, _profile, _boxes = Decoder(num_threads=_ALL_PROCESSORS)(data)
    except Exception as error:
        if is_shortage(error):
            raise
        return {}
    info = JpegImageFile(io.BytesIO(jpeg)).info if is_jpeg else {}
    return {key: bytes(info[key]) for key in ("exif", "xmp") if key in info}
