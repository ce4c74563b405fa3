"""Text to vectors: one BERT behind `taxonomy.ports.Encoder`, on PyTorch or OpenVINO, with a cache on disk."""

from ingest.encode.folder import default_base
from ingest.encode.open import open_encoder

__all__ = ["default_base", "open_encoder"]
