"""What a storage says that does not take the probe."""

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


def not_written(code: str, message: str, *, acl: str) -> Problem:
    """
    Say why an upload fails.

    ``code`` is S3's or boto3's name of the error, ``acl`` what the storage's options ask for.
    """
    id, remedy = _why(code, acl)
    return Problem(id=id, what=message, remedy=remedy)


def _why(code: str, acl: str) -> tuple[str, str]:
    if code == "AccessControlListNotSupported" or (acl and code == "AccessDenied"):
        return "acls-refused", (
            f'Take "ACL": {acl!r} out of "object_parameters" in the storage\'s OPTIONS: buckets'
            " refuse ACLs since April 2023, readers are let in by the bucket's policy (manage.py"
            " configure_media_bucket)."
        )
    if code == "RequestTimeTooSkewed":
        return "clock-skew", (
            "Set this machine's clock, by NTP for good (timedatectl set-ntp true): S3 refuses"
            " requests that are 15 minutes off."
        )
    if code == "NoSuchBucket":
        return "no-such-bucket", (
            'Correct "bucket_name" in the storage\'s OPTIONS, or create the bucket:\n    python'
            " manage.py configure_media_bucket --create --app-url https://www.example.com"
        )
    if code in _CREDENTIALS:
        return "credentials-refused", (
            "Give this process credentials that boto3 finds (aws sts get-caller-identity shows"
            " them), which may s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject."
        )
    if code in _REGION:
        return "wrong-region", 'Correct "region_name" in the storage\'s OPTIONS.'
    if code in _CONNECTION:
        return "storage-unreachable", (
            'Open the way from this machine to S3, or correct "endpoint_url" in the storage\'s'
            " OPTIONS."
        )
    return "not-stored", "Mend what the storage says; every upload meets it."


def not_deleted(message: str) -> Problem:
    return Problem(
        id="credentials-refused",
        what=message,
        remedy="Let this process delete what it writes (on S3: s3:DeleteObject): an original that"
        " is deleted takes its resizes along.",
    )


def left_behind(prefix: str, message: str) -> Problem:
    return Problem(
        id=LEFT_BEHIND,
        what=f"The probe is still in the storage, under {prefix}: {message}",
        remedy="Delete all that is there, and let this process do so (on S3: s3:ListBucket and"
        " s3:DeleteObject).",
    )
