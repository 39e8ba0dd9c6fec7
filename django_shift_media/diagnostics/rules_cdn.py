"""Problems of a CDN that serves a private bucket, and asks the app for what is missing."""

import json

from django_shift_media.diagnostics.models import Evidence, Expectations, Problem, Trace


def diagnose_stored(expected: Expectations, trace: Trace, evidence: Evidence) -> Problem | None:
    """
    Diagnose the response to a request for a file that is in the bucket.

    No cache has the file, and the app does not serve it, because its key is not signed.
    """
    hop = trace.hops[-1]
    if hop.status == 200 or hop.error:  # an unreachable CDN is diagnosed from the first request
        return None
    return Problem(
        id="bucket-unreadable",
        what=f"{hop.host} answers {hop.status} for a file that is in the bucket: the CDN cannot"
        " read the bucket. The app has to answer every request that no cache can, and originals"
        " are not found.",
        remedy=_remedy(expected, evidence),
    )


def diagnose_original(expected: Expectations, trace: Trace) -> Problem | None:
    """Diagnose the response to a request for the original, if the CDN can read other files."""
    hop = trace.hops[-1]
    if hop.status == 200 or hop.error:
        return None
    return Problem(
        id="original-unreadable",
        what=f"{hop.host} answers {hop.status} for the URL of an original.",
        remedy='If originals are meant to be private, set "querystring_auth": True in the storage'
        "'s OPTIONS to presign their URLs. If not, let the CDN read all files:\n"
        f"    {_command(expected)} --no-private-originals",
        severity="warning",
    )


def _remedy(expected: Expectations, evidence: Evidence) -> str:
    policy, key = evidence.bucket.policy, evidence.bucket.kms_key
    let_read = f"Let CloudFront read the bucket:\n    {_command(expected)}"
    let_decrypt = (
        "Let CloudFront decrypt the files: allow the service cloudfront.amazonaws.com kms:Decrypt"
        f" in the policy of the KMS key {key or 'aws/s3'}, with the distribution as AWS:SourceArn."
    )
    if policy is not None and "cloudfront" not in json.dumps(policy):
        return let_read
    if key == "":
        return (
            "CloudFront cannot use the KMS key aws/s3. Encrypt with a key of your own, or with"
            " Amazon S3 managed keys (SSE-S3), and copy the files that are encrypted with aws/s3"
            " onto themselves."
        )
    if key:
        return let_decrypt
    return (
        f"{let_read}\nIf the files are encrypted with a KMS key, its policy must allow the service"
        " cloudfront.amazonaws.com kms:Decrypt. With another CDN, check its credentials."
    )


def _command(expected: Expectations) -> str:
    return f"python manage.py configure_media_cdn --mode failover --app-url {expected.site}"
