"""Versioned buckets: what they hold, as S3 lists it, and what locks a version."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django_shift_media.naming import keys

TOMBSTONE = "erased"


def enable_versions(storage: Any) -> None:
    storage.client.put_bucket_versioning(
        Bucket=storage.bucket_name, VersioningConfiguration={"Status": "Enabled"}
    )


def held(storage: Any, original: str = "") -> list[str]:
    """Return the keys of all versions, markers and multipart uploads, one entry for each."""
    bucket = {
        "Bucket": storage.bucket_name,
        "Prefix": storage.prefix + (keys.upload_prefix(original) if original else ""),
    }
    versions = storage.client.list_object_versions(**bucket)
    uploads = storage.client.list_multipart_uploads(**bucket)
    entries = [
        *versions.get("Versions", []),
        *versions.get("DeleteMarkers", []),
        *uploads.get("Uploads", []),
    ]
    return sorted(entry["Key"].removeprefix(storage.prefix) for entry in entries)


def version_of(storage: Any, key: str) -> dict[str, str]:
    """Return the arguments that name the present version of an object."""
    bucket_and_key = {"Bucket": storage.bucket_name, "Key": storage.prefix + key}
    head = storage.client.head_object(**bucket_and_key)
    return {**bucket_and_key, "VersionId": head["VersionId"]}


def hold(storage: Any, version: dict[str, str], *, on: bool = True) -> None:
    status = {"Status": "ON" if on else "OFF"}
    storage.client.put_object_legal_hold(**version, LegalHold=status)


def retain(storage: Any, version: dict[str, str], mode: str = "COMPLIANCE") -> None:
    until = datetime.now(UTC) + timedelta(days=1)
    retention = {"Mode": mode, "RetainUntilDate": until}
    storage.client.put_object_retention(**version, Retention=retention)
