"""manage.py media_iam_policy, and what IAM makes of its policies."""

import io
import json
import re
import uuid
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from boto3.session import Session
from botocore.exceptions import ClientError
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.test import Client

from django_shift_media.aws.iam import PURPOSES, policy_documents
from django_shift_media.aws.transcoders import Transcoding
from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.naming import keys
from django_shift_media.storages.s3 import S3MediaStorage
from gallery.models import Photo
from tests.support.buckets import change_options, new_bucket, operations, use_bucket
from tests.support.intermediary import in_front_of
from tests.support.key_pairs import make_key_pair
from tests.support.requirements import knows_eusc
from tests.support.stored_objects import put, resize_of, tend
from tests.support.versions import enable_versions, held

ACCOUNT = "123456789012"
MEDIACONVERT = ("--transcoder=mediaconvert", f"--account={ACCOUNT}", "--service-role=videos")
ELASTICTRANSCODER = (
    "--transcoder=elastictranscoder",
    f"--account={ACCOUNT}",
    "--pipeline=1111111111111-abcde1",
)


class Output(NamedTuple):
    stdout: str
    stderr: str

    @property
    def documents(self) -> list[Any]:
        """All of stdout, which must be JSON and nothing else."""
        found, rest = [], self.stdout.strip()
        while rest:
            document, end = json.JSONDecoder().raw_decode(rest)
            found.append(document)
            rest = rest[end:].strip()
        return found


def run(*arguments: str) -> Output:
    stdout, stderr = io.StringIO(), io.StringIO()
    call_command("media_iam_policy", *arguments, stdout=stdout, stderr=stderr)
    return Output(stdout.getvalue(), stderr.getvalue())


def administrator(ministack: Any, region: str = "us-east-1") -> Any:
    """A client of IAM that may do anything."""
    session = Session(ministack.access_key, ministack.secret_key, region_name=region)
    return session.client("iam", endpoint_url=ministack.endpoint_url)


