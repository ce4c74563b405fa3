"""Models that a bench trains: kept by what they were made from, so that a stopped bench goes on."""

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ingest.encode.folder import folder_digest, locate
from ingest.encode.open import Device, pick_device
from ingest.train.artifact import FORMAT, MANIFEST
from ingest.train.dataset import assemble
from ingest.train.finetune import finetune
from ingest.train.settings import RECIPE, TrainSettings
from taxonomy.ports import Progress
from taxonomy.product import Product
from taxonomy.tree import Tree

__all__ = ["Kept", "Workshop"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A model folder, and how long the call took that finished it; of a stopped one, its last part."""

    folder: Path
    seconds: float


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where models are made and kept.

    Attributes
    ----------
    folder : Path
        Holds a folder for each model, named after a hash of its data, settings, base model and device, and
        of the format and the recipe by which it is made.
    settings : TrainSettings
        Of every model; the seed is given to each.
    base : str or Path or None
        As for `finetune`.
    cache : Path or None
        See `open_encoder`.
    """

    folder: Path
    settings: TrainSettings
    base: str | Path | None = None
    device: Device = "auto"
    cache: Path | None = None

    def model(
        self, products: Iterable[Product], *, tree: Tree | None = None, progress: Progress | None = None
    ) -> Kept:
        """The model of these products, which are read twice; trained unless it is there, resumed if begun.

        Raises
        ------
        InputError, ModelError
            As `finetune`.
        """
        out = self.folder / self._mark(products, tree)
        clock = out.with_suffix(".seconds")
        if not (out / MANIFEST).is_file():
            self.folder.mkdir(parents=True, exist_ok=True)
            started = time.monotonic()
            finetune(
                products, out=out, base=self.base, tree=tree, settings=self.settings, device=self.device,
                resume=True, cache=self.cache, progress=progress,
            )  # fmt: skip
            clock.write_text(str(time.monotonic() - started))
        return Kept(out, float(clock.read_text()) if clock.is_file() else 0.0)

    def _mark(self, products: Iterable[Product], tree: Tree | None) -> str:
        data = assemble(products, tree=tree, settings=self.settings)
        parts = (
            f"{FORMAT}.{RECIPE}", data.data_hash, self.settings.digest(),
            folder_digest(locate(self.base)), pick_device(self.device),
        )  # fmt: skip
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:24]
