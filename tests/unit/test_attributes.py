"""What is found in a text without learning anything: quantities, packs, sizes, colours and materials."""

import pytest

from ingest.attributes import Attribute, Means, Name, learn, text_of
from ingest.attributes.tokens import key_of, read
from tests.unit.attributes_shop import product

PLAIN = learn([])


def said(text: str, least: float = 0.5) -> list[tuple[str, str]]:
    return [(one.name.value, one.value) for one in PLAIN.extract(text, min_confidence=least)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Oil 500ML", [("size", "500 ml")]),
        ("Oil 0.5 Litre", [("size", "500 ml")]),
        ("Öl 1,5 l", [("size", "1.5 l")]),
        ("Rice 1,500 g", [("size", "1.5 kg")]),
        ("Juice 3 x 500 ml", [("pack", "3"), ("size", "500 ml")]),
        ("Carpet 2 x 3 m", [("size", "2 x 3 m")]),
        ('Pan 10"', [("size", "10 inch")]),
        ("Pipe 3/4 in. elbow", [("size", "3/4 inch")]),
        ("Soap (Pack of 4)", [("pack", "4")]),
        ("Teller 6er-Set", [("pack", "6")]),
        ("毛巾 3件装", [("pack", "3")]),
        ("T-shirt XXL", [("size", "xxl")]),
        ("Ring taille 52", [("size", "52")]),
        ("Bulb 60 W 230V", [("power", "60 w"), ("voltage", "230 v")]),
        ("Phone 64GB 5000mAh 2.4 GHz", [("memory", "64 gb"), ("charge", "5 ah"), ("frequency", "2.4 ghz")]),
        ("size 5 pack of 3 of 2", [("size", "5"), ("pack", "3")]),
    ],
)
def test_quantities_are_read_in_one_spelling(text: str, expected: list[tuple[str, str]]) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    "text", ["5G phone", "model HX-220g", "the 3 in 1 tool", "12:30", "pack of 0", "v2.1.3"]
)
def test_what_only_looks_like_a_quantity_is_left(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Gray cotton towel", [("colour", "grey"), ("material", "cotton")]),
        ("Rotes Kleid, Blau", [("colour", "blau")]),
        ("Chemise bleue en coton", [("colour", "bleu"), ("material", "coton")]),
        ("连衣裙 黑色 纯棉", [("colour", "黑色"), ("material", "纯棉")]),
        ("फूलदान काला", [("colour", "काला")]),
        ("فستان أسود", [("colour", "أسود")]),
        ("Stainless steel bottle", [("material", "stainless steel")]),
        ("White, gold lights", [("colour", "white")]),
    ],
)
def test_colours_and_materials_are_known_in_many_languages(
    text: str, expected: list[tuple[str, str]]
) -> None:
    assert said(text) == expected


def test_a_doubtful_colour_is_given_only_where_that_is_asked_for() -> None:
    assert said("Orange juice") == []
    assert said("Orange juice", 0.4) == [("colour", "orange")]


def test_a_finding_says_where_it_stands_and_how_it_was_found() -> None:
    (found,) = PLAIN.extract("Café  Crème 250 G jar")

    assert found == Attribute(Name.SIZE, "250 g", 12, 17, 0.7, Means.PATTERN)


def test_a_product_is_read_as_title_and_description() -> None:
    lamp = product(1, "Brass  lamp", description="Height: 30 cm", brand="Red")

    found = PLAIN.extract(lamp)

    assert [text_of(lamp)[one.start : one.end] for one in found] == ["Brass", "30 cm"]


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "\n", "😀" * 50, "\u202e\u200f", "x" * 1_000_000, "1 x " * 250_000, "1,1" * 300_000,
        "1" * 1_000_000,
        "'" * 100_000, "a-" * 100_000, "\x00 5 kg \x00", "pack of " * 50_000, "5 \ud800 kg",
    ],
)  # fmt: skip
def test_hostile_text_is_read_without_harm(text: str) -> None:
    found = PLAIN.extract(text)

    assert all(0 <= one.start < one.end <= len(text) and 0 <= one.confidence <= 1 for one in found)


def test_emoji_and_marks_of_direction_leave_spans_true() -> None:
    text = "🧴 \u200fشامبو 500 ml 😀 red"

    found = PLAIN.extract(text)

    assert [(text[one.start : one.end], one.value) for one in found] == [("500 ml", "500 ml"), ("red", "red")]


def test_what_lies_beyond_the_limit_is_not_read() -> None:
    assert said("a " * 9_990 + "5 kg") == [("size", "5 kg")]
    assert said("a " * 10_010 + "5 kg") == []


def test_words_of_scripts_without_blanks_count_by_character() -> None:
    assert key_of("小米手机 pro") == ("小", "米", "手", "机", "pro")
    assert [word.key for word in read("हिन्दी किताब")] == ["हिन्दी", "किताब"]
