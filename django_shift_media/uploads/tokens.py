"""
The signed texts that a browser carries from one step of an upload to the next.

Each is bound to a field and to an owner, and expires.
"""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

from django.core import signing

from django_shift_media.conf import conf
from django_shift_media.media.upload_validation import Kind


class Token:
    """The base of dataclasses that are signed."""

    salt: ClassVar[str]

    def sign(self) -> str:
        values = asdict(self)  # type: ignore[call-overload]  # of a subclass
        return signing.dumps(values, salt=self.salt, compress=True)

    @classmethod
    def unsign(cls, text: str, *, max_age: int | None = None) -> Self:
        """
        Verify and parse a text; raise ``BadSignature``, or ``SignatureExpired`` if it is too old.

        ``max_age`` is in seconds, by default those of ``SHIFT_MEDIA_UPLOAD_SECONDS``.
        """
        seconds = conf.upload_seconds if max_age is None else max_age
        return cls._from(signing.loads(text, salt=cls.salt, max_age=seconds))

    @classmethod
    def _from(cls, values: dict[str, Any]) -> Self:
        return cls(**values)


@dataclass(frozen=True)
class UploadField(Token):
    """
    The form field that an upload is for, and who may upload.

    ``label`` is that of a model field, such as "gallery.photo.photo", or any other name.
    """

    salt = "django_shift_media.uploads.field"

    label: str
    kind: Kind
    max_bytes: int | None
    owner: str


@dataclass(frozen=True)
class Upload(Token):
    """An upload that has begun: ``size`` bytes of a file that a person named ``name``."""

    salt = "django_shift_media.uploads.upload"

    field: UploadField
    key: str
    id: str
    name: str
    size: int
    slot: int

    @classmethod
    def _from(cls, values: dict[str, Any]) -> Self:
        return cls(**{**values, "field": UploadField(**values["field"])})


@dataclass(frozen=True)
class AppPart(Token):
    """A part that the app receives, for storages that cannot; it is the URL's authorization."""

    salt = "django_shift_media.uploads.part"

    label: str
    id: str
    number: int
    size: int


@dataclass(frozen=True)
class AcceptedUpload(Token):
    """
    An upload that is complete, examined and accepted: the value of a form field.

    ``format``, ``width`` and ``height`` are those of an image, otherwise None.
    """

    salt = "django_shift_media.uploads.accepted"

    label: str
    owner: str
    key: str
    name: str
    size: int
    format: Any = None
    width: int | None = None
    height: int | None = None
    placeholder: str = ""
    focal_point: str = ""
