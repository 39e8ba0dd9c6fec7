"""The costs of serving media in several ways, from the numbers of a site: pure functions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from django_shift_media.costs import prices
from django_shift_media.costs.prices import Plan, Price

_HOURS = 730  # of a month
# Assumptions: a processor of a server that is rented anyway, and how long a resize takes there.
_PROCESSOR = 0.05 / 3600  # dollars a second
_RESIZE_SECONDS = 0.1
# The memory that includes one processor of Lambda, and the time of a resize with its requests.
_LAMBDA_GB = 1.769
_LAMBDA_SECONDS = 0.5
_FARGATE_GB = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """
    The numbers of a month.

    ``views`` are of resizes, of which ``resizes`` are generated; an original is fetched for each.
    ``image_kb`` and ``original_mb`` are mean sizes, ``hits`` is the part of requests for which a
    CDN need not ask the bucket.
    """

    views: int
    resizes: int
    image_kb: float = 20
    original_mb: float = 4
    hits: float = 0.9

    @property
    def misses(self) -> float:
        """The requests that a CDN passes on."""
        return self.views * (1 - self.hits)

    @property
    def viewed_gb(self) -> float:
        return self.views * self.image_kb / 1_000_000

    @property
    def originals_gb(self) -> float:
        return self.resizes * self.original_mb / 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """The dollars of a month, by what they are for."""

    s3: float = 0
    cdn: float = 0
    resizing: float = 0
    originals: float = 0
    transfer: float = 0

    @property
    def total(self) -> float:
        return self.s3 + self.cdn + self.resizing + self.originals + self.transfer


@dataclass(frozen=True, slots=True)
class _Bill:
    """Multiplies amounts by prices, with or without the free ones."""

    free: bool

    def of(self, price: Price, units: float) -> float:
        return price.of(units, free=self.free)

    def s3(self, get: float, put: float) -> float:
        return self.of(prices.S3_GET, get) + self.of(prices.S3_PUT, put)

    def function(self, resizes: float) -> float:
        seconds = resizes * _LAMBDA_SECONDS * _LAMBDA_GB
        return self.of(prices.LAMBDA_REQUEST, resizes) + self.of(prices.LAMBDA_TIME, seconds)


def _processor(resizes: float) -> float:
    return resizes * _RESIZE_SECONDS * _PROCESSOR


def _s3_alone(usage: Usage, bill: _Bill) -> Costs:
    # A first view takes 2 GET, 2 HEAD and a GET, and not one GET.
    return Costs(
        s3=bill.s3(usage.views + 4 * usage.resizes, usage.resizes),
        resizing=_processor(usage.resizes),
        transfer=bill.of(prices.S3_TRANSFER, usage.viewed_gb),
    )


def _app_in_another_region(usage: Usage, bill: _Bill) -> Costs:
    fetched = bill.of(prices.S3_REGION, usage.originals_gb)
    return replace(_s3_alone(usage, bill), originals=fetched)


def _app_outside_aws(usage: Usage, bill: _Bill) -> Costs:
    costs = _s3_alone(usage, bill)
    together = bill.of(prices.S3_TRANSFER, usage.viewed_gb + usage.originals_gb)
    return replace(costs, originals=together - costs.transfer)


def _cloudfront(usage: Usage, bill: _Bill) -> Costs:
    # A first view requests the image twice from the CDN.
    return Costs(
        s3=bill.s3(usage.misses + 5 * usage.resizes, usage.resizes),
        cdn=bill.of(prices.CDN_REQUEST, usage.views + usage.resizes),
        resizing=_processor(usage.resizes),
        transfer=bill.of(prices.CDN_TRANSFER, usage.viewed_gb),
    )


def _failover(usage: Usage, bill: _Bill, resizing: float) -> Costs:
    # A first view takes a GET of the CDN, and 2 GET and a HEAD of the app.
    return Costs(
        s3=bill.s3(usage.misses + 4 * usage.resizes, usage.resizes),
        cdn=bill.of(prices.CDN_REQUEST, usage.views),
        resizing=resizing,
        transfer=bill.of(prices.CDN_TRANSFER, usage.viewed_gb),
    )


def _failover_to_lambda(usage: Usage, bill: _Bill) -> Costs:
    return _failover(usage, bill, bill.function(usage.resizes))


def _failover_to_fargate(usage: Usage, bill: _Bill) -> Costs:
    hour = bill.of(prices.FARGATE_CPU, 1) + bill.of(prices.FARGATE_MEMORY, _FARGATE_GB)
    return _failover(usage, bill, _HOURS * hour)


def _flat_rate(usage: Usage, bill: _Bill) -> Costs:
    plan = plan_for(usage)
    costs = _failover(usage, bill, _processor(usage.resizes))
    return Costs(s3=costs.s3, cdn=plan.dollars, resizing=costs.resizing)


def _resizing_server(usage: Usage, bill: _Bill) -> Costs:
    return Costs(
        s3=bill.s3(usage.misses, 0),
        cdn=bill.of(prices.CDN_REQUEST, usage.views),
        resizing=_processor(usage.misses),
        transfer=bill.of(prices.CDN_TRANSFER, usage.viewed_gb),
    )


def _resizing_function(usage: Usage, bill: _Bill) -> Costs:
    return Costs(
        s3=bill.s3(usage.misses, 0),
        cdn=bill.of(prices.CDN_REQUEST, usage.views),
        resizing=bill.function(usage.misses),
        transfer=bill.of(prices.CDN_TRANSFER, usage.viewed_gb),
    )


def _tags_that_query(usage: Usage, bill: _Bill) -> Costs:
    return Costs(
        s3=bill.s3(2 * usage.views + usage.resizes, usage.resizes),
        resizing=_processor(usage.resizes),
        transfer=bill.of(prices.S3_TRANSFER, usage.viewed_gb),
    )


def _transformations(usage: Usage, bill: _Bill) -> Costs:
    return Costs(resizing=bill.of(prices.CLOUDFLARE, usage.resizes))


SETUPS: dict[str, Callable[[Usage, _Bill], Costs]] = {
    "this package, S3 alone": _s3_alone,
    "the same, app in another region": _app_in_another_region,
    "the same, app outside AWS": _app_outside_aws,
    "this package, CloudFront": _cloudfront,
    "the same, made by Lambda": _failover_to_lambda,
    "the same, made by Fargate": _failover_to_fargate,
    "the same, flat-rate plan": _flat_rate,
    "a resizing server behind CloudFront": _resizing_server,
    "a Lambda function behind CloudFront": _resizing_function,
    "thumbnails whose tag queries S3": _tags_that_query,
    "Cloudflare's transformations": _transformations,
}


def plan_for(usage: Usage) -> Plan:
    """Return the cheapest flat-rate plan for a month; the largest one if none is enough."""
    enough = (plan for plan in prices.PLANS if is_enough(plan, usage))
    return next(enough, prices.PLANS[-1])


def is_enough(plan: Plan, usage: Usage) -> bool:
    """Return whether a flat-rate plan includes the requests and the transfer of a month."""
    return usage.views <= plan.requests and usage.viewed_gb <= plan.gigabytes


def compare(usage: Usage) -> Iterator[tuple[str, Costs, Costs]]:
    """Yield each setup with its costs at list prices, and with those after the free tiers."""
    for name, setup in SETUPS.items():
        yield name, setup(usage, _Bill(free=False)), setup(usage, _Bill(free=True))