@pytest.fixture
def iam(ministack: Any, monkeypatch: Any) -> Any:
    """An IAM that the command finds, too."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", ministack.endpoint_url)
    return administrator(ministack)


@pytest.fixture
def user(iam: Any) -> str:
    name = f"user-{uuid.uuid4().hex[:12]}"
    iam.create_user(UserName=name)
    return name


@pytest.fixture
def role(iam: Any) -> str:
    name = f"role-{uuid.uuid4().hex[:12]}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument='{"Statement": []}')
    return name


@pytest.fixture
def storage(ministack: Any, iam: Any, settings: Any) -> Any:
    """A bucket, with the credentials of the administrator."""
    return new_bucket(settings, ministack)


# -- what is allowed, and what is not -------------------------------------------------------------

BUCKET = "arn:aws:s3:::media"
UPLOAD = f"{BUCKET}/site/3c72aedc/ba25/41e6/a569/406c8f413974"
ORIGINAL = f"{UPLOAD}/cat.jpg/cat.jpg"
RESIZE = f"{UPLOAD}/cat.jpg/200x200-fillx30y70-65-upscale-{'0f' * 16}.webp"
DECEIVER = f"{BUCKET}/site/" + keys.new_original(f"200x200-fill-65-upscale-{'0f' * 16}.webp")
ELSEWHERE = f"{BUCKET}/elsewhere/cat.jpg"
OTHER = "arn:aws:s3:::media-of-others"
USER, ROLE = f"arn:aws:iam::{ACCOUNT}:user/app", f"arn:aws:iam::{ACCOUNT}:role/app"
ALL = "*"

DISTRIBUTION = f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1"
CACHE_POLICY = f"arn:aws:cloudfront::{ACCOUNT}:cache-policy/1"
ACCESS_CONTROL = f"arn:aws:cloudfront::{ACCOUNT}:origin-access-control/1"
CERTIFICATE = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/1"
ZONE = "arn:aws:route53:::hostedzone/Z1"
# The resources that actions take, from the service authorization reference.
CHECK_ACCOUNT = [
    ("s3:GetAccountPublicAccessBlock", ALL),
    ("cloudfront:ListDistributions", ALL),
    ("cloudfront:GetDistribution", DISTRIBUTION),
    ("cloudfront:ListTagsForResource", DISTRIBUTION),
    ("cloudfront:ListOriginAccessControls", ALL),
    ("cloudfront:GetOriginAccessControl", ACCESS_CONTROL),
    ("cloudfront:ListCachePolicies", ALL),
    ("cloudfront:GetCachePolicy", CACHE_POLICY),
    ("acm:ListCertificates", ALL),
    ("acm:DescribeCertificate", CERTIFICATE),
    ("route53:ListHostedZones", ALL),
    ("route53:ListResourceRecordSets", ZONE),
]
CONFIGURE_ACCOUNT = [
    ("cloudfront:CreateDistribution", ALL),
    ("cloudfront:UpdateDistribution", DISTRIBUTION),
    ("cloudfront:DeleteDistribution", DISTRIBUTION),
    ("cloudfront:TagResource", DISTRIBUTION),
    ("cloudfront:CreateOriginAccessControl", ALL),
    ("cloudfront:UpdateOriginAccessControl", ACCESS_CONTROL),
    ("cloudfront:DeleteOriginAccessControl", ACCESS_CONTROL),
    ("cloudfront:CreateCachePolicy", ALL),
    ("cloudfront:UpdateCachePolicy", CACHE_POLICY),
    ("cloudfront:DeleteCachePolicy", CACHE_POLICY),
    ("cloudfront:CreateInvalidation", DISTRIBUTION),
    ("cloudfront:GetInvalidation", DISTRIBUTION),
    ("acm:RequestCertificate", ALL),
    ("acm:AddTagsToCertificate", CERTIFICATE),
    ("route53:ChangeResourceRecordSets", ZONE),
]
CHECK_BUCKET = [
    (f"s3:{action}", BUCKET)
    for action in (
        *("ListBucket", "GetBucketLocation", "GetBucketPolicy", "GetBucketWebsite"),
        *("GetBucketPublicAccessBlock", "GetBucketOwnershipControls", "GetBucketCORS"),
        *("GetLifecycleConfiguration", "GetEncryptionConfiguration"),
        *("GetBucketTagging", "GetBucketLogging"),
    )
]
ALLOWED = {
    "app": [
        ("s3:ListBucket", BUCKET),
        ("s3:GetObject", ORIGINAL),
        ("s3:GetObject", RESIZE),
        ("s3:PutObject", ORIGINAL),
        ("s3:PutObject", RESIZE),
        ("s3:AbortMultipartUpload", ORIGINAL),
        ("s3:ListMultipartUploadParts", ORIGINAL),
        ("s3:DeleteObject", ORIGINAL),
        ("s3:DeleteObject", RESIZE),
    ],
    "resizes": [
        ("s3:ListBucket", BUCKET),
        ("s3:GetObject", ORIGINAL),
        ("s3:GetObject", RESIZE),
        ("s3:PutObject", RESIZE),
        ("s3:DeleteObject", RESIZE),
    ],
    "configure": [
        ("s3:ListBucket", BUCKET),
        ("s3:CreateBucket", BUCKET),
        ("s3:GetBucketLocation", BUCKET),
        ("s3:GetBucketPolicy", BUCKET),
        ("s3:PutBucketPolicy", BUCKET),
        ("s3:DeleteBucketPolicy", BUCKET),
        ("s3:GetBucketWebsite", BUCKET),
        ("s3:PutBucketWebsite", BUCKET),
        ("s3:DeleteBucketWebsite", BUCKET),
        ("s3:GetBucketPublicAccessBlock", BUCKET),
        ("s3:PutBucketPublicAccessBlock", BUCKET),
        ("s3:GetBucketOwnershipControls", BUCKET),
        ("s3:PutBucketOwnershipControls", BUCKET),
        ("s3:GetBucketCORS", BUCKET),
        ("s3:PutBucketCORS", BUCKET),
        ("s3:GetLifecycleConfiguration", BUCKET),
        ("s3:PutLifecycleConfiguration", BUCKET),
        ("s3:GetBucketTagging", BUCKET),
        ("s3:PutBucketTagging", BUCKET),
        ("s3:GetBucketLogging", BUCKET),
        ("s3:PutBucketLogging", BUCKET),
        ("s3:GetEncryptionConfiguration", BUCKET),
        # check_media tries it all.
        ("s3:PutObject", ORIGINAL),
        ("s3:GetObject", RESIZE),
        ("s3:DeleteObject", RESIZE),
        *CHECK_ACCOUNT,
        *CONFIGURE_ACCOUNT,
    ],
    "check": [*CHECK_BUCKET, *CHECK_ACCOUNT],
    "uploads": [
        ("s3:ListBucket", BUCKET),
        ("s3:GetObject", ORIGINAL),
        ("s3:PutObject", ORIGINAL),
        ("s3:AbortMultipartUpload", ORIGINAL),
        ("s3:ListMultipartUploadParts", ORIGINAL),
        ("s3:DeleteObject", ORIGINAL),
    ],
    "pages": [],
    "erase": [
        ("s3:ListBucket", BUCKET),
        ("s3:ListBucketVersions", BUCKET),
        ("s3:ListBucketMultipartUploads", BUCKET),
        ("s3:GetReplicationConfiguration", BUCKET),
        ("s3:DeleteObject", ORIGINAL),
        ("s3:DeleteObjectVersion", ORIGINAL),
        ("s3:DeleteObjectVersion", RESIZE),
        ("s3:AbortMultipartUpload", ORIGINAL),
        ("s3:GetObjectVersion", ORIGINAL),
        ("s3:GetObjectRetention", ORIGINAL),
        ("s3:GetObjectLegalHold", ORIGINAL),
        ("s3:PutObject", f"{UPLOAD}/erased"),
        ("cloudfront:ListDistributions", ALL),
        ("cloudfront:CreateInvalidation", DISTRIBUTION),
        ("cloudfront:GetInvalidation", DISTRIBUTION),
    ],
}
DENIED = {
    "app": [
        ("s3:ListAllMyBuckets", ALL),
        ("s3:GetObject", ELSEWHERE),
        ("s3:PutObject", ELSEWHERE),
        ("s3:DeleteObject", ELSEWHERE),
        ("s3:ListBucket", OTHER),
        ("s3:GetObject", f"{OTHER}/site/cat.jpg"),
        ("s3:PutObject", f"{OTHER}/site/cat.jpg"),
        ("s3:DeleteBucket", BUCKET),
        ("s3:PutBucketPolicy", BUCKET),
        ("s3:PutBucketWebsite", BUCKET),
        ("s3:PutObjectAcl", ORIGINAL),
        ("s3:GetObjectAcl", ORIGINAL),
        ("s3:DeleteObjectVersion", ORIGINAL),
        ("s3:ListBucketVersions", BUCKET),
        ("s3:PutObjectTagging", RESIZE),
        ("iam:PassRole", ROLE),
        ("mediaconvert:CreateJob", ALL),
    ],
    "resizes": [
        ("s3:ListAllMyBuckets", ALL),
        ("s3:PutObject", ORIGINAL),
        ("s3:PutObject", DECEIVER),
        ("s3:PutObject", RESIZE.replace("/site/", "/")),
        ("s3:PutObject", RESIZE.replace("-0f", "-f")),
        ("s3:PutObject", RESIZE.replace(BUCKET, OTHER)),
        ("s3:PutObjectTagging", RESIZE),
        ("s3:GetObject", ELSEWHERE),
        ("s3:DeleteObject", ORIGINAL),
        ("s3:DeleteObject", DECEIVER),
        ("s3:DeleteObject", RESIZE.replace("/site/", "/")),
        ("s3:PutBucketPolicy", BUCKET),
    ],
    "configure": [
        ("s3:DeleteBucket", BUCKET),
        ("s3:PutBucketPolicy", OTHER),
        ("s3:PutBucketWebsite", OTHER),
        ("s3:CreateBucket", OTHER),
        ("s3:GetObject", ELSEWHERE),
        ("s3:PutAccountPublicAccessBlock", ALL),
        ("cloudfront:CreateFunction", ALL),
        ("cloudfront:UpdateDistribution", DISTRIBUTION.replace("distribution", "function")),
        ("s3:PutEncryptionConfiguration", BUCKET),
        ("s3:PutBucketAcl", BUCKET),
        ("route53:DeleteHostedZone", ZONE),
        ("acm:DeleteCertificate", f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/1"),
        ("iam:PutUserPolicy", USER),
        ("iam:PutRolePolicy", ROLE),
        ("iam:CreateUser", USER),
    ],
    "check": [
        *CONFIGURE_ACCOUNT,
        ("s3:PutBucketPolicy", BUCKET),
        ("s3:DeleteBucketWebsite", BUCKET),
        ("s3:PutLifecycleConfiguration", BUCKET),
        ("s3:PutBucketTagging", BUCKET),
        ("s3:PutBucketLogging", BUCKET),
        ("s3:GetBucketPolicy", OTHER),
        ("s3:GetObject", ORIGINAL),
        ("s3:PutObject", RESIZE),
    ],
    "erase": [
        ("s3:PutObject", ORIGINAL),
        ("s3:PutObject", RESIZE),
        ("s3:DeleteObjectVersion", ELSEWHERE),
        ("s3:ListBucketVersions", OTHER),
        ("s3:BypassGovernanceRetention", ORIGINAL),
        ("s3:PutObjectRetention", ORIGINAL),
        ("s3:PutObjectLegalHold", ORIGINAL),
        ("s3:PutReplicationConfiguration", BUCKET),
        ("s3:PutBucketVersioning", BUCKET),
        ("cloudfront:UpdateDistribution", DISTRIBUTION),
        ("cloudfront:DeleteDistribution", DISTRIBUTION),
    ],
    "uploads": [
        ("s3:ListAllMyBuckets", ALL),
        ("s3:GetObject", ELSEWHERE),
        ("s3:PutObject", ELSEWHERE),
        ("s3:DeleteObject", ELSEWHERE),
        ("s3:ListMultipartUploadParts", ELSEWHERE),
        ("s3:PutBucketPolicy", BUCKET),
    ],
    "pages": [("s3:ListBucket", BUCKET), ("s3:GetObject", ORIGINAL), ("s3:GetObject", ELSEWHERE)],
}


def simulate(iam: Any, document: Any, action: str, resource: str) -> str:
    """Ask IAM what becomes of a request of somebody who has this policy and no other."""
    answer = iam.simulate_custom_policy(
        PolicyInputList=[json.dumps(document)], ActionNames=[action], ResourceArns=[resource]
    )
    (result,) = answer["EvaluationResults"]
    decision: str = result["EvalDecision"]
    return decision


@pytest.fixture
def media(settings: Any) -> dict[str, Any]:
    """Media in the bucket of the tables above; the options of its storage, which may be changed."""
    options = {"bucket_name": "media", "region_name": "eu-central-1", "location": "site"}
    backend = {"BACKEND": "django_shift_media.storages.s3.S3MediaStorage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "media": backend}
    settings.SHIFT_MEDIA_STORAGE = "media"
    return options


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_policy_allows_what_the_process_does_and_nothing_else(
    iam: Any, media: Any, purpose: str
) -> None:
    (document,) = run(purpose).documents
    asked = [*ALLOWED[purpose], *DENIED[purpose]]
    allowed = [row for row in asked if simulate(iam, document, *row) == "allowed"]
    assert allowed == ALLOWED[purpose]


@pytest.mark.parametrize(
    ("options", "decision"), [((), "implicitDeny"), (("--list-buckets",), "allowed")]
)
def test_buckets_are_listed_on_demand(
    iam: Any, media: Any, options: tuple[str, ...], decision: str
) -> None:
    (document,) = run("app", *options).documents
    assert simulate(iam, document, "s3:ListAllMyBuckets", ALL) == decision


def test_rendering_pages_is_denied_even_what_others_allow(iam: Any, media: Any) -> None:
    (document,) = run("pages").documents
    for action, resource in DENIED["pages"]:
        assert simulate(iam, document, action, resource) == "explicitDeny"
    assert simulate(iam, document, "s3:GetObject", f"{OTHER}/cat.jpg") == "implicitDeny"


def test_presigning_pages_may_get_what_they_presign(iam: Any, media: Any) -> None:
    media["querystring_auth"] = True
    (document,) = run("pages").documents
    assert simulate(iam, document, "s3:GetObject", ORIGINAL) == "allowed"
    assert simulate(iam, document, "s3:GetObject", ELSEWHERE) == "implicitDeny"
    assert simulate(iam, document, "s3:PutObject", ORIGINAL) == "implicitDeny"


@pytest.mark.parametrize("purpose", ["app", "resizes"])
def test_tags_may_be_put_where_resizes_are_tagged(iam: Any, purpose: str) -> None:
    storage = S3MediaStorage(bucket_name="media", location="site", region_name="eu-central-1")
    storage.tag_resizes = True
    (document,) = policy_documents(storage, purpose, Transcoding(), []).values()
    assert simulate(iam, document, "s3:PutObjectTagging", RESIZE) == "allowed"
    assert simulate(iam, document, "s3:PutObjectTagging", ELSEWHERE) == "implicitDeny"


@pytest.mark.parametrize("purpose", ["app", "resizes"])
def test_versions_may_be_deleted_where_deletions_delete_them(iam: Any, purpose: str) -> None:
    storage = S3MediaStorage(bucket_name="media", location="site", region_name="eu-central-1")
    storage.delete_versions = True
    (document,) = policy_documents(storage, purpose, Transcoding(), []).values()
    originals = "allowed" if purpose == "app" else "implicitDeny"
    assert simulate(iam, document, "s3:ListBucketVersions", BUCKET) == "allowed"
    assert simulate(iam, document, "s3:DeleteObjectVersion", RESIZE) == "allowed"
    assert simulate(iam, document, "s3:DeleteObjectVersion", ORIGINAL) == originals


def test_policies_may_be_put_on_those_who_are_named(iam: Any, media: Any) -> None:
    named = ("--may-attach-to=user/app", "--may-attach-to=role/app")
    (document,) = run("configure", *named).documents
    for kind, arn in {"User": USER, "Role": ROLE}.items():
        for action in (f"iam:Get{kind}", f"iam:Get{kind}Policy", f"iam:Put{kind}Policy"):
            assert simulate(iam, document, action, arn) == "allowed"
            assert simulate(iam, document, action, f"{arn}2") == "implicitDeny"
        assert simulate(iam, document, f"iam:Delete{kind}", arn) == "implicitDeny"


# -- videos ---------------------------------------------------------------------------------------

IN_REGION = f"eu-central-1:{ACCOUNT}"


@pytest.mark.parametrize(
    ("arguments", "allowed", "denied"),
    [
        (
            MEDIACONVERT,
            [
                ("mediaconvert:CreateJob", f"arn:aws:mediaconvert:{IN_REGION}:queues/Default"),
                ("mediaconvert:GetJob", f"arn:aws:mediaconvert:{IN_REGION}:jobs/1"),
                ("mediaconvert:CancelJob", f"arn:aws:mediaconvert:{IN_REGION}:jobs/1"),
                ("mediaconvert:Probe", ALL),
            ],
            [
                # Of what the maker never asks.
                ("mediaconvert:ListJobs", f"arn:aws:mediaconvert:{IN_REGION}:queues/Default"),
                ("mediaconvert:CreateJob", f"arn:aws:mediaconvert:{IN_REGION}:presets/web"),
                ("mediaconvert:CreateJob", f"arn:aws:mediaconvert:{IN_REGION}:jobTemplates/web"),
                ("mediaconvert:GetPreset", f"arn:aws:mediaconvert:{IN_REGION}:presets/web"),
                ("mediaconvert:CreateJob", f"arn:aws:mediaconvert:{IN_REGION}:queues/other"),
                ("mediaconvert:CreateQueue", ALL),
                ("mediaconvert:GetJob", f"arn:aws:mediaconvert:us-east-1:{ACCOUNT}:jobs/1"),
            ],
        ),
        (
            (*MEDIACONVERT, "--queue=fast", "--region=us-east-2"),
            [("mediaconvert:CreateJob", f"arn:aws:mediaconvert:us-east-2:{ACCOUNT}:queues/fast")],
            [
                (
                    "mediaconvert:CreateJob",
                    f"arn:aws:mediaconvert:us-east-2:{ACCOUNT}:queues/Default",
                )
            ],
        ),
        (
            ELASTICTRANSCODER,
            [
                (
                    "elastictranscoder:CreateJob",
                    f"arn:aws:elastictranscoder:{IN_REGION}:pipeline/1111111111111-abcde1",
                ),
                (
                    "elastictranscoder:CreateJob",
                    f"arn:aws:elastictranscoder:{IN_REGION}:preset/1351620000001-000001",
                ),
                (
                    "elastictranscoder:ListJobsByPipeline",
                    f"arn:aws:elastictranscoder:{IN_REGION}:pipeline/1111111111111-abcde1",
                ),
                ("elastictranscoder:ReadJob", f"arn:aws:elastictranscoder:{IN_REGION}:job/1"),
                ("elastictranscoder:CancelJob", f"arn:aws:elastictranscoder:{IN_REGION}:job/1"),
                ("elastictranscoder:ReadPreset", f"arn:aws:elastictranscoder:{IN_REGION}:preset/1"),
                ("elastictranscoder:ListPipelines", ALL),
                ("elastictranscoder:ListJobsByStatus", ALL),
                ("sns:ListTopics", ALL),
            ],
            [
                (
                    "elastictranscoder:CreateJob",
                    f"arn:aws:elastictranscoder:{IN_REGION}:pipeline/2222222222222-abcde1",
                ),
                ("elastictranscoder:CreatePipeline", ALL),
                ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/videos"),
            ],
        ),
    ],
)
def test_videos(iam: Any, media: Any, arguments: Any, allowed: Any, denied: Any) -> None:
    document = run(*arguments).documents[0]
    rows = [*allowed, *ALLOWED["app"], *denied]
    assert [row for row in rows if simulate(iam, document, *row) == "allowed"] == [
        *allowed,
        *ALLOWED["app"],
    ]


def test_several_pipelines_may_be_used(iam: Any, media: Any) -> None:
    document = run(*ELASTICTRANSCODER, "--pipeline=2222222222222-abcde1").documents[0]
    arn = f"arn:aws:elastictranscoder:{IN_REGION}:pipeline"
    decisions = {
        pipeline: simulate(iam, document, "elastictranscoder:CreateJob", f"{arn}/{pipeline}")
        for pipeline in ("1111111111111-abcde1", "2222222222222-abcde1", "3333333333333-abcde1")
    }
    assert list(decisions.values()) == ["allowed", "allowed", "implicitDeny"]


@pytest.mark.parametrize(
    ("role", "service", "decision"),
    [
        ("videos", "mediaconvert", "allowed"),
        ("videos", "lambda", "implicitDeny"),
        ("others", "mediaconvert", "implicitDeny"),
    ],
)
def test_one_role_may_be_passed_to_mediaconvert_and_to_nobody_else(
    ministack: Any, media: Any, role: str, service: str, decision: str
) -> None:
    document = run(*MEDIACONVERT).documents[0]
    assert '{"StringEquals": {"iam:PassedToService": "mediaconvert.amazonaws.com"}}' in json.dumps(
        document
    )
    # ministack simulates without ContextEntries. What it does know of a request is its region,
    # so let that be the name of the service.
    known = json.dumps(document).replace("iam:PassedToService", "aws:RequestedRegion")
    document = json.loads(known.replace(".amazonaws.com", ""))
    iam = administrator(ministack, region=service)
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    assert simulate(iam, document, "iam:PassRole", arn) == decision


def test_mediaconvert_comes_with_the_policies_of_its_role(iam: Any, media: Any) -> None:
    output = run(*MEDIACONVERT)
    assert output.stderr.splitlines() == [
        "DjangoShiftMediasiteApp:",
        "Trust policy of the role videos:",
        "Access policy of the role videos:",
    ]
    _, trust, access = output.documents
    assert trust["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "mediaconvert.amazonaws.com"},
            "Action": ["sts:AssumeRole"],
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        }
    ]
    allowed = [("s3:GetObject", ORIGINAL), ("s3:PutObject", f"{UPLOAD}/cat.mp4/720.mp4")]
    denied = [("s3:GetObject", ELSEWHERE), ("s3:DeleteObject", ORIGINAL), ("s3:ListBucket", BUCKET)]
    rows = [*allowed, *denied]
    assert [row for row in rows if simulate(iam, access, *row) == "allowed"] == allowed


# -- what is printed ------------------------------------------------------------------------------


def test_notices_are_kept_apart_from_the_policy(media: Any) -> None:
    output = run("pages")
    assert len(output.documents) == 1
    assert "only renders pages needs no credentials" in output.stderr
    output = run(*ELASTICTRANSCODER)
    assert len(output.documents) == 1
    assert "ended on 13 November 2025; AWS Elemental MediaConvert replaces it" in output.stderr
    assert "ended" not in run(*MEDIACONVERT).stderr


# -- roles of others ------------------------------------------------------------------------------

EKS = "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E"
GITHUB = "token.actions.githubusercontent.com"


@pytest.mark.parametrize(
    ("arguments", "principal", "condition"),
    [
        # https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html
        (
            ["irsa", "--service-account=web/gallery", f"--oidc-provider={EKS}"],
            {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{EKS}"},
            {
                "StringEquals": {
                    f"{EKS}:aud": "sts.amazonaws.com",
                    f"{EKS}:sub": "system:serviceaccount:web:gallery",
                }
            },
        ),
        # https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
        (
            ["pod-identity", "--service-account=web/gallery"],
            {"Service": "pods.eks.amazonaws.com"},
            {
                "StringEquals": {
                    "aws:RequestTag/kubernetes-namespace": "web",
                    "aws:RequestTag/kubernetes-service-account": "gallery",
                }
            },
        ),
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_for-idp_oidc.html
        (
            ["oidc", "--subject=repo:example/site:*", f"--oidc-provider={GITHUB}"],
            {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"},
            {
                "StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"},
                "StringLike": {f"{GITHUB}:sub": "repo:example/site:*"},
            },
        ),
    ],
)
def test_trust_policies(
    media: Any, arguments: list[str], principal: dict[str, str], condition: dict[str, Any]
) -> None:
    output = run("check", f"--trust={arguments[0]}", f"--account={ACCOUNT}", *arguments[1:])
    assert "Trust policy of the role:" in output.stderr
    (statement,) = output.documents[1]["Statement"]
    assert statement["Principal"] == principal
    assert statement["Condition"] == condition


def test_a_role_takes_its_trust_policy(iam: Any, media: Any) -> None:
    trust = run("--trust=pod-identity", "--service-account=web/gallery").documents[1]
    name = f"role-{uuid.uuid4().hex[:12]}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    assert iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"] == trust


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("eu-west-1", "aws"),
        pytest.param("eusc-de-east-1", "aws-eusc", marks=knows_eusc),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
    ],
)
def test_arns_name_the_partition_of_the_region(media: Any, region: str, partition: str) -> None:
    media["region_name"] = region
    printed = run("configure", "--may-attach-to=user/app", *MEDIACONVERT).stdout
    assert printed.count("arn:") == printed.count(f"arn:{partition}:") > 0


@pytest.mark.parametrize("access", ["public", "private"])
@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_policy_is_short_enough_for_a_user(purpose: str, access: str) -> None:
    """IAM counts no white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    storage = S3MediaStorage(bucket_name="b" * 63, region_name="us-gov-west-1", access=access)
    (document,) = policy_documents(storage, purpose, Transcoding(), ["user/app"]).values()
    assert len("".join(json.dumps(document).split())) <= 2048


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--transcoder=mediaconvert"], "--service-role is required: the name of the role"),
        (MEDIACONVERT[::2], "--account is required: 12 digits"),
        ([*MEDIACONVERT, "--account=1234"], "Invalid --account '1234', must be 12 digits"),
        ([*MEDIACONVERT, "--service-role=a b"], "Invalid --service-role 'a b', must be the name"),
        (
            [*MEDIACONVERT, "--queue=*"],
            "Invalid --queue '\\*', must be the name of a MediaConvert queue",
        ),
        (
            [*MEDIACONVERT, "--region=Frankfurt"],
            "Invalid --region 'Frankfurt', must be a region such as",
        ),
        (ELASTICTRANSCODER[:2], "--pipeline is required: the ID of a pipeline"),
        (
            [*ELASTICTRANSCODER, "--pipeline=x"],
            "Invalid --pipeline 'x', must be the ID of a pipeline",
        ),
        (["--trust=irsa", "--service-account=a/b"], "--account is required: 12 digits"),
        (["--trust=pod-identity"], "--service-account is required: a namespace and a name"),
        (["--trust=pod-identity", "--service-account=b"], "Invalid --service-account 'b'"),
        (
            ["--trust=oidc", f"--account={ACCOUNT}", f"--oidc-provider={GITHUB}", "--subject=*"],
            r"Invalid --subject '\*', must be the subject of the token",
        ),
        (
            ["--trust=oidc", f"--account={ACCOUNT}", f"--oidc-provider=https://{GITHUB}"],
            "Invalid --oidc-provider 'https://",
        ),
        (["--user=a", "--group=b"], "not allowed with argument"),
        (["--may-attach-to=app"], "Invalid --may-attach-to 'app', must be 'user/NAME' or"),
        (["--may-attach-to=user/*"], r"Invalid --may-attach-to 'user/\*', must be"),
        (["--check"], "--check requires --user or --role"),
        (["everything"], "invalid choice: 'everything'"),
        (["--user=a", "--role=b"], "not allowed with argument"),
    ],
)
def test_a_wrong_argument_is_named(media: Any, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message) as error:
        run(*arguments)
    assert "\n" not in str(error.value)


