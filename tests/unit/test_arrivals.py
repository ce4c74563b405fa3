"""New products into a built tree, by the file that the build wrote."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import hypergeom

from ingest.cluster.arrivals import drift, place
from ingest.cluster.build import build
from ingest.cluster.reduce import unit
from ingest.cluster.shape import Shape
from taxonomy.errors import InputError
from taxonomy.formats.tree_json import Nowhere, TreeFile, read, write
from taxonomy.ports import Floats
from taxonomy.product import Product, ProductId
from tests.unit.test_cluster_build import shop


def halves() -> tuple[TreeFile, list[Product], Floats]:
    """The tree of every second product, and the others."""
    products, vectors = shop(per_kind=40)
    built = build(products[::2], vectors[::2], shape=Shape(max_depth=2))
    return built.file(), products[1::2], vectors[1::2]


def strangers(n: int) -> tuple[list[Product], Floats]:
    rows = np.random.default_rng(11).normal(size=(n, 128))
    return [Product(ProductId(f"strange{i}"), f"stranger {i}") for i in range(n)], unit(rows)


def test_arrivals_join_their_kind() -> None:
    file, products, vectors = halves()

    found = place(products, vectors, file)

    leaf_of = {p.category_path: file.members[p.id].node_id for p in shop(per_kind=40)[0][::2]}
    right = [found.memberships[p.id].node_id in (None, leaf_of[p.category_path]) for p in products]
    assert list(found.memberships) == [product.id for product in products]
    assert np.mean(right) > 0.98
    assert len(found.noise) < 0.15 * len(products)
    assert not found.drift.is_significant


def test_strangers_stand_nowhere_and_are_drift() -> None:
    file, _, _ = halves()

    found = place(*strangers(60), file)

    assert len(found.noise) > 50
    assert found.drift.is_significant
    assert found.drift.seen > found.drift.expected


def test_a_product_between_kinds_goes_to_their_department_only_if_asked() -> None:
    file, products, vectors = halves()
    between = unit(vectors[:80].mean(axis=0, keepdims=True))

    kept, attached = (place(products[:1], between, file, inner=inner) for inner in (False, True))

    assert kept.noise == (products[0].id,)
    (at,) = [one.node_id for one in attached.memberships.values()]
    assert at is not None
    assert not file.tree.is_leaf(at)
    assert attached.drift == kept.drift


def test_a_file_read_back_places_the_same(tmp_path: Path) -> None:
    file, products, vectors = halves()
    write(tmp_path / "tree.json", file)

    assert place(products, vectors, read(tmp_path / "tree.json")) == place(products, vectors, file)


def test_a_tree_without_fits_or_of_another_encoder_is_refused() -> None:
    file, products, vectors = halves()

    with pytest.raises(InputError, match="build --tree"):
        place(products, vectors, replace(file, fits={}))
    with pytest.raises(InputError, match="64 dimensions"):
        place(products, vectors[:, :64], file)


def test_nothing_arrives_without_drift() -> None:
    file, _, vectors = halves()

    found = place([], vectors[:0], file)

    assert found.memberships == {}
    assert found.drift.p_value == 1.0


def test_the_chance_of_drift_is_hypergeometric() -> None:
    found = drift(Nowhere(10, 200), Nowhere(9, 60))

    assert found.p_value == pytest.approx(hypergeom.sf(8, 260, 19, 60))
    assert found.expected == 0.05
    assert not found.is_significant


def test_many_more_are_drift_and_a_few_more_of_very_many_are_not() -> None:
    assert drift(Nowhere(100, 2_000), Nowhere(100, 1_000)).is_significant
    assert not drift(Nowhere(50_000, 1_000_000), Nowhere(60_000, 1_000_000)).is_significant
