"""Evaluate bucket policies: pure functions, which answer "no" where they are not sure."""

import re
from typing import NamedTuple

from django_shift_media.aws.common import Document, as_list, statements_of
from django_shift_media.aws.policy_comparison import canonical_statement


class BucketConfiguration(NamedTuple):
    """
    The documents that control who may read a bucket; {} where nothing is configured.

    None means unknown: access to the document is denied, or the server does not support it.
    ``kms_key`` is the key of the default encryption, "" for the one that AWS manages.
    """

    account_block: Document | None = None
    block: Document | None = None
    policy: Document | None = None
    website: Document | None = None
    kms_key: str | None = None

    @property
    def blocked_by(self) -> str:
        """The level that blocks public access: "account", "bucket", or "" if none is known to."""
        for name, block in (("account", self.account_block), ("bucket", self.block)):
            if block and block.get("RestrictPublicBuckets"):
                return name
            # It prevents writing a public policy; one that existed before still works.
            if block and block.get("BlockPublicPolicy") and self.policy == {}:
                return name
        return ""

    @property
    def rules(self) -> list[Document] | None:
        """The routing rules of the bucket's website; None: unknown."""
        return None if self.website is None else self.website.get("RoutingRules", [])

    def anyone_may_get(self, resource: str) -> bool | None:
        """Return whether the policy lets everyone read "bucket/key"; None: unknown."""
        return None if self.policy is None else anyone_may(self.policy, "s3:GetObject", resource)

    def denies_http(self, resource: str) -> bool:
        """Return whether the policy is known to deny reading "bucket/key" without HTTPS."""
        return bool(self.policy and denial_of_http(self.policy, "s3:GetObject", resource))


def anyone_may(policy: Document, action: str, resource: str) -> bool:
    """
    Return whether a bucket policy lets everyone perform an action on "bucket/key".

    Conditions and the elements that begin with "Not" are not evaluated: an Allow statement that
    has one counts as granting nothing, and a Deny statement as denying everyone. Evaluation
    logic: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    matching = [
        (statement["Effect"], is_conditional(statement))
        for statement in _statements_about(policy, action, resource)
    ]
    denied = any(effect == "Deny" for effect, _ in matching)
    return not denied and ("Allow", False) in matching


def denial_of_http(policy: Document, action: str, resource: str) -> Document | None:
    """Return the statement that denies everyone an action on "bucket/key" without HTTPS, if any."""
    for statement in _statements_about(policy, action, resource):
        conditions = canonical_statement(statement).get("Condition", {})
        values = [
            keys.get("aws:securetransport")
            for operator, keys in conditions.items()
            if operator in {"Bool", "BoolIfExists"}
        ]
        if statement["Effect"] == "Deny" and ["false"] in values:
            return statement
    return None


def _statements_about(policy: Document, action: str, resource: str) -> list[Document]:
    """Return the statements for everyone about an action on "bucket/key"."""
    return [
        statement
        for statement in statements_of(policy)
        if is_for_anyone(statement)
        and any(
            _matches(pattern.lower(), action.lower())
            for pattern in as_list(statement.get("Action", "*"))
        )
        and any(
            _matches(pattern.split(":::")[-1], resource)
            for pattern in as_list(statement.get("Resource", "*"))
        )
    ]


def is_for_anyone(statement: Document) -> bool:
    principal = statement.get("Principal", "*")
    return "*" in as_list(principal.get("AWS", []) if isinstance(principal, dict) else principal)


def is_conditional(statement: Document) -> bool:
    return bool({"Condition", "NotAction", "NotPrincipal", "NotResource"} & statement.keys())


def _matches(pattern: str, text: str) -> bool:
    """Match a policy's pattern: * matches any text and ? any character, both also a slash."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text, re.DOTALL) is not None
