"""
Mutated files and made-up requests, the same ones each time.

FUZZ_EXAMPLES is how many of each kind (default: 100); more than that are others, too.
"""

import io
import os
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

import pytest
from django.test import Client, override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from django_shift_media.engines.decode.preflight import read_header
from django_shift_media.engines.selection import ENGINES, engine_options, get_engine
from django_shift_media.exceptions import UnacceptableFile
from django_shift_media.naming.resizes import Resize
from gallery.models import Photo
from tests.support.hostile import chunk
from tests.support.pictures import ALL_FORMATS
from tests.support.samples import PILLOW_NAMES, originals

fuzz = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "100")),
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

MAX_PIXELS = 1_000_000
RESIZES = [
    Resize.parse(text)
    for text in (
        "20x20-fit-80-noupscale.jpg",
        "70x50-fill-60-upscale.avif",
        "9x-fit-90-upscale.gif",
        "30x30-padcrop1000x1000x9000x9000bg102030frame2blur2sharp50-80-noupscale.webp",
    )
]


def saved(picture: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


# -- files ----------------------------------------------------------------------------------------


def overwrite(data: bytes, at: int, piece: bytes) -> bytes:
    return data[:at] + piece + data[at + len(piece) :]


def insert(data: bytes, at: int, piece: bytes) -> bytes:
    return data[:at] + piece + data[at:]


def leave_out(data: bytes, at: int, piece: bytes) -> bytes:
    return data[:at] + data[at + len(piece) ** 2 :]


def repeat(data: bytes, at: int, piece: bytes) -> bytes:
    return data[:at] + data[at : at + 20 * len(piece)] * 3 + data[at:]


def cut(data: bytes, at: int, piece: bytes) -> bytes:
    return data[:at]


def turn_a_bit(data: bytes, at: int, piece: bytes) -> bytes:
    return overwrite(data, at, bytes([data[at] ^ 1 << len(piece) % 8])) if data else data


MUTATIONS = (overwrite, insert, leave_out, repeat, cut, turn_a_bit)
pieces = st.one_of(
    st.binary(min_size=1, max_size=12),
    st.sampled_from([b"\xff" * 4, b"\x7f\xff\xff\xff", bytes(4), b"\x00\x00\x00\x01", b"\xff\xda"]),
)
Mutation = tuple[Callable[[bytes, int, bytes], bytes], float, bytes]
# Half of them early: that is where the headers are.
places = st.one_of(st.floats(0, 0.999), st.floats(0, 0.1))
mutations = st.lists(st.tuples(st.sampled_from(MUTATIONS), places, pieces), min_size=1, max_size=4)


def mutated(data: bytes, changes: list[Mutation]) -> bytes:
    for mutate, place, piece in changes:
        data = mutate(data, int(place * len(data)), piece)
    return data


def with_checksums(data: bytes) -> bytes:
    """Make those of a PNG good again: else little more of it would be looked at."""
    fixed, at = data[:8], 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        fixed += chunk(data[at + 4 : at + 8], data[at + 8 : end])
        at = end + 4
    return fixed


def result(decode: Callable[[], Any]) -> Any:
    """Return what is decoded, None if the file is refused as it should be: in one clear line."""
    try:
        return decode()
    except UnacceptableFile as error:
        assert str(error).isprintable()
        assert str(error).endswith(".")
        assert len(str(error)) < 250
        return None


@pytest.mark.filterwarnings("ignore")  # of Pillow, about what is wrong with the file
@pytest.mark.parametrize("format", [*PILLOW_NAMES.values(), "TIFF", "BMP"])
@fuzz
@given(data=st.data(), changes=mutations, resize=st.sampled_from(RESIZES))
def test_a_mutated_file_is_decoded_or_refused(
    format: str, data: st.DataObject, changes: list[Mutation], resize: Resize
) -> None:
    file = mutated(data.draw(st.sampled_from(originals(format))), changes)
    if format == "PNG" and data.draw(st.booleans()):
        file = with_checksums(file)
    result(partial(read_header, file))  # by itself: the engine takes any error for a damaged file
    name = data.draw(st.sampled_from(list(ENGINES)))
    with override_settings(SHIFT_MEDIA_ENGINE=name, SHIFT_MEDIA_FORMATS=ALL_FORMATS):
        engine = get_engine()
        info = result(partial(engine.verify, file, engine_options(max_pixels=MAX_PIXELS)))
        resized = result(
            partial(engine.render, file, resize, engine_options(max_pixels=MAX_PIXELS))
        )
    if info is not None:
        assert info.width * info.height <= 4 * MAX_PIXELS
    if resized is not None:
        image = Image.open(io.BytesIO(resized))
        image.load()
        assert image.format == PILLOW_NAMES[resize.format]


# -- requests -------------------------------------------------------------------------------------

METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "X"]
HEADERS = ["Range", "If-Range", "If-None-Match", "If-Match", "If-Modified-Since", "Accept", "Host"]
HEADERS += ["If-Unmodified-Since", "X-Forwarded-For", "User-Agent", "Cookie", "Content-Length"]
edits = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), st.text(max_size=6)), max_size=3)
values = st.one_of(
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=30),
    st.sampled_from(["bytes=0-5", "*", "W/*", '"a"', "Thu, 01 Jan 1970 00:00:00 GMT", "-1", "%00"]),
)


def edited(text: str, changes: list[tuple[float, int, str]]) -> str:
    for place, length, new in changes:
        at = int(place * len(text))
        text = text[:at] + new + text[at + length :]
    return text


@pytest.mark.django_db
@fuzz
@given(
    changes=edits,
    method=st.sampled_from(METHODS),
    headers=st.dictionaries(st.sampled_from(HEADERS), values, max_size=4),
    twice=st.booleans(),
)
def test_a_made_up_request_is_answered(
    photo: Photo, changes: Any, method: str, headers: dict[str, str], twice: bool
) -> None:
    good = photo.photo.resize("50x50")
    path = "/media/" + edited(good.removeprefix("/media/"), changes)
    target = quote(quote(path, safe="/") if twice else path, safe="/%" if twice else "/")
    answer = Client().generic(method, target, headers=headers)
    if answer.status_code == 400:  # what Django itself refuses, as a wrong Host
        return
    if method.upper() not in {"GET", "HEAD"}:
        assert answer.status_code in {404, 405}  # 404: with a line feed, it is no URL of ours
    elif unquote(target) == good:
        assert answer.status_code in {200, 304, 412}
    else:
        assert answer.status_code == 404
