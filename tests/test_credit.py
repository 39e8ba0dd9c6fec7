"""``SHIFT_MEDIA_KEEP_CREDIT``: what ExifTool finds in resizes, and what it does not find."""

import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, TiffImagePlugin

from django_shift_media.engines.engine import Engine
from django_shift_media.engines.selection import engine_options
from django_shift_media.engines.xmp import read_xmp
from django_shift_media.naming.formats import OUTPUT_FORMATS
from django_shift_media.naming.resizes import Resize
from gallery.drawings import draw_photo, landscape
from tests.support.chromium_pictures import ChromiumPictures
from tests.support.exiftool import read_metadata, write_metadata
from tests.support.hostile import box
from tests.support.pictures import ENOUGH, decoded, encoded
from tests.support.samples import heic, jpegxl

AI = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
NO_MINING = "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING"
# As an editor writes it: with everything that resizes keep, and much that they must not.
PACKET = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="An Editor 1.0">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
    xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/"
    xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"
    photoshop:Credit="Zoë &amp; Söhne" photoshop:City="Secret City"
    exif:GPSLatitude="52,31.12N" exif:GPSLongitude="13,24.34E" xmp:CreatorTool="An Editor"
    xmpRights:WebStatement="https://example.com/terms?a=1&amp;b=2">
   <dc:creator><rdf:Seq><rdf:li>Zoë Example</rdf:li><rdf:li>김철수</rdf:li></rdf:Seq></dc:creator>
   <dc:rights><rdf:Alt><rdf:li xml:lang="de">© Zoë (deutsch)</rdf:li>
    <rdf:li xml:lang="x-default">© 2026 Zoë</rdf:li></rdf:Alt></dc:rights>
   <dc:description><rdf:Alt><rdf:li xml:lang="x-default">At my home</rdf:li></rdf:Alt>
   </dc:description>
   <xmpRights:UsageTerms><rdf:Alt><rdf:li xml:lang="x-default">CC BY 4.0</rdf:li></rdf:Alt>
   </xmpRights:UsageTerms>
   <plus:DataMining rdf:resource="{NO_MINING}"/>
   <plus:OtherConstraints><rdf:Alt><rdf:li xml:lang="x-default">No training</rdf:li></rdf:Alt>
   </plus:OtherConstraints>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
   <e:DigitalSourceType>{AI}</e:DigitalSourceType>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>{" " * 2000}<?xpacket end="w"?>""".encode()
KEPT = {
    "XMP-dc:Creator": ["Zoë Example", "김철수"],
    "XMP-dc:Rights": "© 2026 Zoë",
    "XMP-photoshop:Credit": "Zoë & Söhne",
    "XMP-xmpRights:UsageTerms": "CC BY 4.0",
    "XMP-xmpRights:WebStatement": "https://example.com/terms?a=1&b=2",
    "XMP-iptcExt:DigitalSourceType": AI,
    "XMP-plus:DataMining": NO_MINING,
    "XMP-plus:OtherConstraints": "No training",
}
KEPT_IN_EXIF = {"IFD0:Artist": "Somebody", "IFD0:Copyright": "© 2026 Zoë"}
# What ExifTool says of every file, whatever metadata it has.
OF_THE_FILE = {"SourceFile", "ExifTool", "System", "File", "Composite", "XMP-x"}
OF_THE_PICTURE = {
    "JFIF",
    "PNG",
    "GIF",
    "RIFF",
    "ICC_Profile",
    "Meta",
    "Track1",
    "QuickTime",
    "Jpeg2000",
}
STRUCTURE = {"ExifByteOrder", "XResolution", "YResolution", "ResolutionUnit", "YCbCrPositioning"}

pytestmark = pytest.mark.usefixtures("all_formats")


def rendered(engine: Engine, data: bytes, format: str, *, keep: bool = True) -> bytes:
    resize = Resize(width=60, height=None, format=format)  # type: ignore[arg-type]
    return engine.render(data, resize, engine_options(max_pixels=ENOUGH, keep_credit=keep))


def metadata(*files: bytes, folder: Path) -> list[dict[str, Any]]:
    """Return the metadata of each file, without what every file of its format has."""
    paths = [folder / f"{number}.bin" for number in range(len(files))]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    return [
        {
            name: value
            for name, value in found.items()
            if name.partition(":")[0] not in OF_THE_FILE | OF_THE_PICTURE
            and name.partition(":")[2] not in STRUCTURE
        }
        for found in read_metadata(*paths)
    ]


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A JPEG with EXIF of a camera, a place in it, IPTC in its older form, and XMP."""
    path = tmp_path_factory.mktemp("credit") / "edited.jpg"
    path.write_bytes(draw_photo(120, 80, xmp=PACKET))
    write_metadata(path, "-IPTC:Credit=IIM", "-IPTC:City=Secret City", "-IPTC:Keywords=home")
    return path.read_bytes()


