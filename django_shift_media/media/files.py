"""``MediaFile``: what ``obj.photo`` is, for a ``MediaField`` named ``photo``."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from django.core.files.base import File
from django.db import models, router, transaction
from django.db.models.fields.files import FieldFile

from django_shift_media.exceptions import InvalidKey, InvalidMetadata, InvalidResize
from django_shift_media.generation import prewarm
from django_shift_media.media import focal_points, stored_names
from django_shift_media.media.bad_rows import describe_row
from django_shift_media.media.base_field import BaseMediaField
from django_shift_media.media.claims import claim
from django_shift_media.media.erasing import erase_on_commit
from django_shift_media.media.examined_file import ExaminedFile
from django_shift_media.media.orphans import Deletion
from django_shift_media.media.resized_image import ResizedImage
from django_shift_media.media.upload_validation import read_video_facts, validate_upload
from django_shift_media.media.upload_validators import require_valid
from django_shift_media.naming import foreign_names, keys
from django_shift_media.naming.formats import INPUT_FORMATS, extension_of
from django_shift_media.naming.geometry import Size
from django_shift_media.naming.original_names import clean_name
from django_shift_media.naming.picture import Picture
from django_shift_media.naming.placeholder import Placeholder
from django_shift_media.naming.posters import site_poster
from django_shift_media.naming.presets import picture_layouts, resize_for
from django_shift_media.naming.resize_options import (
    ResizeOptions,
    default_format,
    parse_focal_point,
)
from django_shift_media.naming.resizes import FocalPoint
from django_shift_media.naming.signing import sign, signer
from django_shift_media.naming.srcset import PictureOptions
from django_shift_media.storages.base import MediaStorage

if TYPE_CHECKING:
    from django_shift_media.media.players import Player

T = TypeVar("T")


class MediaFile(FieldFile):
    """A stored file, as ``FieldFile``. Computing its URL, or a resize's, requires no I/O."""

    field: BaseMediaField
    storage: MediaStorage
    _committed: bool
    _file: Any  # of Django's, which the stubs lack

    def resize(self, size: str, **options: Unpack[ResizeOptions]) -> ResizedImage:
        """
        Return the signed URL of a resize. The resize is generated when it is first requested.

        ``size`` is "200x200", "200x" or "x200", in pixels, or the name of a preset, whose
        options are overridden by those given. The options:

        ``how``
            "fit" (default): scale the image to lie inside the size. "fill": cover the size, and
            crop around the focal point. "pad": as "fit", then add background up to the size.
        ``format``
            "jpg", "png", "webp", "avif", "gif" or "jxl", which requires the package
            pillow-jxl-plugin. The default is the format of the original if all browsers show it,
            otherwise "jpg".
        ``quality``
            1 to 99. The default depends on the format.
        ``upscale``
            Whether to enlarge a smaller original. The default is False.
        ``crop``
            "10,20,60.5,80": left, top, right and bottom of the part to use, in percent. "fill"
            then crops around the center of that part.
        ``background``
            "#ffcc00": the color behind the image. The default is white for "pad" and "jpg", none
            otherwise.
        ``frame``
            The number of the frame of an animation, from 1, to use as a still image.
        ``grayscale``
            Whether to remove colors.
        ``blur``
            1 to 100: the standard deviation in pixels of the result.
        ``sharpen``
            1 to 200 percent.
        ``lossless``
            Whether "webp", "avif" and "jxl" are encoded without loss.
        ``steps``
            "grain,frame": names of ``SHIFT_MEDIA_STEPS``, which are applied in this order.

        Raise ``InvalidResize`` for an invalid option. Raise ``InvalidKey`` if the row's name is not
        the key of an upload, and ``InvalidMetadata`` for another invalid value of the row. All are
        a ``ValueError``.
        """
        if cover := self._cover:
            return cover.resize(size, **options)
        name = self._image_name
        resize = resize_for(size, default_format(name), self.focal_point, **options)
        try:
            url = self.storage.resize_url(sign(name, resize))
            return ResizedImage(url, (self, resize, size, options))
        except InvalidKey as error:
            return self._stand_in(error).resize(size, **options)

    def picture(self, size: str | None = None, **options: Unpack[PictureOptions]) -> Picture:
        """
        Return the signed URLs of a responsive image: in several sizes, formats and shapes.

        ``size`` is a size as ``resize()`` takes it, or the name of a preset. The options are
        those of ``resize()`` and:

        ``widths``, ``sizes``, ``ratio``
            "320,640,960": widths in pixels, for an image whose width depends on the page.
            ``sizes`` is the HTML attribute, "100vw" by default. ``ratio``, such as "16/9", is the
            aspect ratio to crop to.
        ``densities``
            "1,2,3": pixel densities, for an image of a fixed size.
        ``formats``
            "avif,webp,jpg": the browser shows the first that it supports.
        ``art``
            Options that differ where a media query matches: "(max-width: 40em) {ratio: 1/1}".

        Raise as ``resize()`` does.
        """
        if cover := self._cover:
            return cover.picture(size, **options)
        name = self._image_name
        # Layouts are cached by their arguments, so these must be hashable.
        hashable: Any = {key: tuple(v) if isinstance(v, list) else v for key, v in options.items()}
        layouts = picture_layouts(
            size, default_format(name), self.focal_point, self.dimensions, **hashable
        )
        url_of = self.storage.resize_url
        try:
            sign_resize = signer(name)
        except InvalidKey as error:
            return self._stand_in(error).picture(size, **options)
        return Picture.from_layouts(layouts, lambda resize: url_of(sign_resize(resize)))

    def _stand_in(self, error: InvalidKey) -> "MediaFile":
        """
        Return the file that a storage for tests has in place of one whose name is not a key.

        Otherwise raise an error that says which row it is, and what its name is.
        """
        name = str(self.name)
        if key := self.storage.stand_in(name):
            return type(self)(self.instance, self.field, key)
        explanation = foreign_names.explain(name)
        raise InvalidKey(f"{describe_row(self)}: {error} {explanation}") from error

    @property
    def _cover(self) -> "MediaFile | None":
        """The picture that a user has uploaded as the poster of this video, from another field."""
        return (self._read(self.field.poster_field) or None) if self.field.poster_field else None

    @property
    def _image_name(self) -> str:
        if not self.name:
            raise ValueError(f"The {self.field.name!r} attribute has no file associated with it.")
        if not self.is_image:
            raise InvalidResize(
                f"{self.name.rpartition('/')[2]!r} has no resizes, because its extension is not"
                f" one of: {', '.join(INPUT_FORMATS)}. Check obj.{self.field.name}.is_image first."
            )
        return self.name

    @property
    def is_image(self) -> bool:
        """Whether the file has resizes: by the field's ``kind``, otherwise by the extension."""
        has_pictures = self.field.kind in {"image", "video"}
        return has_pictures or extension_of(self.name or "") in INPUT_FORMATS

    @property
    def width(self) -> int | None:
        """The upright width in pixels, from ``width_field``; None if it is unknown."""
        width: int | None = self._read(self.field.width_field)
        return width

    @property
    def height(self) -> int | None:
        """The upright height in pixels, from ``height_field``; None if it is unknown."""
        height: int | None = self._read(self.field.height_field)
        return height

    @property
    def dimensions(self) -> Size | None:
        """Width and height in pixels; None if one of them is unknown."""
        width, height = self.width, self.height
        if not (width and height):
            return None
        if not (isinstance(width, int) and isinstance(height, int) and min(width, height) > 0):
            raise InvalidMetadata(
                f"{describe_row(self)}: {width!r} x {height!r} is not a size in pixels."
            )
        return (width, height)

    @property
    def size(self) -> int:
        """The size in bytes, from ``size_field``; without that, the storage is asked."""
        size = self.recorded_size if self._committed else None
        return super().size if size is None else size

    @property
    def recorded_size(self) -> int | None:
        """The size in bytes, from ``size_field``; None if it is unknown."""
        size: int | None = self._read(self.field.size_field)
        return size

    @property
    def original_name(self) -> str:
        """The name that a person gave the file, from ``name_field``; otherwise that in the key."""
        return self._read(self.field.name_field) or str(self.name or "").rpartition("/")[2]

    @property
    def alt(self) -> str:
        """The text for people who do not see the picture, from ``alt_field``; otherwise empty."""
        return self._read(self.field.alt_field) or ""

    @property
    def duration(self) -> float | None:
        """The duration of a video in seconds, from ``duration_field``; None if it is unknown."""
        value = self._read(self.field.duration_field)
        return value.total_seconds() if isinstance(value, timedelta) else value

    @property
    def video_state(self) -> dict[str, Any] | None:
        """The state of a video's renditions, from ``video_field``; None without that field."""
        return (self._read(self.field.video_field) or {}) if self.field.video_field else None

    @property
    def has_cover(self) -> bool:
        """Whether a user has uploaded a picture in the place of the poster."""
        return bool(self._cover)

    @property
    def has_poster(self) -> bool:
        """Whether resizes of a video can be requested; True without a ``video_field``."""
        from django_shift_media.video.states import is_ready

        return (
            self.has_cover or self.video_state is None or is_ready(self.video_state, site_poster())
        )

    def video(self, presets: str | None = None, *, poster: str | None = "960x") -> "Player":
        """
        Return what a page needs to play a video: its poster, sources, size and state.

        ``presets`` is a list of names in ``SHIFT_MEDIA_VIDEO_PRESETS``, such as "web,small"; the
        default is all of them. ``poster`` is a size as ``resize()`` takes it, or None. Renditions
        that are not ready are left out. Until one is, the source is the original, if all browsers
        play it. Raise ``InvalidResize`` for an invalid option, and as ``resize()`` does.
        """
        from django_shift_media.media.players import player

        if self.field.kind != "video":
            raise InvalidResize(
                f'video requires a MediaField with kind="video"; that of {self.field.name!r} is'
                f" {self.field.kind!r}."
            )
        return player(self, presets, poster)

    @property
    def placeholder(self) -> Placeholder | None:
        """What a page shows until the image has loaded, from ``placeholder_field``."""
        text = self._read(self.field.placeholder_field)
        return self._parse(Placeholder.parse, text) if text else None

    @property
    def focal_point(self) -> FocalPoint | None:
        """What "fill" crops around, from ``focal_point_field``; None for the center."""
        text = self._read(self.field.focal_point_field)
        return self._parse(parse_focal_point, text) if text else None

    def _parse(self, parse: Callable[[str], T], text: str) -> T:
        """Parse the text of a metadata field; raise ``InvalidMetadata``."""
        try:
            return parse(text)
        except (TypeError, ValueError) as error:
            raise InvalidMetadata(f"{describe_row(self)}: {error}") from error

    def check_row(self) -> None:
        """
        Raise ``InvalidKey`` or ``InvalidMetadata`` if the row has a value that no upload made.

        This requires no I/O. ``manage.py clean_media_orphans --missing`` lists such rows.
        """
        if not self.name:
            return
        try:
            keys.original_folder(self.name)
        except InvalidKey as error:
            self._stand_in(error)
        _ = self.dimensions, self.focal_point, self.placeholder

    def _read(self, name: str | None) -> Any:
        return getattr(self.instance, name) if name else None

    def save(self, name: str, content: "File[Any]", save: bool = True) -> None:
        if not hasattr(content, "chunks"):  # accept Python's own file objects, too
            content = File(content, name)
        info = validate_upload(content, kind=self.field.kind, max_bytes=self.field.max_bytes)
        require_valid(content)
        metadata = self.field.metadata
        measured = metadata.measure(content, name)  # before the storage closes the file
        content.download_name = clean_name(name)  # type: ignore[attr-defined]  # for the storage
        if info:
            name = keys.normalize_name(name, extension=info.format)
        elif self.field.kind == "video":
            name = keys.normalize_name(name, extension=read_video_facts(content).format)
        elif self.field.kind == "captions":
            name = keys.normalize_name(name, extension="vtt")
        focal_point = focal_points.find(self, content)
        is_assigned = content is self._file  # so its focal point has been set, too
        if not self._adopt(content):
            super().save(name, content, save=False)
        stored_names.note(self.field, self.instance, str(self.name))
        (metadata.write_measured if is_assigned else metadata.write)(self.instance, measured)
        focal_points.fill_in(self.field, self.instance, focal_point)
        if self.field.warm and self.field.kind != "video":  # its poster has to be made first
            self._prewarm_on_commit()
        if self.field.kind == "video":
            self._make_video_on_commit()
        if save:
            self.instance.save()

    save.alters_data = True  # type: ignore[attr-defined]

    def _adopt(self, content: "File[Any]") -> bool:
        """Name a file that a browser has sent to this storage; return False to store another."""
        if not isinstance(content, ExaminedFile) or content.storage is not self.storage:
            return False
        if not claim(self.storage, content.key, self._database):  # a copy is stored
            return False
        self.name = content.key
        self._set_instance_attribute(self.name, content)
        self._committed = True
        return True

    def _prewarm_on_commit(self) -> None:
        """Enqueue the field's presets once the row is committed; a failure is logged."""
        name = str(self.name)

        # Not functools.partial: Django 5.2 logs a failure with the __qualname__ of the callable.
        def enqueue() -> None:
            resizes = prewarm.keys_of(name, self.field.warm, self.focal_point, self.dimensions)
            prewarm.enqueue(resizes, self.field.storage_alias)

        transaction.on_commit(enqueue, using=self._database, robust=True)

    def _make_video_on_commit(self) -> None:
        """Enqueue the poster and the renditions once the row is committed."""
        from django_shift_media.video.requests import enqueue_all

        name, alias = str(self.name), self.field.storage_alias
        transaction.on_commit(lambda: enqueue_all(alias, name), using=self._database, robust=True)

    def measure(self) -> None:
        """
        Fetch the file, and set the fields for width, height, size, placeholder and name.

        This is for rows that are older than these fields. The instance is not saved. Raise as
        ``save()`` does.
        """
        with self.storage.open(str(self.name)) as file:
            measured = self.field.metadata.measure(file, self.original_name)
        self.field.metadata.write_measured(self.instance, measured)

    measure.alters_data = True  # type: ignore[attr-defined]

    def delete(self, save: bool = True) -> None:
        """
        Clear the field, and delete the file unless another row or a default names it.

        Inside a transaction, the file is deleted after the commit. With ``save=False``, its own row
        does not count, as that is about to be saved or deleted.
        """
        if name := self._clear(save):
            own_pk = getattr(self.instance, self.field.model._meta.pk.attname)
            except_pk = None if save else own_pk
            Deletion(self.field, name, self._database, except_pk=except_pk).schedule()

    delete.alters_data = True  # type: ignore[attr-defined]

    def erase(self, save: bool = True) -> None:
        """
        Clear the field, and delete the file for good, with all resizes, versions and cached copies.

        Unlike ``delete()``, this does not keep a file that another row names. It deletes all
        versions in a versioned bucket, empties CloudFront's caches, and keeps a tombstone, so that
        no copy or task stores the file again. Inside a transaction, it does so after the commit.
        What remains is logged as an error; ``manage.py erase_media`` also requests the public URLs.
        Raise ``InvalidKey`` if the row's name is not the key of an upload.
        """
        if self._committed and self.name:
            keys.original_folder(self.name)
        if name := self._clear(save):
            erase_on_commit(self.storage, name, self._database)

    erase.alters_data = True  # type: ignore[attr-defined]

    def _clear(self, save: bool) -> str | None:
        """Clear the field; return the key of its file, or None if it has none in the storage."""
        name, was_stored = self.name, self._committed
        if not name:
            return None
        self.close()
        self.name = None
        self._committed = False
        setattr(self.instance, self.field.attname, None)
        stored_names.forget(self.field, self.instance, name)
        if save:
            self.instance.save()
        # Otherwise it is the file name of an upload, not a key.
        return name if was_stored else None

    @property
    def _database(self) -> str:
        model: type[models.Model] = type(self.instance)
        using: str = router.db_for_write(model, instance=self.instance)
        return using

    def _set_instance_attribute(self, name: str | None, content: Any) -> None:
        # Not by setattr(): the descriptor would forget the metadata of what was just stored.
        self.instance.__dict__[self.field.attname] = name
