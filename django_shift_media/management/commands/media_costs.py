import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser

from django_shift_media.costs.prices import DATE, SOURCES
from django_shift_media.costs.setups import Usage, compare, is_enough, plan_for
from django_shift_media.costs.tables import costs_table, plans_table, prices_table
from django_shift_media.costs.uploads import UploadCosts, upload_costs
from django_shift_media.management.terminal_command import TerminalCommand

# Numbers of 0 or more, and examples of them.
_AMOUNTS = {
    **{"views": 10_000, "originals": 10_000, "resizes": 1, "image_kb": 20, "original_mb": 4},
    "direct_uploads": 10_000,
}
_MAX_AMOUNT = 10**15


class Command(TerminalCommand):
    help = (
        "Compare what it costs per month to serve media in several ways, from your own numbers and"
        " list prices. The command sends no requests."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add = parser.add_argument
        add("--views", type=int, metavar="N", help="views of resizes per month")
        add("--originals", type=int, metavar="N", help="originals that are first viewed per month")
        add(
            "--resizes",
            type=float,
            default=1,
            metavar="N",
            help="resizes that are generated of each of them (default: 1)",
        )
        add("--image-kb", type=float, default=20, help="mean size of a resize (default: 20)")
        add("--original-mb", type=float, default=4, help="mean size of an original (default: 4)")
        add(
            "--direct-uploads",
            type=int,
            default=0,
            metavar="N",
            help="direct uploads of originals per month (default: 0)",
        )
        add(
            "--hits",
            type=float,
            default=90,
            metavar="PERCENT",
            help="requests that a CDN answers from its caches (default: 90)",
        )
        add = parser.add_mutually_exclusive_group().add_argument
        add("--prices", action="store_true", help="print the prices instead, with their sources")
        add("--json", action="store_true", help="print one JSON document instead of a table")

    def handle(self, **options: Any) -> None:
        if options["prices"]:
            lines = [
                *prices_table(),
                "",
                *plans_table(),
                "",
                *(f"{name}: {url}" for name, url in SOURCES.items()),
            ]
            self.stdout.write("\n".join(lines))
            return
        usage = _usage(options)
        uploads = upload_costs(options["direct_uploads"], usage.original_mb)
        if options["json"]:
            self.stdout.write(json.dumps(_document(usage, uploads), indent=2))
            return
        self.stdout.write("\n".join(costs_table(usage)))
        self.stdout.write(
            f"\nUS dollars per month, at the list prices of {DATE} (see --prices). Flat-rate plan:"
            f" {_plan_text(usage)}."
        )
        if options["direct_uploads"]:
            self.stdout.write(
                f"\n{options['direct_uploads']:,} direct uploads of {usage.original_mb:g} MB:"
                f" ${uploads.direct:,.2f} for requests, instead of ${uploads.through_app:,.2f}"
                " through the app."
            )


def _usage(options: dict[str, Any]) -> Usage:
    for name, example in _AMOUNTS.items():
        _check_amount(f"--{name.replace('_', '-')}", options[name], example)
    if not 0 <= options["hits"] <= 100:
        raise CommandError(f"Invalid --hits {options['hits']:g}. Use a percentage from 0 to 100.")
    return Usage(
        views=options["views"],
        resizes=round(options["originals"] * options["resizes"]),
        image_kb=options["image_kb"],
        original_mb=options["original_mb"],
        hits=options["hits"] / 100,
    )


def _check_amount(option: str, amount: float | None, example: int) -> None:
    wanted = f"Give {option}, a number of 0 or more, such as {option} {example}."
    if amount is None:
        raise CommandError(wanted)
    if amount > _MAX_AMOUNT:
        raise CommandError(f"Invalid {option} {amount}; the maximum is {_MAX_AMOUNT}.")
    if not amount >= 0:  # or not a number
        raise CommandError(f"Invalid {option} {amount}. {wanted}")


def _plan_text(usage: Usage) -> str:
    plan = plan_for(usage)
    return plan.name if is_enough(plan, usage) else f"{plan.name}, which is not sufficient"


def _document(usage: Usage, uploads: UploadCosts) -> dict[str, Any]:
    return {
        "usage": asdict(usage),
        "prices": DATE,
        "plan": plan_for(usage).name,
        "plan_is_sufficient": is_enough(plan_for(usage), usage),
        "uploads": {way: round(dollars, 4) for way, dollars in uploads._asdict().items()},
        "setups": {
            name: {
                **{part: round(dollars, 4) for part, dollars in asdict(costs).items()},
                "total": round(costs.total, 4),
                "total_after_free_tiers": round(after_free.total, 4),
            }
            for name, costs, after_free in compare(usage)
        },
    }
