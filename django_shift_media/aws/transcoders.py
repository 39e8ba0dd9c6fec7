"""What the transcoding of videos needs: pure functions to statements and policies of IAM."""

from dataclasses import dataclass
from typing import Literal

from django_shift_media.aws.common import Document, partition
from django_shift_media.aws.iam_statements import allow, checked, objects, policy
from django_shift_media.storages.s3 import S3MediaStorage

_MEDIACONVERT = "mediaconvert.amazonaws.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcoding:
    """
    Who transcodes videos, in the words of the options of ``media_iam_policy``; None: nobody.

    The methods raise ``ValueError`` for options that are needed and missing, or make no sense.
    """

    transcoder: Literal["elastictranscoder", "mediaconvert"] | None = None
    account: str | None = None
    region: str = ""
    pipeline: str | None = None
    service_role: str | None = None
    queue: str | None = None

    def statements(self) -> list[Document]:
        """Return what the process that asks for videos must be allowed."""
        if self.transcoder == "elastictranscoder":
            return self._elastictranscoder()
        return self._mediaconvert() if self.transcoder == "mediaconvert" else []

    def role_policies(self, storage: S3MediaStorage) -> dict[str, Document]:
        """Return the policies of the role that MediaConvert takes, by their names."""
        if self.transcoder != "mediaconvert":
            return {}
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": _MEDIACONVERT},
            "Action": ["sts:AssumeRole"],
            "Condition": {"StringEquals": {"aws:SourceAccount": self._checked_account()}},
        }
        return {
            f"Trust policy of the role {self.service_role}": policy([trust]),
            f"Access policy of the role {self.service_role}": policy(
                [allow(["s3:GetObject", "s3:PutObject"], objects(storage))]
            ),
        }

    def _elastictranscoder(self) -> list[Document]:
        wanted = "the ID of a pipeline, as in '1111111111111-abcde1'"
        pipeline = checked("--pipeline", self.pipeline, r"[0-9]{13}-\w{6}", wanted)
        place = self._arn("elastictranscoder", self.region)
        return [
            allow(
                ["elastictranscoder:CreateJob", "elastictranscoder:ListJobsByPipeline"],
                f"{place}:pipeline/{pipeline}",
            ),
            # A job is created in a pipeline and from presets: both must be allowed.
            allow(["elastictranscoder:CreateJob"], f"{place}:preset/*"),
            allow(["elastictranscoder:ReadJob", "elastictranscoder:CancelJob"], f"{place}:job/*"),
        ]

    def _mediaconvert(self) -> list[Document]:
        wanted = "the name of the role that MediaConvert takes"
        role = checked("--service-role", self.service_role, r"[\w+=,.@/-]+", wanted)
        wanted = "the name of a queue of MediaConvert"
        queue = checked("--queue", self.queue or "Default", r"[\w -]+", wanted)
        place = self._arn("mediaconvert", self.region)
        pass_role = allow(["iam:PassRole"], f"{self._arn('iam')}:role/{role}")
        return [
            allow(["mediaconvert:CreateJob", "mediaconvert:ListJobs"], f"{place}:queues/{queue}"),
            allow(["mediaconvert:GetJob", "mediaconvert:CancelJob"], f"{place}:jobs/*"),
            {**pass_role, "Condition": {"StringEquals": {"iam:PassedToService": _MEDIACONVERT}}},
        ]

    def _arn(self, service: str, region: str = "") -> str:
        checked("--region", self.region, r"[a-z]{2}(-[a-z]+)+-[0-9]+", "as in 'eu-central-1'")
        return f"arn:{partition(self.region)}:{service}:{region}:{self._checked_account()}"

    def _checked_account(self) -> str:
        return checked("--account", self.account, r"[0-9]{12}", "12 digits")
