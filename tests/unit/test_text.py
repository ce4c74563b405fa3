import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy.product import Product, ProductId
from taxonomy.text import DESCRIPTION_CHARS, fold, normalise, product_text, product_title

SPELLINGS = {
    "500 ML": "500 ml",
    "500ml": "500 ml",
    "500 millilitre": "500 ml",
    "500-ml": "500 ml",
    "1,5 L": "1.5 l",
    "1,500 ml": "1500 ml",
    "2.5KG": "2.5 kg",
    "10-20kg": "10-20 kg",
    "Pack of 6": "pack of 6",
    "6 Packs": "6 pack",
    "3x200ML": "3 x 200 ml",
    '10" pan': "10 inch pan",
    "10 inches": "10 inch",
    '24" x 36"': "24 inch x 36 inch",
    'the "Top 10" list': 'the "top 10" list',
    "12V/24v": "12 v/24 v",
    "16 FL. OZ": "16 fl oz",
    "5G phone": "5g phone",
    "3 in 1": "3 in 1",
    "32in TV": "32 inch tv",
    "洗发水500ML装": "洗发水500 ml装",
}


@pytest.mark.parametrize(("written", "spelt"), SPELLINGS.items())
def test_quantities_have_one_spelling(written: str, spelt: str) -> None:
    assert normalise(written) == spelt


MENDED = {
    "CafÃ© CrÃ¨me": "café crème",
    "Tom &amp; Jerry&#039;s": "tom & jerry's",
    "twice &amp;amp; escaped": "twice & escaped",
    "AT&T &copyright": "at&t &copyright",
    "<p>Soft <b class='x'>towel</b><br/></p>": "soft towel",
    "<style>p { color: red }</style>Lamp": "lamp",
    "size <5 and a <b and c> d": "size <5 and a <b and c> d",
    "Ｆｕｌｌ ５００": "full 500",
    "ﬁne ﬂour": "fine flour",
    "Lego™ Duplo®": "lego duplo",
    "1½ inch": "1 1/2 inch",
    "a\x00b\x07c\u200bd": "a b c d",
    "soft\u00adhyphen": "softhyphen",
    "“quoted” – dash": '"quoted" - dash',
    "İSTANBUL STRAẞE": "istanbul straße",
    "  ALL   CAPS \n TITLE ": "all caps title",
    "lone \ud800 surrogate": "lone surrogate",
}


@pytest.mark.parametrize(("written", "mended"), MENDED.items())
def test_slips_of_encoding_and_markup_are_mended(written: str, mended: str) -> None:
    assert normalise(written) == mended


@pytest.mark.parametrize(
    "text", ["hx-220b", "non-stick pan", "sugar free", "without salt", "no. 5", "i7-9700k", "b00x4whp5e"]
)
def test_codes_and_negations_stay(text: str) -> None:
    assert normalise(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "洗发水 控油去屑",
        "पानी की बोतल",
        "क्‍ष हिन्दी",
        "ماء ورد طبيعي",
        "می‌خواهم",
        "がぎぐ ぱぴぷ",
        "한국어 샴푸",
        "ครีมบำรุง",
    ],
)
def test_other_scripts_survive(text: str) -> None:
    assert normalise(text) == text


MARKUP_FREE = st.text(st.characters(exclude_characters="<&"))
TITLE_LIKE = st.text(string.digits + "xXgGmMlLkK \"'.,-/½²™é٣५Ａ５ \t", max_size=40)


def decimals(text: str) -> list[int]:
    return [unicodedata.decimal(c) for c in text if c.isdecimal()]


def is_subsequence(few: list[int], many: list[int]) -> bool:
    rest = iter(many)
    return all(digit in rest for digit in few)


@given(st.text() | TITLE_LIKE | st.text("<>&;#abp/=\"' amp12", max_size=40))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(MARKUP_FREE | TITLE_LIKE)
def test_every_digit_stays_in_order(text: str) -> None:
    assert is_subsequence(decimals(text), decimals(normalise(text)))


@given(st.text(st.characters()))
def test_any_text_gives_text_that_can_be_stored(text: str) -> None:
    assert "\0" not in normalise(text)
    normalise(text).encode()


def test_fold_strips_accents_of_latin_greek_and_cyrillic_only() -> None:
    assert fold("Crème Brûlée") == "creme brulee"
    assert fold("Έλληνας") == fold("ελληνας")
    assert fold("की") != fold("का")
    assert fold("が") != fold("か")
    assert fold("Straße") == fold("STRASSE")


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_only_attributes_of_known_names_are_read() -> None:
    said = {"Age_Group": "Adult", "COLOR": "Red", "raw category": "Home > Lamps", "aisle": "9"}
    lamp = Product(ProductId("1"), "Lamp", attributes=said)
    assert product_text(lamp) == "lamp . color red . age group adult"


def test_a_title_is_read_alone_and_all_of_the_text_without_one() -> None:
    assert product_title(Product(ProductId("1"), "Brass LAMP", "Trm")) == "brass lamp"
    assert product_title(Product(ProductId("1"), " ", "Trm")) == "by trm"


def test_product_text_holds_what_can_be_learnt_from_and_nothing_else() -> None:
    product = Product(
        ProductId("id77"),
        "Brass Lamp",
        "Trm",
        "For <i>all</i> rooms",
        ("Home",),
        99.5,
        "http://i/1.jpg",
        "train",
    )
    assert product_text(product) == "brass lamp . by trm . for all rooms"


def test_product_text_names_a_brand_once() -> None:
    assert product_text(Product(ProductId("1"), "Trm Brass Lamp", "TRM")) == "trm brass lamp"


def test_product_text_cuts_a_description_between_words() -> None:
    text = product_text(Product(ProductId("1"), "Lamp", description="word " * 1000))
    assert len(text) <= len("lamp . ") + DESCRIPTION_CHARS
    assert text.endswith("word")
