"""Trees from synthetic catalogues: departments of kinds, as points around points around points."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.cluster.build import Built, attach_noise, build
from ingest.cluster.fit import measure
from ingest.cluster.linkage import single_linkage
from ingest.cluster.phrases import PhraseBook
from ingest.cluster.reduce import unit
from ingest.cluster.shape import Shape
from ingest.cluster.stages import Stages
from ingest.evaluate.build import evaluate_build
from taxonomy.changes import apply
from taxonomy.edits import Assign, Create
from taxonomy.errors import InputError
from taxonomy.formats.tree_json import Fit, Membership, Nowhere, read, write
from taxonomy.invariants import check
from taxonomy.node import NodeId
from taxonomy.ports import Floats, Silent
from taxonomy.product import Product, ProductId, Source
from taxonomy.tree import Tree

DEPARTMENTS = {
    "garden": ("rakes", "spades", "hoses", "seeds"),
    "kitchen": ("kettles", "pans", "knives", "bowls"),
    "audio": ("speakers", "headphones", "radios", "amplifiers"),
}
COLOURS = ("red", "navy blue", "black", "olive green")
BRANDS = ("Quorlin", "Zebbart", "Mivano", "Tarrel")


def shop(
    *, per_kind: int = 12, spread: float = 0.25, noise: int = 0, seed: int = 0
) -> tuple[list[Product], Floats]:
    """A catalogue with its true paths, and a vector for each product."""
    rng = np.random.default_rng(seed)
    products: list[Product] = []
    rows = []
    for department, kinds in DEPARTMENTS.items():
        centre = rng.normal(size=128) * 1.5
        for kind in kinds:
            middle = centre + rng.normal(size=128) * 0.9
            for i in range(per_kind):
                title = f"{BRANDS[i % 4]} {COLOURS[i // 4 % 4]} {department} {kind} {i * 5} cm, size XL"
                path = (department, kind)
                products.append(Product(ProductId(f"{kind}{i}"), title, BRANDS[i % 4], category_path=path))
                rows.append(middle + rng.normal(size=128) * spread)
    for i in range(noise):
        products.append(Product(ProductId(f"odd{i}"), f"oddity {'abcdefghij'[i % 10] * 5}"))
        rows.append(rng.normal(size=128) * 1.5)
    return products, unit(np.array(rows))


def names(built: Built) -> list[str]:
    return [node.name for node in built.tree.nodes.values()]


def sizes(built: Built) -> list[int]:
    held = [membership.node_id for membership in built.memberships.values()]
    return [held.count(leaf) for leaf in built.tree.leaves()]


def test_departments_and_kinds_are_found_again() -> None:
    products, vectors = shop()

    report = evaluate_build(build(products, vectors, shape=Shape(max_depth=2)), products)

    assert [level.n_categories for level in report.levels] == [3, 12]
    assert report.levels[0].ami_same_depth > 0.9
    assert report.levels[1].ami > 0.9
    assert report.levels[1].purity > 0.9
    assert report.noise_share < 0.02


def test_what_is_like_nothing_else_stays_noise() -> None:
    products, vectors = shop(per_kind=15, noise=20)

    built = build(products, vectors, shape=Shape(min_size=6))

    odd = [
        built.memberships[product.id].node_id is None for product in products if product.id.startswith("odd")
    ]
    others = [built.memberships[p.id].node_id is None for p in products if not p.id.startswith("odd")]
    assert np.mean(odd) > 0.7
    assert np.mean(others) < 0.05


def test_noise_is_counted_both_ways() -> None:
    products, vectors = shop(per_kind=15, noise=20)
    products = [replace(p, category_path=p.category_path or (f"odd{i % 2}",)) for i, p in enumerate(products)]

    report = evaluate_build(build(products, vectors, shape=Shape(min_size=6)), products)

    assert report.levels[0].n_categories == 5
    assert report.levels[0].ami != report.levels[0].ami_placed


@pytest.mark.parametrize(
    ("shape", "holds"),
    [
        (Shape(max_depth=1), lambda b: max(map(b.tree.depth, b.tree.nodes)) == 1),
        (Shape(max_depth=2), lambda b: max(map(b.tree.depth, b.tree.nodes)) == 2),
        (Shape(max_depth=2, max_children=2), lambda b: max(map(len, b.tree.children.values())) == 2),
        (Shape(min_size=4), lambda b: min(sizes(b)) < 20),
        (Shape(min_size=30), lambda b: min(sizes(b)) >= 30),
    ],
)
def test_each_limit_of_the_shape_holds(shape: Shape, holds: Callable[[Built], bool]) -> None:
    assert holds(build(*shop(), shape=shape))


@pytest.mark.parametrize("wrong", [{"max_depth": 0}, {"max_children": 1}, {"min_size": 1}])
def test_a_shape_that_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError, match="or more"):
        Shape(**wrong)


def test_a_second_run_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, build(*shop()).file())

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_ids_depend_on_the_data_and_the_seed() -> None:
    products, vectors = shop()
    one, other = build(products, vectors), build(products, vectors, seed=1)
    fewer = build(products[1:], vectors[1:])

    assert not one.tree.nodes.keys() & other.tree.nodes.keys()
    assert not one.tree.nodes.keys() & fewer.tree.nodes.keys()


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_a_handful_of_products_makes_no_trouble(n: int) -> None:
    products, vectors = shop()

    built = build(products[:n], vectors[:n])

    assert len(built.memberships) == n
    assert check(built.tree) == []
    assert evaluate_build(built, products[:n]).n_labelled == n
    assert bool(built.tree.nodes) == (n >= 3)


def test_equal_products_stand_together() -> None:
    products, vectors = shop()
    copies = [replace(products[0], id=ProductId(f"copy{i}")) for i in range(40)]
    vectors = np.vstack([vectors, np.repeat(vectors[:1], 40, axis=0)])

    built = build(products + copies, vectors)

    assert len({built.memberships[copy.id].node_id for copy in copies}) == 1
    assert check(built.tree) == []


def test_a_catalogue_of_one_product_many_times_is_one_category() -> None:
    products = [Product(ProductId(str(i)), "garden rakes") for i in range(30)]

    built = build(products, np.ones((30, 8), np.float32))

    assert names(built) == ["Garden Rakes"]
    assert all(membership.share == 1.0 for membership in built.memberships.values())


def test_siblings_have_names_of_their_own() -> None:
    products, vectors = shop()
    alike = [replace(product, title="garden rakes") for product in products]

    assert check(build(alike, vectors).tree) == []


def test_leaves_are_named_for_their_kind_and_never_for_brand_size_or_colour() -> None:
    built = build(*shop(), shape=Shape(max_depth=2))

    words = {word for name in names(built) for word in name.lower().split()}
    assert words & {"cm", "xl", "size"} == set()
    assert words & {word for colour in COLOURS for word in colour.split()} == set()
    assert words & {brand.lower() for brand in BRANDS} == set()
    kinds = {kind for kinds in DEPARTMENTS.values() for kind in kinds}
    assert len(kinds & words) == len(kinds)


def test_evidence_says_why() -> None:
    built = build(*shop(), shape=Shape(max_depth=2))

    leaf = next(built.tree.leaves())
    evidence = built.evidence[leaf]
    assert built.tree.nodes[leaf].name in [phrase.text for phrase in evidence.phrases]
    assert evidence.phrases[0].score > 0
    assert built.tree.nodes[leaf].name not in evidence.alternatives
    assert {built.memberships[product].node_id for product in evidence.examples} == {leaf}


def test_the_edits_make_the_same_tree_from_nothing() -> None:
    built = build(*shop(noise=10))

    edits = built.change_set_edits("spring")

    assert apply(Tree(), edits, Source.BUILD).tree.digest() == built.tree.digest()
    assigned = {
        product_id: (edit.node_id, share)
        for edit in edits
        if isinstance(edit, Assign)
        for product_id, share in zip(edit.product_ids, edit.probabilities, strict=True)
    }
    expected = {p: (m.node_id, m.share) for p, m in built.memberships.items() if m.node_id is not None}
    assert assigned == expected
    assert {edit.catalog for edit in edits if isinstance(edit, Assign)} == {"spring"}
    assert sum(isinstance(edit, Create) for edit in edits) == len(built.tree)


def test_centroids_point_to_their_products() -> None:
    products, vectors = shop()
    built = build(products, vectors)

    assert built.centroids.keys() == built.tree.nodes.keys()
    leaf_ids = list(built.tree.leaves())
    nearest = (vectors @ np.array([built.centroids[leaf] for leaf in leaf_ids]).T).argmax(axis=1)
    right = [built.memberships[p.id].node_id == leaf_ids[at] for p, at in zip(products, nearest, strict=True)]
    assert np.mean(right) > 0.95


def test_quality_falls_with_the_spread() -> None:
    tight, loose = (build(*shop(spread=spread)).quality for spread in (0.1, 0.6))

    assert tight.cohesion > loose.cohesion
    assert 0 < loose.separation < 1
    assert tight.balance > 0.95
    assert tight.n_products == 144


def test_plain_density_calls_more_noise() -> None:
    average, plain = (
        build(*shop(spread=2.0, noise=30), **options).quality.noise_share  # type: ignore[arg-type]
        for options in ({}, {"linkage": single_linkage})
    )

    assert plain > average


STAGES = (
    "finding what products share",
    "joining groups",
    "finding dense groups",
    "dividing groups",
    "looking for rare kinds",
    "attaching what is left",
    "arranging groups in layers",
    "naming",
    "measuring the tree",
)


class Impatient(Silent):
    """Stops at the `on`-th sign of life of one task."""

    def __init__(self, task: str, on: int = 0) -> None:
        self.task, self.now, self.left = task, "", on

    def start(self, task: str, total: int | None = None) -> None:
        self.now = task
        self.advance()

    def advance(self, n: int = 1) -> None:
        if self.now == self.task:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt


@pytest.mark.parametrize("task", STAGES)
def test_a_build_stopped_in_any_stage_goes_on_to_the_same_tree(
    task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    products, vectors = shop(per_kind=30, noise=20)
    monkeypatch.setattr("ingest.cluster.groups.MOST_JOINED", 150)
    write(tmp_path / "straight", build(products, vectors).file())

    with pytest.raises(KeyboardInterrupt):
        build(products, vectors, progress=Impatient(task), stages=tmp_path / "kept")
    write(tmp_path / "resumed", build(products, vectors, stages=tmp_path / "kept").file())

    assert (tmp_path / "resumed").read_bytes() == (tmp_path / "straight").read_bytes()


def test_what_was_done_before_a_stop_is_not_done_again(tmp_path: Path) -> None:
    products, vectors = shop()
    with pytest.raises(KeyboardInterrupt):
        build(products, vectors, progress=Impatient("naming"), stages=tmp_path)
    heard = Listening()

    build(products, vectors, progress=heard, stages=tmp_path)

    assert not {"finding what products share", "joining groups", "finding dense groups"} & set(heard.tasks)
    build(products, vectors, progress=heard, stages=tmp_path, seed=1)
    assert "joining groups" in heard.tasks


def test_kept_stages_do_not_grow_for_ever(tmp_path: Path) -> None:
    abandoned, fresh = tmp_path / "points-x.npy.7.part", tmp_path / "points-y.npy.8.part"
    for path, age_s in ((abandoned, 100_000), (fresh, 10)):
        path.write_bytes(b"half")
        os.utime(path, (time.time() - age_s,) * 2)
    for age_s, key in ((300, "first"), (200, "second"), (100, "third")):
        Stages(tmp_path, key, most_bytes=2_500).array("points", lambda: np.zeros(100))
        os.utime(tmp_path / f"points-{key}.npy", (time.time() - age_s,) * 2)
    Stages(tmp_path, "first").array("points", lambda: np.ones(100))  # used again, so it stays

    Stages(tmp_path, "fourth", most_bytes=2_500).array("points", lambda: np.zeros(100))

    assert {path.name for path in tmp_path.iterdir()} == {"points-first.npy", "points-fourth.npy", fresh.name}


def test_a_large_catalogue_is_built_from_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    products, vectors = shop(per_kind=30)
    monkeypatch.setattr("ingest.cluster.groups.MOST_JOINED", 150)

    built = build(products, vectors, shape=Shape(max_depth=2))

    report = evaluate_build(built, products)
    assert report.levels[1].ami_placed > 0.9
    assert report.noise_share < 0.15


def test_a_vector_is_needed_for_each_product() -> None:
    products, vectors = shop()
    with pytest.raises(ValueError, match="144 products, 143 vectors"):
        build(products, vectors[1:])


class Listening(Silent):
    def __init__(self) -> None:
        self.tasks: list[str] = []

    def start(self, task: str, total: int | None = None) -> None:
        self.tasks.append(task)


def test_progress_names_every_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Listening()
    monkeypatch.setattr("ingest.cluster.groups.MOST_JOINED", 150)

    build(*shop(per_kind=30), progress=heard)

    assert heard.tasks == list(STAGES)


def test_a_written_tree_reads_back_exactly(tmp_path: Path) -> None:
    content = build(*shop(noise=10)).file(model_revision="tiny@1")

    write(tmp_path / "tree.json", content)
    back = read(tmp_path / "tree.json")

    assert back.tree == content.tree
    assert back.members == content.members
    assert list(back.members) == list(content.members)
    assert back.evidence == content.evidence
    assert back.model_revision == "tiny@1"
    assert back.centroids.keys() == content.centroids.keys()
    for node_id, centroid in content.centroids.items():
        np.testing.assert_array_equal(back.centroids[NodeId(node_id)], centroid)


def odd_ones(n: int, about: str, *, middle: Floats, seed: int) -> tuple[list[Product], Floats]:
    """Products around a point of their own."""
    rng = np.random.default_rng(seed)
    rows = middle + rng.normal(size=(n, 128)) * 0.25
    return [Product(ProductId(f"{about}{i}"), f"{about} {i} cm") for i in range(n)], unit(rows)


def with_strays() -> tuple[list[Product], Floats]:
    """Departments of kinds, five products between the kinds of one department, and six of a rare kind."""
    products, vectors = shop(per_kind=30)
    rng = np.random.default_rng(3)
    away = np.linspace(0.04, 0.07, 5)[:, None]
    between = unit(vectors[:120].mean(axis=0) + rng.normal(size=(5, 128)) * away)
    loners = [Product(ProductId(f"loner{i}"), f"garden curio {'klmno'[i] * 4}") for i in range(5)]
    rare, rows = odd_ones(6, "telescopes", middle=rng.normal(size=128) * 1.5, seed=4)
    return [*products, *loners, *rare], np.vstack([vectors, between, rows])


def test_noise_is_attached_above_the_leaves_only_if_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def generous(*args: Any) -> tuple[dict[NodeId, Fit], Nowhere]:
        fits, nowhere = measure(*args)
        return {at: Fit(-1.0, fit.best) for at, fit in fits.items()}, nowhere

    products, vectors = with_strays()
    shape = Shape(max_depth=2, min_size=9)
    monkeypatch.setattr("ingest.cluster.build.measure", generous)

    kept, attached = (build(products, vectors, shape=shape, noise=way) for way in ("keep", "attach"))

    places = [attached.memberships[one] for one in kept.noise]
    assert kept.noise
    assert attached.noise == ()
    assert kept.quality.noise_share > attached.quality.noise_share == 0
    assert all(at.node_id and not attached.tree.is_leaf(at.node_id) and at.share <= 1 for at in places)
    stood = [one for one in kept.memberships if one not in kept.noise]
    assert [label(kept, one) for one in stood] == [label(attached, one) for one in stood]


def test_noise_goes_to_the_department_that_it_fits_and_else_nowhere() -> None:
    products, vectors = shop(per_kind=30, noise=1)
    built = build(products, vectors, shape=Shape(max_depth=2, min_size=8))
    lost = {one.id: Membership(None) for one in [*products[10:15], products[-1]]}

    found = attach_noise(replace(built, memberships={**built.memberships, **lost}), unit(vectors))

    department = built.tree.nodes[built.memberships[products[0].id].node_id or NodeId("")].parent_id
    assert [found.memberships[one.id].node_id for one in products[10:15]].count(department) >= 4
    assert found.noise[-1] == products[-1].id


def label(built: Built, product: ProductId) -> str:
    at = built.memberships[product].node_id
    return built.tree.label(at) if at else ""


def test_noise_that_holds_together_is_proposed_as_a_leaf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.cluster.shape._LEAF_RULE", 1.0)  # 19 products a leaf, 3 among what is left
    products, vectors = with_strays()
    shape = Shape(max_depth=2)

    kept, proposing = (build(products, vectors, shape=shape, noise=way) for way in ("keep", "propose"))

    rare = {one.id for one in products if one.id.startswith("telescopes")}
    assert rare <= set(kept.noise)
    assert kept.proposed == ()
    assert {proposing.memberships[one].node_id for one in rare} <= set(proposing.proposed)
    assert len(proposing.noise) < len(kept.noise)


def test_kinds_that_the_sample_missed_get_leaves_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.cluster.groups.MOST_JOINED", 150)
    products, vectors = shop(per_kind=60)
    middle = np.random.default_rng(5).normal(size=128) * 1.5
    rare, rows = odd_ones(12, "telescopes", middle=middle, seed=4)

    built = build([*products, *rare], np.vstack([vectors, rows]), shape=Shape(max_depth=2))

    held = {built.memberships[one.id].node_id for one in rare}
    assert len(held) == 1
    assert None not in held
    assert not any(
        at.node_id in held for one, at in built.memberships.items() if one not in {r.id for r in rare}
    )


def test_a_large_catalogue_is_named_by_a_part_of_its_titles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.cluster.build.MOST_TOLD", 60)
    read: list[int] = []
    whole = PhraseBook.read

    def counting(titles: Sequence[str], brands: Sequence[str]) -> PhraseBook:
        read.append(len(titles))
        return whole(titles, brands)

    monkeypatch.setattr("ingest.cluster.build.PhraseBook.read", counting)
    built = build(*shop(per_kind=30), shape=Shape(max_depth=2))

    assert read[0] <= 60
    kinds = {kind for kinds in DEPARTMENTS.values() for kind in kinds}
    assert len(kinds & {word for name in names(built) for word in name.lower().split()}) >= 10
