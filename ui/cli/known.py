"""What `build` was told to build on: a tree to keep, a taxonomy to fill, or what stands in the store."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from taxonomy.errors import InputError
from taxonomy.ports import Progress
from taxonomy.product import Product
from taxonomy.tree import Tree
from ui.cli.arrivals import NoiseWay
from ui.growing import standing_in_file, standing_in_store
from ui.wiring import App

if TYPE_CHECKING:
    from ingest.cluster.outcome import Rebuilt
    from ingest.cluster.standing import Standing

__all__ = ["Basis", "Known", "changes_said"]


@dataclass(frozen=True, slots=True)
class Basis:
    """A known tree, ready to be gone on from.

    Attributes
    ----------
    grow : callable
        `ingest.cluster.keep.rebuild`, or `seeds.build_seeded`, with the tree; it lacks products, vectors, and
        what any build needs.
    version : int or None
        Of the taxonomy that the tree is the head of; None for the tree of a file.
    """

    grow: "Callable[..., Rebuilt]"
    version: int | None


@dataclass(frozen=True, slots=True)
class Known:
    """The options that say what is known."""

    keep: Path | None
    seed: Path | None
    seed_labels: bool
    churn: float | None
    noise: NoiseWay = NoiseWay.KEEP
    reference: str = ""
    model: Path | None = None

    def basis(
        self,
        app: App,
        products: Sequence[Product],
        *,
        catalog: str,
        taxonomy: str,
        progress: Progress | None = None,
    ) -> "Basis | None":
        """What the build goes on from; None where nothing is known.

        Raises
        ------
        InputError
            The options contradict each other, or what they name cannot be built on.
        """
        from ingest.cluster.keep import CHURN, rebuild
        from ingest.cluster.seeds import build_seeded, labelled_by_path

        if self.keep is not None and self.seed is not None:
            raise InputError("--keep goes on from a tree and --seed begins one: give one of them")
        if self.model is not None and self.seed is None:
            raise InputError("--model is for --seed: a model that was trained on the categories of the seed")
        if self.keep is not None or self.seed is not None:
            self._require_known()
        head = _head(app, taxonomy) if catalog and taxonomy else None
        if head is not None and (option := "--keep" if self.keep else "--seed" if self.seed else ""):
            raise InputError(
                f"{taxonomy!r} has categories, and the build goes on from these: leave {option} out"
            )
        attach = self.noise is NoiseWay.ATTACH
        standing = self._standing(app, products, head, catalog=catalog, taxonomy=taxonomy)
        if standing is not None:
            self._require_known()
            churn = CHURN if self.churn is None else self.churn
            grow = partial(rebuild, standing=standing, churn=churn, attach=attach)
            return Basis(grow, standing.tree.version if head is not None else None)
        if (tree := self._seed(app, head)) is None:
            return None
        self._require_known()
        labelled = labelled_by_path(tree, products) if self.seed_labels else None
        taught = app.vectors(products, model=self.model, progress=progress) if self.model else None
        grow = partial(build_seeded, tree=tree, labelled=labelled, taught=taught, attach=attach)
        return Basis(grow, head.version if head else None)

    def _standing(
        self, app: App, products: Sequence[Product], head: Tree | None, *, catalog: str, taxonomy: str
    ) -> "Standing | None":
        """The tree to keep, with products in it."""
        if self.keep is not None:
            standing = standing_in_file(self.keep, products, app.encoder.revision)
        elif head is not None:
            with app.uow() as uow:
                standing = standing_in_store(uow, taxonomy, catalog, products)
        if self.keep is None and (head is None or not standing.places):
            return None
        if self.seed_labels:
            raise InputError("--seed-labels are for --seed: a tree with products in it knows them")
        return standing

    def _seed(self, app: App, head: Tree | None) -> Tree | None:
        """The tree to fill."""
        if self.churn is not None:
            raise InputError("--churn is for a tree that is kept, and there is none: leave it out")
        tree = head if self.seed is None else app.tree(file=self.seed)
        if tree is None and self.seed_labels:
            raise InputError("--seed-labels needs the tree that the labels are of: give --seed TREE")
        return tree

    def _require_known(self) -> None:
        """Nothing is given that only a build from nothing does."""
        if self.noise is NoiseWay.PROPOSE:
            raise InputError(
                "on a tree that is known, what fits nowhere is proposed as new categories in any case: leave "
                "--noise propose out"
            )
        if self.reference:
            raise InputError("--reference is for a tree from nothing, and there is one: leave it out")


def changes_said(grown: "Rebuilt", *, as_json: bool) -> dict[str, object]:
    """What became of the nodes, for the summary: how many have each fate, and each that changes."""
    if not as_json:
        lines = "".join(f"\n  {line}" for line in grown.explanation().splitlines())
        return {"became": grown.counts(), "changes": lines or "nothing"}
    told = [
        {name: value for name, value in asdict(one).items() if value or name == "n_after"}
        for one in grown.outcomes
        if one.put_off or one.fate.value not in ("keep", "grow")
    ]
    return {"became": grown.counts(), "changes": told}


def _head(app: App, taxonomy: str) -> Tree | None:
    """The head of a taxonomy that has categories."""
    with app.uow() as uow:
        if taxonomy not in uow.trees.names():
            return None
        head = uow.trees.head(taxonomy)
    return head if len(head) else None
