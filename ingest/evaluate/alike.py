"""When two paths are one, and two rows one product."""

import hashlib
from functools import lru_cache

from taxonomy.product import Path, Product
from taxonomy.text import fold

__all__ = ["folded", "known_by"]

_KEPT = 1 << 16  # folded paths; a catalogue has fewer


@lru_cache(_KEPT)
def folded(path: Path) -> Path:
    """The path as paths are compared: without case and accents."""
    return tuple(map(_folded_name, path))


_folded_name = lru_cache(_KEPT)(fold)


def known_by(product: Product) -> bytes:
    """What rows of one product have in common: a hash of title and brand, without case and accents."""
    name = f"{fold(product.title)}\0{fold(product.brand)}"
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=12).digest()