def test_each_format_keeps_these_fields_and_no_others(
    engine: Engine, edited: bytes, tmp_path: Path
) -> None:
    (before,) = metadata(edited, folder=tmp_path)
    assert {"GPS:GPSLatitude", "XMP-exif:GPSLatitude", "IPTC:City", "IFD0:Make"} <= before.keys()
    files = [rendered(engine, edited, format) for format in OUTPUT_FORMATS]
    for format, found in zip(OUTPUT_FORMATS, metadata(*files, folder=tmp_path), strict=True):
        assert found == KEPT | ({} if format == "gif" else KEPT_IN_EXIF), format
    assert not any(b"Secret City" in data or b"Editor" in data for data in files)


def test_without_the_setting_nothing_is_kept(engine: Engine, edited: bytes, tmp_path: Path) -> None:
    files = [rendered(engine, edited, format, keep=False) for format in OUTPUT_FORMATS]
    assert metadata(*files, folder=tmp_path) == [{}] * len(files)


def with_gif_block(picture: Image.Image) -> bytes:
    path_data = encoded(picture, "GIF")
    trailer = bytes([1, *range(255, -1, -1), 0])
    return path_data[:-1] + b"\x21\xff\x0bXMP DataXMP" + PACKET + trailer + b";"


SOURCES: dict[str, Callable[[Image.Image], bytes]] = {
    "jpg": partial(encoded, format="JPEG", xmp=PACKET),
    "webp": partial(encoded, format="WEBP", xmp=PACKET),
    "avif": partial(encoded, format="AVIF", xmp=PACKET),
    "tiff": partial(encoded, format="TIFF", tiffinfo={TiffImagePlugin.XMP: PACKET}),
    "heic": partial(heic, xmp=PACKET),
    "jxl": partial(jpegxl, xmp=PACKET, use_container=True),
    "gif": with_gif_block,
}


@pytest.mark.parametrize("source", SOURCES)
def test_xmp_is_found_in_each_format_of_originals(
    engine: Engine, source: str, tmp_path: Path
) -> None:
    data = SOURCES[source](landscape(120, 80, 3))
    (found,) = metadata(rendered(engine, data, "webp"), folder=tmp_path)
    assert KEPT.items() <= found.items()
    assert found["IFD0:Artist"] == "Zoë Example; 김철수"


@pytest.mark.parametrize("offset", [bytes(4), b"\0\0\0\6Exif\0\0", b""])
def test_exif_of_a_jxl_is_found_with_and_without_its_offset(engine: Engine, offset: bytes) -> None:
    """The standard requires an offset; ExifTool 12.57 writes none."""
    exif = Image.Exif()
    exif[0x013B] = "Somebody"
    data = jpegxl(landscape(120, 80, 3), use_container=True)
    data += box(b"Exif", offset + exif.tobytes().removeprefix(b"Exif\0\0"))
    assert decoded(rendered(engine, data, "jpg")).getexif()[0x013B] == "Somebody"


def test_xmp_of_a_png_is_found_also_behind_its_pixels(engine: Engine, tmp_path: Path) -> None:
    data = rendered(engine, SOURCES["jpg"](landscape(120, 80, 3)), "png")
    length = int.from_bytes(data[33:37], "big") + 12
    chunk, rest = data[33 : 33 + length], data[33 + length :]
    assert chunk[4:8] == b"iTXt"
    behind = data[:33] + rest[:-12] + chunk + rest[-12:]
    files = [rendered(engine, file, "jpg") for file in (data, behind)]
    for found in metadata(*files, folder=tmp_path):
        assert KEPT.items() <= found.items()


def test_the_older_form_of_iptc_is_read(engine: Engine, tmp_path: Path) -> None:
    names = ("older.jpg", "older.tif")
    for name in names:
        path = tmp_path / name
        landscape(120, 80, 3).save(path)
        write_metadata(
            path,
            *("-IPTC:By-line=Zoë Example", "-IPTC:CopyrightNotice=© Zoë", "-IPTC:Credit=Söhne"),
            *("-IPTC:City=Secret City", "-IPTC:CodedCharacterSet=UTF8"),
        )
    files = [rendered(engine, (tmp_path / name).read_bytes(), "webp") for name in names]
    for found in metadata(*files, folder=tmp_path):
        assert found == {
            "XMP-dc:Creator": ["Zoë Example"],
            "XMP-dc:Rights": "© Zoë",
            "XMP-photoshop:Credit": "Söhne",
            "IFD0:Artist": "Zoë Example",
            "IFD0:Copyright": "© Zoë",
        }


def test_an_animation_keeps_them_and_stays_what_it_is(engine: Engine, tmp_path: Path) -> None:
    frames = [landscape(120, 80, seed) for seed in range(3)]
    data = encoded(
        frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=80, xmp=PACKET
    )
    formats = [name for name, format in OUTPUT_FORMATS.items() if format.animated]
    files = [rendered(engine, data, format) for format in formats]
    for found in metadata(*files, folder=tmp_path):
        assert KEPT.items() <= found.items()
    for file in files:
        assert getattr(decoded(file), "n_frames", 1) == 3


