"""Write file names in ASCII."""

import unicodedata


def to_ascii(text: str) -> str:
    """
    Drop accents; transliterate other characters with anyascii, or drop them without this package.

    Accents are dropped first, and not by anyascii, so that a name is the same with and without it
    if that is enough.
    """
    return "".join(
        _without_accents(character) or _transliterate(character)
        for character in unicodedata.normalize("NFC", text)
    )


def _without_accents(character: str) -> str:
    return unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()


def _transliterate(character: str) -> str:
    try:
        from anyascii import anyascii
    except ImportError:
        return ""
    # Apostrophes stand for soft signs.
    return anyascii(character).replace("'", "")
