"""`shelftree arrange` on the store: one change set, with reasons, that a person accepts."""

import csv
from pathlib import Path

import pytest

from taxonomy.edits import Create, Lock, Move
from taxonomy.service import editing
from tests.command import Outcome, Shelftree
from tests.tiny_bert import write_tiny_bert
from ui.wiring import App

SHOP = {"kitchen": "mugs pans bowls forks jugs", "home": "chairs rugs beds desks lamps"}


@pytest.fixture
def shelftree(shelftree: Shelftree, home: Path, monkeypatch: pytest.MonkeyPatch) -> Shelftree:
    """The command, with an encoder that knows the shop's words."""
    monkeypatch.setenv("SHELFTREE_BASE_MODEL", str(home / "tiny"))
    if not (home / "tiny").exists():
        write_tiny_bert(home / "tiny", [*SHOP, *" ".join(SHOP.values()).split(), "number"])
    return shelftree


def done(outcome: Outcome) -> Outcome:
    assert outcome.code == 0, outcome.err
    return outcome


def test_a_crowded_node_gets_families_in_one_change_set_and_locked_ones_stay(shelftree: Shelftree) -> None:
    from taxonomy.service.placing import place_by_label

    with Path("products.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["product_id", "title", "category_path"])
        for top, kinds in SHOP.items():
            for kind in kinds.split():
                out.writerows([f"{kind}{n}", f"{top} {kind} number {n}", f"All > {kind}"] for n in range(4))
    paths = [f"All > {kind}" for kinds in SHOP.values() for kind in kinds.split()]
    Path("tree.csv").write_text("\n".join(["category_path", *paths, "Else"]) + "\n")
    done(shelftree("taxonomy", "import", "tree.csv", "--name", "shop"))
    done(shelftree("catalog", "import", "products.csv", "--name", "shop"))
    words = ["arrange", "--catalog", "shop", "--taxonomy", "shop", "--below", "All", "--json"]
    with App.open() as app, app.uow() as uow:
        place_by_label(uow, "shop", "shop")
        mugs = uow.trees.head("shop").find(("All", "mugs"))
        assert mugs is not None
        editing.edit(uow, "shop", [Lock(mugs)], author="Ann")

    made = done(shelftree(*words)).json
    unknown = shelftree(*words[:-2], "Nowhere")

    assert (unknown.code, "no category 'Nowhere'" in unknown.err) == (2, True)
    with App.open() as app, app.uow() as uow:
        (change,) = [one for one in uow.changes.log("shop") if one.author == "arrange"]
        assert change.id == made["change_set"]
        assert {type(edit) for edit in change.edits} == {Create, Move}
        (why,) = uow.changes.comments(change.id)
        assert why.text.count("\n") + 1 == made["parents"]
        editing.accept(uow, change.id, author="Ann")
        tree = uow.trees.head("shop")
        assert tree.path(mugs) == ("All", "mugs")
        assert max(map(tree.depth, tree.nodes)) == 3
        for at in tree.children_of(tree.find(("All",)) or mugs):
            editing.edit(uow, "shop", [Lock(at)], author="Ann")
    locked = shelftree(*words)
    assert (locked.code, "are locked" in locked.err) == (2, True)
