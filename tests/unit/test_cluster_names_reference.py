"""Names with a reference taxonomy, with another namer, and even among siblings."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest

from ingest.cluster.build import Built, build
from ingest.cluster.meaning import Encode
from ingest.cluster.namer import Case
from ingest.cluster.number import is_english, plural
from ingest.cluster.phrases import PhraseBook
from ingest.cluster.reduce import unit
from ingest.cluster.reference import Reference
from ingest.cluster.shape import Shape
from taxonomy.formats.tree_json import Phrase
from taxonomy.node import ROOT_ID
from taxonomy.ports import Floats
from taxonomy.product import Product, ProductId
from ui.cli.build import labels_of
from ui.settings import Settings
from ui.wiring import App

KINDS = {
    "garden": ("rake", "hose", "spade", "planter"),
    "audio": ("speaker", "radio", "headset", "amplifier"),
    "kitchen": ("kettle", "ladle", "bowl", "toaster"),
}
PATHS = [("Outdoors",), ("Outdoors", "Rakes"), ("Outdoors", "Hoses"), ("Outdoors", "Spades")]


def shop() -> tuple[list[Product], Floats, dict[str, Floats]]:
    rng = np.random.default_rng(0)
    products: list[Product] = []
    rows, centres = [], {}
    for kinds in KINDS.values():
        home = rng.normal(size=64) * 1.5
        for kind in kinds:
            middle = home + rng.normal(size=64) * 0.7
            for i in range(12):
                words = f"{['sturdy', 'handy'][i % 2]} {kind} for the house"
                products.append(Product(ProductId(f"{kind}{i}"), words))
                rows.append(middle + rng.normal(size=64) * 0.2)
            centres[kind] = centres[f"{kind}s"] = np.mean(rows[-12:], axis=0)
    return products, unit(np.array(rows)), centres


def knowing(centres: Mapping[str, Floats]) -> Encode:
    def encode(texts: Sequence[str]) -> Floats:
        unknown = np.random.default_rng(1).normal(size=(len(texts), 64)) * 0.1
        return unit(np.array([centres.get(text, row) for text, row in zip(texts, unknown, strict=True)]))

    return encode


def names(built: Built) -> set[str]:
    return {node.name for at, node in built.tree.nodes.items() if at != ROOT_ID}


def test_heads_are_plural_among_siblings() -> None:
    products, vectors, centres = shop()

    built = build(products, vectors, shape=Shape(max_depth=2), encode=knowing(centres))

    assert {"Rakes", "Hoses", "Spades", "Speakers", "Radios", "Headsets"} <= names(built)


def test_a_parent_takes_what_the_reference_has_above_its_leaves() -> None:
    products, vectors, centres = shop()
    shape = Shape(max_depth=2)

    plain = build(products, vectors, shape=shape, encode=knowing(centres))
    built = build(products, vectors, shape=shape, encode=knowing(centres), reference=PATHS)

    assert "Outdoors" in names(built) - names(plain)


def test_a_label_whose_words_nobody_says_names_no_leaf() -> None:
    products, vectors, centres = shop()
    far = {**centres, "orchestra stands": centres["rake"]}

    built = build(products, vectors, encode=knowing(far), reference=[("Orchestra Stands",)])

    assert "Orchestra Stands" not in {built.tree.nodes[leaf].name for leaf in built.tree.leaves()}


def test_another_namer_has_the_first_word_and_siblings_stay_apart() -> None:
    products, vectors, centres = shop()
    cases: list[Case] = []

    def shouting(case: Case) -> list[Phrase]:
        cases.append(case)
        return [] if case.children else [Phrase("THING", 1.0)]

    built = build(products, vectors, shape=Shape(max_depth=2), encode=knowing(centres), namer=shouting)

    for top in built.tree.children_of(ROOT_ID):
        below = [built.tree.nodes[child].name for child in built.tree.children_of(top)]
        assert below.count("THING") == 1
        assert len(set(below)) == len(below)
    assert all(case.titles and case.suggestions for case in cases)
    assert any(case.children for case in cases)


@pytest.mark.parametrize("with_encoder", [True, False])
def test_two_things_in_another_order_are_no_other_name(with_encoder: bool) -> None:
    products, vectors, centres = shop()
    encode = knowing(centres) if with_encoder else None
    orders = cycle(("Pots & Pans", "pans & Pots"))

    def pairing(case: Case) -> list[Phrase]:
        return [] if case.children else [Phrase(next(orders), 1.0)]

    built = build(products, vectors, shape=Shape(max_depth=2), encode=encode, namer=pairing)

    for top in built.tree.children_of(ROOT_ID):
        below = [built.tree.nodes[child].name for child in built.tree.children_of(top)]
        assert sum("&" in name and "ots" in name for name in below) == 1 < len(below)


def test_deeper_ancestors_come_first_where_they_hold_as_much() -> None:
    reference = Reference.of([("Wear", "Tops", "Shirts"), ("Wear", "Tops", "Vests"), ("Wear", "Shoes")])

    assert next(label for label, _ in reference.common({"Shirts": 2, "Vests": 2})) == "Tops"
    assert next(label for label, _ in reference.common({"Shirts": 2, "Shoes": 2})) == "Wear"
    assert reference.common({}) == []
    assert reference.over("Shoes") == {"Wear", "Shoes"}


def test_stuff_and_trades_have_no_plural() -> None:
    assert plural("basmati rice") == "basmati rice"
    assert plural("silver jewellery") == "silver jewellery"
    assert plural("wall clock") == "wall clocks"


def test_only_english_catalogues_get_english_plurals() -> None:
    products, vectors, centres = shop()
    german = [replace(one, title=one.title.replace("for the house", "und für die Küche")) for one in products]

    built = build(german, vectors, shape=Shape(max_depth=2), encode=knowing(centres))

    assert is_english([one.title for one in products])
    assert {"Rake", "Hose", "Spade"} <= names(built)


def test_the_labels_of_a_file_of_any_format_are_read(tmp_path: Path) -> None:
    file = tmp_path / "google.txt"
    file.write_text("# Google_Product_Taxonomy_Version: 2021-09-21\n1 - Home\n2 - Home > Lamps\n")

    with App(Settings(home=tmp_path)) as app:
        assert labels_of(app, str(file)) == [("Home",), ("Home", "Lamps")]


def test_a_head_that_names_nothing_alone_has_its_plural_too() -> None:
    products, vectors, centres = shop()
    boxed = [replace(one, title=one.title.replace("rake", "lunch box")) for one in products]

    built = build(boxed, vectors, shape=Shape(max_depth=2), encode=knowing(centres))

    assert "Lunch Boxes" in names(built)


def ids(built: Built) -> set[str]:
    return {str(at) for at in built.tree.nodes if at != ROOT_ID}


def test_trees_of_two_references_share_no_id() -> None:
    products, vectors, centres = shop()

    trees = [
        build(products, vectors, encode=knowing(centres), reference=reference)
        for reference in ([], PATHS, [*PATHS, ("Elsewhere",)], [*reversed(PATHS), ("Elsewhere",)])
    ]

    plain, some, more, shuffled = map(ids, trees)
    assert not plain & some
    assert not some & more
    assert more == shuffled


def test_a_namer_that_is_heeded_makes_another_tree() -> None:
    products, vectors, _ = shop()

    def shouting(case: Case) -> list[Phrase]:
        return [Phrase(f"THE {case.suggestions[0].text}", 1.0)]

    silent = build(products, vectors, namer=lambda case: [])
    plain, loud = build(products, vectors), build(products, vectors, namer=shouting)

    assert all(name.startswith("THE ") for name in names(loud))
    assert not ids(plain) & ids(loud)
    assert ids(plain) == ids(silent)


def test_words_said_only_together_are_one_name() -> None:
    titles = [f"{kind} eau de toilette" for kind in ("floral", "oriental", "woody", "citrus", "musky")]

    book = PhraseBook.read([*titles, "a lunch box"], [""] * 6)

    assert book.surface["eau", "de", "toilette"] == "eau de toilette"
    assert all(("toilette",) not in of and ("eau", "de") not in of for of in book.of)


def test_no_name_ends_in_flavour() -> None:
    book = PhraseBook.read(["chocolate flavour shakes", "bars, mango flavour"], ["", ""])

    assert ("mango", "flavour") not in book.counts
    assert ("flavour", "shake") in book.counts
