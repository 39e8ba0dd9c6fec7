"""
Sign the URLs of private files: for a while, and beside their names, which stay as they are.

::

    /shift-media/3c72aedc/…/cat.jpg/200x200-fill-65-upscale-<signature>.webp?access=<expiry>-<signature>
"""

import re
import zlib
from time import time

from django.core.signing import BadSignature, SignatureExpired

from django_shift_media.naming import keys, signing

PARAMETER = "access"  # of the URL's query
_SALT = b"django_shift_media.access"
_CDN_SALT = b"django_shift_media.cdn"
_TOKEN = re.compile(rf"([1-9][0-9]{{0,11}})-([0-9a-f]{{{keys.SIGNATURE_LENGTH}}})")


def access_query(key: str, seconds: int) -> str:
    """
    Return the query of a URL that is valid for ``seconds`` or more, at most for twice as long.

    For so many seconds, the URL stays the same, so that browsers use their caches. The URLs of
    different uploads change at different times, so that not all of them are requested at once.
    """
    now = int(time())
    age = (now + zlib.crc32(key[: keys.UUID_LENGTH].encode())) % seconds
    expiry = now - age + 2 * seconds
    return f"?{PARAMETER}={expiry}-{signing.signature(_text(key, expiry), salt=_SALT)}"


def verify(key: str, token: str) -> int:
    """
    Return the seconds until a URL expires, 1 or more, from the value of its parameter.

    Raise ``BadSignature``, or its subclass ``SignatureExpired``.
    """
    match = _TOKEN.fullmatch(token)
    if not (match and signing.is_signed(_text(key, int(match[1])), match[2], salt=_SALT)):
        raise BadSignature(f"No page of this site has this URL of {key!r}.")
    if (seconds := int(match[1]) - int(time())) < 1:
        raise SignatureExpired(f"The URL of {key!r} has expired.")
    return seconds


def _text(key: str, expiry: int) -> str:
    return f"{expiry}/{key}"


def cdn_secrets(bucket: str) -> list[str]:
    """Return the secret by which the app recognizes a private bucket's CDN, then former ones."""
    return signing.signatures(bucket, salt=_CDN_SALT)


def is_cdn_secret(bucket: str, secret: str) -> bool:
    return signing.is_signed(bucket, secret, salt=_CDN_SALT)
