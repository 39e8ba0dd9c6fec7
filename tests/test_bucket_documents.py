"""The documents of a bucket's configuration: pure functions."""

from typing import Any
from xml.etree import ElementTree

import pytest

from django_shift_media.aws.access import (
    BLOCK_SETTINGS,
    GENERATED_PATTERNS,
    MEDIA_PATTERN,
    check_not_public,
    lift_blocks,
    merge_cors,
    merge_policy,
    parse_origins,
    read_statement,
    restore_blocks,
)
from django_shift_media.aws.common import Conflict, our_id
from django_shift_media.aws.lifecycle import is_same_lifecycle, merge_lifecycle
from django_shift_media.aws.website import (
    INDEX_DOCUMENT,
    merge_website,
    parse_app_url,
    remove_from_website,
    routing_rules,
    rules_as_xml,
)

SITE = "https://www.example.com"


def test_app_urls() -> None:
    assert parse_app_url("https://www.example.com/", "/media/") == (
        "https",
        "www.example.com",
        "media/",
    )
    assert parse_app_url("http://localhost:8000/site", "/m/") == (
        "http",
        "localhost:8000",
        "site/m/",
    )
    assert parse_app_url("https://example.com", "/").prefix == ""


def test_partitions() -> None:
    for region, partition in {"cn-north-1": "aws-cn", "us-gov-east-1": "aws-us-gov"}.items():
        resource = read_statement("b", region=region)["Resource"]
        assert resource == f"arn:{partition}:s3:::b/{MEDIA_PATTERN}"


def test_policies_are_merged_in_place() -> None:
    ours = read_statement("b")
    other = {"Sid": "Other"}
    sid = ours["Sid"]
    assert merge_policy(None, sid, [ours]) == {"Version": "2012-10-17", "Statement": [ours]}
    assert merge_policy({"Statement": other}, sid, [ours]) == {"Statement": [other, ours]}
    old = {"Sid": sid, "Effect": "Deny"}
    merged = merge_policy({"Id": "x", "Statement": [old, other, old]}, sid, [ours])
    assert merged == {"Id": "x", "Statement": [ours, other]}
    assert merge_policy(merged, sid, []) == {"Id": "x", "Statement": [other]}
    assert merge_policy({"Id": "x", "Statement": [ours]}, sid, []) is None


def test_public_access_that_nobody_blocks_is_left_alone() -> None:
    assert lift_blocks(None) is None


def test_rules_are_merged_in_place() -> None:
    ours = routing_rules(parse_app_url(SITE, "/media/"))
    old = routing_rules(parse_app_url("http://old.example.com", "/media/"))
    moved = routing_rules(parse_app_url(SITE, "/files/"))
    docs = {"Condition": {"KeyPrefixEquals": "docs/"}, "Redirect": {"HostName": "d"}}
    for former in (ours, old, moved):
        merged = merge_website({"RoutingRules": [docs, former[0], former[1]]}, ours)
        assert merged["RoutingRules"] == [docs, *ours]
        merged = merge_website({"RoutingRules": [former[0], docs]}, ours)
        assert merged["RoutingRules"] == [*ours, docs]


def test_a_location_needs_a_mount_of_its_own() -> None:
    with pytest.raises(Conflict, match="has the location 'up/', and the URLs are mounted at '/'"):
        merge_website(None, routing_rules(parse_app_url(SITE, "/"), "up/"))
    (rule, _) = routing_rules(parse_app_url(SITE, "/"))
    assert "ReplaceKeyPrefixWith" not in rule["Redirect"]


def test_rules_are_taken_out_by_the_mount_alone() -> None:
    ours = routing_rules(parse_app_url(SITE, "/media/"))
    nowhere = routing_rules(parse_app_url("https://anywhere", "/media/"))
    docs = {"Condition": {"KeyPrefixEquals": "docs/"}, "Redirect": {"HostName": "d"}}
    assert remove_from_website(None, nowhere) is None
    assert remove_from_website(merge_website(None, ours), nowhere) is None
    for theirs in (
        {"IndexDocument": {"Suffix": "index.html"}},
        {"IndexDocument": {"Suffix": INDEX_DOCUMENT}, "RoutingRules": [docs]},
        {"IndexDocument": {"Suffix": INDEX_DOCUMENT}, "ErrorDocument": {"Key": "oops.html"}},
        {"RedirectAllRequestsTo": {"HostName": "x"}},
    ):
        assert remove_from_website(theirs, nowhere) == theirs
        if "IndexDocument" in theirs:
            assert remove_from_website(merge_website(theirs, ours), nowhere) == theirs


def test_the_rules_of_a_location_go_before_those_for_all_keys() -> None:
    app = parse_app_url(SITE, "/media/")
    docs = {"Condition": {"KeyPrefixEquals": "docs/"}, "Redirect": {"HostName": "d"}}
    everything = {"RoutingRules": [docs, *routing_rules(app)]}
    staging = routing_rules(app, "staging/")
    merged = merge_website(everything, staging)
    assert merged["RoutingRules"] == [docs, *staging, *routing_rules(app)]
    assert merge_website(merged, staging) == merged
    with pytest.raises(Conflict, match=r"Routing rule 1 .* redirects missing files before"):
        theirs = {"Condition": staging[0]["Condition"], "Redirect": {"HostName": "x"}}
        merge_website({"RoutingRules": [theirs]}, staging)


def test_rules_as_xml_are_the_rules() -> None:
    rules = routing_rules(parse_app_url(SITE, "/media/"), "up/", redirect_code="307")
    root = ElementTree.fromstring(rules_as_xml(rules))
    assert root.tag == "RoutingRules"
    read = [{part.tag: {x.tag: x.text for x in part} for part in rule} for rule in root]
    assert read == rules
    assert read[0]["Redirect"]["HttpRedirectCode"] == "307"


