"""Encoders: what they promise, whichever backend computes."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ingest.encode import default_base, open_encoder
from ingest.encode.batches import length_sorted, pad
from ingest.encode.folder import locate
from ingest.encode.openvino_encoder import OpenVinoEncoder
from ingest.encode.torch_encoder import TorchEncoder
from taxonomy.errors import ModelError
from tests.tiny_bert import write_tiny_bert

WORDS = ["red", "blue", "mug", "pan", "oak", "chair", "wool", "rug", "steel", "table"]
TEXTS = ["red mug", "oak chair with a long tail of words " * 4, "", "blue wool rug", "steel pan"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bert(tmp_path_factory.mktemp("base"), WORDS)


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("forms")


def test_vectors_are_unit_rows_in_the_order_given(base: Path) -> None:
    encoder = TorchEncoder(base)
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dim)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    alone = np.vstack([encoder.encode([text]) for text in TEXTS])
    assert np.allclose(vectors, alone, atol=1e-5)


def test_padding_does_not_change_a_vector_on_either_backend(base: Path, forms: Path) -> None:
    for encoder in (TorchEncoder(base), OpenVinoEncoder(base, forms=forms, calibration=TEXTS)):
        short, long = encoder.encode(["red mug", "oak chair " * 20])
        assert np.allclose(encoder.encode(["red mug"])[0], short, atol=2e-2)
        assert not np.allclose(short, long, atol=2e-2)


def test_no_texts_give_no_rows(base: Path, forms: Path) -> None:
    for encoder in (TorchEncoder(base), OpenVinoEncoder(base, forms=forms)):
        assert encoder.encode([]).shape == (0, 32)


def test_threads_take_turns_at_one_int8_model(base: Path, forms: Path) -> None:
    encoder = OpenVinoEncoder(base, forms=forms, calibration=TEXTS)
    alone = encoder.encode(TEXTS * 40)

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda _: encoder.encode(TEXTS * 40), range(8)))

    assert all(np.allclose(vectors, alone, atol=1e-5) for vectors in together)


def test_int8_vectors_point_where_the_float_ones_do(base: Path, forms: Path) -> None:
    exact = TorchEncoder(base).encode(TEXTS)
    fast = OpenVinoEncoder(base, forms=forms, calibration=TEXTS).encode(TEXTS)
    assert (exact * fast).sum(axis=1).min() > 0.9


def test_a_damaged_converted_model_is_made_anew(base: Path, tmp_path: Path) -> None:
    first = OpenVinoEncoder(base, forms=tmp_path, calibration=TEXTS).encode(TEXTS)
    (weights,) = tmp_path.glob("*/model.bin")
    weights.write_bytes(weights.read_bytes()[:100])
    again = OpenVinoEncoder(base, forms=tmp_path, calibration=TEXTS).encode(TEXTS)
    assert np.array_equal(first, again)


def test_the_revision_tells_weights_backend_calibration_and_cut_apart(base: Path, tmp_path: Path) -> None:
    other = write_tiny_bert(tmp_path / "other", WORDS, seed=1)
    revisions = {
        TorchEncoder(base).revision,
        TorchEncoder(other).revision,
        TorchEncoder(base, max_tokens=5).revision,
        OpenVinoEncoder(base, forms=tmp_path).revision,
        OpenVinoEncoder(base, forms=tmp_path, calibration=["red mug"]).revision,
    }
    assert len(revisions) == 5
    assert TorchEncoder(base).revision in revisions


def test_texts_are_cut_at_max_tokens(base: Path) -> None:
    encoder = TorchEncoder(base, max_tokens=4)
    one, other = encoder.encode(["red mug", "red mug oak"])
    assert np.allclose(one, other, atol=1e-6)
    assert not np.allclose(*TorchEncoder(base).encode(["red mug", "red mug oak"]), atol=1e-6)


def test_auto_is_int8_on_the_cpu_and_torch_can_be_asked_for(base: Path, tmp_path: Path) -> None:
    fast = open_encoder(base, device="cpu", cache=tmp_path)
    plain = open_encoder(base, device="cpu", backend="torch")
    assert fast.revision == OpenVinoEncoder(base, forms=tmp_path).revision
    assert plain.revision == TorchEncoder(base).revision


def test_the_default_base_is_a_usable_folder() -> None:
    assert locate(None) == default_base()


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_folder_without_one_of_its_files_is_refused(base: Path, tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(base, tmp_path / "copy")
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name):
        open_encoder(folder, device="cpu", backend="torch")


def test_a_missing_folder_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model folder here") as caught:
        open_encoder(tmp_path / "none")
    assert "\n" not in str(caught.value)


def test_cut_short_weights_are_refused(base: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(base, tmp_path / "copy")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-64])
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        open_encoder(folder, device="cpu", backend="torch")
    assert "\n" not in str(caught.value)


def test_a_foreign_architecture_is_refused(base: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(base, tmp_path / "copy")
    (folder / "config.json").write_text(json.dumps({"model_type": "no-such-thing"}))
    with pytest.raises(ModelError, match="cannot be loaded"):
        open_encoder(folder, device="cpu", backend="torch")


def test_a_model_may_not_bring_code(base: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(base, tmp_path / "copy")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "custom", "auto_map": {"AutoModel": "evil.Model", "AutoConfig": "evil.Config"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(ModelError):
        open_encoder(folder, device="cpu", backend="torch")
    assert not (tmp_path / "ran").exists()


def test_batches_hold_every_row_once_and_keep_the_budget() -> None:
    lengths = np.random.default_rng(0).integers(1, 40, size=500).tolist()
    batches = list(length_sorted(lengths, budget=100))
    assert sorted(at for batch in batches for at in batch.tolist()) == list(range(500))
    assert max(len(batch) * max(lengths[at] for at in batch) for batch in batches) <= 100


def test_padding_is_masked() -> None:
    ids, mask = pad([[1, 2, 3], [4]], pad_id=9)
    assert ids.tolist() == [[1, 2, 3], [4, 9, 9]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ("said", "raised"), [("KeyboardInterrupt: <EMPTY MESSAGE>", KeyboardInterrupt), ("broken", RuntimeError)]
)
def test_ctrl_c_while_converting_stays_ctrl_c(
    base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    said: str,
    raised: type[BaseException],
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise RuntimeError(f"Check 'false' failed at frontend.cpp: {said}")

    monkeypatch.setattr("ingest.encode.openvino_encoder.ov.convert_model", stopped)
    with pytest.raises(raised):
        OpenVinoEncoder(base, forms=tmp_path, calibration=TEXTS).encode(["red mug"])
    assert not [at for at in tmp_path.iterdir() if at.is_dir()]
