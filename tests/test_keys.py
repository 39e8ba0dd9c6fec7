import re
import sys
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_shift_media.aws.access import read_statement
from django_shift_media.aws.policy_evaluation import anyone_may
from django_shift_media.exceptions import InvalidKey
from django_shift_media.naming import keys

FOLDER = "3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg"
ORIGINAL = f"{FOLDER}/cat.jpg"
SIGNATURE = "0123456789abcdef0123456789abcdef"
# The plain form of the design: what others may match resizes by.
PLAIN = r"[\w/]{36}/[^/]*/\d*x\d*-[a-z]*-\d{1,2}-[a-z]*-[a-z0-9]{32}\.[a-z]*"

names = st.one_of(
    st.text(max_size=150),
    # What makes a name look like a resize, in any order.
    st.text(st.sampled_from("-_.x0123456789abcf"), max_size=150),
    st.tuples(st.text(st.sampled_from("x-.abc")), st.just(f"-{SIGNATURE}.")).map("".join),
)


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("cat.jpg", "cat.jpg"),
        ("Cat Photo (1).JPEG", "cat-photo-1.jpg"),
        ("Ferien in Köln.Jpg", "ferien-in-koln.jpg"),
        ("Договор аренды.pdf", "dogovor-arendy.pdf"),
        ("Ærø.jpg", "aero.jpg"),
        ("Straße.jpg", "strasse.jpg"),
        ("Łódź.jpg", "lodz.jpg"),
        ("семья.jpg", "semya.jpg"),
        ("写真", "xiezhen"),
        ("..", "file"),
        (".htaccess", "file.htaccess"),
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\cat.jpg", "cat.jpg"),
        ("a\x00b\n.jpg", "a-b.jpg"),
        ("archive.tar.gz", "archive.tar.gz"),
        ("x" * 300 + ".png", "x" * 96 + ".png"),
        ("", "file"),
        ("fi\ufb01.jpg", "fifi.jpg"),
        ("a\u2100b.jpg", "aa-cb.jpg"),
        (f"200x200-fill-65-upscale-{SIGNATURE}.webp", f"200x200-fill-65-upscale_{SIGNATURE}.webp"),
    ],
)
def test_names_are_normalized(given_name: str, name: str) -> None:
    assert keys.normalize_name(given_name) == name


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("кот.png", "file.png"),
        ("写真", "file"),
        ("Ferien in Köln.Jpg", "ferien-in-koln.jpg"),
    ],
)
def test_without_anyascii_other_scripts_are_dropped(
    monkeypatch: pytest.MonkeyPatch, given_name: str, name: str
) -> None:
    monkeypatch.setitem(sys.modules, "anyascii", None)
    assert keys.normalize_name(given_name) == name


@given(names)
def test_a_normal_name_is_its_own_normal_form(name: str) -> None:
    normal = keys.normalize_name(name)
    assert keys.normalize_name(normal) == normal
    assert re.fullmatch("[a-z0-9._-]{1,100}", normal)


@given(names)
def test_an_original_never_looks_like_a_resize(name: str) -> None:
    original = keys.new_original(name)
    assert keys.is_original(original)
    assert len(original) <= keys.KEY_LENGTH
    with pytest.raises(InvalidKey):
        keys.parse_resize(original)
    policy = {"Statement": read_statement("photos", private_originals=True)}
    assert not anyone_may(policy, "s3:GetObject", f"photos/{original}")


@given(names, st.sampled_from(["", "up/"]))
def test_a_public_policy_opens_originals_and_resizes(name: str, prefix: str) -> None:
    original = keys.new_original(name)
    resize = keys.build_resize(original, "200x200-fill-65-upscale.webp", SIGNATURE)
    statement = read_statement("photos", prefix)
    resource = statement["Resource"].removeprefix("arn:aws:s3:::")
    for key in (original, resize):
        assert anyone_may({"Statement": statement}, "s3:GetObject", f"photos/{prefix}{key}")
        # It reads * and ? as IAM does; there are no brackets, which mean more to it.
        assert fnmatchcase(f"photos/{prefix}{key}", resource)
        assert not fnmatchcase(f"photos/elsewhere/{prefix}{key}", resource)
    assert not fnmatchcase(f"photos/{prefix}{name}", resource)
    assert not fnmatchcase(f"photos/{prefix}{keys.normalize_name(name)}", resource)


@given(names, st.sampled_from(["jpg", "webp"]))
def test_the_extension_is_the_one_that_is_asked_for(name: str, extension: str) -> None:
    assert keys.normalize_name(name, extension=extension).endswith(f".{extension}")


@given(names, st.integers(keys.SHORTEST_KEY_LENGTH, 300))
def test_a_key_is_as_short_as_its_column(name: str, max_length: int) -> None:
    assert len(keys.new_original(name, max_length=max_length)) <= max_length


def test_keys_are_random() -> None:
    assert len({keys.new_original("cat.jpg") for _ in range(1000)}) == 1000


def test_a_resize_key_has_the_published_form() -> None:
    key = keys.build_resize(ORIGINAL, "200x200-fill-65-upscale.webp", SIGNATURE)
    assert key == f"{FOLDER}/200x200-fill-65-upscale-{SIGNATURE}.webp"
    assert re.fullmatch(PLAIN, key)
    policy = {"Statement": read_statement("photos", private_originals=True)}
    assert anyone_may(policy, "s3:GetObject", f"photos/{key}")


@given(
    names,
    st.from_regex(
        r"[0-9]{0,5}x[0-9]{0,5}-[a-z][a-z0-9]{0,9}-[0-9]{1,2}-[a-z]{1,9}\.[a-z]{1,5}",
        fullmatch=True,
    ),
    st.text("0123456789abcdef", min_size=32, max_size=32),
)
def test_build_and_parse_are_inverse(name: str, resize: str, signature: str) -> None:
    parts = keys.ResizeKey(keys.new_original(name), resize, signature)
    assert keys.parse_resize(keys.build_resize(*parts)) == parts


@given(st.text())
def test_any_text_parses_to_what_builds_it_or_is_refused(text: str) -> None:
    try:
        parts = keys.parse_resize(text)
    except InvalidKey as error:
        assert repr(text) in str(error)
    else:
        assert keys.build_resize(*parts) == text


@pytest.mark.parametrize(
    "key",
    [
        "",
        ORIGINAL + "\n",
        "/" + ORIGINAL,
        ORIGINAL.upper(),
        f"{FOLDER}/dog.jpg",
        f"{FOLDER}/../cat.jpg",
        FOLDER.replace("3c72aedc", "3c72ae-c") + "/cat.jpg",
        FOLDER.replace("3c72aedc", "٣c72aedc") + "/cat.jpg",
        "3c72aedc/ba25/41e6/a569/406c8f413974/../..",
        "3c72aedc/ba25/41e6/a569/406c8f413974/.cat/.cat",
    ],
)
def test_other_names_are_no_originals(key: str) -> None:
    assert not keys.is_original(key)
    with pytest.raises(InvalidKey, match="is not the key of an original"):
        keys.original_folder(key)


@given(st.integers(0, len(ORIGINAL) - 1), st.characters())
def test_originals_have_one_spelling(position: int, character: str) -> None:
    altered = ORIGINAL[:position] + character + ORIGINAL[position + 1 :]
    digits = "0123456789abcdef"
    is_digit = position < keys.UUID_LENGTH and ORIGINAL[position] in digits
    is_other_uuid = is_digit and character in digits
    assert keys.is_original(altered) is (altered == ORIGINAL or is_other_uuid)
