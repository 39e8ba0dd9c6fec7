"""``MediaFile``, what the attribute of an instance gives."""

from typing import TYPE_CHECKING, Any, Unpack

from django.core.files.base import File
from django.db import router
from django.db.models.fields.files import FieldFile

from django_shift_media import keys
from django_shift_media.resizes import (
    FocalPoint,
    Options,
    default_format,
    parse_focal_point,
    parse_options,
)
from django_shift_media.signing import sign
from django_shift_media.storages import MediaStorage

if TYPE_CHECKING:
    from django_shift_media.fields import MediaField


class MediaFile(FieldFile):
    """A stored file, as ``FieldFile``, whose URL and resizes' URLs cost no I/O."""

    field: "MediaField"
    storage: MediaStorage
    _committed: bool

    def resize(self, size: str, **options: Unpack[Options]) -> str:
        """
        Return the signed URL of a resize, which is made when it is first asked for.

        ``size`` is "200x200", "200x" or "x200", in pixels. The options:

        ``how``: "fit" (the default: lie inside the size) or "fill" (cover it, and crop around
        the focal point). ``format``: None is the original's own if every browser shows it, else
        "jpg". ``quality``: 1 to 99, None is the format's default. ``upscale``: whether a smaller
        original is enlarged; it is not by default.

        Raise ``InvalidResize``, a ``ValueError``, for a wrong option, and ``InvalidKey``,
        another, for a file that is not stored or that no upload has named.
        """
        if not self.name:
            raise ValueError(f"The {self.field.name!r} attribute has no file associated with it.")
        resize = parse_options(size, default_format(self.name), self.focal_point, **options)
        return self.storage.base + sign(self.name, resize)

    @property
    def width(self) -> int | None:
        """The upright width in pixels, from ``width_field``; None where that is not known."""
        width: int | None = self.field.read(self.instance, self.field.width_field)
        return width

    @property
    def height(self) -> int | None:
        """The upright height in pixels, from ``height_field``; None where that is not known."""
        height: int | None = self.field.read(self.instance, self.field.height_field)
        return height

    @property
    def focal_point(self) -> FocalPoint | None:
        """What "fill" crops around, from ``focal_point_field``; None: the centre."""
        text = self.field.read(self.instance, self.field.focal_point_field)
        return parse_focal_point(text) if text else None

    def save(self, name: str, content: "File[Any]", save: bool = True) -> None:
        if not hasattr(content, "chunks"):  # Python's own file objects are taken, too
            content = File(content, name)
        info = self.field.examine(content)
        if info:
            name = keys.normalise_name(name, extension=info.format)
        super().save(name, content, save=False)
        self.field.note_stored(self.instance, str(self.name))
        self.field.write_dimensions(self.instance, info.size if info else None)
        if save:
            self.instance.save()

    save.alters_data = True  # type: ignore[attr-defined]

    def delete(self, save: bool = True) -> None:
        """
        Let go of the file; once that is committed, delete it if no row names it any more.

        A row that is not saved still names it: outside of a transaction, ``save=False`` leaves
        the file where it is.
        """
        name, is_stored = self.name, self._committed
        if not name:
            return
        self.close()
        using = router.db_for_write(type(self.instance), instance=self.instance)
        self.name = None
        self._committed = False
        setattr(self.instance, self.field.attname, None)
        self.field.forget_stored(self.instance, name)
        if save:
            self.instance.save()
        if is_stored:  # else it is the name of an upload, which may be that of another file
            self.field.delete_on_commit(name, using)

    delete.alters_data = True  # type: ignore[attr-defined]

    def _set_instance_attribute(self, name: str | None, content: Any) -> None:
        # Past the descriptor, which would forget the dimensions of what was just stored.
        self.instance.__dict__[self.field.attname] = name
