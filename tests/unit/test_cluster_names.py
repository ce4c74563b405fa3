"""Names by meaning, with an encoder that knows only what a test tells it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ingest.cluster import sense, tally
from ingest.cluster.build import Built, build
from ingest.cluster.induce import Branch
from ingest.cluster.meaning import Encode, Meaning
from ingest.cluster.phrases import PhraseBook
from ingest.cluster.reduce import unit
from ingest.cluster.reference import Reference
from ingest.cluster.sense import name_by_meaning
from ingest.cluster.shape import Shape
from ingest.cluster.tally import Tally
from taxonomy.formats.tree_json import write
from taxonomy.invariants import check
from taxonomy.node import ROOT_ID
from taxonomy.ports import Floats
from taxonomy.product import Product, ProductId

KINDS = {
    "garden": ("rakes", "hoses", "spades", "seeds"),
    "kitchen": ("kettles", "pans", "knives", "bowls"),
    "audio": ("speakers", "radios", "headphones", "amplifiers"),
}
ODD = ["", "充电宝 20000 毫安", "Übergröße ñandú", "🎁🎁", "12345 — 6", "سماعة لاسلكية"]


def shop(*, per_kind: int = 12) -> tuple[list[Product], Floats, dict[str, Floats]]:
    """A catalogue, its vectors, and the centre of each department's and each kind's products."""
    rng = np.random.default_rng(0)
    products: list[Product] = []
    rows, centres = [], {}
    for department, kinds in KINDS.items():
        home = rng.normal(size=64) * 1.5
        for kind in kinds:
            middle = home + rng.normal(size=64) * 0.7
            for i in range(per_kind):
                title = f"{['sturdy', 'handy'][i % 2]} {department} {kind} - {['matt', 'glossy'][i % 2]}"
                products.append(Product(ProductId(f"{kind}{i}"), title, category_path=(department, kind)))
                rows.append(middle + rng.normal(size=64) * 0.2)
            centres[kind] = np.mean(rows[-per_kind:], axis=0)
        centres[department] = np.mean(rows[-4 * per_kind :], axis=0)
    return products, unit(np.array(rows)), centres


def knowing(centres: Mapping[str, Floats], *, dim: int = 64) -> Encode:
    """An encoder to which a text means what `centres` says of it, two of these both, and others nothing."""

    def meant(text: str, unknown: Floats) -> Floats:
        known = [centres[part] for part in text.split(" & ") if part in centres]
        return np.asarray(np.mean(known, axis=0) if known else unknown)

    def encode(texts: Sequence[str]) -> Floats:
        unknown = np.random.default_rng(1).normal(size=(len(texts), dim)) * 0.1
        return unit(np.array([meant(*pair) for pair in zip(texts, unknown, strict=True)]))

    return encode


def leaf_names(built: Built) -> set[str]:
    return {built.tree.nodes[leaf].name for leaf in built.tree.leaves()}


def test_a_leaf_takes_the_phrase_that_means_its_products() -> None:
    products, vectors, centres = shop()
    kinds = {word: centre for word, centre in centres.items() if word not in KINDS}

    by_words = build(products, vectors, shape=Shape(max_depth=2))
    by_meaning = build(products, vectors, shape=Shape(max_depth=2), encode=knowing(kinds))

    assert leaf_names(by_meaning) == {kind.title() for kind in kinds}
    assert leaf_names(by_words) != leaf_names(by_meaning)
    assert not by_words.tree.nodes.keys() & by_meaning.tree.nodes.keys()


def test_a_parent_without_a_word_of_its_own_is_called_after_its_children() -> None:
    products, vectors, centres = shop()
    products = [
        replace(product, title=product.title.replace(product.category_path[0], "")) for product in products
    ]
    kinds = {word: centre for word, centre in centres.items() if word not in KINDS}

    tree = build(products, vectors, shape=Shape(max_depth=2), encode=knowing(kinds)).tree

    for top in tree.children_of(ROOT_ID):
        below = {tree.nodes[child].name for child in tree.children_of(top)}
        pair = tree.nodes[top].name.split(" & ")
        assert len(pair) == 2
        assert set(pair) <= below


def test_a_parent_prefers_one_word_that_means_all_below_it() -> None:
    products, vectors, centres = shop()

    tree = build(products, vectors, shape=Shape(max_depth=2), encode=knowing(centres)).tree

    assert {tree.nodes[top].name for top in tree.children_of(ROOT_ID)} == {"Garden", "Kitchen", "Audio"}


def test_leaves_side_by_side_with_one_name_become_one() -> None:
    products, vectors, centres = shop()
    elsewhere = {word: centre for word, centre in centres.items() if word not in KINDS["garden"]}

    apart = build(products, vectors, shape=Shape(max_depth=2), encode=knowing(centres))
    united = build(products, vectors, shape=Shape(max_depth=2), encode=knowing(elsewhere))

    assert len(leaf_names(apart)) == 12
    assert len(leaf_names(united)) == 9
    gone = {kind.title() for kind in KINDS["garden"]}
    assert leaf_names(apart) - leaf_names(united) == gone
    assert leaf_names(united) - leaf_names(apart) == {"Garden"}
    in_garden = {
        m.node_id for at, m in united.memberships.items() if at.rstrip("0123456789") in KINDS["garden"]
    }
    assert len(in_garden - {None}) == 1
    assert check(united.tree) == []


def test_three_other_names_and_the_phrases_are_kept() -> None:
    products, vectors, centres = shop()

    built = build(products, vectors, shape=Shape(max_depth=2), encode=knowing(centres))

    for leaf in built.tree.leaves():
        evidence = built.evidence[leaf]
        assert built.tree.nodes[leaf].name == evidence.phrases[0].text
        assert len(evidence.alternatives) == 3
        scores = [phrase.score for phrase in evidence.phrases]
        assert scores == sorted(scores, reverse=True)


def test_a_second_run_with_an_encoder_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        products, vectors, centres = shop()
        write(tmp_path / name, build(products, vectors, encode=knowing(centres)).file())

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("title", ["garden rakes", *ODD])
def test_one_title_for_all_is_one_category(title: str) -> None:
    products, vectors, centres = shop()
    alike = [replace(product, title=title) for product in products]

    built = build(alike, vectors, encode=knowing(centres))

    assert check(built.tree) == []
    assert len(built.memberships) == len(products)


@pytest.mark.parametrize("n", [0, 1, 3, 5])
def test_an_encoder_and_a_handful_of_products_make_no_trouble(n: int) -> None:
    products, vectors, centres = shop()

    built = build(products[:n], vectors[:n], encode=knowing(centres))

    assert len(built.memberships) == n
    assert check(built.tree) == []


def test_titles_of_many_scripts_are_named() -> None:
    products, vectors, centres = shop()
    mixed = [replace(product, title=ODD[i % len(ODD)]) for i, product in enumerate(products)]

    built = build(mixed, vectors, encode=knowing(centres))

    assert check(built.tree) == []
    assert all(node.name.strip() for node in built.tree.nodes.values())


def test_what_everything_means_counts_for_nothing() -> None:
    rng = np.random.default_rng(0)
    common = np.ones(16) * 3
    rings, lamps = rng.normal(size=(2, 16))
    vectors = unit(np.array([common + rings, common + lamps]))
    known = {"rings": common + rings, "lamps": common + lamps, "shop": common}

    meaning = Meaning(vectors, lambda texts: unit(np.array([known[text] for text in texts])), known)

    fits = dict(zip(known, meaning.fit(list(known), meaning.centre([0])), strict=True))
    assert fits["rings"] > 0.8
    assert abs(fits["shop"]) < 0.5
    assert fits["lamps"] < -0.8


def test_a_colour_in_between_makes_no_head_noun() -> None:
    book = PhraseBook.read(["sterling silver rings", "copper rings, silver"], ["", ""])

    assert ("sterling",) not in book.heads[0]
    assert ("ring",) in book.heads[0]
    assert ("ring",) in book.heads[1]


def test_no_phrase_ends_where_audience_or_style_does() -> None:
    book = PhraseBook.read(["comfy printed women's tops"], [""])

    assert ("comfy", "printed", "women") not in book.counts
    assert ("women", "top") in book.counts


def test_initials_keep_their_capitals_and_shouting_makes_none() -> None:
    titles = ["Quick USB cable", "braided usb cable", "a USB cable", "NICE LAMP", "FINE LAMP", "a lamp"]

    book = PhraseBook.read(titles, [""] * len(titles))

    assert book.surface["usb", "cable"] == "USB cable"
    assert book.surface["lamp",] == "lamp"


def test_what_only_leaves_that_became_one_say_often_is_known_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "_LOOKED_AT", 8)
    rng = np.random.default_rng(0)
    kinds = [kind for kinds in KINDS.values() for kind in kinds if kind != "rakes"]
    titles = [f"garden rakes{' copper pots' * (at % 12 == 0)}" for at in range(24)]
    titles += [f"tin {kind}" for kind in kinds for _ in range(12)]
    place = np.repeat(np.arange(12), [24, *[12] * 11])
    vectors = unit(np.eye(16)[place] + rng.normal(scale=0.05, size=(len(titles), 16)))
    meant = {"garden rakes": np.eye(16)[0]} | {kind: np.eye(16)[at] for at, kind in enumerate(kinds, 1)}
    root = Branch(tuple(range(13)), tuple(Branch((group,)) for group in range(13)))
    members = [range(start, start + 12) for start in range(0, len(titles), 12)]
    book = PhraseBook.read(titles, [""] * len(titles))

    united, named = name_by_meaning(root, members, book, vectors, knowing(meant, dim=16))
    rakes = next(node for node in united.children if 0 in node.groups)
    assert (rakes.groups, named[rakes].name) == ((0, 1), "Garden Rakes")


def test_the_name_of_a_brand_names_no_node_where_the_column_has_it() -> None:
    products, vectors, centres = shop()
    kinds = {word: centre for word, centre in centres.items() if word not in KINDS}
    branded = [replace(one, brand="Rakes" if at == 40 else "Moti") for at, one in enumerate(products)]

    assert "Rakes" in leaf_names(build(products, vectors, shape=Shape(max_depth=2), encode=knowing(kinds)))
    built = build(branded, vectors, shape=Shape(max_depth=2), encode=knowing(kinds))
    assert "Rakes" not in {node.name for node in built.tree.nodes.values()}


def ranker_of(titles: Sequence[str], sizes: Sequence[int], meant: Sequence[str]) -> sense._Ranker:
    """Of leaves that stand in the order of the titles, each with the word that means it."""
    ends = np.cumsum([0, *sizes]).tolist()
    book = PhraseBook.read(titles, ["Moti"] * len(titles))
    axes = np.eye(len(sizes))
    encode = knowing(dict(zip(meant, axes, strict=True)), dim=len(sizes))
    meaning = Meaning(
        unit(axes[np.repeat(np.arange(len(sizes)), list(sizes))]), encode, set(book.surface.values())
    )
    return sense._Ranker(Tally([range(*pair) for pair in pairwise(ends)], book), meaning, Reference.of(()))


def parent_of(n: int) -> Branch:
    return Branch(tuple(range(n)), tuple(Branch((at,)) for at in range(n)))


def test_a_parent_is_offered_its_two_largest_kinds_and_no_word_of_a_few() -> None:
    kinds = {"rakes": 12, "hoses": 9, "spades": 8, "seeds": 7}
    titles = [f"{kind}{', gadgets' * (at % 5 == 0)}" for kind, n in kinds.items() for at in range(n)]

    offered = ranker_of(titles, list(kinds.values()), list(kinds)).offered(parent_of(4), ())

    assert "Rakes & Hoses" in offered
    assert "gadgets" not in offered
    assert "Spades" not in offered


def test_a_pair_says_nothing_that_stands_above_where_other_kinds_do() -> None:
    kinds = {"rakes": 12, "hoses": 9, "spades": 8, "seeds": 7}
    titles = [kind for kind, n in kinds.items() for _ in range(n)]
    ranker = ranker_of(titles, list(kinds.values()), list(kinds))

    assert "Hoses & Spades" in ranker.offered(parent_of(4), ("rakes",))
    assert "Hoses & Spades" in ranker.offered(parent_of(4), ("ladders & rakes",))


def test_a_parent_is_called_by_plain_nouns_before_longer_wordings() -> None:
    titles = ["floor rug Zebb"] * 12 + ["Zebb polisher, steel"] * 30 + ["rakes"] * 9 + ["hoses"] * 8
    kinds = ("floor rug zebb", "zebb polisher", "rakes", "hoses")

    offered = ranker_of(titles, (12, 30, 9, 8), kinds).offered(parent_of(4), ())

    assert not any("Zebb" in name for name in offered)


def test_what_things_are_made_of_names_no_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {"rakes": 12, "hoses": 9, "spades": 8}
    titles = [f"cotton {kind}" for kind, n in kinds.items() for _ in range(n)]
    ranker = ranker_of(titles, list(kinds.values()), [f"cotton {kind}" for kind in kinds])

    assert "cotton" not in ranker.offered(parent_of(3), ())
    monkeypatch.setattr(sense, "MATERIALS", frozenset())
    assert "cotton" in ranker.offered(parent_of(3), ())


def test_no_name_is_wider_than_those_above_it() -> None:
    assert not sense._is_inside("Rakes", ("leaf rakes",))
    assert not sense._is_inside("Rakes & Hoses", ("rakes",))
    assert sense._is_inside("Rakes", ("rakes & hoses",))
    assert sense._is_inside("Leaf Rakes", ("rakes",))


def test_a_borrowed_word_is_in_the_plural_only_where_it_is_plainly_a_head() -> None:
    titles = (
        ["the mat for a kotta"] * 6 + ["a kotta"] * 6 + ["zolla soap for the sink"] * 3 + ["the zolla"] * 3
    )
    ranker = ranker_of(titles, (12, 6), ("kotta", "zolla"))

    assert ranker.printed("zolla") == "Zolla"
    assert ranker.printed("mat") == "Mats"
