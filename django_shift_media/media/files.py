"""``MediaFile``, what the attribute of an instance gives."""

from typing import TYPE_CHECKING, Any, Unpack

from django.core.files.base import File
from django.db import router
from django.db.models.fields.files import FieldFile

from django_shift_media.exceptions import InvalidResize
from django_shift_media.generation import prewarm
from django_shift_media.naming import keys
from django_shift_media.naming.formats import INPUT_FORMATS, extension_of
from django_shift_media.naming.geometry import Size
from django_shift_media.naming.picture import Picture
from django_shift_media.naming.placeholder import Placeholder
from django_shift_media.naming.presets import picture_layouts, resize_for
from django_shift_media.naming.resize_options import (
    ResizeOptions,
    default_format,
    parse_focal_point,
)
from django_shift_media.naming.resizes import FocalPoint
from django_shift_media.naming.signing import sign
from django_shift_media.naming.srcset import PictureOptions
from django_shift_media.storages.base import MediaStorage

if TYPE_CHECKING:
    from django_shift_media.fields import MediaField


class MediaFile(FieldFile):
    """A stored file, as ``FieldFile``, whose URL and resizes' URLs cost no I/O."""

    field: "MediaField"
    storage: MediaStorage
    _committed: bool

    def resize(self, size: str, **options: Unpack[ResizeOptions]) -> str:
        """
        Return the signed URL of a resize, which is made when it is first asked for.

        ``size`` is "200x200", "200x" or "x200", in pixels, or the name of a preset, whose
        options are overridden by those given. The options:

        ``how``: "fit" (the default: lie inside the size), "fill" (cover it, and crop around the
        focal point) or "pad" (lie inside it, and fill it up with the background). ``format``:
        None is the original's own if every browser shows it, else "jpg". ``quality``: 1 to 99,
        None is the format's default. ``upscale``: whether a smaller original is enlarged; it is
        not by default. ``crop``: "10,20,60.5,80", left, top, right and bottom, in per cent, of
        the part that is used; "fill" then crops around its center. ``background``: "#ffcc00",
        what the picture is put on; None is white for "pad" and "jpg", else nothing. ``frame``:
        the frame of an animation, from 1, that becomes a still picture. ``grayscale``: whether
        it loses its colors. ``blur``: 1 to 100, in pixels of the result. ``sharpen``: 1 to
        200, in per cent. ``lossless``: whether nothing is lost in "webp" and "avif".

        Raise ``InvalidResize``, a ``ValueError``, for a wrong option, and ``InvalidKey``,
        another, for a file that is not stored or that no upload has named.
        """
        name = self._existing_name
        resize = resize_for(size, default_format(name), self.focal_point, **options)
        return self.storage.media_url + sign(name, resize)

    def picture(self, size: str | None = None, **options: Unpack[PictureOptions]) -> Picture:
        """
        Return the signed URLs of a picture in several widths or densities, formats and shapes.

        ``size`` is a size as ``resize()`` takes it, or the name of a preset; the options are
        those of ``resize()`` and:

        ``widths``: "320,640,960", in pixels, for a picture whose width follows the page;
        ``sizes``: how wide it is shown, as HTML has it ("100vw" unless said); ``ratio``: "16/9",
        the shape that it is cropped to. ``densities``: "1,2,3", for a fixed size. ``formats``:
        "avif,webp,jpg", the first that a browser knows is shown. ``art``: what else holds where a
        media query does, as in "(max-width: 40em) {ratio: 1/1}".

        Raise as ``resize()`` does.
        """
        name = self._existing_name
        # What is laid out once is remembered, by options that can be told apart.
        known: Any = {key: tuple(v) if isinstance(v, list) else v for key, v in options.items()}
        layout = picture_layouts(
            size, default_format(name), self.focal_point, self.dimensions, **known
        )
        base = self.storage.media_url
        return Picture.from_layouts(layout, lambda resize: base + sign(name, resize))

    @property
    def _existing_name(self) -> str:
        if not self.name:
            raise ValueError(f"The {self.field.name!r} attribute has no file associated with it.")
        if not self.is_image:
            raise InvalidResize(
                f"{self.name.rpartition('/')[2]!r} is no image by its name, so it has no resizes:"
                f" those that have end in {', '.join(INPUT_FORMATS)}. Ask"
                f" obj.{self.field.name}.is_image first."
            )
        return self.name

    @property
    def is_image(self) -> bool:
        """Whether the file has resizes: all images have, and of other files those named so."""
        return self.field.kind == "image" or extension_of(self.name or "") in INPUT_FORMATS

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
    def dimensions(self) -> Size | None:
        """Width and height, None where one of them is not known."""
        width, height = self.width, self.height
        return (width, height) if width and height else None

    @property
    def size(self) -> int:
        """The size in bytes, from ``size_field``; without one, the storage is asked for it."""
        size: int | None = None
        if self._committed:
            size = self.field.read(self.instance, self.field.size_field)
        return super().size if size is None else size

    @property
    def placeholder(self) -> Placeholder | None:
        """What a page shows until the image has loaded, from ``placeholder_field``."""
        text = self.field.read(self.instance, self.field.placeholder_field)
        return Placeholder.parse(text) if text else None

    @property
    def focal_point(self) -> FocalPoint | None:
        """What "fill" crops around, from ``focal_point_field``; None: the center."""
        text = self.field.read(self.instance, self.field.focal_point_field)
        return parse_focal_point(text) if text else None

    def save(self, name: str, content: "File[Any]", save: bool = True) -> None:
        if not hasattr(content, "chunks"):  # Python's own file objects are taken, too
            content = File(content, name)
        info = self.field.examine(content)
        if info:
            name = keys.normalize_name(name, extension=info.format)
        facts = self.field.measure(content)  # before the storage closes it
        super().save(name, content, save=False)
        self.field.note_stored(self.instance, str(self.name))
        self.field.write_facts(self.instance, facts)
        if self.field.warm:
            prewarm.enqueue_on_commit(self, self.field.warm)
        if save:
            self.instance.save()

    save.alters_data = True  # type: ignore[attr-defined]

    def measure(self) -> None:
        """
        Fetch the file, and set the fields for width, height and placeholder to what it is.

        For rows that are older than these fields. It saves nothing. Raise as ``save()`` does.
        """
        with self.storage.open(str(self.name)) as file:
            self.field.write_facts(self.instance, self.field.measure(file))

    measure.alters_data = True  # type: ignore[attr-defined]

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
        # Past the descriptor, which would forget the facts about what was just stored.
        self.instance.__dict__[self.field.attname] = name
