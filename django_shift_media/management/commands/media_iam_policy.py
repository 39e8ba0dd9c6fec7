import json
from dataclasses import fields
from typing import Any, get_args

from django.core.management.base import CommandError, CommandParser

from django_shift_media.aws.common import Document
from django_shift_media.aws.iam import NOTICES, PURPOSES, length_problem, policy_documents
from django_shift_media.aws.plan import Resource
from django_shift_media.aws.principals import PrincipalKind, inline_policy
from django_shift_media.aws.transcoders import Transcoding
from django_shift_media.aws.trust import Trust, TrustKind
from django_shift_media.management.plan_command import PlanCommand

TRANSCODING_OPTIONS = {
    "--account": "AWS account, 12 digits; required with --transcoder, and with --trust irsa and"
    " oidc",
    "--region": "AWS region of the transcoder (default: the storage's region)",
    "--service-role": "name of the role that MediaConvert assumes; required with mediaconvert",
    "--queue": "name of the MediaConvert queue (default: Default)",
}
TRUST_OPTIONS = {
    "--oidc-provider": "OpenID Connect issuer, without the scheme; required with --trust irsa and"
    " oidc",
    "--service-account": "namespace and name of the Kubernetes service account, such as"
    " default/gallery; required with --trust irsa and pod-identity",
    "--subject": "subject of the CI's tokens, such as repo:example/site:ref:refs/heads/main;"
    " required with --trust oidc",
}


class Command(PlanCommand):
    help = (
        "Print the least-privilege IAM policy for a process, or attach it to a user, a group or a"
        " role."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "for",
            nargs="?",
            choices=PURPOSES,
            default="app",
            help="what the process does: handle uploads, resizes and deletions (app); only"
            " generate resizes (resizes); only take uploads of browsers (uploads); only render"
            " pages (pages); erase uploads (erase); configure AWS (configure);"
            " only check the configuration (check) (default: app)",
        )
        parser.add_argument(
            "--transcoder",
            choices=["elastictranscoder", "mediaconvert"],
            help="also allow starting video transcoding jobs (default: no transcoding)",
        )
        parser.add_argument(
            "--pipeline",
            action="append",
            default=[],
            dest="pipelines",
            help="ID of an Elastic Transcoder pipeline; required with elastictranscoder; may be"
            " repeated",
        )
        parser.add_argument(
            "--trust",
            choices=get_args(TrustKind),
            help="also print the trust policy of a role that pods in Amazon EKS (irsa,"
            " pod-identity) or a CI system (oidc) assume",
        )
        for option, text in {**TRANSCODING_OPTIONS, **TRUST_OPTIONS}.items():
            parser.add_argument(option, help=text)
        parser.add_argument(
            "--list-buckets",
            action="store_true",
            help="also allow listing the buckets of the account, for file managers; this package"
            " does not need it",
        )
        parser.add_argument(
            "--may-attach-to",
            action="append",
            default=[],
            metavar="PRINCIPAL",
            help="also allow attaching policies to user/NAME, group/NAME or role/NAME; may be"
            " repeated",
        )
        owner = parser.add_mutually_exclusive_group()
        owner.add_argument("--user", metavar="NAME", help="attach the policy to this IAM user")
        owner.add_argument("--group", metavar="NAME", help="attach the policy to this IAM group")
        owner.add_argument("--role", metavar="NAME", help="attach the policy to this IAM role")
        super().add_arguments(parser)

    def run_plan(self, options: dict[str, Any]) -> None:
        if _owner(options):
            super().run_plan(options)
        elif options["check"]:
            raise CommandError("--check requires --user or --role, or --group.")
        else:
            self.print_documents(self.documents(options))
        for choice, notice in NOTICES.items():
            if choice in {options["for"], options["transcoder"]}:
                self.stderr.write(notice, self.style.WARNING)

    def print_documents(self, documents: dict[str, Document]) -> None:
        for name, policy in documents.items():
            self.stderr.write(f"{name}:", self.style.MIGRATE_HEADING)
            self.stdout.write(json.dumps(policy, indent=2))
            self.stdout.flush()
            kinds: tuple[PrincipalKind | None, ...] = ("user", "group", "role", None)
            for problem in filter(None, (length_problem(policy, kind) for kind in kinds)):
                self.stderr.write(problem, self.style.WARNING)

    def headline(self, options: dict[str, Any]) -> str:
        return "IAM:"

    def resources(self, options: dict[str, Any]) -> list[Resource]:
        kind = _owner(options)
        assert kind is not None
        (name, policy), *_ = self.documents(options).items()
        return [inline_policy(self.storage, kind, options[kind], name, policy)]

    def documents(self, options: dict[str, Any]) -> dict[str, Document]:
        options = {**options, "region": options["region"] or self.storage.region}
        names = [field.name for field in fields(Transcoding)]
        transcoding = Transcoding(**{name: options[name] for name in names})
        return policy_documents(
            self.storage,
            options["for"],
            transcoding,
            options["may_attach_to"],
            _trust(options),
            list_buckets=options["list_buckets"],
        )


def _owner(options: dict[str, Any]) -> PrincipalKind | None:
    return next((kind for kind in get_args(PrincipalKind) if options[kind]), None)


def _trust(options: dict[str, Any]) -> Trust | None:
    names = [field.name for field in fields(Trust)]
    return Trust(**{name: options[name] for name in names}) if options["trust"] else None
