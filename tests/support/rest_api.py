"""An API as a project would write it."""

from typing import Any

from django.urls import include, path
from drf_spectacular.openapi import AutoSchema
from rest_framework import routers, serializers, viewsets
from rest_framework.renderers import JSONRenderer

from django_shift_media.contrib.rest_framework import MediaSerializerField
from gallery.models import Attachment, Photo

PRESETS: dict[str, dict[str, Any]] = {
    "avatar": {"size": "96x96", "how": "fill", "format": "webp"},
    "hero": {"widths": "320,640", "ratio": "16/9", "formats": "avif,jpg", "sizes": "50vw"},
}


class PhotoSerializer(serializers.ModelSerializer):
    photo = MediaSerializerField(resizes=["avatar"], picture="hero")

    class Meta:
        model = Photo
        fields = ["id", "title", "photo", "focal_point"]


class AttachmentSerializer(serializers.ModelSerializer):
    file = MediaSerializerField(resizes=["avatar"], picture="hero", required=False, allow_null=True)
    preview = MediaSerializerField(resizes={"small": "20x20"}, required=False, allow_null=True)

    class Meta:
        model = Attachment
        fields = ["id", "file", "preview"]


class PlainSerializer(serializers.ModelSerializer):
    """By REST framework's own field for files."""

    class Meta:
        model = Photo
        fields = ["id", "photo"]


class Api(viewsets.ModelViewSet):
    authentication_classes = []
    renderer_classes = [JSONRenderer]
    schema = AutoSchema()


class Photos(Api):
    queryset = Photo.objects.all()
    serializer_class = PhotoSerializer


class Attachments(Api):
    queryset = Attachment.objects.all()
    serializer_class = AttachmentSerializer


class Plain(Api):
    queryset = Photo.objects.all()
    serializer_class = PlainSerializer


router = routers.SimpleRouter()
router.register("photos", Photos)
router.register("attachments", Attachments)
router.register("plain", Plain, basename="plain")

urlpatterns = [
    path("api/", include(router.urls)),
    path("media/", include("django_shift_media.urls")),
]
