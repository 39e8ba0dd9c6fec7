"""Functions of the project that may refuse uploads: the same for each way in."""

import json
import socket
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.forms import modelform_factory
from django.test import Client
from rest_framework import serializers

from django_shift_media.contrib.clamav import ClamAV
from django_shift_media.contrib.rest_framework import MediaSerializerField
from django_shift_media.exceptions import StorageUnavailable, UploadRefused
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.models import Attachment, Photo
from tests.support.buckets import new_bucket
from tests.support.clamd import EICAR, MAX_STREAM, clamd
from tests.support.direct_uploads import Uploader
from tests.support.examples import EXAMPLES
from tests.support.requirements import missing
from tests.support.servers import Missing
from tests.support.stored_objects import keys_of, new_key, put, resize_of
from tests.support.system_checks import found
from tests.support.waiting import PATIENCE

BAD = "cat.jpg has a bad word."
seen: list[str] = []


def no_bad_words(file: Any) -> None:
    seen.append(str(file.name))
    if b"bad word" in file.read():
        raise ValidationError("%(name)s has a bad word.", params={"name": file.name})


def several(file: Any) -> None:
    raise ValidationError(["Too old.", "Too blue."])


def by_field(file: Any) -> None:
    raise ValidationError({"photo": "Too old.", "other": "Too blue."})


