import json
from dataclasses import fields
from typing import Any, Literal

from django.core.management.base import CommandError, CommandParser

from django_shift_media.aws.common import Document
from django_shift_media.aws.iam import NOTICES, PURPOSES, documents
from django_shift_media.aws.plan import Part
from django_shift_media.aws.principals import inline_policy
from django_shift_media.aws.transcoders import Transcoding
from django_shift_media.management.plan_command import PlanCommand

OPTIONS = {
    "--account": "the transcoder's account, 12 digits",
    "--region": "the transcoder's region, if it is not the storage's",
    "--pipeline": "the ID of a pipeline of Elastic Transcoder",
    "--service-role": "the name of the role that MediaConvert takes",
    "--queue": "the name of a queue of MediaConvert, if it is not Default",
}


class Command(PlanCommand):
    help = "Print the least policy for what a process does, or put it on a user or a role."

    def add_arguments(self, parser: CommandParser) -> None:
        text = "uploads, resizes and deletions (app); resizes; pages; configuration of AWS"
        parser.add_argument("for", nargs="?", choices=PURPOSES, default="app", help=text)
        parser.add_argument("--transcoder", choices=["elastictranscoder", "mediaconvert"])
        for option, text in OPTIONS.items():
            parser.add_argument(option, help=text)
        text = "user/NAME or role/NAME, to be given policies by the process"
        parser.add_argument("--may-attach-to", action="append", default=[], help=text)
        owner = parser.add_mutually_exclusive_group()
        owner.add_argument("--user", help="put the policy on the user of this name")
        owner.add_argument("--role", help="put the policy on the role of this name")
        super().add_arguments(parser)

    def carry_out(self, options: dict[str, Any]) -> None:
        if options["user"] or options["role"]:
            super().carry_out(options)
        elif options["check"]:
            raise CommandError("--check needs the --user or the --role that has the policy.")
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

    def parts(self, options: dict[str, Any]) -> list[Part]:
        kind: Literal["user", "role"] = "user" if options["user"] else "role"
        (name, policy), *_ = self.documents(options).items()
        return [inline_policy(self.storage, kind, options[kind], name, policy)]

    def documents(self, options: dict[str, Any]) -> dict[str, Document]:
        options = {**options, "region": options["region"] or self.storage.region}
        video = Transcoding(**{field.name: options[field.name] for field in fields(Transcoding)})
        return documents(self.storage, options["for"], video, options["may_attach_to"])
