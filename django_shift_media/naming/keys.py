"""
Build and parse keys: the names under which originals and resizes are stored.

::

    original  3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg/cat.jpg
    resize    3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg/200x200-fill-65-upscale-<signature>.webp
    rendition 3c72aedc/ba25/41e6/a569/406c8f413974/cat.mp4/video-720-h264-<signature>.mp4
    ladder    3c72aedc/ba25/41e6/a569/406c8f413974/cat.mp4/video-hls-360x720-h264-<signature>/…
    poster    3c72aedc/ba25/41e6/a569/406c8f413974/cat.mp4/poster-auto-<signature>.jpg

The grammar is part of every URL that was ever published. It may be extended, but every key that
it accepts today must stay valid.
"""

import re
import uuid
from typing import NamedTuple

from django_shift_media.exceptions import InvalidKey
from django_shift_media.naming.formats import extension_of
from django_shift_media.naming.transliteration import to_ascii

NAME_LENGTH = 100  # characters, maximum
UUID_LENGTH = 36  # characters, with slashes instead of dashes
KEY_LENGTH = UUID_LENGTH + 2 * (1 + NAME_LENGTH)  # characters, maximum of an original's key
_EXTENSION_LENGTH = 10  # characters, maximum; the rest is cut off
# The smallest max_length for which new_original() can build a key for any file name.
SHORTEST_KEY_LENGTH = UUID_LENGTH + 2 * (1 + len("file.") + _EXTENSION_LENGTH)
SIGNATURE_LENGTH = 32  # hexadecimal digits

_UUID = "[0-9a-f]{8}/[0-9a-f]{4}/[0-9a-f]{4}/[0-9a-f]{4}/[0-9a-f]{12}"
_NAME = f"[a-z0-9_][a-z0-9._-]{{0,{NAME_LENGTH - 1}}}"
# The key of a resize ends with a dash, the signature and an extension. The key of an original
# never does, so that even the wildcards of a bucket policy, which match any character, can
# distinguish the two.
_RESIZE_ENDING = rf"-(?=.{{{SIGNATURE_LENGTH}}}\.)"
_FOLDER = rf"(?P<folder>{_UUID}/(?P<name>{_NAME}))"
_ORIGINAL = re.compile(rf"(?!.*{_RESIZE_ENDING}){_FOLDER}/(?P=name)")
_RESIZE = re.compile(
    rf"{_FOLDER}/(?P<options>[0-9]*x[0-9]*-[a-z][a-z0-9]*-[0-9]{{1,2}}-[a-z]+)"
    rf"-(?P<signature>[0-9a-f]{{{SIGNATURE_LENGTH}}})(?P<extension>\.[a-z]+)"
)
# What workers make of a video: see naming.renditions.
_MADE = re.compile(
    rf"{_FOLDER}/(?P<options>video-[a-z0-9]+-[a-z0-9]+|poster-[a-z0-9]+)"
    rf"-(?P<signature>[0-9a-f]{{{SIGNATURE_LENGTH}}})(?P<extension>\.[a-z0-9]+)"
)
# The files of a ladder are in a folder, whose name is signed, so that they can name each other.
_IN_LADDER = re.compile(
    rf"{_FOLDER}/(?P<options>video-hls-[a-z0-9]+-[a-z0-9]+)"
    rf"-(?P<signature>[0-9a-f]{{{SIGNATURE_LENGTH}}})/[a-z0-9]+\.(?:m3u8|mp4)"
)
PLAYLIST_EXTENSION = ".m3u8"


class ResizeKey(NamedTuple):
    """
    The parts of the key of a resize, or of a rendition or poster of a video.

    ``resize`` is ``str()`` of a ``Resize``, a ``Rendition``, a ``Ladder`` or a ``Poster``.
    """

    original: str
    resize: str
    signature: str


