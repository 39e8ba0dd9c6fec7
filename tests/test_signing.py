import hashlib
import hmac
import string
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.signing import BadSignature
from hypothesis import given
from hypothesis import strategies as st

from django_shift_media.exceptions import InvalidKey
from django_shift_media.naming import keys, signing
from django_shift_media.naming.resizes import Resize
from tests.support.strategies import resizes

ORIGINAL = "3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg/cat.jpg"
RESIZE = Resize.parse("200x200-fillx30y70-65-upscale.webp")


@given(resizes())
def test_sign_and_unsign_are_inverse(resize: Resize) -> None:
    assert signing.unsign(signing.sign(ORIGINAL, resize)) == (ORIGINAL, resize)


def refused(key: str) -> bool:
    try:
        signing.unsign(key)
    except (BadSignature, InvalidKey):
        return True
    return False


def test_every_altered_added_or_removed_character_is_refused() -> None:
    key = signing.sign(ORIGINAL, RESIZE)
    alphabet = string.printable + "é٣\x00\u2028"
    for position in range(len(key) + 1):
        head, tail = key[:position], key[position:]
        assert all(refused(head + character + tail) for character in alphabet)
        if tail:
            assert refused(head + tail[1:])
            assert all(
                refused(head + character + tail[1:])
                for character in alphabet
                if character != tail[0]
            )


@given(st.text(), st.text(), st.integers(0, 200))
def test_longer_alterations_are_refused(before: str, inside: str, position: int) -> None:
    key = signing.sign(ORIGINAL, RESIZE)
    altered = before + key[:position] + inside + key[position:]
    assert altered == key or refused(altered)


def test_a_signature_is_good_for_one_resize_of_one_original() -> None:
    one = keys.parse_resize(signing.sign(ORIGINAL, RESIZE))
    other = ORIGINAL.replace("3c72", "3c73")
    assert refused(keys.build_resize(*one._replace(original=other)))
    assert refused(keys.build_resize(*one._replace(resize="201x200-fillx30y70-65-upscale.webp")))
    assert refused(keys.build_resize(*one._replace(resize="200x200-fillx30y70-65-upscale.avif")))


def test_published_signatures_stay_good(settings: Any) -> None:
    settings.SHIFT_MEDIA_SIGNING_KEY = "a-key-of-32-characters-or-more-.."
    assert signing.sign(ORIGINAL, RESIZE) == (
        "3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg/"
        "200x200-fillx30y70-65-upscale-59f745af170d9c8d5a615ad9c21d6da5.webp"
    )


def test_keys_rotate(settings: Any) -> None:
    key = signing.sign(ORIGINAL, RESIZE)
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "another key, for a change, of any length"
    assert refused(key)
    settings.SECRET_KEY_FALLBACKS = ["an even older key of 32 bytes or more", old]
    assert not refused(key)
    assert signing.sign(ORIGINAL, RESIZE) != key

    settings.SHIFT_MEDIA_SIGNING_KEY = b"a key of media's own, in bytes"
    settings.SHIFT_MEDIA_SIGNING_KEY_FALLBACKS = []
    assert refused(key)
    settings.SHIFT_MEDIA_SIGNING_KEY_FALLBACKS = (old,)
    assert not refused(key)


def test_a_signature_with_an_empty_key_is_refused(settings: Any) -> None:
    settings.SHIFT_MEDIA_SIGNING_KEY = "a-key-of-32-characters-or-more-.."
    forged = hmac.new(hashlib.sha256(b"django_shift_media.signing").digest(), digestmod="sha256")
    forged.update(f"{ORIGINAL}/{RESIZE}".encode())
    key = keys.build_resize(ORIGINAL, str(RESIZE), forged.hexdigest()[:32])
    settings.SHIFT_MEDIA_SIGNING_KEY_FALLBACKS = [""]
    with pytest.raises(ImproperlyConfigured, match="anyone could sign"):
        signing.unsign(key)


@pytest.mark.parametrize("name", ["", "cat.jpg", "media/cat.jpg", ORIGINAL + "/cat.jpg"])
def test_only_originals_are_signed(name: str) -> None:
    with pytest.raises(InvalidKey, match="is not the key of an original"):
        signing.sign(name, RESIZE)
