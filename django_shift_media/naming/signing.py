"""A resize's key from an original and a ``Resize``, signed; and back, verified."""

import hashlib
import hmac
from functools import lru_cache
from typing import Any

from django.core.signals import setting_changed
from django.core.signing import BadSignature
from django.dispatch import receiver
from django.utils.crypto import constant_time_compare
from django.utils.encoding import force_bytes

from django_shift_media.conf import conf
from django_shift_media.naming import keys
from django_shift_media.naming.resizes import Resize

# Part of every signature ever published: changing it voids them all.
_SALT = b"django_shift_media.signing"


@lru_cache(maxsize=16)
def _keyed(secret: str | bytes) -> hmac.HMAC:
    """Return an HMAC that has taken up its key, to be copied: twice as fast as a fresh one."""
    key = hashlib.sha256(_SALT + force_bytes(secret)).digest()
    return hmac.new(key, digestmod=hashlib.sha256)


@lru_cache
def _own() -> hmac.HMAC:
    """Return the HMAC to sign with: a page asks for it with each URL."""
    return _keyed(conf.signing_key)


@receiver(setting_changed)
def _read_again(**kwargs: Any) -> None:
    _own.cache_clear()


def _signature(keyed: hmac.HMAC, original: str, resize: str) -> str:
    # 128 bits of HMAC-SHA256 (RFC 2104) over all of the key but the signature itself. A text
    # of a resize has no slash and no original ends in one: the two parts cannot be shifted.
    digest = keyed.copy()
    digest.update(f"{original}/{resize}".encode())
    return digest.hexdigest()[: keys.SIGNATURE_LENGTH]


def sign(original: str, resize: Resize) -> str:
    """
    Return the key under which this resize of ``original`` is stored.

    Raise ``InvalidKey`` if ``original`` is not the key of an original.
    """
    text = str(resize)
    signature = _signature(_own(), original, text)
    return keys.build_resize(original, text, signature)


def unsign(key: str) -> tuple[str, Resize]:
    """
    Return the original's key and the resize that a resize's key stands for.

    Raise ``InvalidKey`` for what is not the key of a resize, ``BadSignature`` for what this
    site has not signed, and ``InvalidResize`` for what it has signed but no longer makes.
    """
    original, text, signature = keys.parse_resize(key)
    all_keyed = [_own(), *map(_keyed, conf.signing_key_fallbacks)]
    # All of them, always: the time taken does not tell which of the secrets matched.
    matches = [constant_time_compare(signature, _signature(k, original, text)) for k in all_keyed]
    if not any(matches):
        raise BadSignature(f"{key!r} is not signed by this site.")
    return original, Resize.parse(text)
