"""The arithmetic of docs/explanation/costs.rst, and the command that prints its tables."""

import io
import json
import re
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.support.servers import ROOT

PAGE = (ROOT / "docs" / "explanation" / "costs.rst").read_text()
VIEWS, MADE, LET_THROUGH = 1_000_000, 10_000, 100_000
GET, PUT, CDN = 0.0004 / 1000, 0.005 / 1000, 0.01 / 10_000
FROM_S3, FROM_CDN = 20 * 0.09, 20 * 0.085
PROCESSOR = 0.1 * 0.05 / 3600
FUNCTION = 0.2 / 1_000_000 + 0.5 * 1.769 * 0.0000166667
FARGATE = 730 * (0.04048 + 2 * 0.004445)
FAILOVER = (LET_THROUGH + 4 * MADE) * GET + MADE * PUT


@pytest.mark.parametrize(
    ("way", "parts"),
    [
        (
            "this package, S3 alone",
            [(VIEWS + 4 * MADE) * GET + MADE * PUT, MADE * PROCESSOR, FROM_S3],
        ),
        (
            "the same, app in another region",
            [(VIEWS + 4 * MADE) * GET + MADE * PUT, MADE * PROCESSOR, 40 * 0.02, FROM_S3],
        ),
        (
            "the same, app outside AWS",
            [(VIEWS + 4 * MADE) * GET + MADE * PUT, MADE * PROCESSOR, 40 * 0.09, FROM_S3],
        ),
        ("the same, made by Lambda", [FAILOVER, VIEWS * CDN, MADE * FUNCTION, FROM_CDN]),
        ("the same, made by Fargate", [FAILOVER, VIEWS * CDN, FARGATE, FROM_CDN]),
        ("the same, flat-rate plan", [FAILOVER, MADE * PROCESSOR]),
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
    *listed, _ = re.findall(r"\$([0-9.]+)", row[0])
    assert listed == [f"{part:.2f}" for part in [*parts, sum(parts)]]


# A terabyte and 10 million requests of CloudFront, 100 GB from S3, 400,000 GB-seconds of Lambda.
@pytest.mark.parametrize(
    ("way", "parts"),
    [
        ("this package, S3 alone", [(VIEWS + 4 * MADE) * GET + MADE * PUT, MADE * PROCESSOR]),
        ("the same, app outside AWS", [(VIEWS + 4 * MADE) * GET + MADE * PUT, MADE * PROCESSOR]),
        ("the same, made by Lambda", [FAILOVER]),
        ("the same, made by Fargate", [FAILOVER, FARGATE]),
        ("a Lambda function behind CloudFront", [LET_THROUGH * GET]),
        ("Cloudflare's transformations", [(MADE - 5_000) * 0.5 / 1000]),
    ],
)
def test_a_small_account_pays_what_free_tiers_leave(way: str, parts: list[float]) -> None:
    row = re.search(rf"^{way} .*$", PAGE, re.MULTILINE)
    assert row is not None
    assert row[0].split()[-1] == f"${sum(parts):.2f}"


def test_a_first_view_is_its_requests() -> None:
    assert f"${1_000_000 * (5 * GET + PUT):.2f} per million in ``website`` mode" in PAGE
    assert f"${1_000_000 * (4 * GET + PUT):.2f} in ``failover`` mode" in PAGE
    assert f"${20 * 0.023:.2f} per month" in PAGE


def costs(*options: str) -> str:
    output = io.StringIO()
    call_command("media_costs", *options, stdout=output)
    return output.getvalue()


def document(*options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(costs("--json", *options))
    return found


def test_the_command_prints_the_tables_of_the_page() -> None:
    """The page shows them to all readers; the command computes them from a project's numbers."""
    table, note = costs("--views", "1000000", "--originals", "10000").strip().split("\n\n")
    assert table in PAGE
    assert note.endswith("Flat-rate plan: Free.")
    prices, plans, _ = costs("--prices").strip().split("\n\n")
    assert prices in PAGE
    assert plans in PAGE


def test_sizes_of_formats_are_those_of_the_benchmark() -> None:
    templates = (ROOT / "docs" / "reference" / "templates.rst").read_text()
    number, wide = r"[0-9.]+", r"\(([0-9.]+)\)"
    for format in ("jpg", "webp", "avif", "jxl"):
        line = rf"^``{format}`` +[0-9]+ +{number} {wide} +{number} {wide} +{number} {wide}"
        found = re.search(line, templates, re.MULTILINE)
        row = re.search(rf"^``{format}`` +({number}) kB +\$({number}) +({number}) ms", PAGE, re.M)
        assert found
        assert row
        kilobytes = float(found[2]) * 640 * 480 / 8 / 1000
        assert row.groups() == (f"{kilobytes:.1f}", f"{kilobytes * 0.085:.2f}", found[3])


def test_numbers_of_a_project_change_the_costs() -> None:
    usual = document("--views", "1000000", "--originals", "10000")["setups"]
    name = "this package, CloudFront"
    larger = document("--views", "1000000", "--originals", "10000", "--image-kb", "40")["setups"]
    assert larger[name]["transfer"] == pytest.approx(2 * usual[name]["transfer"])
    assert larger[name]["s3"] == usual[name]["s3"]
    sizes = document("--views", "1000000", "--originals", "5000", "--resizes", "2")
    assert sizes["usage"]["resizes"] == 10_000
    assert sizes["setups"] == usual
    cached = document("--views", "1000000", "--originals", "0", "--hits", "100")["setups"]
    assert cached[name]["s3"] == 0
    name = "the same, app outside AWS"
    small = document("--views", "1000000", "--originals", "10000", "--original-mb", "1")["setups"]
    assert small[name]["originals"] == pytest.approx(usual[name]["originals"] / 4)


@pytest.mark.parametrize(
    ("views", "kilobytes", "plan"),
    [
        (1_000_000, 100, "Free"),
        (1_000_000, 101, "Pro"),
        (10_000_000, 5_000, "Pro"),
        (10_000_001, 20, "Business"),
        (125_000_001, 20, "Premium"),
        (900_000_000, 20, "Premium"),
    ],
)
def test_a_plan_is_the_cheapest_that_is_enough(views: int, kilobytes: int, plan: str) -> None:
    options = ["--views", str(views), "--originals", "0", "--image-kb", str(kilobytes)]
    assert document(*options)["plan"] == plan


@pytest.mark.parametrize(
    ("megabytes", "puts"),
    [
        ("4", 4),
        ("8.388608", 4),
        ("8.388609", 5),
        ("20", 6),
        ("8388.609", 1001 + 2 + 2),
        ("1000000", 10_000 + 10 + 2),
    ],
)
def test_direct_uploads_are_their_requests(megabytes: str, puts: int) -> None:
    options = ["--views", "0", "--originals", "0", "--original-mb", megabytes]
    uploads = document(*options, "--direct-uploads", "1000000")["uploads"]
    assert uploads["direct"] == pytest.approx(1_000_000 * (puts * PUT + 2 * GET))
    assert uploads["through_app"] == pytest.approx(1_000_000 * PUT)


def test_the_command_prints_the_costs_of_direct_uploads_of_the_page() -> None:
    options = ["--views", "0", "--originals", "0", "--direct-uploads", "1000000"]
    line = (
        "1,000,000 direct uploads of 4 MB: $20.80 for requests, instead of $5.00 through the app."
    )
    assert costs(*options).endswith(f"\n{line}\n")
    assert "cost $20 instead of $5 per million" in PAGE
    assert "cost $0.80 per million together" in PAGE


def test_a_plan_that_is_not_enough_says_so() -> None:
    at_most, more = (["--views", f"50000000{end}", "--originals", "0"] for end in "01")
    assert costs(*at_most).endswith("Flat-rate plan: Premium.\n")
    assert document(*at_most)["plan_is_sufficient"]
    assert costs(*more).endswith("Flat-rate plan: Premium, which is not sufficient.\n")
    assert not document(*more)["plan_is_sufficient"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "Give --views, a number of 0 or more, such as --views 10000."),
        (
            ["--views", "5", "--originals", "1", "--direct-uploads", "-2"],
            "Invalid --direct-uploads -2. Give --direct-uploads, a number of 0 or more",
        ),
        (["--views", "5", "--originals", "-1"], "Give --originals, a number of 0 or more"),
        (
            ["--views", "5", "--originals", "1", "--hits", "101"],
            "Invalid --hits 101. Use a percentage from 0 to 100.",
        ),
        (
            ["--views", "-1", "--originals", "1"],
            "Invalid --views -1. Give --views, a number of 0 or more, such as --views 10000.",
        ),
        (
            ["--views", "5", "--originals", "1", "--image-kb", "-3"],
            "Invalid --image-kb -3.0. Give --image-kb, a number of 0 or more",
        ),
        (
            ["--views", "5", "--originals", "1", "--original-mb", "nan"],
            "Invalid --original-mb nan. Give --original-mb, a number of 0 or more",
        ),
        (
            ["--views", "5", "--originals", "1", "--resizes", "inf"],
            "Invalid --resizes inf; the maximum is 1000000000000000.",
        ),
        (
            ["--views", f"1{'0' * 400}", "--originals", "1"],
            "0; the maximum is 1000000000000000.",
        ),
    ],
)
def test_numbers_must_make_sense(options: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=re.escape(message)):
        costs(*options)
