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
SCALE = 20.0  # of a head's rows: sure enough for one half, not for 0.999


def write_garden_model(encoder: Path, folder: Path) -> Path:
    """A model of the three kinds, written down, not trained: the row of a kind is the vector of its words."""
    shutil.copytree(encoder, folder)
    tree = Tree.from_paths([("Garden", "Tools"), ("Garden", "Seeds"), ("Kitchen", "Cups")])
    vectors = TorchEncoder(folder).encode(list(KINDS.values()))
    head = Head(tuple(tree.leaves()), vectors * SCALE, np.zeros(len(KINDS), dtype=np.float32))
    Artifact(head, tree, Calibration(), tuple(KINDS.values()), {}, "none").save(folder, card="A model.")
    return folder
