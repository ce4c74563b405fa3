"""An extractor kept in a folder, and folders that are no extractor."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from ingest.attributes import Extractor, learn
from ingest.encode.folder import file_digest
from taxonomy.errors import ModelError
from tests.unit.attributes_shop import shop


@pytest.fixture(scope="module")
def learnt() -> Extractor:
    return learn(shop(1400, column=True))


@pytest.fixture
def folder(learnt: Extractor, tmp_path: Path) -> Path:
    learnt.save(tmp_path / "kept")
    return tmp_path / "kept"


def test_what_was_saved_finds_the_same(learnt: Extractor, folder: Path) -> None:
    texts = [one.title for one in shop(80, column=True)] + ["Quixoda Solid Red shirt 5 kg"]

    again = Extractor.load(folder)

    assert list(again.extract_many(texts)) == list(learnt.extract_many(texts))
    assert {path.suffix for path in folder.iterdir()} == {".json", ".safetensors"}


def test_saving_again_replaces_what_was_there(folder: Path) -> None:
    learn([]).save(folder)

    assert Extractor.load(folder).head is None
    assert not (folder / "head.safetensors").exists()


def test_a_folder_with_something_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("mine")

    with pytest.raises(ModelError, match="something else"):
        learn([]).save(tmp_path)
    assert (tmp_path / "letters.txt").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ModelError, match="cannot be written"):
        learn([]).save(tmp_path / "file" / "below")


def rewritten(folder: Path, change: Callable[[dict[str, object]], None]) -> None:
    """Change the body and make the digests agree, as one who means harm would."""
    body = json.loads((folder / "attributes.json").read_text())
    change(body)
    (folder / "attributes.json").write_text(json.dumps(body))
    signed(folder)


def signed(folder: Path) -> None:
    files = {path.name: file_digest(path) for path in folder.iterdir() if path.name != "manifest.json"}
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "files": files}))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "no manifest": lambda at: (at / "manifest.json").unlink(),
    "manifest cut": lambda at: (at / "manifest.json").write_text("{"),
    "manifest a list": lambda at: (at / "manifest.json").write_text("[]"),
    "other format": lambda at: (at / "manifest.json").write_text('{"format": 9, "files": {}}'),
    "reaches outside": lambda at: (at / "manifest.json").write_text('{"format": 1, "files": {"../x": "0"}}'),
    "body cut": lambda at: (at / "attributes.json").write_text("{"),
    "body gone": lambda at: (at / "attributes.json").unlink(),
    "body a list": lambda at: ((at / "attributes.json").write_text("[]"), signed(at)),
    "head cut": lambda at: (at / "head.safetensors").write_bytes(b"x" * 20),
    "head no tensors": lambda at: ((at / "head.safetensors").write_bytes(b"x" * 20), signed(at)),
    "weights gone": lambda at: rewritten(at, lambda body: body.pop("weights")),
    "weights few": lambda at: rewritten(at, lambda body: body.update(weights=[1.0])),
    "brands odd": lambda at: rewritten(at, lambda body: body.update(brands=[["a", 1]])),
    "meaning odd": lambda at: rewritten(at, lambda body: body.update(lexicon=[[["a"], [{"name": "?"}]]])),
    "places odd": lambda at: rewritten(at, lambda body: body.update(places={"uses": [1]})),
    "head of other size": lambda at: (
        save_file(
            {"weights": np.zeros((2, 2), np.float32), "bias": np.zeros(3, np.float32)},
            at / "head.safetensors",
        ),
        signed(at),
    ),
}


@pytest.mark.parametrize("harm", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_folder_is_refused_by_name(folder: Path, harm: Callable[[Path], object]) -> None:
    harm(folder)

    with pytest.raises(ModelError, match="kept"):
        Extractor.load(folder)


def test_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "attributes.json").rename(tmp_path / "elsewhere.json")
    (folder / "attributes.json").symlink_to(tmp_path / "elsewhere.json")

    with pytest.raises(ModelError, match="plain file"):
        Extractor.load(folder)
