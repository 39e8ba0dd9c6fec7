import gc
import io
import pickle
import weakref
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.validators import FileExtensionValidator
from django.db import connection, models, transaction
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import MigrationWriter
from django.test.utils import isolate_apps
from PIL import Image

from django_shift_media.exceptions import FileTooLarge, InvalidKey, UnreadableImage
from django_shift_media.fields import MediaField, MediaFile
from django_shift_media.forms import MediaFormField
from django_shift_media.media.upload_validation import validate_upload
from django_shift_media.naming import keys
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.forms import PhotoForm
from gallery.models import Attachment, Photo

pytestmark = pytest.mark.django_db


def image_file(
    width: int = 40, height: int = 30, name: str = "a.jpg", **options: Any
) -> ContentFile:  # type: ignore[type-arg]
    return ContentFile(draw_photo(width, height, **options), name=name)


def stored(file: MediaFile) -> bytes:
    return media_storage().get(str(file.name))


def test_an_upload_gets_a_fresh_key_and_a_true_extension() -> None:
    png = image_file(name="Holiday.EXE.JPEG", format="PNG")
    photo = Photo.objects.create(photo=png)
    assert photo.photo.name.endswith("/holiday.exe.png/holiday.exe.png")
    assert keys.is_original(photo.photo.name)
    again = Photo.objects.create(photo=image_file(name="Holiday.EXE.JPEG", format="PNG"))
    assert again.photo.name != photo.photo.name


def test_save_of_the_file_saves_the_row() -> None:
    photo = Photo()
    photo.photo.save("x.gif", image_file(20, 10))
    photo = Photo.objects.get()
    assert (photo.photo.width, photo.photo.height) == (20, 10)
    assert photo.photo.name.endswith("/x.jpg")


def test_python_s_own_files_are_taken(tmp_path: Any) -> None:
    data = draw_photo(40, 30)
    (tmp_path / "a.jpg").write_bytes(data)
    with (tmp_path / "a.jpg").open("rb") as file:
        photo = Photo()
        photo.photo.save("b.jpg", file)
    assert stored(Photo.objects.get().photo) == data
    assert photo.width == 40


@pytest.mark.parametrize("content", [b"", b"<html>", draw_photo(40, 30)[:-200]])
def test_what_is_no_image_is_not_stored(content: bytes, tmp_path: Any) -> None:
    with pytest.raises(UnreadableImage), transaction.atomic():
        Photo.objects.create(photo=ContentFile(content, name="a.jpg"))
    assert not Photo.objects.exists()
    assert not (tmp_path / "media").exists()


def test_any_kind_takes_any_content() -> None:
    attachment = Attachment.objects.create(file=ContentFile(b"%PDF", name="Ünïcode.PDF"))
    assert attachment.file.name.endswith("/unicode.pdf/unicode.pdf")
    assert stored(attachment.file) == b"%PDF"


def test_too_many_bytes_are_refused(settings: Any) -> None:
    with pytest.raises(FileTooLarge, match="1,000,001 bytes; the maximum is 1,000,000"):
        Attachment.objects.create(file=ContentFile(bytes(1_000_001), name="a.bin"))
    settings.SHIFT_MEDIA_MAX_BYTES = 100
    with pytest.raises(FileTooLarge):
        Photo.objects.create(photo=image_file())


def test_a_field_s_limit_does_not_lift_that_of_images(settings: Any) -> None:
    settings.SHIFT_MEDIA_MAX_BYTES = 100
    file = image_file()
    with pytest.raises(FileTooLarge, match="bytes; the maximum is 100"):
        validate_upload(file, kind="image", max_bytes=10**9)
    with pytest.raises(FileTooLarge, match="bytes; the maximum is 50"):
        validate_upload(file, kind="image", max_bytes=50)


def test_too_many_pixels_are_refused(settings: Any) -> None:
    settings.SHIFT_MEDIA_MAX_PIXELS = 40 * 30 // 4 - 1  # a JPEG may have four times as many
    with pytest.raises(FileTooLarge, match="40 x 30"):
        Photo.objects.create(photo=image_file())


# -- width and height -----------------------------------------------------------------------------


