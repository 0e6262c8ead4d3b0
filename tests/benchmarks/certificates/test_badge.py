"""Badges: what they say of a certificate, and strangers' names and reasons as nothing but text in SVG."""

import xml.etree.ElementTree as ElementTree

import pytest

from bridgemark.benchmarks.certificates import badge
from bridgemark.benchmarks.certificates.certify import FAILED, NOT_JUDGED, PASSED, Certificate, Finding
from bridgemark.benchmarks.certificates.checks import DECISIVE
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows.results import Results

from support.stored_rows import HOSTILE_TEXTS

SVG = "{http://www.w3.org/2000/svg}"
ELEMENTS = {SVG + name for name in ("svg", "title", "rect", "g", "text")}

ATTRIBUTES = {"width", "height", "role", "aria-label", "fill", "x", "y", "textLength"}
ATTRIBUTES |= {"font-family", "font-size"}


def certificate(*statuses, name="mine"):
    findings = [Finding(f"check {i}", status, None, 1.0) for i, status in enumerate(statuses)]
    return Certificate(name, "identity", "config", tuple(findings))


def read(text):
    """The root of an SVG, and the visible texts."""
    root = ElementTree.fromstring(text)
    return root, [element.text for element in root.iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("statuses", "message", "verdict", "colour"),
    [
        ((PASSED, PASSED, NOT_JUDGED), "certified, 2 passed", "2 passed, 1 does not apply", badge.GREEN),
        ((PASSED, FAILED, FAILED), "failed: check 1, check 2", "failed: check 1, check 2", badge.RED),
        ((NOT_JUDGED,), "not certified, no check applies", "0 passed, 1 does not apply", badge.GREY),
        ((), "not certified, no check applies", "0 passed", badge.GREY),
    ],
)
def test_a_badge_shows_the_verdict_and_says_it_to_screen_readers(statuses, message, verdict, colour):
    root, texts = read(badge.draw(certificate(*statuses)))
    assert texts == ["bridgemark", message]
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == root.findtext(f"{SVG}title") == f"bridgemark, mine: {verdict}"
    assert [rect.attrib["fill"] for rect in root.iter(f"{SVG}rect")] == [badge.GREY, colour]


def test_a_badge_says_that_the_decisive_check_could_not_judge():
    undecided = Finding(DECISIVE, NOT_JUDGED, "heavy tails", 1.0)
    passed = Finding("repeatable", PASSED, None, 1.0)
    _, (_, message) = read(badge.draw(Certificate("mine", "identity", "config", (undecided, passed))))
    assert message == f"not certified, not judged: {DECISIVE}"


def test_texts_stay_inside_their_boxes():
    """However many checks failed, the message is cut, and the boxes fill the image."""
    root, (_, message) = read(badge.draw(certificate(*[FAILED] * 40)))
    assert len(message) == badge.MAX_MESSAGE
    boxes, texts = list(root.iter(f"{SVG}rect")), list(root.iter(f"{SVG}text"))
    assert sum(int(box.attrib["width"]) for box in boxes) == int(root.attrib["width"])
    for box, text in zip(boxes, texts, strict=True):
        start, end = int(box.attrib.get("x", 0)), int(box.attrib.get("x", 0)) + int(box.attrib["width"])
        assert start < int(text.attrib["x"])
        assert int(text.attrib["x"]) + int(text.attrib["textLength"]) < end


def contrast(colour):
    """The contrast of white text on a colour, as the Web Content Accessibility Guidelines 2 define it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


@pytest.mark.parametrize("colour", [badge.GREEN, badge.RED, badge.GREY])
def test_the_text_can_be_read(colour):
    assert contrast(colour) > 4.5  # level AA


@pytest.mark.parametrize("text", [*HOSTILE_TEXTS, '"/><script>x()</script>', "&lol;]]>", "{width}", "\x00"])
def test_names_and_reasons_of_strangers_are_text(text):
    findings = (Finding(text, FAILED, text, 1.0),)
    drawn = badge.draw(Certificate(text, "identity", text, findings))
    root, texts = read(drawn)
    assert {element.tag for element in root.iter()} == ELEMENTS
    assert {name for element in root.iter() for name in element.attrib} == ATTRIBUTES
    assert len(texts) == 2
    assert texts[1].startswith("failed:")
    assert len(drawn) < 10_000


def test_the_same_certificate_gives_the_same_file_beside_it(tmp_path):
    results = Results((tmp_path / "published", tmp_path / "local"))
    made = certificate(PASSED, name="v1.5")
    path = badge.write(made, results)
    assert path == tmp_path / "local" / "certificates" / "v1.5.svg"
    assert path.read_text() == badge.draw(made)
    assert not (tmp_path / "published").exists()


def test_a_badge_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "certificates").touch()
    with pytest.raises(BadInput, match=r"cannot write .*; make room there or give another --results"):
        badge.write(certificate(PASSED), Results((tmp_path,)))