def hangs(file: Any) -> None:
    """A scanner that takes connections, and never replies."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ClamAV(server.getsockname(), timeout=0.05)(file)


async def asynchronous(file: Any) -> None:
    raise ValidationError("Never reached, because nobody awaits it.")


class Uncalled:
    """A class in the place of its instance, as ``ClamAV`` in that of ``scan``."""

    def __init__(self, file: Any) -> None:
        pass

    def __call__(self, file: Any) -> None:
        raise ValidationError("Never called.")


def says_no(file: Any) -> bool:
    return False


def misprints(file: Any) -> None:
    raise ValidationError("50% of %(name)s is bad.", params={"name": file.name})


def is_away(file: Any) -> None:
    ClamAV("/nowhere/clamd.ctl")(file)


@pytest.fixture
def small() -> bytes:
    return draw_photo(40, 30)


@pytest.fixture
def use(settings: Any) -> Any:
    seen.clear()

    def use(*names: str) -> None:
        settings.SHIFT_MEDIA_UPLOAD_VALIDATORS = [f"{__name__}.{name}" for name in names]

    return use


class Card(serializers.Serializer):
    photo = MediaSerializerField()


# -- ways in: each returns the messages of the refusal, none if the file was accepted -------------


def by_form(data: bytes) -> list[str]:
    form_class = modelform_factory(Photo, fields=["photo"])
    form = form_class({}, {"photo": SimpleUploadedFile("cat.jpg", data)})
    if form.is_valid():
        form.save()
    return [message for messages in form.errors.values() for message in messages]


def by_rest(data: bytes) -> list[str]:
    card = Card(data={"photo": SimpleUploadedFile("cat.jpg", data)})
    card.is_valid()
    return [str(message) for messages in card.errors.values() for message in messages]


def by_full_clean(data: bytes) -> list[str]:
    try:
        Photo(photo=SimpleUploadedFile("cat.jpg", data)).full_clean()
    except ValidationError as error:
        return error.messages
    return []


def by_save(data: bytes) -> list[str]:
    try:
        Photo().photo.save("cat.jpg", ContentFile(data, "cat.jpg"))
    except UploadRefused as error:
        return [str(error)]
    return []


def by_assignment(data: bytes) -> list[str]:
    try:
        with transaction.atomic():
            Photo.objects.create(photo=ContentFile(data, "cat.jpg"))
    except UploadRefused as error:
        return [str(error)]
    return []


def directly(data: bytes) -> list[str]:
    user, _ = User.objects.get_or_create(username="uploader", is_superuser=True, is_staff=True)
    client = Client()
    client.force_login(user)
    answer = Uploader(client, user).upload(data)
    return [answer.body["error"]] if answer.status == 422 else []


WAYS = [by_form, by_rest, by_full_clean, by_save, by_assignment, directly]
# Of the authors of validators: what must not count as acceptance.
MISTAKES = ["asynchronous", "Uncalled", "says_no", "misprints"]
each_way = pytest.mark.parametrize("way", WAYS)


@each_way
@pytest.mark.django_db
def test_a_validator_refuses_a_file_with_its_message(way: Any, use: Any, small: bytes) -> None:
    use("no_bad_words")
    assert way(small + b"bad word") == [BAD]
    assert keys_of(media_storage()) == set()
    assert way(small) == []


@each_way
@pytest.mark.parametrize("validator", ["hangs", "is_away", "does_not_exist", *MISTAKES])
@pytest.mark.django_db
def test_a_validator_that_fails_refuses_the_file(
    way: Any, use: Any, small: bytes, validator: str, caplog: Any
) -> None:
    use("no_bad_words", validator)
    assert way(small) == ["“cat.jpg” could not be checked. Try again later."]
    assert keys_of(media_storage()) == set()
    assert not Photo.objects.exists()
    assert f"the validator {__name__}.{validator} failed" in caplog.text


@pytest.mark.parametrize("way", [by_form, by_rest, by_full_clean])
@pytest.mark.parametrize("validator", ["several", "by_field"])
@pytest.mark.django_db
def test_a_validator_may_have_several_messages(
    way: Any, validator: str, use: Any, small: bytes
) -> None:
    use(validator)
    assert way(small) == ["Too old.", "Too blue."]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.django_db
def test_a_file_is_checked_once(way: Any, use: Any, small: bytes) -> None:
    use("no_bad_words")
    way(small)
    assert seen == ["cat.jpg"]


@pytest.mark.django_db
def test_a_file_is_saved_whole_after_it_was_read(use: Any, small: bytes) -> None:
    use("no_bad_words")
    assert by_form(small) == []
    assert Photo.objects.get().photo.read() == small


@pytest.mark.django_db
def test_files_of_any_kind_are_checked_and_stored_ones_are_not(use: Any) -> None:
    use("no_bad_words")
    row = Attachment.objects.create(file=File(BytesIO(b"a good word"), "cat.txt"))
    row.full_clean()
    row.save()
    Attachment.objects.create(file=row.file.name)
    assert seen == ["cat.txt"]
    with pytest.raises(UploadRefused, match=r"cat\.txt has a bad word"):
        Attachment.objects.create(file=File(BytesIO(b"a bad word"), "cat.txt"))


@pytest.mark.django_db
def test_a_validator_reads_a_file_from_its_beginning(use: Any) -> None:
    use("no_bad_words", "no_bad_words")
    content = BytesIO()
    content.write(b"a bad word")
    with pytest.raises(UploadRefused):
        Attachment().file.save("cat.txt", File(content, "cat.txt"))
    content = BytesIO()
    content.write(b"a good word")
    row = Attachment()
    row.file.save("cat.txt", File(content, "cat.txt"))
    assert row.file.read() == b"a good word"


@pytest.mark.django_db
def test_a_form_may_have_a_message_of_its_own(use: Any, small: bytes) -> None:
    use("is_away")
    messages = {"photo": {"not_checked": "Come back."}}
    form_class = modelform_factory(Photo, fields=["photo"], error_messages=messages)
    form = form_class({}, {"photo": SimpleUploadedFile("cat.jpg", small)})
    assert form.errors == {"photo": ["Come back."]}


@pytest.mark.django_db
def test_validators_that_cannot_be_used_are_reported(settings: Any) -> None:
    settings.SHIFT_MEDIA_UPLOAD_VALIDATORS = [f"{__name__}.nowhere"]
    assert "nowhere" in found()["shift_media.E032"].msg
    settings.SHIFT_MEDIA_UPLOAD_VALIDATORS = [f"{__name__}.BAD"]
    assert "it is not a function" in found()["shift_media.E032"].msg
    settings.SHIFT_MEDIA_UPLOAD_VALIDATORS = ["django_shift_media.contrib.clamav.ClamAV"]
    assert "it is not a function" in found()["shift_media.E032"].msg
    settings.SHIFT_MEDIA_UPLOAD_VALIDATORS = [f"{__name__}.asynchronous"]
    assert "it is asynchronous" in found()["shift_media.E032"].msg
    settings.SHIFT_MEDIA_UPLOAD_VALIDATORS = ["django_shift_media.contrib.clamav.scan"]
    assert "shift_media.E032" not in found()
    settings.SHIFT_MEDIA_UPLOAD_VALIDATORS = "gallery.scan"
    assert "SHIFT_MEDIA_UPLOAD_VALIDATORS" in found()["shift_media.E002"].msg
    settings.SHIFT_MEDIA_UPLOAD_VALIDATORS = [1]
    assert "dotted paths" in found()["shift_media.E002"].msg


# -- ClamAV ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clamd_socket() -> Iterator[str]:
    try:
        with clamd() as address:
            yield address
    except Missing as error:
        missing(str(error))


scan: ClamAV


def by_clamav(file: Any) -> None:
    scan(file)


@pytest.fixture
def clamav(clamd_socket: str, use: Any) -> ClamAV:
    global scan
    scan = ClamAV(clamd_socket)
    use("by_clamav")
    return scan


@pytest.mark.server
@pytest.mark.nightly
@each_way
@pytest.mark.django_db
def test_clamav_refuses_a_virus(way: Any, clamav: ClamAV, small: bytes) -> None:
    assert way(small + EICAR) == ["“cat.jpg” contains a virus: Eicar-Test.UNOFFICIAL."]
    assert keys_of(media_storage()) == set()
    assert way(small) == []


@pytest.mark.server
@pytest.mark.nightly
def test_what_clamav_cannot_check_is_not_accepted(clamav: ClamAV, tmp_path: Path) -> None:
    too_long = ContentFile(bytes(20 * MAX_STREAM), "cat.bin")
    with pytest.raises(OSError, match="size limit exceeded"):
        clamav(too_long)
    clamav(ContentFile(b"", "cat.txt"))


# -- GuardDuty, as the guide shows it -------------------------------------------------------------


def example(language: str) -> str:
    """Return the last code block of the guide in a language."""
    page = "scan-uploads.rst"
    return [
        block.code
        for block in EXAMPLES
        if (block.document.name, block.language) == (page, language)
    ][-1]


def set_tag(storage: Any, key: str, **tags: str) -> None:
    tag_set = [{"Key": name.replace("_", "-"), "Value": value} for name, value in tags.items()]
    storage.client.put_object_tagging(
        Bucket=storage.bucket_name, Key=storage.prefix + key, Tagging={"TagSet": tag_set}
    )


wait_for_guardduty: Any


def by_guardduty(file: Any) -> None:
    wait_for_guardduty(file)


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        ("NO_THREATS_FOUND", []),
        ("THREATS_FOUND", ["“cat.jpg” contains malware."]),
        ("UNSUPPORTED", ["“cat.jpg” could not be checked. Try again later."]),
        (None, ["“cat.jpg” could not be checked. Try again later."]),
    ],
)
@pytest.mark.django_db
def test_the_example_waits_for_the_tag_of_guardduty(
    settings: Any, moto: Any, use: Any, small: bytes, status: str | None, refusal: list[str]
) -> None:
    global wait_for_guardduty
    storage = new_bucket(settings, moto, location="some/where")
    shown: dict[str, Any] = {}
    exec(example("python").replace("sleep(1)", "sleep(0)"), shown)
    if status is None:
        shown["SECONDS"] = 0
    wait_for_guardduty = shown["wait_for_guardduty"]
    looked: list[str] = []

    def scan_after_a_look(**_: Any) -> None:
        looked.append("")
        if status and len(looked) == 2:
            [key] = keys_of(storage)
            set_tag(storage, key, GuardDutyMalwareScanStatus=status)

    event = "after-call.s3.GetObjectTagging"
    storage.client.meta.events.register(event, scan_after_a_look, "test")
    use("by_guardduty")
    try:
        assert directly(small) == refusal
    finally:
        storage.client.meta.events.unregister(event, unique_id="test")
    assert len(looked) > 1 or status is None
    assert len(keys_of(storage)) == (0 if refusal else 1)
    # What the app receives is not in the bucket yet.
    assert by_form(small) == []


@pytest.mark.server
def test_the_example_of_a_policy_delivers_only_what_was_scanned(
    settings: Any, running: Any
) -> None:
    storage = new_bucket(settings, running("ceph"))
    text = example("json").replace("example-media", storage.bucket_name)
    public = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{storage.bucket_name}/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [public, json.loads(text)]}
    storage.client.put_bucket_policy(Bucket=storage.bucket_name, Policy=json.dumps(policy))
    original = put(storage, new_key())
    resize = put(storage, resize_of(original))
    url = f"{storage.client.meta.endpoint_url}/{storage.bucket_name}/"

    def statuses() -> list[int]:
        return [requests.get(url + key, timeout=PATIENCE).status_code for key in (original, resize)]

    assert statuses() == [403, 403]
    set_tag(storage, resize, shift_media="resize")
    set_tag(storage, original, GuardDutyMalwareScanStatus="THREATS_FOUND")
    assert statuses() == [403, 200]
    with pytest.raises(StorageUnavailable, match=r"403|AccessDenied"):
        storage.get(original)
    set_tag(storage, original, GuardDutyMalwareScanStatus="NO_THREATS_FOUND")
    assert statuses() == [200, 200]
    assert storage.get(original) == b"data"
