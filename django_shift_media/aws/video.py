"""
What MediaConvert needs, as a plan: a queue, its role, and the way of its events to the site.

The settings ``SHIFT_MEDIA_MEDIACONVERT_…`` say what the site uses, and this makes it.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from django_shift_media.aws.clients import aws_client
from django_shift_media.aws.common import Document
from django_shift_media.aws.plan import Resource
from django_shift_media.aws.policy_comparison import is_same_policy
from django_shift_media.aws.tags import tag_list
from django_shift_media.aws.video_documents import VideoDocuments
from django_shift_media.storages.s3 import S3MediaStorage

_PLACEHOLDER = "(known after it is created)"
_MISSING = frozenset({"NoSuchEntity", "NotFoundException", "ResourceNotFoundException"})

Call = Callable[..., Any]


class VideoPlan:
    """The resources of ``configure_media_video``, in the order in which they are made."""

    def __init__(self, storage: S3MediaStorage, documents: VideoDocuments) -> None:
        self.documents = documents
        region = documents.region
        self.iam = aws_client(storage, "iam")
        self.media_convert = aws_client(storage, "mediaconvert", region=region)
        self.events = aws_client(storage, "events", region=region) if documents.events_url else None

    def resources(self) -> list[Resource]:
        documents = self.documents
        found = [*self._queue(), *self._role(documents.role, documents.trust, documents.access)]
        return [*found, *self._events()] if documents.events_url else found

    def _queue(self) -> Iterator[Resource]:
        if self.documents.queue == "Default":  # every account has it
            return
        client = self.media_convert

        def read() -> Document | None:
            queue = _found(client.get_queue, Name=self.documents.queue).get("Queue")
            if queue is None:
                return None
            tags = client.list_tags_for_resource(Arn=queue["Arn"])["ResourceTags"].get("Tags", {})
            return {"Name": queue["Name"], "Status": queue["Status"], "Tags": tags}

        def write(document: Document | None) -> None:
            assert document
            queue = _found(client.get_queue, Name=document["Name"]).get("Queue")
            if queue is None:
                client.create_queue(**document)
                return
            client.update_queue(Name=document["Name"], Status=document["Status"])
            client.tag_resource(Arn=queue["Arn"], Tags=document["Tags"])

        yield self._resource(f"queue {self.documents.queue}", read, self._wanted_queue, write)

    def _wanted_queue(self, current: Document | None) -> Document:
        tags = {**(current or {}).get("Tags", {}), **self.documents.tags}
        return {"Status": "ACTIVE", **(current or {}), "Name": self.documents.queue, "Tags": tags}

    def _role(self, name: str, trust: Document, access: Document) -> Iterator[Resource]:
        """Yield a role and its policy; roles and policies of others stay."""
        iam, policy = self.iam, self.documents.name

        def read() -> Document | None:
            role = _found(iam.get_role, RoleName=name).get("Role")
            if role is None:
                return None
            tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
            return {"Trust": role["AssumeRolePolicyDocument"], "Tags": tags}

        def merge(current: Document | None) -> Document:
            tags = {**(current or {}).get("Tags", {}), **self.documents.tags}
            same = current is not None and is_same_policy(current["Trust"], trust)
            return {"Trust": current["Trust"] if current and same else trust, "Tags": tags}

        def write(document: Document | None) -> None:
            assert document
            trusted = json.dumps(document["Trust"])
            if not _found(iam.get_role, RoleName=name):
                iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted)
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=trusted)
            if document["Tags"]:
                iam.tag_role(RoleName=name, Tags=tag_list(document["Tags"]))

        def read_policy() -> Document | None:
            found = _found(iam.get_role_policy, RoleName=name, PolicyName=policy)
            return found.get("PolicyDocument")

        def write_policy(document: Document | None) -> None:
            text = json.dumps(document)
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=text)

        yield self._resource(f"role {name}", read, merge, write)
        yield Resource(
            name=f"policy of the role {name}",
            read=read_policy,
            merge=lambda _: access,
            write=write_policy,
            is_same=is_same_policy,
            needs=frozenset({f"role {name}"}),
        )

    def _events(self) -> Iterator[Resource]:
        documents, name = self.documents, self.documents.name
        yield self._event_resource(
            "connection",
            "connection",
            lambda: documents.connection,
            hidden=(documents.secret,),
        )
        yield self._event_resource(
            "API destination",
            "api_destination",
            lambda: documents.api_destination(self._arn("connection")),
            needs=("connection",),
        )
        yield from self._role(
            documents.events_role, documents.events_trust, documents.events_access
        )
        yield self._resource(
            "rule", partial(_read_rule, self.events, name), self._wanted_rule, self._write_rule
        )
        yield self._resource(
            "target of the rule",
            partial(_read_target, self.events, name),
            lambda _: documents.target(self._arn("api_destination")),
            lambda target: self._require_events().put_targets(Rule=name, Targets=[target]),
            needs=("rule", "API destination", f"role {documents.events_role}"),
        )

    def _event_resource(
        self,
        label: str,
        operation: str,
        wanted: Callable[[], Document],
        *,
        needs: tuple[str, ...] = (),
        hidden: tuple[str, ...] = (),
    ) -> Resource:
        """Return a connection or an API destination, which have the same operations."""
        events, name = self._require_events(), self.documents.name

        def read() -> Document | None:
            found = _found(getattr(events, f"describe_{operation}"), Name=name)
            return {key: found.get(key) for key in wanted()} if found else None

        def write(document: Document | None) -> None:
            assert document
            verb = "update" if read() else "create"
            getattr(events, f"{verb}_{operation}")(**document)

        return self._resource(
            label, read, lambda _: wanted(), write, needs=needs, hidden=hidden, is_same=_is_same
        )

    def _wanted_rule(self, current: Document | None) -> Document:
        tags = {**(current or {}).get("Tags", {}), **self.documents.tags}
        return {**self.documents.rule, "Tags": tags}

    def _write_rule(self, document: Document | None) -> None:
        assert document
        events = self._require_events()
        rule = {key: value for key, value in document.items() if key != "Tags"}
        arn = events.put_rule(**{**rule, "EventPattern": json.dumps(rule["EventPattern"])})[
            "RuleArn"
        ]
        if document["Tags"]:  # put_rule() does not change those of a rule that exists
            events.tag_resource(ResourceARN=arn, Tags=tag_list(document["Tags"]))

    def _arn(self, operation: str) -> str:
        events = self._require_events()
        found = _found(getattr(events, f"describe_{operation}"), Name=self.documents.name)
        key = "ConnectionArn" if operation == "connection" else "ApiDestinationArn"
        return str(found.get(key, _PLACEHOLDER))

    def _require_events(self) -> Any:
        assert self.events is not None  # only asked for with a URL
        return self.events

    def _resource(
        self,
        name: str,
        read: Callable[[], Document | None],
        merge: Callable[[Document | None], Document],
        write: Callable[[Document | None], object],
        *,
        needs: tuple[str, ...] = (),
        **options: Any,
    ) -> Resource:
        return Resource(
            name=name, read=read, merge=merge, write=write, needs=frozenset(needs), **options
        )


def _found(call: Call, **arguments: Any) -> Document:
    """Return the answer of AWS; an empty document if there is no such thing."""
    try:
        answer: Document = call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING:
            raise
        return {}
    return answer


def _read_rule(events: Any, name: str) -> Document | None:
    found = _found(events.describe_rule, Name=name)
    if not found:
        return None
    tags = events.list_tags_for_resource(ResourceARN=found["Arn"])["Tags"]
    return {
        "Name": name,
        "Description": found.get("Description"),
        "State": found["State"],
        "EventPattern": _parsed(found.get("EventPattern")),
        "Tags": {tag["Key"]: tag["Value"] for tag in tags},
    }


def _read_target(events: Any, name: str) -> Document | None:
    targets = _found(events.list_targets_by_rule, Rule=name).get("Targets", [])
    ours = [target for target in targets if target["Id"] == name]
    return ours[0] if ours else None


def _is_same(one: Document | None, other: Document | None) -> bool:
    """Compare documents without the secret, which AWS never returns."""
    return _without_secret(one) == _without_secret(other)


def _without_secret(document: Document | None) -> Document | None:
    if not document or "AuthParameters" not in document:
        return document
    key = document["AuthParameters"].get("ApiKeyAuthParameters", {}).get("ApiKeyName")
    return {**document, "AuthParameters": key}


def _parsed(text: str | None) -> Any:
    with suppress(ValueError):
        return json.loads(text or "null")
    return text