def test_a_storage_that_is_no_bucket_is_named() -> None:
    with pytest.raises(
        CommandError,
        match=r"The media storage is a .*\. Set SHIFT_MEDIA_STORAGE to the alias of an S3",
    ):
        run()


# -- putting it on a user or a role ---------------------------------------------------------------


def kept(iam: Any, user: str) -> dict[str, Any]:
    """The policies that a user has of its own."""
    names = iam.list_user_policies(UserName=user)["PolicyNames"]
    return {
        name: iam.get_user_policy(UserName=user, PolicyName=name)["PolicyDocument"]
        for name in names
    }


def test_a_policy_is_put_once(iam: Any, storage: Any, user: str) -> None:
    (document,) = run("resizes").documents
    name = "DjangoShiftMediaResizes"
    first = run("resizes", "--user", user).stdout
    assert f"to change      policy {name} of the user {user}" in first
    assert f"changed        policy {name} of the user {user}" in first
    assert kept(iam, user) == {name: document}
    again = run("resizes", "--user", user, "--check").stdout
    assert again == f"IAM:\n  unchanged      policy {name} of the user {user}\n"


def test_an_attached_policy_is_reported_as_json(iam: Any, storage: Any, user: str) -> None:
    (document,) = run().documents
    (plan,) = run("--user", user, "--json").documents
    (resource,) = plan["resources"]
    assert (resource["state"], resource["desired"]) == ("changed", document)