def test_chromium_shows_gif_and_png_with_the_packet_as_without_it(
    engine: Engine, edited: bytes, chromium: Any
) -> None:
    viewer = ChromiumPictures(chromium)
    for format in ("gif", "png"):
        kept, dropped = (
            viewer.still(rendered(engine, edited, format, keep=keep)) for keep in (True, False)
        )
        assert kept.tobytes() == dropped.tobytes()


# -- hostile and damaged metadata -----------------------------------------------------------------

ENTITIES = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">%s]>""" % b"".join(
    b'<!ENTITY %c "%s">' % (number + 1, b"&%c;" % number * 10) for number in range(97, 110)
)
DAMAGED = {
    "entities": ENTITIES + PACKET.replace("김철수".encode(), b"&n;"),
    "external": b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + PACKET,
    "truncated": PACKET[:900],
    "no XML": b"\x00\xff<" * 100,
    "deep": b"<a>" * 300_000,
    "wide": b"<a " + b" ".join(b'b%d=""' % number for number in range(80_000)) + b"/>",
    "too large": PACKET.replace(b" " * 2000, b" " * 1_000_000),
    "unknown encoding": b'<?xml version="1.0" encoding="nonsense"?>' + PACKET,
    "nothing": b"",
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_and_hostile_packets_are_as_none(kind: str) -> None:
    started = time.process_time()
    assert read_xmp(DAMAGED[kind]) == {}
    assert time.process_time() - started < 5


@pytest.mark.parametrize("packet", [DAMAGED["entities"], DAMAGED["truncated"], DAMAGED["no XML"]])
def test_an_image_with_a_damaged_packet_is_resized_and_keeps_the_rest(
    engine: Engine, packet: bytes, tmp_path: Path
) -> None:
    files = [rendered(engine, draw_photo(120, 80, xmp=packet), "jpg")]
    assert metadata(*files, folder=tmp_path) == [
        {"IFD0:Artist": "Somebody", "XMP-dc:Creator": ["Somebody"]}
    ]


def test_no_damage_of_metadata_is_a_reason_to_refuse(engine: Engine, edited: bytes) -> None:
    dice = random.Random(5)
    lengths = {"Exif": 150, "8BIM": 40, "<rdf:Description": 1500}
    for _ in range(60):
        data = bytearray(edited)
        for mark, length in lengths.items():
            start = data.index(mark.encode())
            for _ in range(8):
                data[start + dice.randrange(length)] = dice.randrange(256)
        assert decoded(rendered(engine, bytes(data), "jpg")).width == 60


@pytest.mark.parametrize(
    "block", [b"\x1c", b"\x1c\x02\x50\x00", b"\x1c\x02\x50\xff\xffX", b"\x1c\x02\x50\x7f\xffX"]
)
def test_damaged_iptc_is_as_none(engine: Engine, block: bytes) -> None:
    resource = b"8BIM\x04\x04\0\0" + len(block).to_bytes(4, "big") + block + bytes(len(block) % 2)
    body = b"Photoshop 3.0\0" + resource
    data = encoded(landscape(120, 80, 3), "JPEG")
    segment = b"\xff\xed" + (len(body) + 2).to_bytes(2, "big") + body
    assert decoded(rendered(engine, data[:2] + segment + data[2:], "jpg")).width == 60


def test_the_longest_texts_fit_into_every_format(engine: Engine, tmp_path: Path) -> None:
    packet = PACKET.replace("김철수".encode(), b"</rdf:li><rdf:li>".join([b"&amp;" * 1100] * 9))
    for text in (b"CC BY 4.0", b"No training", b"2026", AI.encode(), NO_MINING.encode()):
        packet = packet.replace(text, b"&amp;" * 1100)
    picture = landscape(120, 80, 3)
    data = encoded(picture, "WEBP", xmp=packet)
    files = [rendered(engine, data, format) for format in OUTPUT_FORMATS]
    for found in metadata(*files, folder=tmp_path):
        assert found["XMP-dc:Creator"] == ["Zoë Example", *["&" * 1000] * 4]
        assert found["XMP-xmpRights:UsageTerms"] == "&" * 1000


def test_characters_that_xml_cannot_have_are_left_out(engine: Engine, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x013B] = b"Z\x01o\xc3\xab\x1b <&> ]]>"  # type: ignore[assignment]
    exif[0x8298] = b"photographer\0editor"  # type: ignore[assignment]  # EXIF 3.0, Copyright
    data = encoded(landscape(120, 80, 3), "JPEG", exif=exif)
    (found,) = metadata(rendered(engine, data, "png"), folder=tmp_path)
    assert found["XMP-dc:Creator"] == ["Zoë <&> ]]>"]
    assert found["XMP-dc:Rights"] == "photographer editor"
