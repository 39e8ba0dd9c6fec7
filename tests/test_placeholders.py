"""What a page shows of an image until that has loaded: made at upload, shown without any I/O."""

import base64
import html
import io
import subprocess
import sys
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import models
from django.template import Context, Template
from django.test.utils import isolate_apps
from PIL import Image

from django_shift_media.fields import MediaField
from django_shift_media.naming.placeholder import MAX_LENGTH, Placeholder
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.forms import PhotoForm
from gallery.models import Attachment, Photo
from tests.support.buckets import new_bucket
from tests.support.pictures import encoded
from tests.support.placeholders import MAX_ERROR, TEXT, channels, error
from tests.support.templates import rendered
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.django_db


def upload(data: bytes, name: str = "a.jpg") -> Placeholder:
    """Store a photo; return the placeholder that its row has from then on."""
    photo = Photo.objects.create(photo=ContentFile(data, name=name))
    placeholder = Photo.objects.get(pk=photo.pk).photo.placeholder
    assert placeholder is not None
    return placeholder


def shown(placeholder: Placeholder) -> Image.Image:
    """Decode a data URI as a browser does."""
    head, _, data = placeholder.data_uri.partition(",")
    assert head == "data:image/webp;base64"
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert image.format == "WEBP"
    return image


# -- what it shows --------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_the_picture_upright(orientation: int) -> None:
    picture = Image.open(io.BytesIO(draw_photo(400, 300)))
    image = shown(upload(draw_photo(400, 300, orientation=orientation)))
    assert image.width > image.height
    assert error(picture, image) < MAX_ERROR
    turned = [error(picture.transpose(method), image) for method in Image.Transpose]
    assert min(turned) > MAX_ERROR, "no other way up is as near"


@pytest.mark.parametrize(
    ("format", "mode"),
    [
        ("JPEG", "L"),
        ("JPEG", "CMYK"),
        ("PNG", "1"),
        ("PNG", "P"),
        ("PNG", "I;16"),
        ("PNG", "RGBA"),
        ("WEBP", "RGB"),
        ("AVIF", "RGB"),
        ("GIF", "P"),
    ],
)
def test_it_is_the_picture_in_every_format(format: str, mode: str) -> None:
    data = draw_photo(300, 400, format=format, mode="L" if mode == "I;16" else mode)
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    if mode == "I;16":
        gray = picture.convert("L").point(lambda value: value * 257, "I").convert("I;16")
        data = encoded(gray)
    image = shown(upload(data))
    assert image.mode == "RGB", "nothing can be seen through it"
    assert image.width < image.height
    assert error(picture, image) < MAX_ERROR


@pytest.mark.parametrize(
    ("width", "height", "ratio"),
    [
        (400, 300, 4 / 3),
        (300, 400, 3 / 4),
        (300, 300, 1),
        (1600, 900, 16 / 9),
        (1200, 300, 4),
        (100, 500, 1 / 5),
        (1, 3000, 1 / 7),  # the longest that it knows
    ],
)
def test_it_has_the_shape_of_the_picture(width: int, height: int, ratio: float) -> None:
    image = shown(upload(draw_photo(width, height)))
    # A ThumbHash has steps of one seventh of the longer side, and this one whole pixels.
    assert min(image.size) / max(image.size) == pytest.approx(min(ratio, 1 / ratio), abs=0.1)
    assert (image.width > image.height) == (width > height)


