"""What a catalogue teaches: brands by column and by titles, colours by their slots, and the head."""

from dataclasses import replace

import pytest

from ingest.attributes import AttributeSettings, Extractor, Means, Name, described, learn
from taxonomy.errors import InputError
from tests.unit.attributes_shop import BRANDS, COLOURS, product, shop


def brand_of(extractor: Extractor, text: str) -> str:
    return next((one.value for one in extractor.extract(text) if one.name is Name.BRAND), "")


def test_no_products_give_patterns_and_written_words() -> None:
    found = learn([]).extract("Red oil 5 l")

    assert [one.name for one in found] == [Name.COLOUR, Name.SIZE]


def test_a_brand_of_the_column_is_found_in_title_and_description() -> None:
    extractor = learn(shop(400, column=True))

    assert brand_of(extractor, f"{BRANDS[3].upper()} new kettle") == BRANDS[3]
    assert brand_of(extractor, f"Kettle\nMade by {BRANDS[4]} in steel") == BRANDS[4]


def test_a_brand_of_two_words_is_found_written_as_one() -> None:
    rows = [
        product(at, f"Kettle {at}", description=f"Good Knight kettle {at}", brand="Good Knight")
        for at in range(9)
    ]

    assert brand_of(learn(rows), "Goodknight kettle") == "Good Knight"


def test_a_brand_that_is_a_common_word_is_less_sure() -> None:
    rows = [product(at, f"Acorn lamp {at}", brand="Acorn") for at in range(20)]
    rows += [
        product(at, f"Comfort lamp {at}", brand="Comfort" if at == 50 else "Dune") for at in range(40, 60)
    ]
    extractor = learn(rows)

    sure = {
        one.value: one.confidence
        for text in ("Acorn rug", "Comfort rug")
        for one in extractor.extract(text, min_confidence=0)
    }

    assert sure["Acorn"] > 0.8 > 0.5 > sure["Comfort"]


def test_titles_alone_teach_the_brands_that_open_them() -> None:
    extractor = learn(shop(400, column=False), settings=AttributeSettings(head=False))

    found = [brand_of(extractor, one.title) for one in shop(70, column=True)]

    assert found == list(BRANDS)
    assert brand_of(extractor, "Solid Red shirt") == ""


def test_titles_that_open_with_goods_teach_no_brands() -> None:
    extractor = learn(shop(400, column=False, lead=False), settings=AttributeSettings(head=False))

    assert not extractor.brands.known


def test_more_openings_are_needed_where_the_setting_says_so() -> None:
    rows = shop(350, column=False)

    few = learn(rows, settings=AttributeSettings(head=False, min_openings=6))

    assert not few.brands.known
    assert learn(rows, settings=AttributeSettings(head=False)).brands.known


def test_a_colour_that_nobody_wrote_down_is_learnt_from_its_slots() -> None:
    rows = shop(700, column=True)

    grown, plain = (learn(rows, settings=AttributeSettings(head=False, growth=on)) for on in (True, False))

    (found,) = (one for one in grown.extract("Zalmon sofa") if one.name is Name.COLOUR)
    assert (found.value, found.source) == ("zalmon", Means.GROWTH)
    assert plain.extract("Zalmon sofa") == []


def test_a_doubtful_colour_is_believed_where_it_is_used_as_one() -> None:
    rows = [replace(one, title=one.title.replace("Zalmon", "Orange")) for one in shop(700, column=True)]
    juices = [product(at, f"Fresh orange juice {at}") for at in range(700)]

    used, drunk = (
        learn(part, settings=AttributeSettings(head=False))
        for part in (rows, [*juices, *shop(90, column=True)])
    )

    assert [one.value for one in used.extract("Orange sofa")] == ["orange"]
    assert drunk.extract("Orange sofa") == []


def test_the_head_finds_brands_that_no_dictionary_has() -> None:
    rows = shop(1400, column=True)

    with_head, without = (
        learn(rows, settings=AttributeSettings(growth=False, head=on)) for on in (True, False)
    )

    assert with_head.head is not None
    assert with_head.head.found > 0.5 < with_head.head.precision
    found = [one for one in with_head.extract("Quixoda Solid Red shirt") if one.name is Name.BRAND]
    assert [(one.value, one.source) for one in found] == [("Quixoda", Means.HEAD)]
    assert brand_of(without, "Quixoda Solid Red shirt") == ""


def test_a_head_that_proves_no_good_is_dropped() -> None:
    rows = [
        replace(one, brand=BRANDS[(7 * at * at) % 70])
        for at, one in enumerate(shop(900, column=True, lead=False))
    ]

    assert learn(rows).head is None


def test_learning_twice_gives_the_same() -> None:
    rows = shop(700, column=True)

    texts = [one.title for one in shop(50, column=True)]

    assert list(learn(rows).extract_many(texts)) == list(learn(rows).extract_many(texts))


def test_of_a_large_catalogue_a_random_part_is_learnt() -> None:
    rows = shop(400, column=True)

    parts = [
        set(learn(rows, settings=AttributeSettings(head=False, max_products=20, seed=seed)).brands.known)
        for seed in (0, 1)
    ]

    assert all(len(part) <= 20 for part in parts)
    assert parts[0] != parts[1]


def test_the_least_confidence_is_a_setting_and_can_be_overruled() -> None:
    rows = shop(400, column=True)
    text = f"{BRANDS[0]} shirt {COLOURS[0]}"

    strict = learn(rows, settings=AttributeSettings(head=False, min_confidence=0.99999))

    assert strict.extract(text) == []
    assert strict.extract(text, min_confidence=0.5) != []


@pytest.mark.parametrize("wrong", [{"min_confidence": 1.5}, {"min_openings": 1}, {"max_products": 0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        AttributeSettings(**wrong)  # type: ignore[arg-type]


def test_a_product_is_described_by_its_text_where_no_column_does() -> None:
    extractor = learn(shop(400, column=True), settings=AttributeSettings(head=False))
    plain = product(1, f"{BRANDS[1]} Red and cotton shirt, 5 kg")
    marked = replace(plain, brand="Own", attributes={"Colour": "crimson"})

    one, other = described([plain, marked], extractor)

    assert one.brand == BRANDS[1]
    assert one.attributes == {"colour": "red", "material": "cotton", "size": "5 kg"}
    assert other.brand == "Own"
    assert other.attributes == {"Colour": "crimson", "material": "cotton", "size": "5 kg"}


def test_brands_are_learnt_from_titles_without_blanks() -> None:
    brands, things = ("云帆", "海棠花", "木石", "星禾", "乐岸"), ("连衣裙", "手机壳", "台灯", "水壶", "椅子")
    titles = [
        f"{brand}{colour}{thing}"
        for brand in brands
        for colour in ("红色", "黑色", "蓝色")
        for thing in things
    ]
    extractor = learn([product(at, title) for at, title in enumerate(titles)])

    assert brand_of(extractor, "海棠花白色帽子") == "海棠花"
    assert brand_of(extractor, "云帆白色帽子") == "云帆"


def test_brands_are_learnt_from_titles_in_capitals() -> None:
    rows = [replace(one, title=one.title.upper()) for one in shop(400, column=False)]

    assert brand_of(learn(rows), f"{BRANDS[2].upper()} NEW RUG") == BRANDS[2].upper()
