"""boto3 clients for commands: longer timeouts than for visitors, and only AWS's keys to AWS."""

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from boto3.session import Session
from botocore.config import Config

from django_shift_media.aws.common import Conflict
from django_shift_media.storages.s3 import S3MediaStorage

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# A person waits for a command, not a visitor: some changes of CloudFront take half a minute.
_PATIENT = Config(
    connect_timeout=10,
    read_timeout=60,
    retries={"mode": "standard", "total_max_attempts": 3},
)
# A session keeps what botocore has read of its data: 0.1 s of CPU time for each service.
_sessions: WeakKeyDictionary[S3MediaStorage, Session] = WeakKeyDictionary()


def s3_client(storage: S3MediaStorage) -> "S3Client":
    """Return a client of the server of the storage, with the storage's credentials."""
    client: S3Client = _session(storage).client(
        "s3",
        region_name=storage.region_name,
        use_ssl=storage.use_ssl,
        endpoint_url=storage.endpoint_url,
        config=storage.client_config.merge(_PATIENT),
        verify=storage.verify,
    )
    return client


def aws_client(storage: S3MediaStorage, service: str, *, region: str | None = None) -> Any:
    """
    Return a client of another AWS service with the credentials of the storage.

    Raise ``Conflict`` instead of sending the keys of another S3 server to AWS.
    """
    # The signature version "s3v4" is for S3 and S3 Control only.
    signature = Config(signature_version="s3v4" if service.startswith("s3") else "v4")
    session: Any = _session(storage)  # its type knows services by their literal names only
    client = session.client(
        service,
        region_name=region or storage.region,
        config=storage.client_config.merge(_PATIENT).merge(signature),
    )
    if storage.is_foreign(client):
        variable = f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}"
        raise Conflict(
            f"The storage's credentials are for {storage.endpoint_url}, and must not be sent to"
            f" AWS. If that server has an API for {service}, set the environment variable"
            f" {variable} to its URL."
        )
    return client


def _session(storage: S3MediaStorage) -> Session:
    if storage not in _sessions:
        _sessions[storage] = storage._create_session()
    return _sessions[storage]