def test_it_has_the_holes_of_the_picture() -> None:
    picture = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    picture.paste((220, 20, 20, 255), (0, 0, 100, 100))
    placeholder = upload(encoded(picture))
    assert placeholder.is_transparent
    image = shown(placeholder)
    assert image.mode == "RGBA"
    red, green, blue, alpha = image.getpixel((2, image.height // 2))  # type: ignore[misc]
    assert alpha > 230
    assert (red, green, blue) == pytest.approx((220, 20, 20), abs=30)
    assert image.getpixel((image.width - 3, image.height // 2))[3] < 25  # type: ignore[index]
    assert channels(placeholder.color) == (220, 20, 20), "of what can be seen"


def test_it_is_not_seen_through_a_transparent_picture_for_ever() -> None:
    assert upload(draw_photo(40, 30)).style.startswith("background:#")
    assert upload(encoded(Image.new("RGBA", (40, 30), (9, 9, 9, 254)))).style == ""
    assert upload(encoded(Image.new("RGBA", (40, 30)))).style == ""


def test_the_dominant_color_is_not_the_mean() -> None:
    picture = Image.new("RGB", (100, 100), (30, 60, 200))
    picture.paste((255, 250, 0), (0, 0, 100, 40))
    assert channels(upload(encoded(picture)).color) == (30, 60, 200)


def test_it_is_what_the_authors_of_the_format_make() -> None:
    """Pages may decode the hash by the scripts that there are for it."""
    picture = Image.new("RGB", (16, 12))
    picture.putdata([(x * 17, y * 23, 255 - x * 9) for y in range(12) for x in range(16)])
    assert upload(encoded(picture)).hash == "JAYKdZx0d3eAeHiHiHiIh3CECPeI"


# -- its text -------------------------------------------------------------------------------------


def test_a_text_and_a_placeholder_are_each_other_s_inverse() -> None:
    placeholder = Placeholder.parse(TEXT)
    assert (placeholder.hash, placeholder.color) == tuple(TEXT.split())
    assert str(placeholder) == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "x",
        TEXT.split()[0],
        "#c6e4e0",
        TEXT + "\n",
        TEXT.upper(),
        TEXT.replace("#", ""),
        TEXT.replace(" ", "  "),
        "a" + TEXT,
        "AAAA #c6e4e0",
        "AAAAAAAAAAAAAAAAAAAA #c6e4e0",
        f"{'A' * 40} #c6e4e0",
        '3ucZFYh2d4hvd4d3d1h3h73P3uv" #c6e4e0',
        "3ucZFYh2d4hvd4d3d1h3h73P3uv8 #c6e4e0) url(x",
    ],
)
def test_a_broken_text_is_named(text: str) -> None:
    photo = Photo(photo="x", placeholder=text)
    with pytest.raises(ValueError, match="Use a ThumbHash in base64 and a color") as caught:
        _ = photo.photo.placeholder
    assert f": {text!r} is not a valid placeholder. " in str(caught.value)


def test_the_longest_text_fits_the_column() -> None:
    square = Image.linear_gradient("L").resize((50, 50))
    opaque = Image.merge("RGB", [square] * 3)
    transparent = Image.merge("RGBA", [square] * 4)
    lengths = [len(str(upload(encoded(image)))) for image in (opaque, transparent)]
    assert max(lengths) == MAX_LENGTH


# -- it follows the file --------------------------------------------------------------------------


ONE = draw_photo(40, 30, seed=1)
TWO = draw_photo(40, 30, seed=2)


def photo_file(data: bytes = ONE) -> ContentFile:  # type: ignore[type-arg]
    return ContentFile(data, name="a.jpg")


def test_it_follows_the_file() -> None:
    photo = Photo(photo=photo_file(ONE))
    first = photo.placeholder
    assert Placeholder.parse(first)
    photo.photo = photo_file(TWO)
    assert photo.placeholder not in {"", first}
    photo.photo = photo_file(ONE)
    photo.save()
    assert Photo.objects.get().placeholder == first
    photo.photo.save("b.jpg", photo_file(TWO))
    assert Photo.objects.get().placeholder not in {"", first}
    photo.photo = ContentFile(b"no image", name="a.jpg")
    assert photo.placeholder == ""
    photo.photo = photo_file(ONE)
    assert photo.placeholder == first
    photo.photo = ""
    assert photo.photo.placeholder is None
    photo.photo = photo_file(ONE)
    photo.photo.delete()
    assert Photo.objects.get().placeholder == ""


def test_it_survives_what_changes_nothing() -> None:
    photo = Photo.objects.create(photo=photo_file())
    kept = photo.placeholder
    media_storage().delete(photo.photo.name)
    photo.photo = photo.photo.name
    photo.photo = photo.photo
    photo.refresh_from_db()
    photo.save()
    assert Photo.objects.defer("photo", "placeholder").get().placeholder == kept
    assert Photo.objects.defer("photo").get().photo.placeholder == Placeholder.parse(kept)


def test_it_comes_along_with_a_file_of_another_row() -> None:
    photo = Photo.objects.create(photo=photo_file(ONE))
    media_storage().delete(photo.photo.name)
    assert Photo(photo=photo.photo).placeholder == photo.placeholder
    other = Photo.objects.create(photo=photo_file(TWO))
    other.photo = photo.photo
    other.save()
    assert Photo.objects.get(pk=other.pk).placeholder == photo.placeholder != ""


def test_forms_bulk_create_and_fixtures_keep_it(tmp_path: Any) -> None:
    form = PhotoForm({}, {"photo": SimpleUploadedFile("a.jpg", ONE)})
    kept = form.save().placeholder
    Photo.objects.bulk_create([Photo(photo=photo_file())])
    assert list(Photo.objects.values_list("placeholder", flat=True)) == [kept, kept]
    dump = tmp_path / "photos.json"
    call_command("dumpdata", "gallery.photo", output=str(dump), verbosity=0)
    Photo.objects.all().delete()
    call_command("loaddata", str(dump), verbosity=0)
    assert list(Photo.objects.values_list("placeholder", flat=True)) == [kept, kept]
    assert Placeholder.parse(kept)


class CountingUpload(SimpleUploadedFile):
    """Counts how often all of it is read at once, which is what decoding begins with."""

    reads = 0

    def read(self, *size: int) -> bytes:  # type: ignore[override]
        self.reads += not size
        data: bytes = self.file.read(*size)  # type: ignore[union-attr]
        return data


def test_it_is_made_once_however_often_an_upload_is_looked_at() -> None:
    file = CountingUpload("a.jpg", draw_photo(40, 30))
    form = PhotoForm({}, {"photo": file})
    assert form.is_valid()
    assert file.reads == 1, "verified and scaled down in one go"
    form.save()
    assert Photo.objects.get().placeholder
    assert file.reads == 2, "and stored"


def test_what_is_no_image_has_none() -> None:
    attachment = Attachment.objects.create(file=ContentFile(draw_photo(40, 30), name="a.jpg"))
    assert attachment.file.placeholder is None
    assert Attachment().preview.placeholder is None
    assert Photo().photo.placeholder is None


@isolate_apps("gallery")
def test_files_of_any_kind_have_none() -> None:
    class Document(models.Model):
        file = MediaField(kind="any", placeholder_field="placeholder")
        placeholder = models.CharField(max_length=MAX_LENGTH)

        class Meta:
            app_label = "gallery"

    document = Document(file=ContentFile(draw_photo(40, 30), name="a.jpg"))
    assert document.placeholder == ""
    assert document.file.placeholder is None


def test_rows_that_are_older_than_the_field(settings: Any, moto: Any) -> None:
    new_bucket(settings, moto)
    kept = Photo.objects.create(photo=photo_file()).placeholder
    Photo.objects.update(placeholder="", width=None, height=None)
    for photo in Photo.objects.filter(placeholder=""):
        photo.photo.measure()
        photo.save()
    photo = Photo.objects.get()
    assert (photo.placeholder, photo.width, photo.height) == (kept, 40, 30)


# -- in pages -------------------------------------------------------------------------------------


def test_a_page_of_100_does_no_io(db: None, django_assert_num_queries: Any) -> None:
    name = "3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg/cat.jpg"
    assert not media_storage().exists(name), "it could not be read"
    Photo.objects.bulk_create([Photo(photo=name, placeholder=TEXT) for _ in range(100)])
    photos = list(Photo.objects.all())
    tag = '<i style="{{ obj.photo.placeholder.style }}">'
    page = Template("{% for obj in photos %}" + tag + "{% endfor %}")
    with django_assert_num_queries(0):
        text = page.render(Context({"photos": photos}))
    assert text.count('<i style="background:#c6e4e0 url(data:image/webp;base64,UklGR') == 100


def test_nothing_in_it_needs_escaping() -> None:
    style = upload(draw_photo(40, 30)).style
    assert html.escape(style) == style
    assert len(style) < 400


def test_the_same_text_is_decoded_once() -> None:
    assert Placeholder.parse(TEXT) is Placeholder.parse(TEXT)
    assert Placeholder.parse(TEXT).style is Placeholder.parse(TEXT).style


# -- checks ---------------------------------------------------------------------------------------


def checked(length: int | None, name: str = "shown") -> list[Any]:
    class Checked(models.Model):
        photo = MediaField(placeholder_field=name)
        shown = models.CharField(max_length=length) if length else models.TextField()

        class Meta:
            app_label = "gallery"

    return Checked.check()


@isolate_apps("gallery")
@pytest.mark.parametrize("length", [MAX_LENGTH, None])
def test_a_field_that_is_long_enough(length: int | None) -> None:
    assert checked(length) == []


@isolate_apps("gallery")
def test_a_field_that_is_too_short() -> None:
    (message,) = checked(MAX_LENGTH - 1)
    assert message.id == "shift_media.E103"
    assert message.msg == "'shown' has max_length=43, which is too short for a placeholder."


@isolate_apps("gallery")
def test_a_field_that_does_not_exist() -> None:
    (message,) = checked(MAX_LENGTH, "shwon")
    assert message.id == "shift_media.E101"
    assert message.msg == "placeholder_field is 'shwon', but the model has no such field."


WITHOUT = """
import sys
sys.modules["thash"] = None  # as if it were not installed
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "testproject.settings"
import django
django.setup()
from django.core import checks
from gallery.models import Attachment, Photo
assert Attachment.check() == []
(message,) = Photo.check()
print(message.id, message.msg, message.hint)
"""


def test_without_the_library_only_the_field_is_an_error() -> None:
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
        timeout=PATIENCE,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == (
        "shift_media.E104 placeholder_field is 'placeholder', but the package thash is not"
        ' installed. Run: pip install "django-shift-media[placeholders]"\n'
    )


@pytest.mark.parametrize("tag", ["picture", "img"])
def test_tags_show_it_before_the_picture_beside_a_style_of_their_own(
    tag: str, photo: Photo
) -> None:
    style = photo.photo.placeholder.style
    html = rendered(f'{{% {tag} photo "50x50" alt="" placeholder=True %}}', photo=photo.photo)
    assert f'style="{style}"' in html
    html = rendered(
        f'{{% {tag} photo "50x50" alt="" placeholder=True style="color:red" %}}', photo=photo.photo
    )
    assert f'style="{style};color:red"' in html
    photo.placeholder = ""
    html = rendered(f'{{% {tag} photo "50x50" alt="" placeholder=True %}}', photo=photo.photo)
    assert "style" not in html


def test_a_field_that_keeps_none_cannot_show_one(jpeg: bytes, db: None) -> None:
    attachment = Attachment.objects.create(preview=ContentFile(jpeg, name="a.jpg"))
    with pytest.raises(
        ValueError,
        match="requires a placeholder_field, which the MediaField 'preview' does not have",
    ):
        rendered('{% img file "9x9" alt="" placeholder=True %}', file=attachment.preview)
