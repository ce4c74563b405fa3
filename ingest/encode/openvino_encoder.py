"""The encoder on OpenVINO: int8 on the CPU, several times as fast there as float32 on PyTorch."""

import hashlib
import io
import json
import logging
import shutil
import tempfile
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import platformdirs
from filelock import FileLock

from ingest.encode.batches import Ints, length_sorted, pad
from ingest.encode.folder import file_digest, folder_digest
from ingest.encode.load import Tokenizer, load_network, quiet
from taxonomy.ports import Floats, Progress, Silent

__all__ = ["CALIBRATION_TEXTS", "OpenVinoEncoder", "default_forms"]

CALIBRATION_TEXTS = 300
"""Texts that set the int8 ranges; NNCF's own default, and more changed no vector beyond the third digit."""

_CHUNK = 2048  # texts tokenised at a time, while the texts before them are being encoded
_BUDGET = 1024  # padded tokens a batch: larger ones leave a core idle at the end of a part
_FORM_VERSION = 1


def default_forms() -> Path:
    """Where converted models are kept unless a cache folder is named."""
    return Path(platformdirs.user_cache_dir("shelftree")) / "openvino"


class OpenVinoEncoder:
    """Vectors by OpenVINO in int8; see `taxonomy.ports.Encoder`.

    The converted model is derived from the model folder: it is kept in `forms`, found by revision, and made
    anew when it is absent or damaged. Its int8 ranges come from `calibration`; without, from the first
    texts ever encoded with this model and this `forms`, so give some where two machines must agree.

    Parameters
    ----------
    folder : Path
        A model folder.
    forms : Path
        Holds converted models; made when absent.
    calibration : sequence of str
        The first `CALIBRATION_TEXTS` are used.
    max_tokens : int, optional
        See `Tokenizer`.
    """

    def __init__(
        self, folder: Path, *, forms: Path, calibration: Sequence[str] = (), max_tokens: int | None = None
    ) -> None:
        self._folder = folder
        self._tokenizer = Tokenizer(folder, max_tokens=max_tokens)
        self._calibration = list(calibration[:CALIBRATION_TEXTS])
        self.dim: int = json.loads((folder / "config.json").read_text())["hidden_size"]
        texts = json.dumps(self._calibration or "the first texts")
        recipe = f"{folder_digest(folder)} mean {self._tokenizer.max_tokens} openvino {_FORM_VERSION} {texts}"
        self.revision = hashlib.sha256(recipe.encode()).hexdigest()
        self._form = forms / self.revision[:32]
        self._queue: Any = None
        self._turn = threading.Lock()  # the queue has one callback and its requests cannot be shared

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        """(n_texts, dim) float32, unit rows, in the order given."""
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        with self._turn:
            return self._encoded(texts, progress or Silent())

    def _encoded(self, texts: Sequence[str], progress: Progress) -> Floats:
        out = np.empty((len(texts), self.dim), dtype=np.float32)
        if self._queue is None:
            self._queue = self._compile(self._calibration or list(texts[:CALIBRATION_TEXTS]))
        self._queue.set_callback(lambda request, rows: _store(out, rows, request, progress))
        for start in range(0, len(texts), _CHUNK):
            rows = self._tokenizer(texts[start : start + _CHUNK])
            for batch in length_sorted([len(row) for row in rows], budget=_BUDGET):
                ids, mask = pad([rows[at] for at in batch], pad_id=self._tokenizer.pad_id)
                self._queue.start_async({0: ids, 1: mask}, start + batch)
        self._queue.wait_all()
        return out

    def _compile(self, calibration: Sequence[str]) -> Any:
        self._form.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self._form}.lock"):
            if not _intact(self._form):
                self._convert(calibration)
            model = ov.Core().compile_model(
                self._form / "model.xml", "CPU", {"PERFORMANCE_HINT": "THROUGHPUT"}
            )
        return ov.AsyncInferQueue(model)

    def _convert(self, calibration: Sequence[str]) -> None:
        """Write the int8 form beside its place and move it there, so that no half of it is ever seen."""
        staging = Path(tempfile.mkdtemp(dir=self._form.parent))
        try:
            with quiet(), _hushed():
                ov.save_model(self._quantized(calibration), staging / "model.xml", compress_to_fp16=False)
            digests = {path.name: file_digest(path) for path in sorted(staging.iterdir())}
            (staging / "digests.json").write_text(json.dumps(digests))
            shutil.rmtree(self._form, ignore_errors=True)
            staging.rename(self._form)
        except RuntimeError as error:
            if "KeyboardInterrupt" in str(error):  # all that OpenVINO makes of Ctrl-C while it converts
                raise KeyboardInterrupt from error
            raise
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def _quantized(self, calibration: Sequence[str]) -> Any:
        import nncf
        import torch

        from ingest.encode.torch_encoder import MeanPooled

        ids, mask = map(torch.from_numpy, pad(self._tokenizer(["one", "two words"]), pad_id=0))
        shape = ov.PartialShape([-1, -1])
        with torch.inference_mode():
            model = ov.convert_model(
                MeanPooled(load_network(self._folder)),
                example_input={"input_ids": ids, "attention_mask": mask},
                input=[("input_ids", shape, ov.Type.i64), ("attention_mask", shape, ov.Type.i64)],
            )
        samples = nncf.Dataset([self._one(text) for text in calibration])
        return nncf.quantize(
            model, samples, model_type=nncf.ModelType.TRANSFORMER, subset_size=max(1, len(calibration))
        )

    def _one(self, text: str) -> dict[str, Ints]:
        ids, mask = pad(self._tokenizer([text]), pad_id=self._tokenizer.pad_id)
        return {"input_ids": ids, "attention_mask": mask}


def _store(out: Floats, rows: Ints, request: Any, progress: Progress) -> None:
    out[rows] = request.get_output_tensor().data
    progress.advance(len(rows))


def _intact(form: Path) -> bool:
    """Whether a converted model is there and is what was written."""
    try:
        digests = json.loads((form / "digests.json").read_text())
        return bool(digests) and all(file_digest(form / name) == told for name, told in digests.items())
    except (OSError, ValueError, AttributeError):
        return False


@contextmanager
def _hushed() -> Iterator[None]:
    """Keeps the converters' bars and advice, which are about their own insides, from the user."""
    import nncf

    level = nncf.common.logging.logger.nncf_logger.level
    nncf.set_log_level(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        nncf.set_log_level(level)
