"""An extractor as a folder: written whole or not at all, and checked before anything in it is believed.

::

    attributes.json      brands with their weights, colours and materials, where words stand in titles
    head.safetensors     the tagger, where there is one
    manifest.json        the format, and the SHA-256 of the others
"""

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from ingest.attributes.attribute import Means, Name
from ingest.attributes.brands import FEATURES, Brand, Brands
from ingest.attributes.head import DIM, N_TAGS, Head
from ingest.attributes.lexicon import Lexicon, Meaning
from ingest.attributes.openings import Places
from ingest.encode.folder import file_digest
from taxonomy.errors import ModelError

__all__ = ["Parts", "load_parts", "save_parts"]

Parts = tuple[Brands, Lexicon, Places, Head | None, float]

_FORMAT = 1
_MANIFEST, _BODY, _HEAD = "manifest.json", "attributes.json", "head.safetensors"
_AGAIN = "learn the extractor again"


def save_parts(folder: Path, parts: Parts) -> None:
    """Write an extractor's parts; the folder appears, or is replaced, when all is in it.

    Raises
    ------
    ModelError
        The folder holds something else, or cannot be written.
    """
    is_ours = (folder / _MANIFEST).is_file() or (folder.is_dir() and not any(folder.iterdir()))
    if folder.exists() and not is_ours:
        raise ModelError(f"{folder}: there is something else; name an empty folder or a new one")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            _write(made, parts)
            made.chmod(0o755)  # temporary folders are their maker's alone
            if folder.exists():
                shutil.rmtree(folder)
            made.replace(folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error})") from error


def load_parts(folder: Path) -> Parts:
    """What `save_parts` wrote.

    Raises
    ------
    ModelError
        The folder is missing, not an extractor, of another format, or changed since.
    """
    names = _verified(folder)
    try:
        body = json.loads((folder / _BODY).read_text(encoding="utf-8"))
        known = {tuple(key): _brand(fields) for key, fields in body["brands"]}
        weights = tuple(map(float, body["weights"]))
        if len(weights) != len(FEATURES):
            raise ValueError(f"{len(weights)} weights of brands, not {len(FEATURES)}")
        brands = Brands(known, weights, float(body["prior"]))
        lexicon = Lexicon({tuple(key): tuple(map(_meaning, said)) for key, said in body["lexicon"]})
        places = Places(*({str(k): int(n) for k, n in body["places"][one].items()} for one in _PLACES))
        head = _head(folder, body["head"]) if _HEAD in names else None
        return brands, lexicon, places, head, float(body["min_confidence"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise ModelError(f"{folder}: this extractor is damaged ({error}); {_AGAIN}") from error


_PLACES = ("uses", "opens", "ends", "small")


def _write(folder: Path, parts: Parts) -> None:
    brands, lexicon, places, head, least = parts
    body: dict[str, Any] = {
        "brands": [(key, asdict(one)) for key, one in brands.known.items()],
        "weights": brands.weights,
        "prior": brands.prior,
        "lexicon": [(key, [asdict(one) for one in said]) for key, said in lexicon.entries.items()],
        "places": {one: dict(getattr(places, one)) for one in _PLACES},
        "min_confidence": least,
        "head": None,
    }
    if head is not None:
        save_file({"weights": head.weights, "bias": head.bias}, folder / _HEAD)
        body["head"] = {name: getattr(head, name) for name in _NUMBERS}
    (folder / _BODY).write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
    digests = {path.name: file_digest(path) for path in sorted(folder.iterdir())}
    manifest = {"format": _FORMAT, "files": digests}
    (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")


_NUMBERS = ("slope", "offset", "found", "precision")


def _verified(folder: Path) -> frozenset[str]:
    """The names of the folder's files, each found to be what was written."""
    path = folder / _MANIFEST
    if not path.is_file():
        raise ModelError(f"{folder}: no extractor here (it has no {_MANIFEST}); name a folder that was saved")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        digests, version = dict(manifest["files"]), manifest["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: damaged; {_AGAIN}") from error
    if _BODY not in digests and not (folder / _BODY).is_file():
        raise ModelError(
            f"{folder}: a folder of another kind, as the model that `shelftree train` writes; an extractor of"
            " attributes is what `shelftree attributes --save` writes"
        )
    if version != _FORMAT:
        raise ModelError(f"{folder}: format {version!r}, this version reads {_FORMAT}; {_AGAIN}")
    for name in dict.fromkeys([_BODY, *digests]):
        file = folder / name
        if Path(name).name != name or file.is_symlink() or not file.is_file():
            raise ModelError(f"{file}: missing, or not a plain file in this folder; {_AGAIN}")
        if file_digest(file) != digests.get(name):
            raise ModelError(f"{file}: changed or cut short since it was written; {_AGAIN}")
    return frozenset(digests)


def _brand(fields: Mapping[str, Any]) -> Brand:
    n_products, uses, hits = (int(fields[name]) for name in ("n_products", "uses", "hits"))
    return Brand(str(fields["value"]), n_products, uses, hits, Means(fields["means"]))


def _meaning(fields: Mapping[str, Any]) -> Meaning:
    confidence = float(fields["confidence"])
    return Meaning(Name(fields["name"]), str(fields["value"]), confidence, Means(fields["source"]))


def _head(folder: Path, numbers: Mapping[str, Any]) -> Head:
    tensors = load_file(folder / _HEAD)
    weights, bias = tensors["weights"], tensors["bias"]
    if weights.shape != (DIM, N_TAGS) or bias.shape != (N_TAGS,) or not np.isfinite(weights).all():
        raise ValueError(f"the head's weights are {weights.shape}, not {(DIM, N_TAGS)}, or no numbers")
    said = (float(numbers[name]) for name in _NUMBERS)
    return Head(weights.astype(np.float32), bias.astype(np.float32), *said)
