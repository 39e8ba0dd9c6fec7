"""Tables of costs and prices, in the form of the documentation's pages."""

from collections.abc import Iterator, Sequence

from django_shift_media.costs.prices import PLANS, PRICES, Price
from django_shift_media.costs.setups import Usage, compare

_COSTS = ("setup", "S3", "CDN", "resizing", "originals", "transfer", "total", "free tiers")
_PRICES = ("item", "price", "free per month", "seen")
_PLANS = ("plan", "per month", "requests", "transfer")


def costs_table(usage: Usage) -> list[str]:
    """Return the costs of each setup, each row as a line."""
    rows = []
    for name, costs, after_free in compare(usage):
        parts = (costs.s3, costs.cdn, costs.resizing, costs.originals, costs.transfer)
        cells = [f"${part:,.2f}" if part else "" for part in parts]
        rows.append([name, *cells, f"${costs.total:,.2f}", f"${after_free.total:,.2f}"])
    return table(_COSTS, rows)


def prices_table() -> list[str]:
    return table(_PRICES, [list(_price_cells(price)) for price in PRICES])


def plans_table() -> list[str]:
    rows = [
        [plan.name, f"${plan.dollars:,}", f"{plan.requests:,}", f"{plan.gigabytes:,} GB"]
        for plan in PLANS
    ]
    return table(_PLANS, rows)


def _price_cells(price: Price) -> Iterator[str]:
    amount = f"{price.amount:.10f}".rstrip("0")
    yield price.name
    yield f"${amount} per {price.unit if price.per == 1 else f'{price.per:,} {price.unit}'}"
    yield f"{price.free:,}" if price.free else ""
    yield price.seen


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table in reStructuredText, each row as a line."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    border = " ".join("=" * width for width in widths)
    lines = (
        " ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (heads, *rows)
    )
    head, *others = lines
    return [border, head, border, *others, border]
