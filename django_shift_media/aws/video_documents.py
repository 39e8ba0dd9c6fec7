"""The documents of what MediaConvert needs: pure functions, without any request to AWS."""

import hashlib
import zlib
from dataclasses import dataclass, field

from django_shift_media.aws.common import Document, partition
from django_shift_media.aws.iam_statements import allow, policy_document, validate_option
from django_shift_media.aws.transcoders import access_policy, trust_policy
from django_shift_media.storages.s3 import S3MediaStorage
from django_shift_media.video.mediaconvert.events import DETAIL_TYPE, ENDED, HEADER, SOURCE

_EVENTS = "events.amazonaws.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoDocuments:
    """
    The documents for a storage, in boto3's shapes.

    ``role_arn`` and ``queue`` are the settings of the site, of which the queue may be an ARN, too.
    Events are sent to ``events_url`` with ``secret``; without it, workers ask for the state of
    jobs only. Raise ``ValueError`` for invalid values.
    """

    storage: S3MediaStorage = field(repr=False)
    role_arn: str
    queue_name: str
    secret: str = field(default="", repr=False)
    events_url: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        expected = (
            "the ARN of the role that MediaConvert is to have, such as"
            " 'arn:aws:iam::123456789012:role/media-convert'"
        )
        pattern = r"arn:[a-z-]+:iam::[0-9]{12}:role/[\w+=,.@-]{1,64}"
        validate_option("SHIFT_MEDIA_MEDIACONVERT_ROLE", self.role_arn or None, pattern, expected)
        expected = "the name or the ARN of a queue"
        validate_option("SHIFT_MEDIA_MEDIACONVERT_QUEUE", self.queue, r"[\w -]{1,100}", expected)
        if self.events_url:
            expected = "an https URL of the site, such as 'https://www.example.com/mediaconvert/'"
            validate_option("--events-url", self.events_url, r"https://[^\s/?#]+/\S*", expected)
            if not self.secret:
                raise ValueError("SHIFT_MEDIA_MEDIACONVERT_SECRET is required with --events-url.")

    @property
    def region(self) -> str:
        return self.storage.region

    @property
    def account(self) -> str:
        return self.role_arn.split(":")[4]

    @property
    def role(self) -> str:
        return self.role_arn.rpartition("/")[2]

    @property
    def queue(self) -> str:
        return self.queue_name.rpartition("/")[2]

    @property
    def name(self) -> str:
        """The name of what belongs to this storage only: an account may have several sites."""
        place = f"{self.storage.bucket_name}/{self.storage.prefix}"
        return f"shift-media-{zlib.crc32(place.encode()):08x}"

    @property
    def trust(self) -> Document:
        return trust_policy(self.account)

    @property
    def access(self) -> Document:
        return access_policy(self.storage)

    @property
    def connection(self) -> Document:
        """AWS does not return the secret, so the description says by a checksum which one it is."""
        checksum = hashlib.sha256(self.secret.encode()).hexdigest()[:8]
        key = {"ApiKeyName": HEADER, "ApiKeyValue": self.secret}
        return {
            "Name": self.name,
            "Description": f"{self._description}, secret {checksum}",
            "AuthorizationType": "API_KEY",
            "AuthParameters": {"ApiKeyAuthParameters": key},
        }

    def api_destination(self, connection_arn: str) -> Document:
        return {
            "Name": self.name,
            "Description": self._description,
            "ConnectionArn": connection_arn,
            "InvocationEndpoint": self.events_url,
            "HttpMethod": "POST",
        }

    @property
    def events_role(self) -> str:
        return f"{self.name}-events"

    @property
    def events_trust(self) -> Document:
        return trust_policy(self.account, _EVENTS)

    @property
    def events_access(self) -> Document:
        # The ARN ends with an ID that AWS makes.
        arn = self._arn("events", f"api-destination/{self.name}")
        return policy_document([allow(["events:InvokeApiDestination"], f"{arn}/*")])

    @property
    def rule(self) -> Document:
        detail = {
            "status": sorted(ENDED),
            "queue": [self._arn("mediaconvert", f"queues/{self.queue}")],
        }
        pattern = {"source": [SOURCE], "detail-type": [DETAIL_TYPE], "detail": detail}
        return {
            "Name": self.name,
            "Description": self._description,
            "State": "ENABLED",
            "EventPattern": pattern,
        }

    def target(self, api_destination_arn: str) -> Document:
        role = f"{self.role_arn.rpartition('/')[0]}/{self.events_role}"
        return {"Id": self.name, "Arn": api_destination_arn, "RoleArn": role}

    def as_dict(self) -> dict[str, Document]:
        """Return all documents by the names of their resources, with the secret left out."""
        connection = {**self.connection, "AuthParameters": {"ApiKeyName": HEADER}}
        events = {
            "connection": connection,
            "API destination": self.api_destination("(ARN of the connection)"),
            f"trust policy of the role {self.events_role}": self.events_trust,
            f"policy of the role {self.events_role}": self.events_access,
            "rule": self.rule,
            "target of the rule": self.target("(ARN of the API destination)"),
        }
        return {
            f"trust policy of the role {self.role}": self.trust,
            f"policy of the role {self.role}": self.access,
            **(events if self.events_url else {}),
        }

    @property
    def _description(self) -> str:
        return f"Videos of the bucket {self.storage.bucket_name}"

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{partition(self.region)}:{service}:{self.region}:{self.account}:{resource}"
