"""History and releases through the command, and over HTTP from the same store."""

import csv
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from taxonomy.edits import Merge, Rename, Retire
from taxonomy.service import editing
from taxonomy.tree import Tree
from tests.command import Shelftree
from ui.api.app import create
from ui.wiring import App

NUMBERS = count()
TREE = "category_path\nGarden > Tools\nGarden > Seeds\nKitchen > Cups\n"


@pytest.fixture
def shelftree(shelftree: Shelftree) -> Shelftree:
    """The command in a folder with a table of categories."""
    Path("tree.csv").write_text(TREE)
    return shelftree


@pytest.fixture
def shop(shelftree: Shelftree) -> str:
    """A taxonomy of its own for each test: published at 1, renamed at 2, merged at 3 and published."""
    name = f"shop{next(NUMBERS)}"
    shelftree("taxonomy", "import", "tree.csv", "--name", name)
    with App.open() as app, app.uow() as uow:
        tree = uow.trees.head(name)
        editing.edit(uow, name, [Rename(at(tree, "Garden"), "Yard")], author="Ann", reason="fashion")
        edits = Merge((at(tree, "Garden", "Tools"),), at(tree, "Garden", "Seeds"))
        editing.edit(uow, name, [edits], author="Bob")
    shelftree("taxonomy", "publish", "--name", name)
    return name


def at(tree: Tree, *path: str) -> str:
    found = tree.find(path)
    assert found is not None
    return found


def head(name: str) -> Tree:
    with App.open() as app, app.uow() as uow:
        return uow.trees.head(name)


def release_ids(shelftree: Shelftree, name: str) -> list[int]:
    """Oldest first."""
    rows: Any = shelftree("taxonomy", "releases", "--name", name, "--json").json["releases"]
    return [row["release"] for row in reversed(rows)]


def test_versions_releases_and_files_are_compared(shelftree: Shelftree, shop: str) -> None:
    first, _ = release_ids(shelftree, shop)

    by_version = shelftree("taxonomy", "diff", f"{shop}@1", f"{shop}@2")
    by_release = shelftree("taxonomy", "diff", f"{shop}@release:{first}", shop, "--json")
    with_file = shelftree("taxonomy", "diff", f"{shop}@1", "tree.csv")
    files = shelftree("taxonomy", "diff", "tree.csv", f"{shop}@2")

    assert by_version.out.strip() == "'Garden' is now called 'Yard'"
    assert by_release.json["counts"] == {"retired": 1, "renamed": 1}
    assert (by_release.json["before_version"], by_release.json["after_version"]) == (1, 3)
    assert with_file.out.strip() == "Nothing differs."
    assert "now called 'Yard'" in files.out or "'Yard' is new" in files.out


def test_what_cannot_be_compared_is_named(shelftree: Shelftree, shop: str) -> None:
    for said, why in (
        (f"{shop}@9", "no version 9: there are 0 to 3"),
        (f"{shop}@release:99999", "no release '99999'"),
        (f"{shop}@", "is no version"),
        ("lost.csv", "neither a file nor"),
    ):
        refused = shelftree("taxonomy", "diff", shop, said)
        assert refused.code == 2
        assert why in refused.err


def test_history_tells_versions_and_one_node(shelftree: Shelftree, shop: str) -> None:
    garden = at(head(shop), "Yard")

    versions = shelftree("taxonomy", "history", "--name", shop)
    latest = shelftree("taxonomy", "history", "--name", shop, "--limit", 1, "--json").json["history"]
    node = shelftree("taxonomy", "history", "--name", shop, "--node", garden)

    assert [line.split()[0] for line in versions.out.splitlines()] == ["v3", "v2", "v1"]
    assert "Ann: fashion" in versions.out
    assert [row["version"] for row in latest] == [3]  # type: ignore[attr-defined]
    assert "Ann: 'Garden' is now called 'Yard' (fashion)" in node.out


def test_the_log_is_verified(shelftree: Shelftree, shop: str) -> None:
    done = shelftree("taxonomy", "verify", "--name", shop, "--json")

    assert (done.code, done.json) == (0, {"versions": 3, "compared": 3, "without_digest": 0})


def test_an_id_resolves_as_of_a_version_or_release(shelftree: Shelftree, shop: str) -> None:
    first, _ = release_ids(shelftree, shop)
    (tools,) = head(shop).redirects

    now = shelftree("taxonomy", "resolve", tools, "--name", shop, "--json").json
    then = shelftree(
        "taxonomy", "resolve", tools, "--name", shop, "--version", f"release:{first}", "--json"
    ).json
    unknown = shelftree("taxonomy", "resolve", "nobody", "--name", shop)

    assert (now["category_path"], now["lived"]) == ("Yard > Tools", False)
    assert (then["category_path"], then["lived"]) == ("Garden > Tools", True)
    assert [lead["category_path"] for lead in now["leads"]] == ["Yard > Seeds"]  # type: ignore[attr-defined]
    assert unknown.code == 2 and "never given out" in unknown.err


def test_redirects_are_written_from_old_to_new_path(shelftree: Shelftree, shop: str, tmp_path: Path) -> None:
    shelftree("taxonomy", "redirects", "--name", shop, "--out", "all.csv")
    done = shelftree("taxonomy", "redirects", "--name", shop, "--out", "since.csv", "--since", 2, "--json")

    with (tmp_path / "all.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["old_path"], row["new_path"]) for row in rows} == {
        ("Garden", "Yard"),
        ("Garden > Seeds", "Yard > Seeds"),
        ("Garden > Tools", "Yard > Seeds"),
        ("Yard > Tools", "Yard > Seeds"),
    }
    assert {row["share"] for row in rows} == {"1.0"}
    assert (done.json["written"], done.json["since"]) == (1, 2)


