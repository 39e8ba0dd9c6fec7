"""
Everything that this package raises of its own.

Errors that Django and Python have names for are used as they are:
``BadSignature``, ``FileNotFoundError``, ``ImproperlyConfigured``.
"""


class MediaError(Exception):
    """Root of the errors of this package."""


class InvalidKey(MediaError, ValueError):
    """A name that is not the key of an original or of a resize."""


class InvalidResize(MediaError, ValueError):
    """A resize that cannot be asked for: the message names the option and the value."""


class UnacceptableFile(MediaError, ValueError):
    """A file that is refused: the message is one line, fit for the person who sent it."""


class UnreadableImage(UnacceptableFile):
    """Not an image of a known format, or a damaged one."""


class FileTooLarge(UnacceptableFile):
    """More bytes or more pixels than the settings allow."""


class Busy(MediaError):
    """As many resizes are being made as the settings allow: ask again soon."""


class StorageUnavailable(MediaError):
    """The storage failed or did not answer in time."""
