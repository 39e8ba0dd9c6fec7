"""Inline policies of IAM users, groups and roles."""

import json
from typing import Literal

from django_shift_media.aws.clients import aws_client
from django_shift_media.aws.common import Conflict, Document
from django_shift_media.aws.iam import length_problem
from django_shift_media.aws.plan import Resource
from django_shift_media.aws.policy_comparison import is_same_policy
from django_shift_media.storages.s3 import S3MediaStorage

PrincipalKind = Literal["user", "group", "role"]


def inline_policy(
    storage: S3MediaStorage, kind: PrincipalKind, principal: str, name: str, document: Document
) -> Resource:
    """
    Return the resource that makes ``document`` an inline policy of a user, a group or a role.

    Requests to IAM use the storage's credentials. Raise ``Conflict`` if the policy is too long.
    """
    if problem := length_problem(document, kind):
        raise Conflict(
            f"{problem} Attach it to a group (maximum 5120) or a role (maximum 10240), or create a"
            " managed policy of what this command prints (aws iam create-policy)."
        )
    client = aws_client(storage, "iam")
    owner = {f"{kind.title()}Name": principal}

    def read() -> Document | None:
        try:
            getattr(client, f"get_{kind}")(**owner)
        except client.exceptions.NoSuchEntityException as error:
            raise Conflict(f"IAM has no {kind} named {principal!r}.") from error
        try:
            response: Document = getattr(client, f"get_{kind}_policy")(**owner, PolicyName=name)
        except client.exceptions.NoSuchEntityException:
            return None
        current: Document = response["PolicyDocument"]
        return current

    def write(policy: Document | None) -> None:
        text = json.dumps(policy)
        getattr(client, f"put_{kind}_policy")(**owner, PolicyName=name, PolicyDocument=text)

    return Resource(
        name=f"policy {name} of the {kind} {principal}",
        read=read,
        merge=lambda _: document,
        write=write,
        is_same=is_same_policy,
    )
