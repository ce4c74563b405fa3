"""A model folder that was tampered with and sealed anew is refused, and nothing in it is ever run."""

import hashlib
import json
import os
import pickle
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from ingest.classify.calibrate import Calibration
from ingest.classify.head import Head
from ingest.classify.predict import Classifier
from ingest.encode.folder import file_digest, locate
from ingest.train.artifact import Artifact
from taxonomy.errors import ModelError
from taxonomy.tree import Tree
from tests.tiny_bert import write_tiny_bert

TREE = Tree.from_paths([("Home", "Mugs"), ("Home", "Rugs"), ("Toys", "Dolls")])
Tamper = Callable[[Path], object]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_tiny_bert(tmp_path_factory.mktemp("whole") / "model", ["mug", "rug"])
    rows = np.random.default_rng(0).normal(size=(3, 32)).astype("f4")
    head = Head(tuple(TREE.leaves()), rows, np.zeros(3, "f4"))
    curve = Calibration(prices=(1.0, 2.0), given=(8, 6), wrong=(2, 1))
    Artifact(head, TREE, curve, ("red mug",), {"epochs": 1.0}, "data").save(folder, card="A model.")
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "model")


def seal(folder: Path) -> None:
    """Make the manifest say what the folder holds now, as whoever tampers with it would."""
    manifest = json.loads((folder / "manifest.json").read_text())
    files = {path.name: file_digest(path) for path in folder.iterdir() if path.name != "manifest.json"}
    revision = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest | {"files": files, "revision": revision}))


def refused(folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        Classifier.load(folder, device="cpu", backend="torch")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def edit(name: str, change: Callable[[Any], object]) -> Tamper:
    def tamper(folder: Path) -> None:
        body = json.loads((folder / name).read_text())
        change(body)
        (folder / name).write_text(json.dumps(body))

    return tamper


def config(**changes: object) -> Tamper:
    return edit("config.json", lambda body: body.update(changes))


def curve(**changes: object) -> Tamper:
    return edit("calibration.json", lambda body: body.update(changes))


def head(change: Callable[[dict[str, np.ndarray]], object]) -> Tamper:
    def tamper(folder: Path) -> None:
        tensors = dict(load_file(folder / "head.safetensors"))
        change(tensors)
        save_file(
            {name: np.ascontiguousarray(held) for name, held in tensors.items()}, folder / "head.safetensors"
        )

    return tamper


def written(name: str, body: str) -> Tamper:
    return lambda folder: (folder / name).write_text(body)


def cycle(body: dict[str, Any]) -> None:
    first, second = body["nodes"][:2]
    first["parent_id"], second["parent_id"] = second["id"], first["id"]


def huge(folder: Path) -> None:
    entry = {"dtype": "F32", "shape": [2**40, 2**20], "data_offsets": [0, 2**62]}
    header = json.dumps({"rows": entry}).encode()
    (folder / "head.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)


def no_number(folder: Path) -> None:
    tensors = dict(load_file(folder / "model.safetensors"))
    tensors[next(iter(tensors))] *= np.float32("nan")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def cut(folder: Path) -> None:
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])


