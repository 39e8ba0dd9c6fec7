"""``clear_media_resizes``: resizes go, whatever is said of them; nothing else ever does."""

import json
import os
import time
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from django_shift_media.maintenance.clearing import is_resize
from django_shift_media.naming import keys, signing
from django_shift_media.naming.presets import preset_resizes
from django_shift_media.naming.resizes import Resize
from django_shift_media.storages.selection import media_storage
from gallery.models import Attachment, Photo
from tests.support.buckets import operations, use_bucket
from tests.support.stored_objects import keys_of, new_key, put, resize_of

SMALL = Resize(width=10, height=None)


def clear(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("clear_media_resizes", *arguments, "--json", stdout=out, stderr=StringIO())
    document: dict[str, Any] = json.loads(out.getvalue())
    return document


# What others may keep in the same bucket: names that resemble ours, none of them a resize's.
HOSTILE = [
    "3c72aedc/readme.txt",
    "a/200x200-fit-80-noupscale-" + "a" * 32 + ".jpg",
    "0.jpg",
    new_key()[:36] + "/cat.jpg/200x200-fit-80-noupscale-.jpg",
    new_key()[:36] + "/cat.jpg/200x200-fit-80-noupscale-" + "A" * 32 + ".jpg",
    new_key()[:36] + "/Cat.jpg/200x200-fit-80-noupscale-" + "a" * 32 + ".jpg",
    new_key()[:36] + "/200x200-fit-80-noupscale-" + "a" * 32 + ".jpg",
    resize_of(new_key()) + ".bak",
    resize_of(new_key()).upper(),
]


def test_only_resizes_are_deleted(any_storage: Any) -> None:
    originals = [put(any_storage, new_key()) for _ in range(3)]
    others = {put(any_storage, key) for key in HOSTILE}
    resizes = {put(any_storage, resize_of(key, width)) for key in originals for width in (1, 2)}
    document = clear("--dry-run")
    assert document["counts"] == {"would be deleted": 6}
    assert resizes < keys_of(any_storage)
    document = clear()
    assert document["counts"] == {"deleted": 6}
    assert document["bytes"] == {"deleted": 24}
    assert document["finished"] is True
    assert keys_of(any_storage) == {*originals, *others}


# The names of uploads are made of what people, and attackers, send.
filenames = st.text() | st.from_regex(
    r"[0-9]*x[0-9]*-(fit|fill)-[0-9]{1,2}-(no)?upscale-[0-9a-f]{32}\.(jpg|png|webp)(/.*)?",
    fullmatch=True,
)


@given(filenames)
def test_no_original_is_ever_taken_for_a_resize(filename: str) -> None:
    original = keys.new_original(filename)
    assert not is_resize(original)
    assert is_resize(signing.sign(original, SMALL))


@given(st.text() | st.sampled_from(HOSTILE))
def test_no_name_of_others_is_taken_for_a_resize(name: str) -> None:
    assert not is_resize(name)


@given(st.data())
def test_a_changed_key_of_a_resize_is_no_resize_or_no_original(data: Any) -> None:
    key = resize_of(new_key())
    position = data.draw(st.integers(0, len(key) - 1))
    changed = key[:position] + data.draw(st.characters()) + key[position + 1 :]
    assert not (is_resize(changed) and keys.is_original(changed))


def test_resizes_of_one_model(db: None, small_jpeg: bytes) -> None:
    storage = media_storage()
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="a.jpg")).photo.name
    other = Attachment.objects.create(preview=ContentFile(small_jpeg, name="a.jpg")).preview.name
    kept, gone = put(storage, resize_of(other)), put(storage, resize_of(photo))
    assert clear("--model", "gallery.Photo")["counts"] == {"deleted": 1}
    assert storage.exists(kept)
    assert not storage.exists(gone)
    with pytest.raises(CommandError, match=r"Unknown model 'nothing\.Here'"):
        clear("--model", "nothing.Here")
    with pytest.raises(CommandError, match=r"'auth\.User' has no MediaField"):
        clear("--model", "auth.User")


def test_resizes_older_than(settings: Any) -> None:
    storage = media_storage()
    old, new = put(storage, resize_of(new_key())), put(storage, resize_of(new_key()))
    hour_ago = time.time() - timedelta(hours=1).total_seconds()
    os.utime(storage.path(old), (hour_ago, hour_ago))
    assert clear("--older-than", "2h")["counts"] == {}
    assert clear("--older-than", "30m")["counts"] == {"deleted": 1}
    assert keys_of(storage) == {new}
    with pytest.raises(CommandError, match="--older-than"):
        clear("--older-than", "yesterday")


def test_resizes_of_a_preset(settings: Any) -> None:
    settings.SHIFT_MEDIA_PRESETS = {
        "avatar": {"size": "96x96", "how": "fill", "formats": "webp,jpg", "densities": "1,2"},
    }
    storage = media_storage()
    original = new_key()
    of_preset = {signing.sign(original, resize) for resize in preset_resizes("avatar", "jpg")}
    focused = Resize(width=96, height=96, how="fill", format="webp", focal_point=(1, 2))
    of_preset.add(signing.sign(original, focused))
    assert len(of_preset) == 5
    for key in of_preset:
        put(storage, key)
    other = put(storage, signing.sign(original, SMALL))
    assert clear("--preset", "avatar")["counts"] == {"deleted": 5}
    assert keys_of(storage) == {other}
    with pytest.raises(CommandError, match="Unknown preset 'avater'"):
        clear("--preset", "avater")


def test_resizes_that_no_current_key_has_signed(settings: Any) -> None:
    storage = media_storage()
    original = new_key()
    signed = {}
    for number in "123":
        settings.SHIFT_MEDIA_SIGNING_KEY = number * 50
        signed[number] = put(storage, signing.sign(original, SMALL))
    settings.SHIFT_MEDIA_SIGNING_KEY_FALLBACKS = ["2" * 50]
    assert clear("--unsigned")["counts"] == {"deleted": 1}
    assert keys_of(storage) == {signed["2"], signed["3"]}


@pytest.mark.nightly
def test_a_thousand_are_deleted_by_one_request(settings: Any, moto: Any) -> None:
    storage = use_bucket(settings, moto)
    storage.client.create_bucket(Bucket=storage.bucket_name)
    original = put(storage, new_key())
    for width in range(1, 1203):
        put(storage, resize_of(original, width))
    sent = operations(storage)
    assert clear()["counts"] == {"deleted": 1202}
    assert sent.count("DeleteObjects") == 2
    assert set(sent) == {"DeleteObjects", "ListObjectsV2"}
    assert keys_of(storage) == {original}