def test_dimensions_are_upright_and_follow_the_file() -> None:
    photo = Photo(photo=image_file(40, 30, orientation=6))
    assert (photo.width, photo.height) == (40, 30)
    photo.photo = image_file(50, 20)
    assert (photo.width, photo.height) == (50, 20)
    photo.save()
    photo = Photo.objects.get()
    assert (photo.width, photo.photo.width, photo.photo.height) == (50, 50, 20)
    photo.photo = ""
    assert (photo.width, photo.height) == (None, None)


def test_dimensions_of_a_refused_file_are_unknown() -> None:
    photo = Photo(photo=image_file())
    photo.photo = ContentFile(b"no image", name="a.jpg")
    assert photo.width is None
    with pytest.raises(UnreadableImage):
        photo.save()


def test_dimensions_survive_what_changes_nothing() -> None:
    photo = Photo.objects.create(photo=image_file(40, 30))
    photo.photo = photo.photo.name
    assert photo.width == 40
    photo.photo = photo.photo
    assert photo.width == 40
    photo.refresh_from_db()
    photo.refresh_from_db(fields=["photo"])
    assert photo.width == 40
    deferred = Photo.objects.defer("photo", "width").get()
    assert (deferred.photo.width, deferred.photo.name) == (40, photo.photo.name)


def test_dimensions_come_along_with_a_file_of_another_row() -> None:
    photo = Photo.objects.create(photo=image_file(40, 30))
    assert Photo(photo=photo.photo).width == 40
    other = Photo.objects.create(photo=image_file(10, 10))
    other.photo = photo.photo
    other.save()
    assert Photo.objects.get(pk=other.pk).width == 40


def test_without_fields_dimensions_are_unknown_rather_than_fetched() -> None:
    attachment = Attachment.objects.create(preview=image_file())
    media_storage().delete(attachment.preview.name)
    assert attachment.preview.width is None


def test_bulk_create_stores_files_and_dimensions() -> None:
    Photo.objects.bulk_create([Photo(photo=image_file(30 + n, 20)) for n in range(3)])
    photos = Photo.objects.order_by("pk")
    assert [photo.width for photo in photos] == [30, 31, 32]
    assert all(Image.open(io.BytesIO(stored(photo.photo))).height == 20 for photo in photos)


# -- as Django's own FileField --------------------------------------------------------------------


def test_null_and_blank() -> None:
    attachment = Attachment.objects.create()
    attachment = Attachment.objects.get(pk=attachment.pk)
    assert not attachment.file
    assert not attachment.preview
    assert attachment.preview.width is None
    with pytest.raises(ValueError, match="no file associated"):
        attachment.preview.resize("10x10")
    with pytest.raises(ValueError, match="no file associated"):
        _ = attachment.file.url


def test_a_fixture_is_loaded_as_it_is(tmp_path: Any) -> None:
    photo = Photo.objects.create(photo=image_file())
    dump = tmp_path / "photos.json"
    call_command("dumpdata", "gallery.photo", output=str(dump), verbosity=0)
    name = photo.photo.name
    media_storage().delete(name)
    photo.delete()
    call_command("loaddata", str(dump), verbosity=0)
    photo = Photo.objects.get()
    assert (photo.photo.name, photo.width) == (name, 40)


def test_a_copied_row_shares_the_file() -> None:
    photo = Photo.objects.create(photo=image_file())
    twin = Photo.objects.get()
    twin.pk = None
    twin._state.adding = True
    twin.save()
    assert Photo.objects.filter(photo=photo.photo.name).count() == 2
    twin.photo.delete()
    assert stored(photo.photo), "another row still names it"


def test_pickling_keeps_the_file() -> None:
    photo = Photo.objects.create(photo=image_file())
    thawed = pickle.loads(pickle.dumps(photo))
    assert thawed.photo.resize("10x10") == photo.photo.resize("10x10")
    assert thawed.photo.read() == stored(photo.photo)
    assert pickle.loads(pickle.dumps(photo.photo)).url == photo.photo.url


def test_a_name_assigned_by_hand_is_kept() -> None:
    photo = Photo.objects.create(photo="legacy/Some Photo.jpg", width=7)
    photo.refresh_from_db()
    assert (photo.photo.name, photo.width) == ("legacy/Some Photo.jpg", 7)
    assert photo.photo.url == "/media/legacy/Some%20Photo.jpg"
    with pytest.raises(InvalidKey, match=r"legacy/Some Photo.jpg"):
        photo.photo.resize("10x10")


