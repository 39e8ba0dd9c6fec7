"""IAM statements and policies for transcoding videos: pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django_shift_media.aws.common import Document, partition
from django_shift_media.aws.iam_statements import (
    allow,
    object_arns,
    policy_document,
    validate_option,
)
from django_shift_media.storages.s3 import S3MediaStorage

_MEDIACONVERT = "mediaconvert.amazonaws.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcoding:
    """
    The transcoder of videos, if any; fields are named after options of ``media_iam_policy``.

    The methods raise ``ValueError`` for invalid options, and for required ones that are missing.
    """

    transcoder: Literal["elastictranscoder", "mediaconvert"] | None = None
    account: str | None = None
    region: str = ""
    pipelines: Sequence[str] = ()
    service_role: str | None = None
    queue: str | None = None

    def statements(self) -> list[Document]:
        """Return the permissions of the process that starts transcoding jobs."""
        if self.transcoder == "elastictranscoder":
            return self._elastictranscoder()
        return self._mediaconvert() if self.transcoder == "mediaconvert" else []

    def role_policies(self, storage: S3MediaStorage) -> dict[str, Document]:
        """Return the policies of the role that MediaConvert assumes, by name."""
        if self.transcoder != "mediaconvert":
            return {}
        return {
            f"Trust policy of the role {self.service_role}": trust_policy(
                self._validated_account()
            ),
            f"Access policy of the role {self.service_role}": access_policy(storage),
        }

    def _elastictranscoder(self) -> list[Document]:
        expected = "the ID of a pipeline, such as '1111111111111-abcde1'"
        if not self.pipelines:
            validate_option("--pipeline", None, "", expected)
        for pipeline in self.pipelines:
            validate_option("--pipeline", pipeline, r"[0-9]{13}-\w{6}", expected)
        arn = self._arn("elastictranscoder", self.region)
        return [
            # CreateJob needs permission for the pipeline and for the presets.
            allow(
                ["elastictranscoder:*Job"],
                [
                    *(f"{arn}:pipeline/{pipeline}" for pipeline in self.pipelines),
                    f"{arn}:preset/*",
                    f"{arn}:job/*",
                ],
            ),
            allow(["elastictranscoder:Read*", "elastictranscoder:List*", "sns:List*"], "*"),
        ]

    def _mediaconvert(self) -> list[Document]:
        expected = "the name of the role that MediaConvert assumes"
        role = validate_option("--service-role", self.service_role, r"[\w+=,.@/-]+", expected)
        expected = "the name of a MediaConvert queue"
        queue = validate_option("--queue", self.queue or "Default", r"[\w -]+", expected)
        arn = self._arn("mediaconvert", self.region)
        pass_role = allow(["iam:PassRole"], f"{self._arn('iam')}:role/{role}")
        return [
            allow(["mediaconvert:CreateJob"], f"{arn}:queues/{queue}"),
            allow(["mediaconvert:GetJob", "mediaconvert:CancelJob"], f"{arn}:jobs/*"),
            allow(["mediaconvert:Probe"], "*"),
            {**pass_role, "Condition": {"StringEquals": {"iam:PassedToService": _MEDIACONVERT}}},
        ]

    def _arn(self, service: str, region: str = "") -> str:
        validate_option(
            "--region", self.region, r"[a-z]+(-[a-z]+)+-[0-9]+", "a region such as 'eu-central-1'"
        )
        return f"arn:{partition(self.region)}:{service}:{region}:{self._validated_account()}"

    def _validated_account(self) -> str:
        return validate_option("--account", self.account, r"[0-9]{12}", "12 digits")


def trust_policy(account: str, service: str = _MEDIACONVERT) -> Document:
    """Return the trust policy of a role that a service assumes for one account."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["sts:AssumeRole"],
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    return policy_document([trust])


def access_policy(storage: S3MediaStorage) -> Document:
    """Return the policy of a role that reads originals and writes what is made of them."""
    return policy_document([allow(["s3:GetObject", "s3:PutObject"], object_arns(storage))])
