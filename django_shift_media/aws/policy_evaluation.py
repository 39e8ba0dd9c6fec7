"""Who sees what is in a bucket, by its configuration: pure, and cautious."""

import re
from typing import NamedTuple

from django_shift_media.aws.common import Document, listed, statements_of


class BucketConfiguration(NamedTuple):
    """
    The documents that decide who sees what is in a bucket; {} where nothing is configured.

    None stands for what may not be asked, or what the server does not know.
    """

    account_block: Document | None = None
    block: Document | None = None
    policy: Document | None = None
    website: Document | None = None

    @property
    def blocked_by(self) -> str:
        """Who blocks public access: "account", "bucket", or "" if nobody is known to."""
        for name, block in (("account", self.account_block), ("bucket", self.block)):
            if block and block.get("RestrictPublicBuckets"):
                return name
            # It forbids to write a policy that lets anyone read; one from before is good.
            if block and block.get("BlockPublicPolicy") and self.policy == {}:
                return name
        return ""

    @property
    def rules(self) -> list[Document] | None:
        """The routing rules of the bucket's website; None: unknown."""
        return None if self.website is None else self.website.get("RoutingRules", [])

    def anyone_may_get(self, resource: str) -> bool | None:
        """Say whether the policy lets anyone get "bucket/key"; None: unknown."""
        return None if self.policy is None else anyone_may(self.policy, "s3:GetObject", resource)


def anyone_may(policy: Document, action: str, resource: str) -> bool:
    """
    Say whether a bucket policy lets everyone do something to "bucket/key".

    Conditions and the elements that begin with "Not" are not worked out: a statement that has
    one lets nobody do anything, and keeps everyone off what it denies.
    """
    matching = [
        (statement["Effect"], is_conditional(statement))
        for statement in statements_of(policy)
        if is_for_anyone(statement)
        and any(_matches(pattern, action) for pattern in listed(statement.get("Action", "*")))
        and any(
            _matches(pattern.split(":::")[-1], resource)
            for pattern in listed(statement.get("Resource", "*"))
        )
    ]
    denied = any(effect == "Deny" for effect, _ in matching)
    return not denied and ("Allow", False) in matching


def is_for_anyone(statement: Document) -> bool:
    principal = statement.get("Principal", "*")
    return "*" in listed(principal.get("AWS", []) if isinstance(principal, dict) else principal)


def is_conditional(statement: Document) -> bool:
    return bool({"Condition", "NotAction", "NotPrincipal", "NotResource"} & statement.keys())


def _matches(pattern: str, text: str) -> bool:
    """Match as policies do: * is any text, ? any character, a slash among them."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text, re.DOTALL) is not None