@pytest.mark.parametrize(("file", "told"), [("ways.csv", "'=Yard"), ("ways.jsonl", "=Yard")])
def test_a_path_that_a_spreadsheet_would_compute_is_made_harmless(
    shelftree: Shelftree, shop: str, tmp_path: Path, file: str, told: str
) -> None:
    with App.open() as app, app.uow() as uow:
        editing.edit(uow, shop, [Rename(at(uow.trees.head(shop), "Yard"), "=Yard")], author="Ann")

    shelftree("taxonomy", "redirects", "--name", shop, "--out", file, "--since", 3)

    written = (tmp_path / file).read_text()
    assert f"Yard,{told}," in written or f'"new_path":"{told}"' in written.replace(": ", ":")


def test_an_earlier_version_or_release_is_exported(shelftree: Shelftree, shop: str, tmp_path: Path) -> None:
    first, _ = release_ids(shelftree, shop)
    for option, value in (("--version", 2), ("--release", first)):
        shelftree("taxonomy", "export", "out.csv", "--name", shop, option, value)
        top = (tmp_path / "out.csv").read_text()
        assert ("Yard > Tools" in top, "Garden > Tools" in top) == (value == 2, value == first)
    both = shelftree("taxonomy", "export", "out.csv", "--name", shop, "--version", 2, "--release", first)

    assert both.code == 2 and "not both" in both.err


def test_rolling_back_publishes_what_was_before(shelftree: Shelftree, shop: str) -> None:
    first, second = release_ids(shelftree, shop)

    back = shelftree("taxonomy", "rollback", "--name", shop, "--json").json
    forth = shelftree("taxonomy", "rollback", "--name", shop, "--to", second, "--json").json
    listed = shelftree("taxonomy", "releases", "--name", shop)

    assert (back["tree_version"], back["restores"], back["rolls_back"]) == (1, first, second)
    assert (forth["tree_version"], forth["restores"], forth["rolls_back"]) == (3, second, back["release"])
    assert f"restores {first}, rolls back {second}" in listed.out
    assert [line.split()[1] for line in listed.out.splitlines()] == ["current", "past", "past", "past"]


def test_a_release_is_scheduled_and_unscheduled(shelftree: Shelftree, shop: str) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()

    made = shelftree("taxonomy", "publish", "--name", shop, "--at", later, "--json").json
    waiting = shelftree("taxonomy", "releases", "--name", shop, "--limit", 1)
    gone = shelftree("taxonomy", "unschedule", made["release"], "--json").json
    again = shelftree("taxonomy", "unschedule", made["release"])

    assert datetime.fromisoformat(str(made["takes_effect_at"])) == datetime.fromisoformat(later)
    assert waiting.out.split()[1] == "scheduled"
    assert gone["cancelled_at"]
    assert again.code == 2 and "cancelled already" in again.err


@pytest.mark.parametrize(("time", "why"), [("tomorrow", "is no time"), ("2020-01-01T08:00", "is past")])
def test_a_time_that_will_not_come_is_refused(shelftree: Shelftree, shop: str, time: str, why: str) -> None:
    refused = shelftree("taxonomy", "publish", "--name", shop, "--at", time)

    assert refused.code == 2 and why in refused.err


def test_http_tells_the_same(shelftree: Shelftree, shop: str) -> None:
    first, second = release_ids(shelftree, shop)
    tree = head(shop)
    (tools,) = tree.redirects
    with App.open() as app:
        client = TestClient(create(app))
        url = f"/v1/taxonomies/{shop}"
        listed = client.get(f"{url}/releases").json()["releases"]
        compared = client.get(f"{url}/releases/{first}/compare/{second}").json()
        resolved = client.get(f"{url}/resolve/{tools}", params={"version": 1}).json()
        moved = client.get(f"{url}/redirects", params={"since": f"release:{first}"}).json()
        refused = [
            client.get(f"{url}{path}").status_code
            for path in (
                "/resolve/nobody",
                "/releases/99999/compare/1",
                "/redirects?since=9",
                "/resolve/x?version=-1",
            )
        ]
        with app.uow() as uow:
            editing.edit(uow, shop, [Retire(at(tree, "Kitchen"))], author="Ann")
        gone = client.get(f"{url}/resolve/{at(tree, 'Kitchen')}").json()

    assert [(one["id"], one["state"], one["tree_version"]) for one in listed] == [
        (second, "current", 3),
        (first, "past", 1),
    ]
    assert compared["counts"] == {"retired": 1, "renamed": 1}
    retired = compared["changes"][0]
    assert (retired["kind"], retired["path"]) == ("retired", ["Garden", "Tools"])
    assert [(one["path"], one["share"]) for one in retired["leads"]] == [(["Yard", "Seeds"], 1.0)]
    assert compared["changes"][1]["before"] == "Garden"
    assert (resolved["path"], resolved["lived"], resolved["lives"]) == (["Garden", "Tools"], True, False)
    assert {tuple(one["old_path"]) for one in moved["redirects"]} > {("Garden", "Tools"), ("Garden",)}
    assert moved["since"] == 1
    assert refused == [404, 404, 422, 422]
    assert [(one["node_id"], one["path"]) for one in gone["leads"]] == [("root", [])]