def test_a_policy_is_put_on_a_role(iam: Any, storage: Any, role: str) -> None:
    (document,) = run().documents
    run("--role", role)
    answer = iam.get_role_policy(RoleName=role, PolicyName="DjangoShiftMediaApp")
    assert answer["PolicyDocument"] == document


def test_a_policy_is_put_on_a_group(iam: Any, storage: Any) -> None:
    name = f"group-{uuid.uuid4().hex[:12]}"
    iam.create_group(GroupName=name)
    (document,) = run("configure").documents
    run("configure", "--group", name)
    answer = iam.get_group_policy(GroupName=name, PolicyName="DjangoShiftMediaConfigure")
    assert answer["PolicyDocument"] == document
    run("configure", "--group", name, "--check")
    with pytest.raises(CommandError, match=r"^IAM has no group named 'nobody'"):
        run("--group", "nobody")


def test_a_policy_that_is_too_long_says_so(iam: Any, storage: Any, user: str, role: str) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    long = [f"--may-attach-to=user/{'u' * 60}{number}" for number in range(9)]
    with pytest.raises(
        CommandError, match=r"has [0-9]{4} characters; the maximum for inline policies of a user is"
    ):
        run("configure", "--user", user, *long)
    assert kept(iam, user) == {}
    assert "the maximum for inline policies of a user is 2048" in run("configure", *long).stderr
    assert run("configure").stderr == "DjangoShiftMediaConfigure:\n"
    assert "changed" in run("configure", "--role", role, *long).stdout


