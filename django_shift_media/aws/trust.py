"""Trust policies: who may assume the role of a process. Pure functions."""

from dataclasses import dataclass
from typing import Literal

from django_shift_media.aws.common import Document, partition
from django_shift_media.aws.iam_statements import policy_document, validate_option

TrustKind = Literal["irsa", "pod-identity", "oidc"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """
    Who assumes a role; fields are named after options of ``media_iam_policy``.

    "irsa" and "pod-identity" are pods in Amazon EKS with a Kubernetes service account, by the
    OpenID Connect provider of the cluster or by its Pod Identity agent. "oidc" is a CI system with
    an OpenID Connect provider, such as GitHub Actions. ``policies`` raises ``ValueError`` for
    invalid options, and for required ones that are missing.
    """

    trust: TrustKind
    account: str | None = None
    oidc_provider: str | None = None
    service_account: str | None = None
    subject: str | None = None

    def policies(self, region: str) -> dict[str, Document]:
        """Return the trust policy, by name."""
        statement = self._pods() if self.trust == "pod-identity" else self._web_identity(region)
        return {"Trust policy of the role": policy_document([statement])}

    def _pods(self) -> Document:
        """https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html"""
        namespace, name = self._service_account()
        tags = {"kubernetes-namespace": namespace, "kubernetes-service-account": name}
        return {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {
                "StringEquals": {f"aws:RequestTag/{tag}": value for tag, value in tags.items()}
            },
        }

    def _web_identity(self, region: str) -> Document:
        """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html"""
        account = validate_option("--account", self.account, r"[0-9]{12}", "12 digits")
        expected = "an issuer without a scheme, such as 'token.actions.githubusercontent.com'"
        provider = validate_option(
            "--oidc-provider", self.oidc_provider, r"[\w.-]+(/\S+)?", expected
        )
        subject = self._subject()
        operator = "StringLike" if "*" in subject or "?" in subject else "StringEquals"
        conditions: Document = {"StringEquals": {f"{provider}:aud": "sts.amazonaws.com"}}
        conditions.setdefault(operator, {})[f"{provider}:sub"] = subject
        arn = f"arn:{partition(region)}:iam::{account}:oidc-provider/{provider}"
        return {
            "Effect": "Allow",
            "Principal": {"Federated": arn},
            "Action": ["sts:AssumeRoleWithWebIdentity"],
            "Condition": conditions,
        }

    def _subject(self) -> str:
        if self.trust == "irsa":
            return "system:serviceaccount:{}:{}".format(*self._service_account())
        # A subject of wildcards alone would trust everyone who uses the provider.
        expected = "the subject of the token, such as 'repo:example/site:ref:refs/heads/main'"
        return validate_option("--subject", self.subject, r"[^*?\s][^*?\s]*[^\s]*", expected)

    def _service_account(self) -> list[str]:
        expected = "a namespace and a name, such as 'default/gallery'"
        pattern = r"[a-z0-9-]+/[a-z0-9.-]+"
        return validate_option("--service-account", self.service_account, pattern, expected).split(
            "/"
        )
