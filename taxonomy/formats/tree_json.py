"""A tree, what stands in it and why, as one JSON file: `build --tree` writes it, `route --tree` reads it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast

import numpy as np

from taxonomy.errors import FileError, InputError
from taxonomy.invariants import check
from taxonomy.node import ROOT_ID, Node, NodeId
from taxonomy.ports import Floats
from taxonomy.product import ProductId
from taxonomy.redirects import Redirect
from taxonomy.tree import Draft, Tree
from taxonomy.values import from_json, to_json

__all__ = ["Evidence", "Fit", "Membership", "Nowhere", "Phrase", "TreeFile", "read", "write", "write_tree"]

FORMAT = "shelftree-tree"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that a node's titles share, and how well they name it, from 0 up."""

    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a node has its name: the phrases, other names that were close, and typical products."""

    phrases: tuple[Phrase, ...] = ()
    alternatives: tuple[str, ...] = ()
    examples: tuple[ProductId, ...] = ()


@dataclass(frozen=True, slots=True)
class Membership:
    """Where a product stands (None: nowhere, it is noise) and how typical of the node it is, 0..1."""

    node_id: NodeId | None
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Fit:
    """What fits a node: cosines to its centroid from which a product does, and of its most typical one."""

    reach: float
    best: float


@dataclass(frozen=True, slots=True)
class Nowhere:
    """How many of so many products fit no leaf, each judged as if it were new."""

    n_lost: int
    n_products: int

    @property
    def share(self) -> float:
        """Part of the products; 0 for none."""
        return self.n_lost / self.n_products if self.n_products else 0.0


@dataclass(frozen=True)
class TreeFile:
    """What the file holds.

    Attributes
    ----------
    tree : Tree
    members : mapping of ProductId to Membership
        Every product that the tree was made from, in the order of the catalogue.
    centroids : mapping of NodeId to (dim,) float32
        Unit vectors, of the encoder `model_revision`.
    evidence : mapping of NodeId to Evidence
    model_revision : str
        Which encoder the centroids are of; empty where that was not said.
    fits : mapping of NodeId to Fit
        Of nodes that a build made or filled; with `nowhere`, enough to place new products.
    nowhere : Nowhere or None
        How many of the products that the tree was made from fit no leaf.
    """

    tree: Tree = field(default_factory=Tree)
    members: Mapping[ProductId, Membership] = field(default_factory=dict)
    centroids: Mapping[NodeId, Floats] = field(default_factory=dict)
    evidence: Mapping[NodeId, Evidence] = field(default_factory=dict)
    model_revision: str = ""
    fits: Mapping[NodeId, Fit] = field(default_factory=dict)
    nowhere: Nowhere | None = None

    @property
    def places(self) -> dict[ProductId, NodeId | None]:
        """Where each product stands; None: nowhere."""
        return {product_id: one.node_id for product_id, one in self.members.items()}


def write(path: Path, content: TreeFile) -> None:
    """Write the file, whole or not at all; reading it gives back exactly the same.

    Raises
    ------
    FileError
        The file cannot be written.
    """
    tree = content.tree
    body = {
        "format": FORMAT,
        "format_version": VERSION,
        "tree_version": tree.version,
        "model_revision": content.model_revision,
        "nodes": [_node_to_json(content, node_id) for node_id in tree.descendants()],
        "members": [[product, m.node_id, m.share] for product, m in content.members.items()],
    }
    body |= {"nowhere": [content.nowhere.n_lost, content.nowhere.n_products]} if content.nowhere else {}
    body |= {"redirects": to_json(tree.redirects)} if tree.redirects else {}
    body |= {"pins": dict(tree.pins)} if tree.pins else {}
    beside = path.with_name(f"{path.name}.part")
    try:
        beside.write_text(json.dumps(body, ensure_ascii=False, indent=1), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise FileError(path, f"it cannot be written: {error.strerror}") from error


def write_tree(tree: Tree, path: Path) -> int:
    """Write a tree with nothing beside it; how many categories it has."""
    write(path, TreeFile(tree))
    return len(tree)


def read(path: Path) -> TreeFile:
    """The content of a file that `write` made.

    Raises
    ------
    FileError
        There is no such file, it is no JSON, or a part is missing or of the wrong kind; the message
        says which.
    """
    body = _load(path)
    where = "the top"
    try:
        draft = Draft(Tree())
        evidence, centroids, fits = dict[NodeId, Evidence](), dict[NodeId, Floats](), dict[NodeId, Fit]()
        for at, values in enumerate(cast(list[dict[str, object]], body["nodes"]), start=1):
            where = f"node {at}"
            node = _node(values)
            if node.id == ROOT_ID or node.id in draft:  # the root below itself would never come to an end
                raise ValueError(f"the id {node.id!r} of {node.name!r} is taken")
            draft.add(node)
            evidence[node.id] = _evidence(cast(dict[str, list[object]], values.get("evidence", {})))
            if values.get("centroid"):
                centroids[node.id] = np.array(values["centroid"], np.float32)
            if values.get("fit"):
                reach, best = cast(list[float], values["fit"])
                fits[node.id] = Fit(float(reach), float(best))
        members = dict[ProductId, Membership]()
        for at, row in enumerate(cast(list[list[object]], body["members"]), start=1):
            where = f"member {at}"
            product, node_id, share = row
            if node_id is not None and node_id not in draft:
                raise ValueError(f"there is no node {node_id!r}")
            known = None if node_id is None else NodeId(str(node_id))
            members[ProductId(str(product))] = Membership(known, float(cast(float, share)))
        where = "a redirect"
        for retired, way in cast(dict[str, object], body.get("redirects", {})).items():
            draft.redirect(NodeId(retired), from_json(Redirect, way, where=retired))
        where = "a pinned query"
        for query, pinned in cast(dict[str, str], body.get("pins", {})).items():
            draft.pin(query, NodeId(pinned))
        where = "the top"
        lost = cast(list[int] | None, body.get("nowhere"))
        nowhere = Nowhere(int(lost[0]), int(lost[1])) if lost else None
        tree = draft.tree(version=int(cast(int, body["tree_version"])))
        _require_sound(path, tree)
        return TreeFile(tree, members, centroids, evidence, str(body["model_revision"]), fits, nowhere)
    except KeyError as error:
        raise FileError(path, f"{where} has no {error}: write the file again with `build --tree`") from error
    except (InputError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise FileError(
            path, f"{where} is broken ({error}): write the file again with `build --tree`"
        ) from error


def _load(path: Path) -> dict[str, object]:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileError(path, f"it cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FileError(path, "it is not UTF-8 text, so it is no tree file") from error
    except RecursionError:
        raise FileError(path, "it is JSON of thousands of brackets and no tree file") from None
    except json.JSONDecodeError as error:
        raise FileError(path, f"it is no valid JSON: {error.msg}", line=error.lineno) from error
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise FileError(path, f'it is JSON but no tree file: "format" should be "{FORMAT}"')
    if body.get("format_version") != VERSION:
        raise FileError(path, f"its format is version {body.get('format_version')}, {VERSION} is expected")
    return body


def _node_to_json(content: TreeFile, node_id: NodeId) -> dict[str, object]:
    node = content.tree.nodes[node_id]
    fit = content.fits.get(node_id)
    optional = {
        "evidence": asdict(content.evidence[node_id]) if node_id in content.evidence else {},
        # str of a float32 has the fewest digits that give the same float32 back
        "centroid": [float(str(value)) for value in content.centroids.get(node_id, ())],
        "fit": [fit.reach, fit.best] if fit else [],
    }
    parent_id = None if node.parent_id == ROOT_ID else node.parent_id
    return {**to_json(node), "parent_id": parent_id, **{k: v for k, v in optional.items() if v}}


def _node(values: dict[str, object]) -> Node:
    said = {k: v for k, v in values.items() if v is not None and k not in ("evidence", "centroid", "fit")}
    return from_json(Node, said)


def _evidence(values: dict[str, list[object]]) -> Evidence:
    phrases = cast(list[dict[str, object]], values.get("phrases", []))
    return Evidence(
        tuple(Phrase(str(phrase["text"]), float(cast(float, phrase["score"]))) for phrase in phrases),
        tuple(cast(list[str], values.get("alternatives", []))),
        tuple(cast(list[ProductId], values.get("examples", []))),
    )


def _require_sound(path: Path, tree: Tree) -> None:
    faults: Iterator[str] = iter(check(tree, unique_siblings=False))
    if fault := next(faults, None):
        raise FileError(path, f"the tree in it is not sound: {fault}")
