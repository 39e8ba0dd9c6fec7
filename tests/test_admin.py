from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from gallery.drawings import draw_photo
from gallery.models import Photo

pytestmark = pytest.mark.django_db


def form_data(**fields: Any) -> dict[str, Any]:
    return {
        "title": "",
        "focal_point": "",
        "attachment_set-TOTAL_FORMS": 0,
        "attachment_set-INITIAL_FORMS": 0,
        **fields,
    }


def test_photos_are_added_changed_and_listed(admin_client: Any) -> None:
    upload = SimpleUploadedFile("a.jpg", draw_photo(40, 30), "image/jpeg")
    answer = admin_client.post("/admin/gallery/photo/add/", form_data(photo=upload))
    assert answer.status_code == 302
    photo = Photo.objects.get()
    page = f"/admin/gallery/photo/{photo.pk}/change/"
    assert photo.photo.url in admin_client.get(page).content.decode()
    assert admin_client.post(page, form_data(title="New")).status_code == 302
    assert Photo.objects.get().photo.name == photo.photo.name
    assert "New" in admin_client.get("/admin/gallery/photo/").content.decode()


def test_a_wrong_focal_point_is_an_error_of_the_form(admin_client: Any) -> None:
    upload = SimpleUploadedFile("a.jpg", draw_photo(40, 30), "image/jpeg")
    data = form_data(photo=upload, focal_point="left")
    answer = admin_client.post("/admin/gallery/photo/add/", data)
    assert answer.status_code == 200
    assert (
        "“left” is not a valid focal point. Use two percentages, such as “30,70”."
        in answer.content.decode()
    )


def test_a_refused_file_is_an_error_of_the_form(admin_client: Any) -> None:
    upload = SimpleUploadedFile("a.jpg", b"<html>", "image/jpeg")
    answer = admin_client.post("/admin/gallery/photo/add/", form_data(photo=upload))
    assert answer.status_code == 200
    assert "We couldn’t process “a.jpg”" in answer.content.decode()
