"""
List prices in US dollars, for us-east-1 and North America.

``seen`` is the month of the newest source at hand that states the price, and "" if no source of
2026 did. Check a price at its page before you rely on it, then change it and its month here.
"""

from dataclasses import dataclass
from typing import NamedTuple

DATE = "November 2026"
_S3 = "https://aws.amazon.com/s3/pricing/"
_CLOUDFRONT = "https://aws.amazon.com/cloudfront/pricing/"
_LAMBDA = "https://aws.amazon.com/lambda/pricing/"
_FARGATE = "https://aws.amazon.com/fargate/pricing/"
_IMAGES = "https://developers.cloudflare.com/images/pricing/"
SOURCES = {
    "S3": _S3,
    "CloudFront": _CLOUDFRONT,
    "Lambda": _LAMBDA,
    "Fargate": _FARGATE,
    "Cloudflare Images": _IMAGES,
}


@dataclass(frozen=True, slots=True)
class Price:
    """``amount`` dollars for ``per`` units; ``free`` units a month cost an account nothing."""

    name: str
    amount: float
    per: int
    unit: str
    seen: str
    free: int = 0

    def of(self, units: float, *, free: bool = False) -> float:
        """Return what so many units cost in a month, after the free ones if ``free``."""
        billed = max(units - self.free, 0) if free else units
        return billed * self.amount / self.per


class Plan(NamedTuple):
    """A flat-rate plan of CloudFront, for one distribution and a month."""

    name: str
    dollars: int
    requests: int
    gigabytes: int


S3_PUT = Price("S3: PUT", 0.005, 1_000, "requests", "")
S3_GET = Price("S3: GET, HEAD", 0.0004, 1_000, "requests", "")
S3_STORAGE = Price("S3: storage", 0.023, 1, "GB, month", "March 2026")
S3_TRANSFER = Price("S3: transfer to the internet", 0.09, 1, "GB", "June 2026", 100)
S3_REGION = Price("S3: transfer to another region", 0.02, 1, "GB", "February 2026")
CDN_REQUEST = Price("CloudFront: HTTPS requests", 0.01, 10_000, "requests", "", 10_000_000)
CDN_TRANSFER = Price("CloudFront: transfer", 0.085, 1, "GB", "January 2026", 1_000)
LAMBDA_REQUEST = Price("Lambda: requests", 0.2, 1_000_000, "requests", "", 1_000_000)
LAMBDA_TIME = Price("Lambda: time", 0.0000166667, 1, "GB-second", "", 400_000)
FARGATE_CPU = Price("Fargate: processor", 0.04048, 1, "vCPU-hour", "June 2026")
FARGATE_MEMORY = Price("Fargate: memory", 0.004445, 1, "GB-hour", "June 2026")
CLOUDFLARE = Price("Cloudflare Images: transformations", 0.5, 1_000, "unique ones", "", 5_000)
PRICES = (
    *(S3_PUT, S3_GET, S3_TRANSFER, S3_REGION, S3_STORAGE),
    *(CDN_REQUEST, CDN_TRANSFER, LAMBDA_REQUEST, LAMBDA_TIME),
    *(FARGATE_CPU, FARGATE_MEMORY, CLOUDFLARE),
)
# Since 18 November 2025; seen in September 2026.
PLANS = (
    Plan("Free", 0, 1_000_000, 100),
    Plan("Pro", 15, 10_000_000, 50_000),
    Plan("Business", 200, 125_000_000, 50_000),
    Plan("Premium", 1_000, 500_000_000, 50_000),
)
