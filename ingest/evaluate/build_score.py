"""How far groups that were made without labels agree with a shop's own tree, by level."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.cluster.density import NOISE
from ingest.evaluate.build_arrangement import Arrangement, attached, tree_of, two_by_two
from taxonomy.metrics.clusters import adjusted_mutual_information, dendrogram_purity
from taxonomy.ports import Floats
from taxonomy.product import Path

__all__ = ["Agreement", "Judgement", "judge_arrangement", "n_categories"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement with one level of the shop's tree.

    Attributes
    ----------
    level : int
        From 1; a product whose path is shorter counts with its whole path.
    leaves : float
        Adjusted mutual information of the finest groups.
    best : float
        The same of that layer which agrees best, the finest groups among them: every way is judged by its
        best, whatever it calls its layers.
    purity : float
        Dendrogram purity of the hierarchy as it is.
    binary : float
        The same once the children of each node are joined in pairs. Dendrograms are binary already.
    """

    level: int
    leaves: float
    best: float
    purity: float
    binary: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """Agreement by level with noise as one group of its own, and with noise put into the nearest group."""

    n_groups: int
    noise_share: float
    as_is: tuple[Agreement, ...]
    attached: tuple[Agreement, ...]


def judge_arrangement(arrangement: Arrangement, truth: Sequence[Path], vectors: Floats) -> Judgement:
    """Both treatments of noise, at every level.

    Parameters
    ----------
    arrangement : Arrangement
        Of n products.
    truth : sequence of Path, length n
        An empty path takes no part.
    vectors : (n, dim) float32
        To find the nearest group by.
    """
    full = attached(arrangement, vectors) if arrangement.noise_share else arrangement
    n_groups = int(arrangement.leaves.max(initial=NOISE)) + 1
    as_is = _levels(arrangement, truth, vectors)
    return Judgement(
        n_groups,
        arrangement.noise_share,
        as_is,
        as_is if full is arrangement else _levels(full, truth, vectors),
    )


def n_categories(truth: Sequence[Path]) -> tuple[int, ...]:
    """How many categories the shop's tree has at each level; none for no paths."""
    depth = max(map(len, truth), default=0)
    return tuple(len({path[:level] for path in truth if path}) for level in range(1, depth + 1))


def _levels(arrangement: Arrangement, truth: Sequence[Path], vectors: Floats) -> tuple[Agreement, ...]:
    known = [at for at, path in enumerate(truth) if path]
    paths = [truth[at] for at in known]
    layers = [layer[known].tolist() for layer in (arrangement.leaves, *arrangement.layers)]
    pairs = two_by_two(arrangement, vectors)
    trees = [(tree, [places[at] for at in known]) for tree, places in map(tree_of, (arrangement, pairs))]
    found = []
    for level in range(1, max(map(len, paths), default=0) + 1):
        true = [path[:level] for path in paths]
        ami = [adjusted_mutual_information(true, layer) for layer in layers]
        purity, binary = (dendrogram_purity(*placed, true) for placed in trees)
        found.append(Agreement(level, ami[0], max(ami), purity, binary))
    return tuple(found)