def test_keys_of_another_server_are_not_sent_to_aws(
    ministack: Any, media: Any, monkeypatch: Any, moto: Any
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IAM"):
        monkeypatch.delenv(name, raising=False)
    with in_front_of(moto.endpoint_url) as intermediary:
        for scheme in ("HTTP", "HTTPS"):
            monkeypatch.setenv(f"{scheme}_PROXY", intermediary.url)
        media["endpoint_url"] = "https://minio.example.com"
        media["access_key"], media["secret_key"] = "minio", "secret"
        with pytest.raises(
            CommandError, match=r"are for https://minio\.example\.com, and must not be sent to AWS"
        ):
            run("--user", "app")
        assert intermediary.requests == []


def test_what_changes_is_shown_and_what_others_have_put_stays(
    iam: Any, storage: Any, user: str
) -> None:
    theirs = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}],
    }
    iam.put_user_policy(UserName=user, PolicyName="Theirs", PolicyDocument=json.dumps(theirs))
    run("--user", user)
    before = kept(iam, user)
    transcoding = ("--user", user, *MEDIACONVERT)
    assert re.search(r'[+] +"mediaconvert:CreateJob"', run(*transcoding, "--dry-run").stdout)
    with pytest.raises(
        CommandError,
        match="Changes needed: policy DjangoShiftMediaApp of the user",
    ):
        run(*transcoding, "--check")
    assert kept(iam, user) == before
    run(*transcoding)
    after = kept(iam, user)
    assert after["Theirs"] == theirs
    assert after["DjangoShiftMediaApp"] == run(*MEDIACONVERT).documents[0]
    assert re.search(r'[-] +"mediaconvert:CreateJob"', run("--user", user).stdout)