def test_storages_in_one_bucket_have_names_of_their_own() -> None:
    assert our_id() == "DjangoShiftMedia"
    assert our_id("staging/") == our_id("staging") == "DjangoShiftMediastaging"
    locations = ["a/b/", "ab/", "a-b/", "фото/", "media/"]
    ids = [our_id(location) for location in locations]
    assert len(set(ids)) == len(ids)
    assert all(id.isascii() and id.isalnum() for id in ids)


def test_blocks_are_lifted_and_put_back() -> None:
    blocked = dict.fromkeys(BLOCK_SETTINGS, True)
    lifted = lift_blocks(blocked)
    assert lifted == {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": False,
    }
    assert restore_blocks(lifted) == blocked
    unblocked = dict.fromkeys(BLOCK_SETTINGS, False)
    assert restore_blocks(unblocked) == unblocked, "they were lifted by somebody else"


def test_a_private_bucket_has_no_public_statement() -> None:
    cdn = read_statement("b", distribution="arn:aws:cloudfront::1:distribution/E1")
    conditional = {**read_statement("b"), "Condition": {"StringEquals": {"aws:Referer": "x"}}}
    check_not_public({"Statement": [cdn, conditional, {**read_statement("b"), "Effect": "Deny"}]})
    with pytest.raises(Conflict, match="grants public access in its statement 'DjangoShiftMedia'"):
        check_not_public({"Statement": read_statement("b")})


def test_cors_rules_are_merged_in_place() -> None:
    theirs = {"AllowedMethods": ["PUT"], "AllowedOrigins": ["*"]}
    merged = merge_cors({"CORSRules": [theirs]}, "ID", ["https://a.example"])
    assert merged is not None
    assert merged["CORSRules"][0] == theirs
    assert merged["CORSRules"][1]["AllowedOrigins"] == ["https://a.example"]
    assert merge_cors(merged, "ID", []) == {"CORSRules": [theirs]}
    assert merge_cors(merge_cors(None, "ID", ["*"]), "ID", []) is None


def test_origins() -> None:
    assert parse_origins(["none"]) == []
    good = ["https://a.example", "http://localhost:8000", "https://*.example.com", "*"]
    assert parse_origins(good) == good


@pytest.mark.parametrize("origin", ["a.example", "https://a.example/", "https://", "", "none "])
def test_what_no_browser_sends_as_its_origin_is_named(origin: str) -> None:
    with pytest.raises(
        ValueError, match=f"Invalid origin '{origin}'. Use a scheme and a host, such as"
    ):
        parse_origins([origin])


def test_lifecycle_rules_are_merged_in_place() -> None:
    theirs: Any = {"ID": "logs", "Filter": {"Prefix": "logs/"}, "Status": "Enabled"}
    current = {"Rules": [theirs], "TransitionDefaultMinimumObjectSize": "x"}
    merged = merge_lifecycle(current, "ID", 30, "up/")
    assert merged is not None
    tag = {"Key": "shift-media", "Value": "resize"}
    assert merged["Rules"][1]["Filter"] == {"And": {"Prefix": "up/", "Tags": [tag]}}
    assert merged["Rules"][1]["Expiration"] == {"Days": 30}
    # What S3 accepts neither with a tag nor with days.
    assert merged["Rules"][2]["Filter"] == {"Prefix": "up/"}
    assert merged["Rules"][2]["Expiration"] == {"ExpiredObjectDeleteMarker": True}
    assert len(merged["Rules"]) == 3
    assert merge_lifecycle(merged, "ID", 7, "up/") != merged
    assert merge_lifecycle(merged, "ID", 0) == current
    assert merge_lifecycle(merge_lifecycle(None, "ID", 1), "ID", 0) is None


def test_lifecycles_are_compared_by_what_they_mean() -> None:
    def lifecycle(**members: Any) -> Any:
        return {"Rules": [{"ID": "ID", "Status": "Enabled", "Expiration": {"Days": 1}, **members}]}

    tag = {"Key": "a", "Value": "b"}
    ours = lifecycle(Filter={"And": {"Prefix": "up/", "Tags": [tag]}})
    assert is_same_lifecycle(ours, lifecycle(Filter={"Prefix": "up/", "Tag": tag}))
    assert is_same_lifecycle(lifecycle(Filter={"Prefix": ""}), lifecycle(Prefix=""))
    assert is_same_lifecycle(None, None)
    for other in (
        *(lifecycle(Filter={"Prefix": "up/"}), lifecycle(Filter={"Tag": tag}), None),
        lifecycle(Filter={"And": {"Prefix": "up/", "Tags": [tag, tag]}}),
        lifecycle(Filter={"And": {"Prefix": "up/", "Tags": [tag]}}, Expiration={"Days": 2}),
    ):
        assert not is_same_lifecycle(ours, other)


def test_a_lifecycle_of_the_old_form_is_named() -> None:
    old = {"Rules": [{"ID": "old", "Prefix": "logs/", "Status": "Enabled"}]}
    with pytest.raises(Conflict, match="lifecycle rule 'old' has a Prefix outside of a Filter"):
        merge_lifecycle(old, "ID", 30)
    assert merge_lifecycle(old, "ID", 0) == old


def test_private_originals_end_where_names_of_resizes_begin() -> None:
    resource = read_statement("b", "up/", private_originals=True)["Resource"]
    assert resource == [f"arn:aws:s3:::b/up/{pattern}" for pattern in GENERATED_PATTERNS]
