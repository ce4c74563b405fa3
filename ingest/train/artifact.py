"""The model folder: written whole or not at all, and checked before anything in it is believed.

::

    model.safetensors config.json tokenizer.json tokenizer_config.json    the encoder, as transformers has it
    head.safetensors     rows and biases          head.json         the node id of each row
    memory.safetensors   products remembered      memory.json       the nodes that they stand in
    wording.safetensors  what words say           wording.json      the nodes that they choose among
    tree.json            nodes, order, redirects  calibration.json  temperature, prices of an error
    foreign.safetensors stuffing.json             which texts go to review whatever the head says
    drift.json           what calibration products looked like
    sample_texts.json    set OpenVINO's int8 ranges, the same ones on every machine
    metrics.json README.md                        how good it is, on what, for what
    manifest.json        the SHA-256 of all these, and revision, tree version, data hash, format
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from ingest.classify.bind import Bound, Examples, bind
from ingest.classify.calibrate import Calibration
from ingest.classify.drift import Reference
from ingest.classify.guard import FILES as GUARD_FILES
from ingest.classify.guard import Guard
from ingest.classify.head import Head
from ingest.classify.memory import Memory
from ingest.classify.wording import FILES as WORDING_FILES
from ingest.classify.wording import Wording
from ingest.encode.folder import file_digest
from ingest.train.sound import refuse_strangers, refuse_unsound
from taxonomy.errors import InputError, ModelError
from taxonomy.node import ROOT_ID, Node, NodeId
from taxonomy.ports import Encoder
from taxonomy.redirects import Redirect
from taxonomy.tree import Tree
from taxonomy.values import from_json, to_json

__all__ = ["FORMAT", "MANIFEST", "Artifact"]

MANIFEST = "manifest.json"
_DRIFT = "drift.json"
FORMAT = 4
"""Of a model folder: raised when its files change."""

_NEEDED = (
    "model.safetensors", "config.json", "tokenizer.json", "head.safetensors", "head.json",
    "memory.safetensors", "memory.json", "tree.json", "calibration.json", "sample_texts.json", "metrics.json",
    "README.md",
)  # fmt: skip


@dataclass(frozen=True)
class Artifact:
    """What a model folder says, apart from the encoder, which `open_encoder` reads from the same folder.

    Attributes
    ----------
    head : Head
        Rows keyed by node id.
    tree : Tree
        As it was in training.
    calibration : Calibration
        How probabilities and the price of an error were put right.
    sample_texts : tuple of str
        Product texts for int8 calibration.
    metrics : dict of str to float
        What training measured.
    data_hash : str
        Of the rows it was trained on.
    memory : Memory
        Labelled products to look for the nearest among.
    wording : Wording or None
        What words and letters say, where that was learnt.
    guard : Guard or None
        Keeps texts from the head that it can know nothing of.
    reference : Reference or None
        What new products are compared with.
    revision : str
        Of everything that predictions depend on; empty until saved.
    """

    head: Head
    tree: Tree
    calibration: Calibration
    sample_texts: tuple[str, ...]
    metrics: dict[str, float]
    data_hash: str
    memory: Memory = field(default_factory=lambda: Memory.empty(0))
    wording: Wording | None = None
    guard: Guard | None = None
    reference: Reference | None = None
    revision: str = ""

    def on(self, tree: Tree, encoder: Encoder, *, examples: Examples | None = None) -> Bound:
        """Head, words and memory on a tree; errors as for `bind`."""
        return bind(self.head, tree, encoder, memory=self.memory, wording=self.wording, examples=examples)

    def save(self, folder: Path, *, card: str) -> "Artifact":
        """Complete a folder that holds the encoder already; gives the artefact with its revision.

        Parameters
        ----------
        folder : Path
            Holds `model.safetensors`, `config.json` and the tokenizer.
        card : str
            The model card, Markdown.
        """
        save_file({"rows": self.head.rows, "bias": self.head.bias}, folder / "head.safetensors")
        _write(folder / "head.json", list(self.head.ids))
        owners = self.memory.owners.astype(np.int32)
        save_file({"vectors": self.memory.vectors, "owners": owners}, folder / "memory.safetensors")
        _write(folder / "memory.json", list(self.memory.ids))
        if self.wording:
            self.wording.save(folder)
        if self.guard:
            self.guard.save(folder)
        if self.reference:
            _write(folder / _DRIFT, self.reference.to_json())
        _write(folder / "tree.json", _tree_body(self.tree))
        _write(folder / "calibration.json", asdict(self.calibration))
        _write(folder / "sample_texts.json", list(self.sample_texts))
        _write(folder / "metrics.json", self.metrics)
        (folder / "README.md").write_text(card, encoding="utf-8")
        files = {path.name: file_digest(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
        revision = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
        manifest = {
            "format": FORMAT, "revision": revision, "tree_version": self.tree.version,
            "tree_digest": self.tree.digest(), "data_hash": self.data_hash, "files": files,
        }  # fmt: skip
        _write(folder / MANIFEST, manifest)
        return replace(self, revision=revision)

    @classmethod
    def load(cls, folder: Path) -> "Artifact":
        """What a folder holds, after every file was found to be what was written.

        Raises
        ------
        ModelError
            The folder is missing, not a model of ours, of another format, incomplete, or changed.
        """
        manifest = _verified_manifest(folder)
        try:
            tensors = load_file(folder / "head.safetensors")
            ids = tuple(NodeId(at) for at in _read(folder / "head.json"))
            head = Head(ids, tensors["rows"].astype(np.float32), tensors["bias"].astype(np.float32))
            files = set(manifest["files"])
            memory = _memory(folder)
            wording = Wording.load(folder) if {*WORDING_FILES} <= files else None
            tree = _tree(_read(folder / "tree.json"), version=int(manifest["tree_version"]))
            calibration = _calibration(_read(folder / "calibration.json"))
            texts = tuple(_read(folder / "sample_texts.json"))
            dim = _read(folder / "config.json").get("hidden_size", head.rows.shape[-1])
            refuse_unsound(head, memory, wording, tree, calibration, texts, dim=dim)
            return cls(
                head,
                tree,
                calibration,
                texts,
                _read(folder / "metrics.json"),
                manifest["data_hash"],
                memory,
                wording,
                Guard.load(folder, tree) if {*GUARD_FILES} <= files else None,
                Reference.from_json(_read(folder / _DRIFT)) if _DRIFT in files else None,
                manifest["revision"],
            )
        except (
            InputError, OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError
        ) as error:  # fmt: skip
            raise ModelError(f"{folder}: this model folder is damaged ({error}); train it again") from error


def _verified_manifest(folder: Path) -> dict[str, Any]:
    if not (folder / MANIFEST).is_file():
        raise ModelError(f"{folder}: no model here (it has no {MANIFEST}); name a folder that `train` wrote")
    try:
        manifest: dict[str, Any] = _read(folder / MANIFEST)
        files: dict[str, str] = dict(manifest["files"])
        format_version = manifest["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder / MANIFEST}: damaged; train the model again") from error
    if format_version != FORMAT:
        raise ModelError(f"{folder}: format {format_version}, this version reads {FORMAT}; train it again")
    for name in dict.fromkeys([*_NEEDED, *files]):
        _verify(folder, name, files.get(name))
    refuse_strangers(folder, {MANIFEST, *files})
    return manifest


def _verify(folder: Path, name: str, digest: str | None) -> None:
    path = folder / name
    if digest is None or Path(name).name != name or path.is_symlink() or not path.is_file():
        raise ModelError(f"{path}: missing, or not a plain file in the model's folder; train it again")
    if file_digest(path) != digest:
        raise ModelError(f"{path}: changed or cut short since training wrote it; train the model again")


def _tree_body(tree: Tree) -> dict[str, Any]:
    nodes = [to_json(tree.node(at)) for at in tree.descendants()]
    return {"nodes": nodes, "redirects": {old: asdict(way) for old, way in tree.redirects.items()}}


def _tree(body: dict[str, Any], *, version: int) -> Tree:
    nodes: dict[NodeId, Node] = {}
    children: dict[NodeId, list[NodeId]] = {ROOT_ID: []}
    for entry in body["nodes"]:
        node = from_json(Node, entry)
        nodes[node.id] = node
        children.setdefault(node.parent_id, []).append(node.id)
    redirects = {
        NodeId(old): Redirect(tuple(way["targets"]), tuple(way["shares"]))
        for old, way in body["redirects"].items()
    }
    return Tree(nodes, {parent: tuple(ids) for parent, ids in children.items() if ids}, redirects, version)


def _memory(folder: Path) -> Memory:
    tensors, ids = load_file(folder / "memory.safetensors"), _read(folder / "memory.json")
    owners, vectors = tensors["owners"].astype(np.int64), tensors["vectors"]
    if len(owners) != len(vectors) or (len(owners) and not 0 <= owners.min() <= owners.max() < len(ids)):
        raise ValueError("what it remembers stands in no node")
    return Memory(tuple(NodeId(at) for at in ids), owners, vectors)


def _calibration(body: dict[str, Any]) -> Calibration:
    a, b, c = map(float, body["sureness"])
    return Calibration(
        float(body["temperature"]),
        float(body["wording_share"]),
        float(body["sharpness"]),
        float(body["memory_share"]),
        float(body["settles"]),
        (a, b, c),
        tuple(map(float, body["prices"])),
        tuple(map(int, body["given"])),
        tuple(map(int, body["wrong"])),
    )


def _write(path: Path, body: object) -> None:
    path.write_text(json.dumps(body, ensure_ascii=False, indent=1), encoding="utf-8")


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError(f"{path.name} is nested without end") from error