def test_a_file_that_is_not_saved_has_no_resize() -> None:
    with pytest.raises(InvalidKey, match=r"'a.jpg' is not the key of an original"):
        Photo(photo=image_file()).photo.resize("10x10")


def test_files_are_read_and_have_sizes() -> None:
    photo = Photo.objects.create(photo=image_file())
    photo = Photo.objects.get()
    data = stored(photo.photo)
    assert photo.photo.size == len(data)
    with photo.photo.open() as file:
        assert file.read() == data


# -- deleting -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_deleted_file_goes_on_commit() -> None:
    photo = Photo.objects.create(photo=image_file())
    name = photo.photo.name
    with transaction.atomic():
        photo.photo.delete()
        assert media_storage().exists(name)
    assert not media_storage().exists(name)
    assert (photo.width, Photo.objects.get().photo.name) == (None, "")


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_delete_deletes_nothing() -> None:
    photo = Photo.objects.create(photo=image_file())
    with pytest.raises(RuntimeError), transaction.atomic():
        photo.photo.delete()
        raise RuntimeError
    assert stored(Photo.objects.get().photo)


@pytest.mark.django_db(transaction=True)
def test_a_file_of_a_deleted_row_may_be_deleted_with_it() -> None:
    photo = Photo.objects.create(photo=image_file())
    file, name = photo.photo, photo.photo.name
    with transaction.atomic():
        photo.delete()
        file.delete(save=False)
    assert not media_storage().exists(name)


@pytest.mark.django_db(transaction=True)
def test_replacing_and_deleting_rows_keeps_files() -> None:
    photo = Photo.objects.create(photo=image_file())
    first = photo.photo.name
    photo.photo = image_file()
    photo.save()
    photo.delete()
    assert media_storage().exists(first)


# -- definition -----------------------------------------------------------------------------------


def test_migrations_know_nothing_of_the_settings(settings: Any) -> None:
    plain, _ = MigrationWriter.serialize(MediaField())
    assert plain == "django_shift_media.fields.MediaField()"
    settings.SHIFT_MEDIA_STORAGE = "nowhere"
    assert MigrationWriter.serialize(MediaField())[0] == plain
    full = MediaField(
        "photo",
        kind="any",
        max_bytes=5,
        width_field="w",
        height_field="h",
        placeholder_field="p",
        focal_point_field="f",
        max_length=100,
        null=True,
    )
    _, _, args, kwargs = full.deconstruct()
    assert MediaField(*args, **kwargs).deconstruct() == full.deconstruct()
    assert kwargs["max_length"] == 100
    assert full.clone().kind == "any"


def test_models_of_migrations_are_released() -> None:
    project = ProjectState.from_apps(apps)
    historical = weakref.ref(project.apps)
    del project
    gc.collect()
    assert historical() is None


def test_the_gallery_has_all_its_migrations() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_the_longest_key_fits_the_column() -> None:
    photo = Photo.objects.create(photo=image_file(name="x" * 300 + ".jpg"))
    assert len(photo.photo.name) == keys.KEY_LENGTH <= Photo._meta.get_field("photo").max_length


def test_what_the_package_decides_is_no_argument() -> None:
    with pytest.raises(TypeError, match="does not accept 'upload_to'"):
        MediaField(upload_to="x")


@pytest.mark.parametrize("storage", [default_storage, FileSystemStorage, lambda: default_storage])
def test_a_storage_is_given_by_its_alias(storage: Any) -> None:
    with pytest.raises(TypeError, match="Use the alias of a media storage in STORAGES"):
        MediaField(storage=storage)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="Invalid kind 'audio', must be one of: image, any, video"):
        MediaField(kind="audio")  # type: ignore[arg-type]


@isolate_apps("gallery")
def test_checks_name_what_is_wrong() -> None:
    class Wrong(models.Model):
        photo = MediaField(width_field="wdith", max_length=50)

        class Meta:
            app_label = "gallery"

    messages = Wrong.check()
    assert [message.id for message in messages] == ["shift_media.E101", "shift_media.E102"]
    assert "wdith" in messages[0].msg


