"""Change sets on the command line, from edits in a file to what they did."""

import csv
import json
from pathlib import Path

import pytest

from tests.command import Outcome, Shelftree
from tests.tiny_bert import write_tiny_bert

KINDS = {"Tools": "spade rake fork hoe", "Cups": "mug cup beaker glass"}


@pytest.fixture
def shelftree(shelftree: Shelftree, home: Path, monkeypatch: pytest.MonkeyPatch) -> Shelftree:
    """The command, with an encoder that knows the shop's words."""
    monkeypatch.setenv("SHELFTREE_BASE_MODEL", str(home / "tiny"))
    if not (home / "tiny").exists():
        write_tiny_bert(home / "tiny", [*" ".join(KINDS.values()).split(), "garden", "kitchen", "number"])
    return shelftree


@pytest.fixture
def name(shelftree: Shelftree, request: pytest.FixtureRequest) -> str:
    """A taxonomy and a catalogue of its own for each test, with twelve products in either category."""
    name = f"t{abs(hash(request.node.name)):x}"[:40]
    with Path("products.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["sku", "name", "brand", "category", "colour"])
        for kind, words in KINDS.items():
            for at in range(12):
                noun = words.split()[at % 4]
                brand = "Digwell" if at < 5 else "Ferro" if at < 9 else f"Own {at}"
                path = "Garden > Tools" if kind == "Tools" else "Kitchen > Cups"
                out.writerow([f"{kind}{at}", f"{noun} {noun} {at}", brand, path, "red" if at % 2 else ""])
    Path("tree.csv").write_text("category_path\nGarden > Tools\nGarden > Seeds\nKitchen > Cups\n")
    done(shelftree("taxonomy", "import", "tree.csv", "--name", name))
    done(shelftree("catalog", "import", "products.csv", "--name", name))
    placed(name)
    return name


def placed(name: str) -> None:
    from taxonomy.service.placing import place_by_label
    from ui.wiring import App

    with App.open() as app, app.uow() as uow:
        place_by_label(uow, name, name)


def done(outcome: Outcome) -> Outcome:
    assert outcome.code == 0, outcome.err
    return outcome


def ids(shelftree: Shelftree, name: str) -> dict[str, str]:
    shown = done(shelftree("taxonomy", "show", "--name", name, "--json")).json["nodes"]
    assert isinstance(shown, dict)
    return {path: node_id for node_id, path in shown.items()}


def edits(*values: object) -> str:
    Path("edits.jsonl").write_text("".join(json.dumps(one) + "\n" for one in values))
    return "edits.jsonl"


def test_a_proposal_is_previewed_talked_about_approved_and_applied(shelftree: Shelftree, name: str) -> None:
    at = ids(shelftree, name)
    merge = {"kind": "merge", "node_ids": [at["Garden > Tools"]], "into_id": at["Garden > Seeds"]}

    made = done(shelftree("taxonomy", "edit", edits(merge), "--name", name, "--author", "bob", "--json")).json
    change = str(made["id"])
    impact = done(shelftree("taxonomy", "impact", change, "--json")).json
    elsewhere = done(shelftree("taxonomy", "impact", change, "--json", "--catalog", name)).json
    done(shelftree("taxonomy", "comment", change, "are you sure?", "--author", "ann"))
    said = done(shelftree("taxonomy", "comments", change)).out
    shown = done(shelftree("taxonomy", "changes", "show", change))
    approved = done(shelftree("taxonomy", "approve", change, "--author", "ann", "--json")).json
    applied = done(shelftree("taxonomy", "apply", change, "--json")).json

    assert (made["state"], approved["state"], applied["state"]) == ("proposed", "approved", "applied")
    assert impact["n_moved"] == elsewhere["n_moved"] == 12
    assert "are you sure?" in said
    assert "ann: are you sure?" in shown.out
    assert "Merged “Tools” into “Seeds”" in shown.out
    assert "12 products would move" in shown.out
    assert "redirect: Garden > Tools -> Garden > Seeds" in shown.out
    assert "is applied" in shelftree("taxonomy", "impact", change).err


def test_edits_go_as_far_as_is_said(shelftree: Shelftree, name: str) -> None:
    at = ids(shelftree, name)
    rename = edits({"kind": "rename", "node_id": at["Kitchen"], "name": "Cooking"})

    draft = done(shelftree("taxonomy", "edit", rename, "--name", name, "--draft", "--json")).json
    submitted = done(shelftree("taxonomy", "submit", str(draft["id"]), "--json")).json
    before = ids(shelftree, name)
    applied = done(shelftree("taxonomy", "edit", rename, "--name", name, "--apply", "--json")).json

    assert (draft["state"], submitted["state"], applied["state"]) == ("draft", "proposed", "applied")
    assert "Kitchen" in before
    assert "Cooking" in ids(shelftree, name)
    assert shelftree("taxonomy", "edit", rename, "--name", name, "--draft", "--apply").code == 2


def test_a_rejected_change_keeps_who_and_why(shelftree: Shelftree, name: str) -> None:
    rename = edits({"kind": "rename", "node_id": ids(shelftree, name)["Kitchen"], "name": "Cooking"})
    change = str(done(shelftree("taxonomy", "edit", rename, "--name", name, "--json")).json["id"])

    done(shelftree("taxonomy", "reject", change, "--reason", "too vague", "--author", "ann"))

    shown = done(shelftree("taxonomy", "changes", "show", change)).out
    assert shown.startswith("rejected")
    assert "ann: too vague" in shown


def test_one_categorys_part_of_a_change_is_rejected(shelftree: Shelftree, name: str) -> None:
    made = edits(*({"kind": "create", "node": {"id": one, "name": one}} for one in ("lamps", "oils")))
    change = str(done(shelftree("taxonomy", "edit", made, "--name", name, "--json")).json["id"])

    told = done(shelftree("taxonomy", "reject", change, "--node", "lamps", "--json")).json
    done(shelftree("taxonomy", "apply", change))

    assert (told["state"], told["left"]["id"]) == ("rejected", change)
    assert "oils" in ids(shelftree, name)
    assert "lamps" not in ids(shelftree, name)
    assert shelftree("taxonomy", "reject", str(told["id"]), "--node", "lamps").code == 2


def test_a_repeated_command_with_its_key_has_one_effect(shelftree: Shelftree, name: str) -> None:
    at = ids(shelftree, name)
    new = {"kind": "create", "node": {"id": "fresh", "name": "Pots", "parent_id": at["Garden"]}}
    command = ("taxonomy", "edit", edits(new), "--name", name, "--apply", "--key", "k1", "--json")

    first, again = done(shelftree(*command)).json, done(shelftree(*command)).json
    edits({"kind": "rename", "node_id": at["Garden"], "name": "Outdoor"})
    other = shelftree(*command)

    assert first["id"] == again["id"]
    assert (other.code, "'k1'" in other.err) == (2, True)


def test_a_stale_edit_says_who_was_first(shelftree: Shelftree, name: str) -> None:
    at = ids(shelftree, name)
    rename = {"kind": "rename", "node_id": at["Kitchen"], "name": "Cooking"}
    edit = ("taxonomy", "edit", "edits.jsonl", "--name", name, "--apply")
    edits(rename)
    done(shelftree(*edit, "--author", "ann"))

    edits({**rename, "name": "Cookery"})
    stale = shelftree(*edit, "--base-version", "1")
    edits({"kind": "rename", "node_id": at["Garden"], "name": "Outdoor"})
    disjoint = shelftree(*edit, "--base-version", "1")

    assert (stale.code, disjoint.code) == (2, 0)
    assert "ann changed" in stale.err


def test_a_file_that_is_no_edits_is_refused_with_its_place(shelftree: Shelftree, name: str) -> None:
    lock = '{"kind": "lock", "node_id": "nowhere"}'
    cases = {
        "": "there are no edits",
        "[": "line 1: this is not JSON",
        f"{lock}\n\nnonsense": "line 3: this is not JSON",
        "[1]": "edit 1: an object with kind and fields",
        '[{"kind": "paint"}]': "unknown kind 'paint'",
        '{"kind": "rename", "name": "x"}': "line 1 (rename): the field 'node_id' is missing",
        lock: "no node 'nowhere'",
    }
    for content, said in cases.items():
        Path("edits.json").write_text(content)

        outcome = shelftree("taxonomy", "edit", "edits.json", "--name", name)

        assert (outcome.code, said in outcome.err) == (2, True), outcome.err


def test_a_change_that_does_not_exist_is_said_so(shelftree: Shelftree, name: str) -> None:
    edits({"kind": "lock", "node_id": "x"})
    assert shelftree("taxonomy", "edit", "missing.json", "--name", name).code == 2
    for command in ("impact", "approve", "submit", "comments"):
        assert "no change set 'x'" in shelftree("taxonomy", command, "x").err
    assert shelftree("taxonomy", "comment", "x", " ").code == 2


def test_a_category_is_split_by_brand_by_file_and_by_what_is_alike(shelftree: Shelftree, name: str) -> None:
    split = ("taxonomy", "split", "--name", name, "--catalog", name, "--json", "--by")
    brand = done(shelftree(*split, "attribute:brand", "Garden > Tools", "--apply")).json
    Path("small.csv").write_text("product_id\nCups0\nCups1\n")
    chosen = done(shelftree(*split, "products:small.csv", "Kitchen > Cups")).json
    Path("two.csv").write_text("product_id,part\nCups0,Mugs\nCups1,Beakers\n")
    named = done(shelftree(*split, "products:two.csv", "Kitchen > Cups")).json
    alike = done(shelftree(*split, "cluster:2", "Kitchen > Cups", "--device", "cpu")).json

    assert brand["parts"] == {"Tools": 3, "Digwell Tools": 5, "Ferro Tools": 4}
    assert "Garden > Digwell Tools" in ids(shelftree, name)
    assert chosen["parts"] == {"Cups": 10, "small": 2}
    assert named["parts"] == {"Cups": 10, "Mugs": 1, "Beakers": 1}
    assert (chosen["state"], brand["state"]) == ("proposed", "applied")
    assert isinstance(alike["parts"], dict)
    assert sum(alike["parts"].values()) == 12
    one = done(shelftree(*split, "attribute:brand", "Kitchen > Cups", "--parts", "1")).json
    assert one["parts"] == {"Cups": 7, "Digwell Cups": 5}


def test_a_split_that_cannot_be_is_explained(shelftree: Shelftree, name: str) -> None:
    cases = {
        "attribute": "write it as",
        "colour:red": "write it as",
        "attribute:size": "there are brand, colour",
        "products:missing.csv": "missing.csv",
        "cluster:many": "cluster:4",
    }
    for by, said in cases.items():
        words = ("taxonomy", "split", "Kitchen > Cups", "--name", name, "--catalog", name, "--by", by)

        outcome = shelftree(*words)

        assert (outcome.code, said in outcome.err) == (2, True), outcome.err
    assert "no category 'Cellar'" in shelftree(*words[:2], "Cellar", *words[3:]).err


def test_a_pinned_query_is_routed_where_a_person_said_once_it_is_published(
    shelftree: Shelftree, name: str
) -> None:
    pinned = shelftree("taxonomy", "pin", "Tea Time", "--to", "Kitchen > Cups", "--name", name)
    done(pinned)
    done(shelftree("taxonomy", "publish", "--name", name))
    route = ("route", "tea time", "--taxonomy", name, "--device", "cpu")

    routed = done(shelftree(*route)).out
    listed = done(shelftree("taxonomy", "pins", "--name", name, "--json")).json
    done(shelftree("taxonomy", "unpin", "TEA time", "--name", name))
    none = shelftree("taxonomy", "unpin", "tea time", "--name", name)

    assert "Kitchen > Cups (100%): pinned by a person" in routed
    assert listed == {"pins": {"tea time": "Kitchen > Cups"}}
    assert (none.code, "not pinned" in none.err) == (2, True)
