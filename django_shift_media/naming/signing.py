"""Sign the keys of resizes, and verify them."""

import hashlib
import hmac
from collections.abc import Callable
from functools import lru_cache

from django.core.signing import BadSignature
from django.utils.crypto import constant_time_compare
from django.utils.encoding import force_bytes

from django_shift_media.conf import cached_until_settings_change, conf
from django_shift_media.naming import keys
from django_shift_media.naming.resizes import Resize

# Part of every signature ever published: changing it invalidates them all.
_SALT = b"django_shift_media.signing"


@lru_cache(maxsize=64)
def _hmac_for(secret: str | bytes, salt: bytes) -> hmac.HMAC:
    """Return an HMAC with this key, to be copied: twice as fast as a new one for each URL."""
    key = hashlib.sha256(salt + force_bytes(secret)).digest()
    return hmac.new(key, digestmod=hashlib.sha256)


@cached_until_settings_change
@lru_cache
def _signing_hmac(salt: bytes) -> hmac.HMAC:
    """Return the HMAC with the current signing key."""
    return _hmac_for(conf.signing_key, salt)


def _signature(keyed_hmac: hmac.HMAC, text: str) -> str:
    # 128 bits of HMAC-SHA256 (RFC 2104).
    digest = keyed_hmac.copy()
    digest.update(text.encode())
    return digest.hexdigest()[: keys.SIGNATURE_LENGTH]


def signature(text: str, *, salt: bytes) -> str:
    """Return the signature of a text; signatures with another salt are of no use for it."""
    return _signature(_signing_hmac(salt), text)


def signatures(text: str, *, salt: bytes) -> list[str]:
    """Return the signatures of a text with the current key and with each former one."""
    former = (_hmac_for(secret, salt) for secret in conf.signing_key_fallbacks)
    return [_signature(keyed, text) for keyed in (_signing_hmac(salt), *former)]


def is_signed(text: str, signature: str, *, salt: bytes) -> bool:
    """Return whether this is the signature of a text, with the current key or a former one."""
    # Compare with every key, so that the time does not reveal which one matched.
    matches = [constant_time_compare(signature, each) for each in signatures(text, salt=salt)]
    return any(matches)


def _signed_text(original: str, resize: str) -> str:
    # The whole key except the signature. ``resize`` has no slash and ``original`` does not end
    # with one, so only one pair of parts gives this text.
    return f"{original}/{resize}"


def sign_text(original: str, text: str) -> str:
    """Return the signed key of what is made of ``original``; raise ``InvalidKey``."""
    signed = signature(_signed_text(original, text), salt=_SALT)
    return keys.build_resize(original, text, signed)


def unsign_text(key: keys.ResizeKey) -> tuple[str, str]:
    """Return the key of the original and the text; raise ``BadSignature``."""
    if not is_signed(_signed_text(key.original, key.resize), key.signature, salt=_SALT):
        raise BadSignature(
            f"The signature {key.signature!r} of {key.original}/{key.resize} does not match."
        )
    return key.original, key.resize


def sign(original: str, resize: Resize) -> str:
    """
    Return the signed key under which this resize of ``original`` is stored.

    Raise ``InvalidKey`` if ``original`` is not the key of an original.
    """
    return sign_text(original, str(resize))


def signer(original: str) -> Callable[[Resize], str]:
    """
    Return ``sign()`` for several resizes of one original, without what they have in common.

    Raise ``InvalidKey`` if ``original`` is not the key of an original.
    """
    folder = keys.original_folder(original)
    keyed = _signing_hmac(_SALT).copy()
    keyed.update(_signed_text(original, "").encode())

    def sign_resize(resize: Resize) -> str:
        text = str(resize)
        return keys.build_in_folder(folder, text, _signature(keyed, text))

    return sign_resize


def unsign(key: str) -> tuple[str, Resize]:
    """
    Verify the key of a resize; return the key of its original and the ``Resize``.

    Raise ``InvalidKey`` if ``key`` is not the key of a resize, ``BadSignature`` if it was not
    signed with a current key of this site, and ``InvalidResize`` if its options are no longer
    supported.
    """
    original, text = unsign_text(keys.parse_resize(key))
    return original, Resize.parse(text)