@pytest.mark.django_db(transaction=True)
@isolate_apps("gallery")
def test_dimensions_do_not_depend_on_the_order_of_fields() -> None:
    class Early(models.Model):
        width = models.IntegerField(null=True)
        photo = MediaField(width_field="width")

        class Meta:
            app_label = "gallery"

    with connection.schema_editor() as editor:
        editor.create_model(Early)
    row = Early()
    row.photo = image_file(40, 30)
    row.save()
    assert Early.objects.get().width == 40
    row.photo.save("b.jpg", image_file(50, 30))
    assert Early.objects.get().width == 50
    with connection.schema_editor() as editor:
        editor.delete_model(Early)


# -- focal point ----------------------------------------------------------------------------------


def test_fill_crops_around_the_focal_point() -> None:
    photo = Photo.objects.create(photo=image_file(), focal_point="30,70")
    assert photo.photo.focal_point == (30, 70)
    assert "/20x20-fillx30y70-80-noupscale-" in photo.photo.resize("20x20", how="fill")
    assert "/20x20-fit-80-noupscale-" in photo.photo.resize("20x20")
    photo.focal_point = ""
    assert "/20x20-fill-80-noupscale-" in photo.photo.resize("20x20", how="fill")


@pytest.mark.parametrize("text", ["30", "30,101", "101,0", "a,b", "-1,5", "٣,٤"])
def test_a_wrong_focal_point_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is not a valid focal point"):
        Photo(photo="x", focal_point=text).photo.resize("20x20", how="fill")


# -- forms ----------------------------------------------------------------------------------------


def form(data: bytes, name: str = "a.jpg") -> PhotoForm:
    return PhotoForm({}, {"photo": SimpleUploadedFile(name, data, "image/jpeg")})


def test_a_form_stores_a_photo() -> None:
    upload = form(draw_photo(40, 30, format="WEBP"), "x" * 300 + ".jpg")
    assert upload.is_valid(), upload.errors
    photo = upload.save()
    assert photo.photo.name.endswith("x.webp")
    assert (photo.width, photo.height) == (40, 30)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The submitted file is empty."),
        (
            b"<html>",
            "We couldn’t process “a.jpg”: This is not an image in an accepted format. ",
        ),
        (draw_photo(40, 30)[:-300], "We couldn’t process “a.jpg”: The image is damaged: "),
    ],
)
def test_a_form_says_why_a_file_is_refused(content: bytes, message: str) -> None:
    (error,) = form(content).errors["photo"]
    assert error.startswith(message)


def test_a_form_says_that_a_file_is_too_large(settings: Any) -> None:
    settings.SHIFT_MEDIA_MAX_PIXELS = 100
    (error,) = form(draw_photo(40, 30, format="WEBP")).errors["photo"]
    assert error == "“a.jpg” is too large: The image has 40 x 30 pixels; the maximum is 100."


def test_the_input_asks_for_images() -> None:
    html = str(PhotoForm()["photo"])
    assert 'accept="image/jpeg,image/png,image/webp,image/avif,image/gif"' in html
    assert "accept" not in str(MediaFormField(kind="any").widget.attrs)


def test_a_form_without_a_new_file_changes_nothing() -> None:
    photo = Photo.objects.create(photo=image_file())
    bound = PhotoForm({"title": "new"}, instance=photo)
    assert bound.is_valid(), bound.errors
    assert bound.save().photo.name == photo.photo.name
    assert Photo.objects.get().width == 40


@isolate_apps("gallery")
def test_a_refused_file_has_its_own_message_only() -> None:
    class Picky(models.Model):
        photo = MediaField(validators=[FileExtensionValidator(["png"])])

        class Meta:
            app_label = "gallery"

    with pytest.raises(ValidationError) as raised:
        Picky(photo=ContentFile(b"<html>", name="a.jpg")).full_clean()
    (message,) = raised.value.message_dict["photo"]
    assert message.startswith("We couldn’t process “a.jpg”")
    with pytest.raises(ValidationError, match="File extension “jpg” is not allowed"):
        Picky(photo=ContentFile(draw_photo(4, 3), name="a.jpg")).full_clean()
