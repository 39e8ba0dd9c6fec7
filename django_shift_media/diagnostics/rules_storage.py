"""Problems of storing and deleting the probe."""

from django_shift_media.diagnostics.models import Problem

LEFT_BEHIND = "left-behind"
_CREDENTIALS = frozenset(
    {
        "AccessDenied",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "NoCredentialsError",
        "PartialCredentialsError",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
    }
)
_REGION = frozenset({"AuthorizationHeaderMalformed", "PermanentRedirect"})
_CONNECTION = frozenset(
    {"ConnectTimeoutError", "EndpointConnectionError", "ReadTimeoutError", "SSLError"}
)


def upload_failed(code: str, message: str, *, acl: str) -> Problem:
    """
    Diagnose a failed upload.

    ``code`` is S3's error code or the name of boto3's exception; ``acl`` is the ACL that the
    storage's options set, if any.
    """
    id, remedy = _cause(code, acl)
    return Problem(id=id, what=message, remedy=remedy)


def _cause(code: str, acl: str) -> tuple[str, str]:
    if code == "AccessControlListNotSupported" or (acl and code == "AccessDenied"):
        return "acls-refused", (
            f'Remove "ACL": {acl!r} from "object_parameters" in the storage\'s OPTIONS. Buckets'
            " created since April 2023 reject ACLs; the bucket's policy allows reading instead"
            " (manage.py configure_media_bucket)."
        )
    if code == "RequestTimeTooSkewed":
        return "clock-skew", (
            "Set this machine's clock, and keep it synchronized by NTP (timedatectl set-ntp true)."
            " S3 rejects requests that are more than 15 minutes off."
        )
    if code == "NoSuchBucket":
        return "no-such-bucket", (
            'Correct "bucket_name" in the storage\'s OPTIONS, or create the bucket:\n    python'
            " manage.py configure_media_bucket --create --app-url https://www.example.com"
        )
    if code in _CREDENTIALS:
        return "credentials-refused", (
            "Give this process credentials that boto3 finds (aws sts get-caller-identity shows"
            " them), with the permissions s3:ListBucket, s3:GetObject, s3:PutObject and"
            " s3:DeleteObject."
        )
    if code in _REGION:
        return "wrong-region", 'Correct "region_name" in the storage\'s OPTIONS.'
    if code in _CONNECTION:
        return "storage-unreachable", (
            'Allow connections from this machine to S3, or correct "endpoint_url" in the'
            " storage's OPTIONS."
        )
    return "not-stored", "Fix the error that the storage reports; it affects every upload."


def deletion_failed(message: str) -> Problem:
    return Problem(
        id="credentials-refused",
        what=message,
        remedy="Allow this process to delete files (on S3: s3:DeleteObject). Resizes are deleted"
        " together with their original.",
    )


def left_behind(prefix: str, message: str) -> Problem:
    return Problem(
        id=LEFT_BEHIND,
        what=f"The probe is still in the storage, under {prefix}: {message}",
        remedy="Delete all files under this prefix, and allow this process to delete files (on S3:"
        " s3:ListBucket and s3:DeleteObject).",
    )
