"""A shop of three kinds of things, and a model that knows them without training."""

import shutil
from pathlib import Path

import numpy as np

from ingest.classify.calibrate import Calibration
from ingest.classify.head import Head
from ingest.encode.torch_encoder import TorchEncoder
from ingest.train.artifact import Artifact
from taxonomy.tree import Tree

__all__ = ["KINDS", "write_garden_model"]

KINDS = {"Tools": "spade rake fork hoe", "Seeds": "poppy tulip daisy rose", "Cups": "mug cup beaker glass"}
_SEEN = 100_000
SCALE = 20.0  # of a head's rows: sure enough for one half, not for 0.999


def taken_at_its_word() -> Calibration:
    """As if a hundred thousand products had shown that probabilities are what they say.

    A top category is then given if its probability reaches the precision that is asked for: it is worth 2,
    and an error its price.
    """
    prices = np.geomspace(0.25, 4000.0, 500)
    wrong = 2 / (prices + 2) * _SEEN
    return Calibration(
        prices=tuple(prices.tolist()), given=(_SEEN,) * len(prices), wrong=tuple(wrong.astype(int).tolist())
    )


def write_garden_model(encoder: Path, folder: Path) -> Path:
    """A model of the three kinds, written down, not trained: the row of a kind is the vector of its words."""
    shutil.copytree(encoder, folder)
    tree = Tree.from_paths([("Garden", "Tools"), ("Garden", "Seeds"), ("Kitchen", "Cups")])
    vectors = TorchEncoder(folder).encode(list(KINDS.values()))
    head = Head(tuple(tree.leaves()), vectors * SCALE, np.zeros(len(KINDS), dtype=np.float32))
    calibration = taken_at_its_word()
    Artifact(head, tree, calibration, tuple(KINDS.values()), {}, "none").save(folder, card="A model.")
    return folder
