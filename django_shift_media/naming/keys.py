"""
The names under which originals and resizes are stored: build and parse, nothing else.

::

    original  3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg/cat.jpg
    resize    3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg/200x200-fill-65-upscale-<signature>.webp

The grammar is part of every URL that was ever published. It may grow; what it accepts today it
accepts for ever.
"""

import re
import unicodedata
import uuid
from typing import NamedTuple

from django_shift_media.exceptions import InvalidKey
from django_shift_media.naming.formats import extension_of

NAME_LENGTH = 100  # characters, at most
UUID_LENGTH = 36  # characters, with slashes instead of dashes
KEY_LENGTH = UUID_LENGTH + 2 * (1 + NAME_LENGTH)  # characters of an original's key, at most
_EXTENSION_LENGTH = 10  # characters, at most; more is no extension
# The shortest limit that new_original() can meet, whatever the file name.
SHORTEST_KEY_LENGTH = UUID_LENGTH + 2 * (1 + len("file.") + _EXTENSION_LENGTH)
SIGNATURE_LENGTH = 32  # hexadecimal digits

_UUID = "[0-9a-f]{8}/[0-9a-f]{4}/[0-9a-f]{4}/[0-9a-f]{4}/[0-9a-f]{12}"
_NAME = f"[a-z0-9_][a-z0-9._-]{{0,{NAME_LENGTH - 1}}}"
# A resize's key ends with a dash, its signature and an extension. No original's does: so the
# two are never mistaken for each other, not even by the wildcards of a bucket policy, which
# know "any character" and nothing finer.
_LIKE_A_RESIZE = rf"-(?=.{{{SIGNATURE_LENGTH}}}\.)"
_FOLDER = rf"(?P<folder>{_UUID}/(?P<name>{_NAME}))"
_ORIGINAL = re.compile(rf"(?!.*{_LIKE_A_RESIZE}){_FOLDER}/(?P=name)")
_RESIZE = re.compile(
    rf"{_FOLDER}/(?P<options>[0-9]*x[0-9]*-[a-z][a-z0-9]*-[0-9]{{1,2}}-[a-z]+)"
    rf"-(?P<signature>[0-9a-f]{{{SIGNATURE_LENGTH}}})(?P<extension>\.[a-z]+)"
)


class ResizeKey(NamedTuple):
    """The parts of a resize's key; ``resize`` is the text of a ``Resize``."""

    original: str
    resize: str
    signature: str


def new_original(filename: str, *, max_length: int | None = None) -> str:
    """
    Return a fresh key for an upload, random but for its name.

    ``max_length`` is the longest key wanted, in characters, ``SHORTEST_KEY_LENGTH`` or more; the
    file name is shortened to meet it.
    """
    name_length = NAME_LENGTH
    if max_length is not None:
        name_length = min(NAME_LENGTH, (max_length - UUID_LENGTH) // 2 - 1)
    name = normalize_name(filename, max_length=name_length)
    return f"{str(uuid.uuid4()).replace('-', '/')}/{name}/{name}"


def normalize_name(
    filename: str, *, extension: str | None = None, max_length: int = NAME_LENGTH
) -> str:
    """
    Return a file name in the characters ``[a-z0-9._-]``, its extension canonical.

    ``extension`` replaces the file name's own. Accents are dropped, everything else that has no
    place in a key becomes a dash. Names are told apart by the key's UUID, so nothing is lost
    that matters.
    """
    base = re.split(r"[/\\]", filename)[-1]
    base = unicodedata.normalize("NFKD", base).encode("ascii", "ignore").decode().lower()
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
    # The key repeats the name, and a lookalike may reach over the slash between the two.
    return re.sub(_LIKE_A_RESIZE, "_", f"{name}/{name}")[: len(name)]


def is_original(key: str) -> bool:
    return _ORIGINAL.fullmatch(key) is not None


def folder_of(original: str) -> str:
    """
    Return what an original's key has in common with the keys of its resizes.

    Raise ``InvalidKey`` for anything but the key of an original.
    """
    if not (match := _ORIGINAL.fullmatch(original)):
        raise InvalidKey(
            f"{original!r} is not the key of an original, as in 'uuid/cat.jpg/cat.jpg'."
        )
    return match["folder"]


def upload_prefix(original: str) -> str:
    """Return the prefix under which an upload and all its resizes lie, with a final slash."""
    return folder_of(original)[: UUID_LENGTH + 1]


def build_resize(original: str, resize: str, signature: str) -> str:
    """Return a resize's key from the parts of a ``ResizeKey``; raise ``InvalidKey``."""
    options, _, extension = resize.rpartition(".")
    return f"{folder_of(original)}/{options}-{signature}.{extension}"


def parse_resize(key: str) -> ResizeKey:
    """
    Take a resize's key apart, without judging its options or its signature.

    Raise ``InvalidKey`` for anything but the key of a resize.
    """
    if not (match := _RESIZE.fullmatch(key)):
        raise InvalidKey(f"{key!r} is not the key of a resize.")
    original = f"{match['folder']}/{match['name']}"
    if not is_original(original):
        raise InvalidKey(f"{key!r} is not the key of a resize: its folder is no original's.")
    return ResizeKey(original, match["options"] + match["extension"], match["signature"])
