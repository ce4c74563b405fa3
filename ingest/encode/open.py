"""The one place that chooses an encoder's backend."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ingest.encode.cached import CachedEncoder
from ingest.encode.folder import locate
from taxonomy.errors import ModelError
from taxonomy.ports import Encoder

KEEP_FROM = 32
"""Texts of a call from which their vectors are kept on disk: one takes 10 ms, a transaction up to 30."""

__all__ = ["Backend", "Device", "open_encoder", "pick_device"]

Device = Literal["auto", "cpu", "cuda"]
Backend = Literal["auto", "torch", "openvino"]


def open_encoder(
    base: str | Path | None = None,
    *,
    device: Device = "auto",
    backend: Backend = "auto",
    cache: Path | None = None,
    calibration: Sequence[str] = (),
) -> Encoder:
    """An encoder for a model folder or hub id (by default the base model that came with Shelftree).

    Parameters
    ----------
    base : str or Path, optional
        The model.
    device : {"auto", "cpu", "cuda"}
        `auto` takes CUDA where there is one.
    backend : {"auto", "torch", "openvino"}
        `auto` is PyTorch in bfloat16 on CUDA and OpenVINO in int8 on the CPU.
    cache : Path, optional
        Keeps vectors here, and OpenVINO's form of the model; without, vectors are computed each time and
        the form is kept in the user's cache folder.
    calibration : sequence of str
        Texts for OpenVINO's int8 ranges; without any, the first texts that it encodes serve.

    Raises
    ------
    ModelError
        The model is missing or cannot be loaded, or CUDA is asked for where there is none.
    """
    folder, place = locate(base), pick_device(device)
    if backend == "openvino" or (backend == "auto" and place == "cpu"):
        from ingest.encode.openvino_encoder import OpenVinoEncoder, default_forms

        forms = cache / "openvino" if cache else default_forms()
        encoder: Encoder = OpenVinoEncoder(folder, forms=forms, calibration=calibration)
    else:
        from ingest.encode.torch_encoder import TorchEncoder

        encoder = TorchEncoder(folder, device=place)
    return CachedEncoder(encoder, cache / "vectors", keep_from=KEEP_FROM) if cache else encoder


def pick_device(device: Device) -> Literal["cpu", "cuda"]:
    """Where to compute.

    Raises
    ------
    ModelError
        CUDA is asked for where there is none.
    """
    if device == "cpu":
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise ModelError("no CUDA device is to be found here; use --device cpu or auto")
    return "cpu"
