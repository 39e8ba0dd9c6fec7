import json
from typing import Any

from django.core.management.base import CommandParser

from django_shift_media.aws.plan import Resource
from django_shift_media.aws.tags import parse_tags
from django_shift_media.aws.video import VideoPlan
from django_shift_media.aws.video_documents import VideoDocuments
from django_shift_media.conf import conf
from django_shift_media.management.plan_command import PlanCommand, add_tag_option


class Command(PlanCommand):
    help = (
        "Create what MediaConvert needs to encode videos: its role and its queue, as the settings"
        " name them, and a rule of Amazon EventBridge that sends its events to the site."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--events-url",
            metavar="URL",
            default="",
            help="public URL of the view for events, such as https://www.example.com/mediaconvert/"
            " (default: no events; workers look at jobs now and then)",
        )
        parser.add_argument(
            "--print",
            action="store_true",
            help="print the documents as JSON, without any request to AWS",
        )
        add_tag_option(parser)

    def headline(self, options: dict[str, Any]) -> str:
        return f"MediaConvert for the bucket {self.storage.bucket_name}:"

    def run_plan(self, options: dict[str, Any]) -> None:
        if options["print"]:
            self.stdout.write(json.dumps(self.documents(options).as_dict(), indent=2))
        else:
            super().run_plan(options)

    def resources(self, options: dict[str, Any]) -> list[Resource]:
        return VideoPlan(self.storage, self.documents(options)).resources()

    def documents(self, options: dict[str, Any]) -> VideoDocuments:
        return VideoDocuments(
            storage=self.storage,
            role_arn=conf.mediaconvert_role,
            queue_name=conf.mediaconvert_queue,
            secret=conf.mediaconvert_secret,
            events_url=options["events_url"],
            tags=parse_tags(options["tags"]),
        )