def new_original(filename: str, *, max_length: int | None = None) -> str:
    """
    Return a new key for an upload: a random UUID and the normalized file name.

    ``max_length`` is the maximum length of the key in characters, ``SHORTEST_KEY_LENGTH`` or
    more; longer file names are shortened.
    """
    name_length = NAME_LENGTH
    if max_length is not None:
        name_length = min(NAME_LENGTH, (max_length - UUID_LENGTH) // 2 - 1)
    name = normalize_name(filename, max_length=name_length)
    return build_original(uuid.uuid4(), name)


def build_original(identifier: uuid.UUID, name: str) -> str:
    """Build the key of an upload from its UUID and its normalized file name."""
    return f"{str(identifier).replace('-', '/')}/{name}/{name}"


def normalize_name(
    filename: str, *, extension: str | None = None, max_length: int = NAME_LENGTH
) -> str:
    """
    Return a file name of the characters ``[a-z0-9._-]`` with a canonical extension.

    ``extension`` replaces the extension of the file name. Other scripts are transliterated, see
    ``to_ascii()``; other invalid characters become dashes. Two files may get the same name: the
    UUID makes their keys unique.
    """
    base = re.split(r"[/\\]", filename)[-1]
    base = to_ascii(base).lower()
    base = re.sub(r"\.{2,}", ".", re.sub("[^a-z0-9._-]+", "-", base)).rstrip("-.")
    stem, dot, suffix = base.rpartition(".")
    if not dot:
        stem, suffix = suffix, ""
    if extension is None:
        extension = extension_of("." + re.sub("[_-]", "", suffix)[:_EXTENSION_LENGTH])
    stem = stem.strip("-.")
    tail = f".{extension}" if extension else ""
    stem = stem[: max_length - len(tail)].rstrip("-.") or "file"
    name = f"{stem}{tail}"
    # The key repeats the name, and an ending like that of a resize may span both copies.
    return re.sub(_RESIZE_ENDING, "_", f"{name}/{name}")[: len(name)]


def is_original(key: str) -> bool:
    return _ORIGINAL.fullmatch(key) is not None


def original_folder(original: str) -> str:
    """
    Return the folder that an original shares with its resizes, without a final slash.

    Raise ``InvalidKey`` if ``original`` is not the key of an original.
    """
    if not (match := _ORIGINAL.fullmatch(original)):
        raise InvalidKey(
            f"{original!r} is not the key of an original, such as 'UUID/cat.jpg/cat.jpg'."
        )
    return match["folder"]


def upload_prefix(original: str) -> str:
    """Return the prefix of an upload and all of its resizes, with a final slash."""
    return original_folder(original)[: UUID_LENGTH + 1]


def build_resize(original: str, resize: str, signature: str) -> str:
    """Build the key of a resize from the parts of a ``ResizeKey``; raise ``InvalidKey``."""
    return build_in_folder(original_folder(original), resize, signature)


def build_in_folder(folder: str, resize: str, signature: str) -> str:
    """Build the key of a resize from the ``original_folder()`` and other parts of it."""
    options, _, extension = resize.rpartition(".")
    return f"{folder}/{options}-{signature}.{extension}"


def parse_resize(key: str) -> ResizeKey:
    """
    Split the key of a resize into its parts, without verifying its options or its signature.

    Raise ``InvalidKey`` if ``key`` is not the key of a resize.
    """
    return _split(_RESIZE, key, "a resize")


def is_made(key: str) -> bool:
    """Return whether a key has the form of a rendition's or a poster's."""
    return _MADE.fullmatch(key) is not None or is_in_ladder(key)


def is_in_ladder(key: str) -> bool:
    """Return whether a key has the form of a file's of a ladder of renditions."""
    return _IN_LADDER.fullmatch(key) is not None


def parse_made(key: str) -> ResizeKey:
    """
    Split the key of a rendition or a poster, as ``parse_resize()`` does.

    That of any file of a ladder has the text of the ladder.
    """
    if is_in_ladder(key):
        return _split(_IN_LADDER, key, "a rendition", PLAYLIST_EXTENSION)
    return _split(_MADE, key, "a rendition or poster")


def _split(
    pattern: "re.Pattern[str]", key: str, what: str, extension: str | None = None
) -> ResizeKey:
    if not (match := pattern.fullmatch(key)):
        raise InvalidKey(f"{key!r} is not the key of {what}.")
    original = f"{match['folder']}/{match['name']}"
    if not is_original(original):
        raise InvalidKey(
            f"{key!r} is not the key of {what}: its folder is not that of an original."
        )
    text = match["options"] + (match["extension"] if extension is None else extension)
    return ResizeKey(original, text, match["signature"])


def original_of(key: str) -> str:
    """
    Return the original of a resize, a rendition or a poster, or of the original itself.

    Nothing is verified. Raise ``InvalidKey`` for another key.
    """
    if is_original(key):
        return key
    return (parse_made(key) if is_made(key) else parse_resize(key)).original