@pytest.mark.parametrize(("kind", "name"), [("user", "nobody"), ("role", "nothing")])
def test_who_is_not_there_is_named(iam: Any, storage: Any, kind: str, name: str) -> None:
    with pytest.raises(CommandError, match=rf"^IAM has no {kind} named '{name}'\.$"):
        run(f"--{kind}", name)


def test_no_credentials_and_no_server_are_one_line(media: Any, monkeypatch: Any) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:9")
    with pytest.raises(CommandError, match=r"^Unable to locate credentials$"):
        run("--user", "app")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with pytest.raises(CommandError, match=r"^Could not connect to the endpoint URL: [^\n]*$"):
        run("--user", "app")


# -- processes that have one of the policies ------------------------------------------------------


@pytest.fixture
def become(ministack: Any, iam: Any, settings: Any, storage: Any, user: str) -> Any:
    """Give a user a policy for the administrator's bucket, and the project that user's keys."""

    def become(*arguments: str) -> Any:
        run(*arguments, "--user", user)
        key = iam.create_access_key(UserName=user)["AccessKey"]
        return use_bucket(
            settings,
            ministack,
            bucket_name=storage.bucket_name,
            access_key=key["AccessKeyId"],
            secret_key=key["SecretAccessKey"],
        )

    return become


