"""The options of a media bucket's configuration."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django_shift_media.aws.access_logs import LogTarget

if TYPE_CHECKING:
    from django_shift_media.aws.website import RedirectCode
    from django_shift_media.storages.base import Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketOptions:
    """
    The desired configuration of a media bucket; None leaves a setting unchanged.

    A website redirects requests for missing files to ``app_url`` and ``mount``, the path of this
    package's URLs. ``distribution_arn`` names the CloudFront distribution that may read a private
    bucket; a function is called once the plan needs the ARN. Pages of ``upload_origins`` may send
    uploads. An empty ``cors_origins`` or ``upload_origins`` and 0 ``expire_resizes`` (days) remove
    their rules; ``remove`` removes all of our settings, and ``tags`` only if they are given again.
    """

    mode: "Mode"
    mount: str
    app_url: str | None = None
    create: bool = False
    remove: bool = False
    redirect_code: "RedirectCode" = "302"
    private_originals: bool | None = None
    distribution_arn: str | Callable[[], str] | None = None
    cors_origins: Sequence[str] | None = None
    expire_resizes: int | None = None
    upload_origins: Sequence[str] | None = None
    access_logs: LogTarget | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
