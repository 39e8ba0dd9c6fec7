"""Users and roles of IAM, and the policies that belong to one of them alone."""

import json
from typing import Literal

from django_shift_media.aws.common import Conflict, Document
from django_shift_media.aws.plan import Part
from django_shift_media.storages.s3 import S3MediaStorage


def inline_policy(
    storage: S3MediaStorage,
    kind: Literal["user", "role"],
    principal: str,
    name: str,
    document: Document,
) -> Part:
    """
    Return the part of a plan that makes ``document`` a policy of a user or a role.

    IAM is asked with the storage's credentials.
    """
    client = storage.aws_client("iam")
    if kind == "user":
        owner = {"UserName": principal}
        find, get, put = client.get_user, client.get_user_policy, client.put_user_policy
    else:
        owner = {"RoleName": principal}
        find, get, put = client.get_role, client.get_role_policy, client.put_role_policy

    def read() -> Document | None:
        try:
            find(**owner)
        except client.exceptions.NoSuchEntityException as error:
            raise Conflict(f"There is no {kind} {principal!r} in IAM.") from error
        try:
            current: Document = get(**owner, PolicyName=name)["PolicyDocument"]
        except client.exceptions.NoSuchEntityException:
            return None
        return current

    return Part(
        name=f"policy {name} of the {kind} {principal}",
        read=read,
        merge=lambda _: document,
        write=lambda policy: put(**owner, PolicyName=name, PolicyDocument=json.dumps(policy)),
    )
