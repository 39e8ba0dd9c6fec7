"""An API for single-page apps, with tokens, or with sessions and CSRF tokens."""

from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import ensure_csrf_cookie
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import permissions, routers, serializers, viewsets
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed

from django_shift_media.contrib.rest_framework import MediaSerializerField
from django_shift_media.contrib.rest_uploads import UploadView
from gallery.models import Attachment, Photo


class BearerAuthentication(BaseAuthentication):
    """``Authorization: Bearer NAME``, where the name stands for a random token of this user."""

    def authenticate(self, request: Any) -> tuple[User, None] | None:
        scheme, _, name = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            return None
        user = User.objects.filter(username=name).first()
        if user is None:
            raise AuthenticationFailed
        return user, None

    def authenticate_header(self, request: Any) -> str:
        return "Bearer"


class BearerExtension(OpenApiAuthenticationExtension):
    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class PhotoSerializer(serializers.ModelSerializer):
    photo = MediaSerializerField()

    class Meta:
        model = Photo
        fields = ["id", "title", "photo"]


class AttachmentSerializer(serializers.ModelSerializer):
    file = MediaSerializerField()

    class Meta:
        model = Attachment
        fields = ["id", "file"]


class ContactSerializer(serializers.Serializer):
    picture = MediaSerializerField(direct="contact.picture")


class Api(viewsets.ModelViewSet):
    authentication_classes = [BearerAuthentication, SessionAuthentication]
    permission_classes = [permissions.IsAuthenticated]


class Photos(Api):
    queryset = Photo.objects.all()
    serializer_class = PhotoSerializer


class Attachments(Api):
    queryset = Attachment.objects.all()
    serializer_class = AttachmentSerializer


@ensure_csrf_cookie
def index(request: HttpRequest) -> HttpResponse:
    """Set the cookie with the CSRF token, as the page of an app does."""
    return HttpResponse("<!doctype html><title>App</title>")


def use(settings: Any, monkeypatch: Any) -> None:
    """Use this API, with the settings that REST framework reads when it is imported."""
    settings.ROOT_URLCONF = __name__
    monkeypatch.setattr(UploadView, "authentication_classes", Api.authentication_classes)
    monkeypatch.setattr(UploadView, "permission_classes", Api.permission_classes)
    settings.REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
    for model, name in ((Photo, "photo"), (Attachment, "file")):
        monkeypatch.setattr(model._meta.get_field(name), "direct", True)


router = routers.SimpleRouter()
router.register("photos", Photos)
router.register("attachments", Attachments)

urlpatterns = [
    path("", index),
    path("api/uploads/", include("django_shift_media.contrib.rest_uploads")),
    path("api/", include(router.urls)),
    path("media/", include("django_shift_media.urls")),
]