def view(client: Client, photo: Photo, size: str = "50x50") -> int:
    """Ask the app for a resize, as the bucket's website sends viewers to do."""
    key = photo.photo.resize(size).removeprefix(photo.photo.storage.media_url)
    return client.get(f"/media/{key}").status_code


def refusal(function: Any, *arguments: Any, **keywords: Any) -> str:
    """The code of the error that S3 answers."""
    with pytest.raises((ClientError, StorageUnavailable)) as info:
        function(*arguments, **keywords)
    error: Any = info.value if isinstance(info.value, ClientError) else info.value.__cause__
    code: str = error.response["Error"]["Code"]
    return code


def test_the_app_does_all_of_its_work_with_its_policy(
    become: Any, storage: Any, client: Client, small_jpeg: bytes, db: None
) -> None:
    app = become("app")
    sent = operations(app)
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="small.jpg"))
    assert view(client, photo) == 301
    large = app.save(keys.new_original("film.mp4"), ContentFile(bytes(70 * 1024 * 1024)))
    for name in (photo.photo.name, large):
        app.delete(name)
    assert "Contents" not in storage.client.list_objects_v2(Bucket=storage.bucket_name)
    assert set(sent) == {
        *("HeadObject", "GetObject", "PutObject"),
        *("DeleteObject", "ListObjectsV2", "DeleteObjects"),
        *("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"),
    }
    bucket = {"Bucket": storage.bucket_name}
    assert refusal(app.client.put_bucket_policy, **bucket, Policy="{}") == "AccessDenied"
    assert refusal(app.client.delete_bucket, **bucket) == "AccessDenied"


def test_a_process_that_makes_resizes_cannot_touch_originals(
    become: Any, client: Client, photo: Photo, small_jpeg: bytes
) -> None:
    resizes = become("resizes")
    assert view(client, photo) == 301
    assert refusal(resizes.save, keys.new_original("a.jpg"), ContentFile(b"")) == "AccessDenied"
    assert refusal(resizes.put, photo.photo.name, b"") == "AccessDenied"
    assert refusal(resizes.delete, photo.photo.name) == "AccessDenied"
    assert resizes.get(photo.photo.name) == small_jpeg


