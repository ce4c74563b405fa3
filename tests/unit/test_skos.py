"""SKOS: what it holds of our trees, and what becomes of other people's thesauri."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from rdflib import OWL, RDF, SKOS, Graph, Literal, URIRef
from rdflib.namespace import DCTERMS

from taxonomy.changes import apply
from taxonomy.edits import Create, Retire
from taxonomy.errors import FileError
from taxonomy.formats import read_contents, skos, write_tree
from taxonomy.formats.planning import plan
from taxonomy.invariants import MAX_DEPTH, MAX_NOTE_LENGTH
from taxonomy.node import Label, LabelKind, Match, MatchKind, Node, NodeId, RelationKind
from taxonomy.product import Source
from taxonomy.tree import Tree
from tests.unit.rich_tree import B, D, read_into, rich_tree

HEAD = (
    "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
    "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n@prefix own: <urn:shelftree:terms#> .\n"
    "@prefix : <http://shop.example/> .\n:all a skos:ConceptScheme .\n"
)


def written(folder: Path, body: str, name: str = "t.ttl") -> Path:
    (folder / name).write_text(HEAD + body)
    return folder / name


def concept(name: str, more: str = "", *, label: str | None = None) -> str:
    said = f'; skos:prefLabel "{label or name.title()}"@en' if label != "" else ""
    return f":{name} a skos:Concept ; skos:inScheme :all {said} {'; ' + more if more else ''} .\n"


def test_the_file_is_plain_skos_to_others(tmp_path: Path) -> None:
    write_tree(rich_tree(), tmp_path / "t.ttl", format="skos")

    graph = Graph().parse(tmp_path / "t.ttl")

    tools = URIRef(f"urn:shelftree:node:{B}")
    assert (tools, RDF.type, SKOS.Concept) in graph
    assert (tools, SKOS.prefLabel, Literal("工具", lang="zh-CN")) in graph
    assert (tools, SKOS.hiddenLabel, Literal("tolls", lang="en")) in graph
    assert (URIRef(f"urn:shelftree:node:{D}"), SKOS.broader, tools) in graph
    assert len(list(graph.subjects(OWL.deprecated, Literal(True)))) == 3
    assert len(list(graph.triples((None, DCTERMS.isReplacedBy, None)))) == 5


def test_words_and_links_of_a_thesaurus_come_along(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        concept("garden", 'skos:prefLabel "Garten"@de ; skos:altLabel "yard"@en ; skos:hiddenLabel "gardn"')
        + concept("spades", 'skos:broader :garden ; skos:scopeNote "To dig"@en ; skos:related :garden')
        + concept(
            "seeds", "skos:exactMatch <http://other.example/id/7> ; skos:closeMatch <http://x.example/#y>"
        )
        + ":garden skos:narrower :seeds .",
    )

    tree = read_into(path)

    garden, seeds, spades = (tree.nodes[at] for at in tree.descendants())
    assert [tree.label(at) for at in tree.descendants()] == ["Garden", "Garden > Seeds", "Garden > Spades"]
    assert (garden.external_id, garden.language) == ("http://shop.example/garden", "en")
    assert set(garden.labels) == {
        Label("yard", LabelKind.ALTERNATIVE, "en"),
        Label("gardn", LabelKind.HIDDEN),
        Label("Garten", LabelKind.PREFERRED, "de"),
    }
    assert spades.scope_note == "To dig"
    assert [(one.kind, one.node_id) for one in spades.relations] == [(RelationKind.RELATED, garden.id)]
    assert seeds.crosswalk == (
        Match("http://other.example/id/", "7"),
        Match("http://x.example/#", "y", MatchKind.CLOSE),
    )


def test_a_foreign_thesaurus_is_the_same_tree_after_it_went_through_us(tmp_path: Path) -> None:
    path = written(tmp_path, concept("a", "skos:related :b") + concept("b", "skos:broader :a"))
    tree = read_into(path)

    write_tree(tree, tmp_path / "ours.ttl", format="skos")

    assert read_into(tmp_path / "ours.ttl").digest() == tree.digest()
    assert plan(read_contents(path), tree).edits == ()


def test_the_language_asked_for_gives_the_names(tmp_path: Path) -> None:
    path = written(tmp_path, concept("garden", 'skos:prefLabel "Garten"@de') + concept("seeds"))

    german = skos.read(path, language="de")

    assert [entry.path for entry in german.entries] == [("Garten",), ("Seeds",)]
    assert [entry.path for entry in skos.read(path).entries] == [("Garden",), ("Seeds",)]


@pytest.mark.parametrize(
    ("body", "says", "paths"),
    [
        (
            concept("a") + concept("b") + concept("c", "skos:broader :a, :b"),
            "c>: it stands under <http://shop.example/a> and not also under <http://shop.example/b>",
            ["A", "A > C", "B"],
        ),
        (
            concept("a", "skos:broader :ghost"),
            "its broader concept <http://shop.example/ghost> is not",
            ["A"],
        ),
        (concept("a", label=""), "<http://shop.example/a>: it has no prefLabel; it is called 'a'", ["a"]),
        (
            concept("a", 'skos:altLabel "Other"', label=""),
            "it has no prefLabel; it is called 'Other'",
            ["Other"],
        ),
        (concept("a", 'skos:prefLabel "Also"@en'), "it has two names in 'en'; 'Also' became", ["A"]),
        (
            '<tea> a skos:Concept ; skos:prefLabel "Tea" ; skos:inScheme :all .',
            "<tea>: its IRI is relative",
            ["Tea"],
        ),
        (':a a skos:Concept ; skos:prefLabel "A" .', "<http://shop.example/a>: it is in no scheme", ["A"]),
        (concept("a", "skos:related :ghost"), "it is related to <http://shop.example/ghost>", ["A"]),
        (concept("a", "skos:exactMatch <http://x/1>, <http://x/2>"), "'1' is kept, not '2'", ["A"]),
        (concept("a", f'skos:altLabel "{"x" * 300}"'), "a label was left out", ["A"]),
        (concept("a", f'skos:scopeNote "{"x" * 5000}"'), f"cut to {MAX_NOTE_LENGTH} of 5,000", ["A"]),
        (concept("a") + '[] a skos:Concept ; skos:prefLabel "B" .', "1 concepts have no IRI", ["A"]),
    ],
)
def test_what_is_odd_is_mended_and_named(tmp_path: Path, body: str, says: str, paths: list[str]) -> None:
    path = written(tmp_path, body)

    found = skos.read(path)

    assert len(found.findings) == 1
    assert says in found.findings[0]
    tree = read_into(path)
    assert [tree.label(at) for at in tree.descendants()] == paths


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (
            concept("a", "skos:broader :b") + concept("b", "skos:broader :a"),
            "goes round in a ring, <http://shop",
        ),
        (
            concept("a", "skos:broader :a"),
            "ring, <http://shop.example/a> and back to <http://shop.example/a>",
        ),
        (
            concept("c0") + "".join(concept(f"c{n}", f"skos:broader :c{n - 1}") for n in range(1, 500)),
            f"<http://shop.example/c50> stands more than {MAX_DEPTH} levels deep below 'C0'",
        ),
        (concept("a", label="Tea > Green"), "<http://shop.example/a>: 'Tea > Green' cannot be"),
        (concept("a", label="x" * 300), "300 characters"),
        ("", "holds no concept"),
        (concept("a", "owl:deprecated true"), "holds no concept"),
        (":a a skos:Concept ; skos:prefLabel .", r"line 6: it is no Turtle"),
        (
            '<urn:shelftree:node:a> a skos:Concept; skos:prefLabel "A" ; own:attributes "{" .',
            "<urn:shelftree:node:a>:",
        ),
        (
            concept("b") + "<urn:shelftree:node:a> a skos:Concept; owl:deprecated true .",
            "<urn:shelftree:node:a> is retired and should be replaced by one",
        ),
    ],
)
def test_what_cannot_be_a_tree_is_refused_by_its_place(tmp_path: Path, body: str, says: str) -> None:
    with pytest.raises(FileError, match=says):
        skos.read(written(tmp_path, body))


def test_rdf_that_declares_entities_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.rdf").write_text('<?xml version="1.0"?>\n<!DOCTYPE r [<!ENTITY a "b">]>\n<r/>')

    with pytest.raises(FileError, match="declares entities"):
        read_contents(tmp_path / "t.rdf")


def test_the_xml_form_is_read_too(tmp_path: Path) -> None:
    write_tree(rich_tree(), tmp_path / "t.ttl", format="skos")
    graph = Graph().parse(tmp_path / "t.ttl")
    (tmp_path / "t.rdf").write_text(graph.serialize(format="xml"))

    assert {entry.path for entry in read_contents(tmp_path / "t.rdf").entries} == {
        rich_tree().path(at) for at in rich_tree().descendants()
    }


def test_a_chain_of_retired_ids_comes_along_in_any_order(tmp_path: Path) -> None:
    ids = [NodeId(f"n{at}") for at in range(6)]
    edits = [
        *(Create(Node(at, at)) for at in ids),
        *(Retire(a, b) for a, b in pairwise(ids)),
    ]
    tree = apply(Tree(), edits, Source.IMPORT).tree

    write_tree(tree, tmp_path / "t.ttl", format="skos")

    assert read_into(tmp_path / "t.ttl").digest() == tree.digest()


def test_what_rdflib_thinks_of_a_file_is_not_printed(tmp_path: Path) -> None:
    path = written(tmp_path, concept("a", 'own:since "no date"^^<http://www.w3.org/2001/XMLSchema#date>'))
    code = f"from pathlib import Path; from taxonomy.formats import skos; skos.read(Path({str(path)!r}))"

    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)

    assert (done.stdout, done.stderr) == ("", "")
