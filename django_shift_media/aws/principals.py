"""Inline policies of IAM users and roles."""

import json
from typing import Literal

from django_shift_media.aws.common import Conflict, Document
from django_shift_media.aws.plan import Resource
from django_shift_media.storages.s3 import S3MediaStorage


def inline_policy(
    storage: S3MediaStorage,
    kind: Literal["user", "role"],
    principal: str,
    name: str,
    document: Document,
) -> Resource:
    """
    Return the resource that makes ``document`` an inline policy of a user or a role.

    Requests to IAM use the storage's credentials.
    """
    client = storage.aws_client("iam")
    if kind == "user":
        owner = {"UserName": principal}
        find_owner = client.get_user
        get_policy, put_policy = client.get_user_policy, client.put_user_policy
    else:
        owner = {"RoleName": principal}
        find_owner = client.get_role
        get_policy, put_policy = client.get_role_policy, client.put_role_policy

    def read() -> Document | None:
        try:
            find_owner(**owner)
        except client.exceptions.NoSuchEntityException as error:
            raise Conflict(f"IAM has no {kind} named {principal!r}.") from error
        try:
            current: Document = get_policy(**owner, PolicyName=name)["PolicyDocument"]
        except client.exceptions.NoSuchEntityException:
            return None
        return current

    return Resource(
        name=f"policy {name} of the {kind} {principal}",
        read=read,
        merge=lambda _: document,
        write=lambda policy: put_policy(
            **owner, PolicyName=name, PolicyDocument=json.dumps(policy)
        ),
    )