def test_a_process_that_renders_pages_can_do_nothing_else(become: Any, photo: Photo) -> None:
    pages = become("pages")
    assert Photo.objects.get().photo.resize("50x50").startswith(pages.media_url)
    assert refusal(pages.get, photo.photo.name) == "AccessDenied"
    assert refusal(pages.put, keys.new_original("a.jpg"), b"") == "AccessDenied"


def test_uploads_are_erased_with_the_policy_for_that(
    become: Any, storage: Any, photo: Photo, monkeypatch: pytest.MonkeyPatch, ministack: Any
) -> None:
    enable_versions(storage)
    name = photo.photo.name
    for key in (name, resize_of(name)):
        put(storage, key)
        put(storage, key, b"a second version")
    upload = storage.client.create_multipart_upload(Bucket=storage.bucket_name, Key=name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", ministack.endpoint_url)
    sent = operations(become("erase"))
    document = tend("erase_media", name, "--no-requests", "--no-input")
    assert held(storage) == [f"{name[:37]}erased"]
    assert upload["UploadId"] in str(document)
    assert document["counts"]["erased"] > 4
    assert document["counts"].keys() <= {"erased", "named", "out of reach", "unknown host"}
    assert {"DeleteObjects", "AbortMultipartUpload", "GetBucketReplication"} <= set(sent)


def test_the_commands_do_their_work_with_the_policy_for_them(
    become: Any, iam: Any, storage: Any, role: str, user: str
) -> None:
    configure = become("configure", f"--may-attach-to=role/{role}")
    output = io.StringIO()
    storage.client.delete_bucket(Bucket=storage.bucket_name)
    arguments = ("--create", "--app-url", "https://www.example.com")
    call_command("configure_media_bucket", *arguments, stdout=output)
    assert "changed        website and routing rules" in output.getvalue()
    arn = f"--distribution-arn={DISTRIBUTION}"
    for options in (["--mode=failover", arn], ["--remove"]):
        call_command("configure_media_bucket", *options, stdout=output)
    run("--role", role)
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["DjangoShiftMediaApp"]
    with pytest.raises(CommandError, match="not authorized to perform: iam:GetUser"):
        run("--user", user)
    assert list(kept(iam, user)) == ["DjangoShiftMediaConfigure"]
    assert refusal(configure.client.delete_bucket, Bucket=storage.bucket_name) == "AccessDenied"


def test_a_ci_checks_the_bucket_with_the_read_only_policy(become: Any, storage: Any) -> None:
    arguments = ("configure_media_bucket", "--app-url", "https://www.example.com")
    call_command(*arguments, stdout=io.StringIO())
    ci = become("check")
    call_command(*arguments, "--check", stdout=io.StringIO())
    storage.client.delete_bucket_website(Bucket=storage.bucket_name)
    with pytest.raises(CommandError, match="Changes needed: website and routing rules"):
        call_command(*arguments, "--check", stdout=io.StringIO())
    with pytest.raises(CommandError, match="Failed: website and routing rules"):
        call_command(*arguments, stdout=io.StringIO())
    assert refusal(ci.put, keys.new_original("a.jpg"), b"") == "AccessDenied"


@pytest.mark.parametrize("access", ["public", "private"])
def test_the_cdn_is_configured_with_the_policy_for_it(
    become: Any,
    iam: Any,
    user: str,
    ministack: Any,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    access: str,
) -> None:
    become("configure")
    storage = change_options(settings, access=access)
    # ministack knows the ARNs of distributions, but neither of these nor in requests about tags.
    # AWS has no permission for CreateDistributionWithTags: it wants those to create and to tag.
    (document,) = run("configure").documents
    actions = [
        f"cloudfront:{name}" for name in ("CreateDistributionWithTags", "ListTagsForResource")
    ]
    document["Statement"].append({"Effect": "Allow", "Action": actions, "Resource": "*"})
    for statement in document["Statement"]:
        if re.search(":(cache-policy|origin-access-control)/", statement["Resource"]):
            statement["Resource"] = "*"
    name = "DjangoShiftMediaConfigure"
    iam.put_user_policy(UserName=user, PolicyName=name, PolicyDocument=json.dumps(document))
    monkeypatch.setenv("AWS_ENDPOINT_URL", ministack.endpoint_url)
    options = settings.STORAGES["media"]["OPTIONS"]
    options = {**options, "endpoint_url": None, "public_url": None, "access": access}
    use_bucket(settings, ministack, **options)
    cdn = ["--mode=failover", "--app-url=https://www.example.com"]
    if access == "private":
        cdn.append(f"--trusted-key-group={make_key_pair(tmp_path).public}")
    domain = f"--domain={storage.bucket_name}.example.com"
    for arguments in ([domain, *cdn], ["--invalidate", *cdn], ["--remove", *cdn]):
        call_command("configure_media_cdn", *arguments, stdout=io.StringIO())


def test_a_page_needs_neither_credentials_nor_a_server(
    media: Any, client: Client, monkeypatch: Any, db: None
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    media["endpoint_url"] = "http://127.0.0.1:9"
    name = ORIGINAL.partition("/site/")[2]
    Photo.objects.bulk_create([Photo(photo=name, width=4, height=3)])
    page = client.get("/").content.decode()
    assert page.count("http://media.s3-website.eu-central-1.amazonaws.com/site/3c72aedc/") == 4
