"""Frozen dataclasses as JSON and back."""

import json
from dataclasses import dataclass, field

import pytest

from taxonomy.errors import InputError
from taxonomy.node import Attribute, AttributeKind, Label, Node, NodeId
from taxonomy.values import from_json, to_json


@dataclass(frozen=True)
class Kept:
    """One field of every sort."""

    name: str
    count: int = 0
    share: float = 1.0
    on: bool = False
    kind: AttributeKind = AttributeKind.TEXT
    labels: tuple[Label, ...] = ()
    maybe: str | None = None
    words: tuple[str, ...] = field(default_factory=tuple)


FULL = Kept(
    "a", 3, 0.25, True, AttributeKind.CHOICE, (Label("x"), Label("y", language="de")), "z", ("v", "w")
)


@pytest.mark.parametrize("value", [Kept("a"), FULL], ids=["defaults", "everything"])
def test_a_value_survives_json(value: Kept) -> None:
    assert from_json(Kept, json.loads(json.dumps(to_json(value)))) == value


def test_fields_at_their_default_are_left_out() -> None:
    assert to_json(Kept("a")) == {"name": "a"}


def test_sequences_and_mappings_of_values_are_written_through() -> None:
    assert to_json({1: [Label("x")], "b": (Attribute("y"),)}) == {"1": [{"text": "x"}], "b": [{"name": "y"}]}


def test_a_whole_number_may_stand_for_a_share() -> None:
    found = from_json(Kept, {"name": "a", "share": 1})

    assert (found.share, type(found.share)) == (1.0, float)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "the field 'name' is missing"),
        ({"name": "a", "colour": 1}, "unknown field 'colour'"),
        ({"name": 1}, r"Kept\.name: a text is expected, not 1"),
        ({"name": "a", "count": True}, "a whole number is expected, not True"),
        ({"name": "a", "count": 1.5}, "a whole number is expected"),
        ({"name": "a", "share": "1"}, "a number is expected"),
        ({"name": "a", "on": 1}, "true or false is expected"),
        ({"name": "a", "kind": "colour"}, "'colour' is not one of text, number, choice, flag"),
        ({"name": "a", "labels": "x"}, "a list is expected"),
        ({"name": "a", "labels": [{"text": "x"}, {"text": 2}]}, r"labels\[1\]\.text: a text is expected"),
        ({"name": "a", "maybe": 3}, "a text is expected"),
        ([], "an object with name, count"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_place(values: object, says: str) -> None:
    with pytest.raises(InputError, match=says):
        from_json(Kept, values)


def test_the_place_of_a_fault_begins_with_what_the_caller_calls_it() -> None:
    with pytest.raises(InputError, match=r"^edit 3\.id: "):
        from_json(Node, {"id": 1, "name": "a"}, where="edit 3")


def test_a_node_of_ids_alone_is_a_node() -> None:
    assert from_json(Node, {"id": "a", "name": "Tools"}) == Node(NodeId("a"), "Tools")
