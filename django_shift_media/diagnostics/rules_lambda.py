"""Problems of an app that runs as a function on AWS Lambda, behind a function URL."""

from django_shift_media.conf import conf
from django_shift_media.diagnostics.http_trace import Hop
from django_shift_media.diagnostics.models import Problem

# A response of 6 MB is the maximum; an image in it is encoded in base64, which takes a third more,
# and its headers take some: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_IMAGE_BYTES = 4_700_000
_SLOW = 15_000  # milliseconds: half of the time for which CloudFront waits for an origin


def is_function(hop: Hop) -> bool:
    """
    Return whether Lambda may have sent this response; CloudFront passes its header on.

    S3 has another header, but moto's S3 has this one, too.
    """
    return "x-amzn-requestid" in hop.headers


def diagnose(hop: Hop) -> Problem | None:
    """Diagnose an error that is Lambda's, and not the app's."""
    if not is_function(hop):
        return None
    if hop.status == 403:
        return _forbidden(hop)
    if hop.status == 400:
        return Problem(
            id="host-refused",
            what="The Lambda function answers 400: Django probably rejects its host.",
            remedy="Add the host of the function URL to ALLOWED_HOSTS of the function, such as"
            ' ".lambda-url.eu-central-1.on.aws".',
        )
    return _failed(hop) if hop.status in {413, 500, 502, 504} else None


def warn(hop: Hop) -> Problem | None:
    """Warn of an image from the view on Lambda that shows that others will fail."""
    is_of_view = "sandbox" in hop.headers.get("content-security-policy", "")
    if hop.status != 200 or not (is_of_view and is_function(hop)):
        return None
    limit = conf.max_response_bytes
    if limit is None or limit > MAX_IMAGE_BYTES:
        return Problem(
            id="function-limit",
            what=f"The app is a Lambda function, which cannot return more than 6 MB, but"
            f" SHIFT_MEDIA_MAX_RESPONSE_BYTES is {limit} in the settings of this process.",
            remedy="Set SHIFT_MEDIA_MAX_RESPONSE_BYTES = 4_500_000, so that the function redirects"
            " to the bucket instead.",
            severity="warning",
        )
    if hop.milliseconds > _SLOW:
        return Problem(
            id="function-slow",
            what=f"The Lambda function took {hop.milliseconds / 1000:.0f} seconds for a small"
            " image. CloudFront waits 30 seconds for an origin by default.",
            remedy="Give the function more memory, with which it also gets more of a processor, or"
            " provisioned concurrency.",
            severity="warning",
        )
    return None


def _forbidden(hop: Hop) -> Problem | None:
    if "AccessDenied" not in hop.headers.get("x-amzn-errortype", ""):
        return None
    return Problem(
        id="function-forbidden",
        what=f"{hop.host} may not invoke the Lambda function: its function URL answers 403.",
        remedy="Give the distribution an origin access control of the type lambda, and let it"
        " invoke the function, by two permissions:\n"
        "    aws lambda add-permission --action lambda:InvokeFunctionUrl …\n"
        "    aws lambda add-permission --action lambda:InvokeFunction …",
    )


def _failed(hop: Hop) -> Problem:
    return Problem(
        id="function-failed",
        what=f"The Lambda function failed: {hop.host} answers {hop.status}.",
        remedy="See the function's log group in CloudWatch. Usual causes are an exception at the"
        " start, its timeout, its memory, and a response of more than 6 MB"
        " (SHIFT_MEDIA_MAX_RESPONSE_BYTES).",
    )
