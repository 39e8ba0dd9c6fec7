"""The arithmetic of docs/explanation/costs.rst."""

import re

import pytest

from tests.support.servers import ROOT

PAGE = (ROOT / "docs" / "explanation" / "costs.rst").read_text()
VIEWS, MADE, LET_THROUGH = 1_000_000, 10_000, 100_000
GET, PUT, CDN = 0.0004 / 1000, 0.005 / 1000, 0.01 / 10_000
FROM_S3, FROM_CDN = 20 * 0.09, 20 * 0.085
PROCESSOR = 0.1 * 0.05 / 3600
FUNCTION = 0.2 / 1_000_000 + 0.5 * 1.5 * 0.0000166667


@pytest.mark.parametrize(
    ("way", "parts"),
    [
        (
            "this package, S3 alone",
            [(VIEWS + 4 * MADE) * GET + MADE * PUT, MADE * PROCESSOR, FROM_S3],
        ),
        (
            "this package, CloudFront",
            [
                (LET_THROUGH + 5 * MADE) * GET + MADE * PUT,
                (VIEWS + MADE) * CDN,
                MADE * PROCESSOR,
                FROM_CDN,
            ],
        ),
        (
            "a resizing server behind CloudFront",
            [LET_THROUGH * GET, VIEWS * CDN, LET_THROUGH * PROCESSOR, FROM_CDN],
        ),
        (
            "a Lambda function behind CloudFront",
            [LET_THROUGH * GET, VIEWS * CDN, LET_THROUGH * FUNCTION, FROM_CDN],
        ),
        (
            "thumbnails whose tag queries S3",
            [(2 * VIEWS + MADE) * GET + MADE * PUT, MADE * PROCESSOR, FROM_S3],
        ),
        ("Cloudflare's transformations", [MADE * 0.5 / 1000]),
    ],
)
def test_a_row_is_its_prices_times_its_requests(way: str, parts: list[float]) -> None:
    row = re.search(rf"^{way} .*$", PAGE, re.MULTILINE)
    assert row is not None
    assert re.findall(r"\$([0-9.]+)", row[0]) == [f"{part:.2f}" for part in [*parts, sum(parts)]]


def test_a_first_view_is_its_requests() -> None:
    assert f"${1_000_000 * (5 * GET + PUT):.2f} per million in ``website`` mode" in PAGE
    assert f"${1_000_000 * (4 * GET + PUT):.2f} in ``failover`` mode" in PAGE
    assert f"${20 * 0.023:.2f} per month" in PAGE
