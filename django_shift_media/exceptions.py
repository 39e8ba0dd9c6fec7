"""
The exceptions of this package.

It also raises exceptions of Django and Python: ``BadSignature``, ``FileNotFoundError``,
``ImproperlyConfigured``.
"""

from django.core.exceptions import ImproperlyConfigured
from django.utils.formats import number_format
from django.utils.translation import gettext


class MediaError(Exception):
    """The base class of all exceptions of this package."""


class InvalidKey(MediaError, ValueError):
    """A name is not a valid key of an original or of a resize."""


class InvalidResize(MediaError, ValueError):
    """A resize has an invalid option; the message contains the option and its value."""


class InvalidMetadata(MediaError, ValueError):
    """A row has an invalid focal point, size or placeholder; the message contains the value."""


class UnacceptableFile(MediaError, ValueError):
    """
    A file is refused; the message is one line, written for the person who uploaded it.

    ``message`` is marked for translation with ``gettext_noop`` and formatted with ``params``.
    ``str()`` returns it in English, for logs and programs.
    """

    def __init__(self, message: str, **params: str | int) -> None:
        self.message = message
        self.params = params
        texts = {key: _format_number(value) for key, value in params.items()}
        super().__init__(_format(message, texts))

    def translated(self) -> str:
        """Return the message in the active language, with localized numbers."""
        texts = {key: _localize_number(value) for key, value in self.params.items()}
        return _format(gettext(self.message), texts)


class UnreadableImage(UnacceptableFile):
    """A file is not an image in an accepted format, or is damaged."""


class UnreadableVideo(UnacceptableFile):
    """A file is not a video in an accepted format, or is damaged."""


class FileTooLarge(UnacceptableFile):
    """A file has more bytes, pixels or parts than the settings allow."""


class UploadRefused(UnacceptableFile):
    """A function of ``SHIFT_MEDIA_UPLOAD_VALIDATORS`` refuses a file, or could not check it."""


class Busy(MediaError):
    """The maximum number of resizes is being generated; try again soon."""


class NotReady(Busy):
    """
    A worker makes this of a video; try again later.

    ``key`` is that of the rendition or poster that is missing.
    """

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} has not been made yet.")
        self.key = key


class StorageUnavailable(MediaError):
    """The storage failed or timed out."""


class StepFailed(MediaError, ImproperlyConfigured):
    """A step of ``SHIFT_MEDIA_STEPS`` raised an exception, or returned an unusable image."""


def gettext_noop(message: str) -> str:
    """Mark a message for translation, without reading settings at import as Django's does."""
    return message


DAMAGED = gettext_noop("The image is damaged: %(detail)s.")


def _format(message: str, texts: dict[str, str]) -> str:
    # A message without parameters may contain a percent sign.
    return message % texts if texts else message


def _format_number(value: str | int) -> str:
    return f"{value:,}" if isinstance(value, int) else value


def _localize_number(value: str | int) -> str:
    return number_format(value, force_grouping=True) if isinstance(value, int) else value