TAMPERED: dict[str, tuple[Tamper, str]] = {
    "code for the network": (config(auto_map={"AutoModel": "evil.Evil"}), "code of its own"),
    "code for the tokenizer": (
        edit("tokenizer_config.json", lambda body: body.update(auto_map={"AutoTokenizer": ["evil.E", None]})),
        "code of its own",
    ),
    "a script": (written("evil.py", "raise SystemExit"), "evil.py"),
    "weights listed elsewhere": (
        written("model.safetensors.index.json", '{"weight_map": {"a": "../../outside.safetensors"}}'),
        "index.json",
    ),
    "weights named elsewhere": (config(transformers_weights="../outside.safetensors"), "cannot be loaded"),
    "endless layers": (config(num_hidden_layers=10**9), "num_hidden_layers"),
    "endless width": (config(hidden_size=2**40), "damaged"),
    "a width that is no number": (config(hidden_size="wide"), "damaged"),
    "a configuration that is a list": (written("config.json", "[]"), "damaged"),
    "a tokenizer of nothing": (written("tokenizer.json", "{}"), "cannot be loaded"),
    "a head of exabytes": (huge, "damaged"),
    "weights cut short": (cut, "cannot be loaded"),
    "weights that are no numbers": (no_number, "no number"),
    "rows that are no numbers": (head(lambda held: held["rows"].__setitem__((0, 0), np.nan)), "no number"),
    "endless biases": (head(lambda held: held["bias"].__setitem__(0, np.inf)), "no number"),
    "rows too short": (head(lambda held: held.update(rows=held["rows"][:, :5])), "shape"),
    "rows in a line": (head(lambda held: held.update(rows=held["rows"][:, 0])), "shape"),
    "no rows": (head(lambda held: held.pop("rows")), "rows"),
    "one node twice": (edit("head.json", lambda ids: ids.__setitem__(0, ids[1])), "one node"),
    "nodes of another tree": (edit("head.json", lambda ids: ids.__setitem__(0, "other")), "another tree"),
    "ids that are none": (edit("head.json", lambda ids: ids.__setitem__(0, {"a": 1})), "damaged"),
    "a cycle": (edit("tree.json", cycle), "hang together"),
    "a node twice": (
        edit("tree.json", lambda body: body["nodes"].append(dict(body["nodes"][-1]))), "hang together"
    ),
    "an orphan": (
        edit("tree.json", lambda body: body["nodes"][-1].update(parent_id="none")), "hang together"
    ),
    "a redirect to nowhere": (
        edit("tree.json", lambda body: body["redirects"].update(a={"targets": ["b"], "shares": [1.0]})),
        "leads nowhere",
    ),
    "redirects in a list": (edit("tree.json", lambda body: body.update(redirects=[1])), "damaged"),
    "a tree without end": (written("tree.json", "[" * 200_000), "without end"),
    "falling prices": (curve(prices=[2.0, 1.0]), "do not rise"),
    "a price that is no number": (curve(prices=[float("nan"), 2.0]), "no number"),
    "columns of different length": (curve(given=[8]), "different length"),
    "more errors than products": (curve(wrong=[9, 1]), "more errors"),
    "no temperature": (curve(temperature=0), "temperature"),
    "an endless temperature": (curve(temperature=float("inf")), "no number"),
    "texts that are none": (written("sample_texts.json", "[1, null]"), "no text"),
    "texts without end": (written("sample_texts.json", json.dumps(["x" * (65 * 2**20)])), "too many"),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERED)
def test_a_folder_that_was_tampered_with_and_sealed_anew_is_refused(folder: Path, name: str) -> None:
    tamper, reason = TAMPERED[name]
    tamper(folder)
    seal(folder)
    assert reason in refused(folder)


class Pickled:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.mark),)


def test_a_pickle_is_neither_accepted_nor_opened(folder: Path, tmp_path: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Pickled(tmp_path / "mark")))
    seal(folder)
    assert "pytorch_model.bin" in refused(folder)
    (folder / "model.safetensors").unlink()
    seal(folder)
    refused(folder)
    assert not (tmp_path / "mark").exists()


def test_a_link_is_refused_wherever_it_leads(folder: Path) -> None:
    (folder / "added_tokens.json").symlink_to("/dev/zero")
    assert "added_tokens.json" in refused(folder)


@pytest.mark.parametrize("size", [2**40, "wide", -1, None])
def test_a_base_model_that_declares_other_sizes_than_its_weights_is_refused(
    folder: Path, size: object
) -> None:
    config(hidden_size=size)(folder)
    with pytest.raises(ModelError, match="hidden_size"):
        locate(folder)


@pytest.mark.parametrize("body", ["[]", "", "[" * 100_000, " " * 2**21])
def test_a_base_model_with_a_configuration_that_is_none_is_refused(folder: Path, body: str) -> None:
    (folder / "config.json").write_text(body)
    with pytest.raises(ModelError, match=r"config\.json"):
        locate(folder)


def test_a_base_model_of_pickles_alone_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"model\.safetensors missing"):
        locate(folder)


def test_a_file_that_no_manifest_vouches_for_is_refused(folder: Path) -> None:
    (folder / "adapter_config.json").write_text("{}")
    assert "adapter_config.json" in refused(folder)


def test_a_hub_id_does_not_reach_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("../model", "owner/..", "../../etc"):
        with pytest.raises(ModelError, match="no model folder here"):
            locate(name)


def test_the_folder_as_it_was_written_is_taken(folder: Path) -> None:
    seal(folder)
    assert Classifier.load(folder, device="cpu", backend="torch").tree.digest() == TREE.digest()
