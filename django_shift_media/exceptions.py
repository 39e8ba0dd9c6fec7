"""
Everything that this package raises of its own.

Errors that Django and Python have names for are used as they are:
``BadSignature``, ``FileNotFoundError``, ``ImproperlyConfigured``.
"""

from django.utils.formats import number_format
from django.utils.translation import gettext


class MediaError(Exception):
    """Root of the errors of this package."""


class InvalidKey(MediaError, ValueError):
    """A name that is not the key of an original or of a resize."""


class InvalidResize(MediaError, ValueError):
    """A resize that cannot be asked for: the message names the option and the value."""


class UnacceptableFile(MediaError, ValueError):
    """
    A file that is refused: the message is one line, fit for the person who sent it.

    It is marked for translation with ``gettext_noop`` and formatted with ``params``. ``str()`` is
    in English, for logs and programs.
    """

    def __init__(self, message: str, **params: str | int) -> None:
        self.message = message
        self.params = params
        texts = {key: _with_commas(value) for key, value in params.items()}
        super().__init__(_format(message, texts))

    def translated(self) -> str:
        """Return the message in the active language, with its way to write numbers."""
        texts = {key: _localized(value) for key, value in self.params.items()}
        return _format(gettext(self.message), texts)


class UnreadableImage(UnacceptableFile):
    """Not an image of a known format, or a damaged one."""


class FileTooLarge(UnacceptableFile):
    """More bytes or more pixels than the settings allow."""


class Busy(MediaError):
    """As many resizes are being made as the settings allow: ask again soon."""


class StorageUnavailable(MediaError):
    """The storage failed or did not answer in time."""


def gettext_noop(message: str) -> str:
    """Mark a message for translation; Django's own would ask for the settings at import."""
    return message


DAMAGED = gettext_noop("The image is damaged: %(detail)s.")


def _format(message: str, texts: dict[str, str]) -> str:
    return message % texts if texts else message  # one without may have a per cent sign


def _with_commas(value: str | int) -> str:
    return f"{value:,}" if isinstance(value, int) else value


def _localized(value: str | int) -> str:
    return number_format(value, force_grouping=True) if isinstance(value, int) else value
