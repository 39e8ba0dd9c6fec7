"""
The public API: what projects may import, and from where. Everything else is private.

Deprecation policy: a public name is removed, or changed incompatibly, only in a release that
increases the first part of the version number, and only after a minor release in which using it
raises a ``DeprecationWarning`` that names the replacement. Private modules and names, including
those of public modules that are not listed here, may change in any release. So may the text of
messages.

URLs and stored names are stricter: they are published, so they never change.
"""

from collections.abc import Mapping
from types import MappingProxyType

# Modules of the package, and the names in them. "urls" is for include(), and the modules in
# "contrib" require the packages that they are named after.
PUBLIC_API: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "fields": ("MediaField", "MediaFile", "validate_focal_point"),
        "forms": ("MediaFormField", "MultipleMediaFormField"),
        "widgets": ("MediaInput",),
        "admin": ("thumbnail",),
        "urls": (),
        "redirects": ("redirect_to_media",),
        "middleware": ("StorageUnavailableMiddleware", "direct_uploads"),
        "jinja2": ("ShiftMediaExtension",),
        "storages.adapter": ("AdaptedMediaStorage",),
        "storages.azure": ("AzureMediaStorage",),
        "storages.base": ("MediaStorage", "check_size"),
        "storages.bulk_storage": ("ObjectSummary",),
        "storages.cloudfront_cookies": ("delete_media_cookies", "set_media_cookies"),
        "storages.gcs": ("GoogleCloudMediaStorage",),
        "storages.local": ("LocalMediaStorage",),
        "storages.s3": ("S3MediaStorage",),
        "storages.selection": ("media_storage",),
        "media.players": ("Player", "VideoSource"),
        "media.resized_image": ("ResizedImage",),
        "media.storage_users": ("load_storages",),
        "naming.picture": ("Picture", "PictureSource", "Variant"),
        "naming.placeholder": ("Placeholder",),
        "steps": ("Overlay",),
        "engines.contract": ("ImageEngine",),
        "engines.engine": ("ImageInfo",),
        "engines.options": ("EngineOptions",),
        "engines.own_steps": ("apply_own_steps",),
        "engines.selection": ("built_in_engine",),
        "engines.stopwatch": ("Stopwatch",),
        "naming.resizes": ("Resize",),
        "signals": ("resize_made", "resize_failed", "pool_changed"),
        "exceptions": (
            "MediaError",
            "InvalidKey",
            "InvalidMetadata",
            "InvalidResize",
            "UnacceptableFile",
            "UnreadableImage",
            "UnreadableVideo",
            "FileTooLarge",
            "StepFailed",
            "UploadRefused",
            "Busy",
            "NotReady",
            "StorageUnavailable",
        ),
        "generation.prewarm": ("make_missing",),
        "generation.worker_pool": ("PoolLoad", "pool_load"),
        "maintenance.operations": ("ImportMedia",),
        "contrib.celery": ("enqueue", "make_resizes"),
        "contrib.rest_framework": ("MediaSerializerField",),
        "contrib.rest_uploads": (),
        "contrib.tasks": ("enqueue", "make_resizes"),
        "testing": (
            "EngineConformance",
            "InMemoryMediaStorage",
            "IsolatedMediaMixin",
            "MediaConvertEmulator",
            "S3Emulator",
            "StorageConformance",
            "isolated_media",
            "sample_image",
        ),
        "testing.pytest": ("media", "media_with_any_names"),
    }
)
