import json
from dataclasses import fields
from typing import Any, Literal

from django.core.management.base import CommandError, CommandParser

from django_shift_media.aws.common import Document
from django_shift_media.aws.iam import NOTICES, PURPOSES, policy_documents
from django_shift_media.aws.plan import Resource
from django_shift_media.aws.principals import inline_policy
from django_shift_media.aws.transcoders import Transcoding
from django_shift_media.management.plan_command import PlanCommand

TRANSCODING_OPTIONS = {
    "--account": "AWS account of the transcoder, 12 digits; required with --transcoder",
    "--region": "AWS region of the transcoder (default: the storage's region)",
    "--pipeline": "ID of the Elastic Transcoder pipeline; required with elastictranscoder",
    "--service-role": "name of the role that MediaConvert assumes; required with mediaconvert",
    "--queue": "name of the MediaConvert queue (default: Default)",
}


class Command(PlanCommand):
    help = "Print the least-privilege IAM policy for a process, or attach it to a user or a role."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "for",
            nargs="?",
            choices=PURPOSES,
            default="app",
            help="what the process does: handle uploads, resizes and deletions (app); only"
            " generate resizes (resizes); only render pages (pages); configure AWS (configure)"
            " (default: app)",
        )
        parser.add_argument(
            "--transcoder",
            choices=["elastictranscoder", "mediaconvert"],
            help="also allow starting video transcoding jobs (default: no transcoding)",
        )
        for option, text in TRANSCODING_OPTIONS.items():
            parser.add_argument(option, help=text)
        parser.add_argument(
            "--may-attach-to",
            action="append",
            default=[],
            metavar="PRINCIPAL",
            help="also allow attaching policies to user/NAME or role/NAME; may be repeated",
        )
        owner = parser.add_mutually_exclusive_group()
        owner.add_argument("--user", metavar="NAME", help="attach the policy to this IAM user")
        owner.add_argument("--role", metavar="NAME", help="attach the policy to this IAM role")
        super().add_arguments(parser)

    def run_plan(self, options: dict[str, Any]) -> None:
        if options["user"] or options["role"]:
            super().run_plan(options)
        elif options["check"]:
            raise CommandError("--check requires --user or --role.")
        else:
            for name, policy in self.documents(options).items():
                self.stderr.write(f"{name}:", self.style.MIGRATE_HEADING)
                self.stdout.write(json.dumps(policy, indent=2))
                self.stdout.flush()
        for choice, notice in NOTICES.items():
            if choice in {options["for"], options["transcoder"]}:
                self.stderr.write(notice, self.style.WARNING)

    def headline(self, options: dict[str, Any]) -> str:
        return "IAM:"

    def resources(self, options: dict[str, Any]) -> list[Resource]:
        kind: Literal["user", "role"] = "user" if options["user"] else "role"
        (name, policy), *_ = self.documents(options).items()
        return [inline_policy(self.storage, kind, options[kind], name, policy)]

    def documents(self, options: dict[str, Any]) -> dict[str, Document]:
        options = {**options, "region": options["region"] or self.storage.region}
        names = [field.name for field in fields(Transcoding)]
        transcoding = Transcoding(**{name: options[name] for name in names})
        principals = options["may_attach_to"]
        return policy_documents(self.storage, options["for"], transcoding, principals)
