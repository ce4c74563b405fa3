"""What `build` was told to build on: a tree to keep, a taxonomy to fill, or what stands in the store."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from taxonomy.errors import InputError
from taxonomy.ports import Progress
from taxonomy.product import Product
from taxonomy.tree import Tree
from ui.cli.arrivals import NoiseWay
from ui.growing import build_seeded, rebuild, standing_in_file, standing_in_store
from ui.wiring import App

if TYPE_CHECKING:
    from ingest.cluster.outcome import Rebuilt
    from ingest.cluster.shape import Shape

__all__ = ["Known", "changes_said"]


@dataclass(frozen=True, slots=True)
class Known:
    """The options that say what is known."""

    keep: Path | None
    seed: Path | None
    seed_labels: bool
    churn: float | None
    noise: NoiseWay = NoiseWay.KEEP
    reference: str = ""

    def grow(
        self,
        app: App,
        products: Sequence[Product],
        *,
        catalog: str,
        taxonomy: str,
        shape: "Shape",
        random_seed: int,
        progress: Progress,
    ) -> "tuple[Rebuilt, int | None] | None":
        """What grew on what is known, and the version of the taxonomy that it is against; None for nothing.

        Raises
        ------
        InputError
            The options contradict each other, or what they name cannot be built on.
        """
        self.require_one()
        head = _head(app, taxonomy) if catalog and taxonomy else None
        if head is not None and (option := "--keep" if self.keep else "--seed" if self.seed else ""):
            raise InputError(
                f"{taxonomy!r} has categories, and the build goes on from these: leave {option} out"
            )
        if self.keep is not None:
            standing = standing_in_file(self.keep, products, app.encoder.revision)
        elif head is not None:
            with app.uow() as uow:
                standing = standing_in_store(uow, taxonomy, catalog, products)
        if self.keep is not None or (head is not None and standing.places):
            if self.seed_labels:
                raise InputError("--seed-labels are for --seed: a tree with products in it knows them")
            self._require_known()
            grown = rebuild(
                app,
                products,
                standing,
                churn=self.churn,
                shape=shape,
                seed=random_seed,
                attach=self.noise is NoiseWay.ATTACH,
                progress=progress,
            )
            return grown, standing.tree.version if head is not None else None
        if self.churn is not None:
            raise InputError("--churn is for a tree that is kept, and there is none: leave it out")
        tree = head if self.seed is None else app.tree(file=self.seed)
        if tree is None:
            if self.seed_labels:
                raise InputError("--seed-labels needs the tree that the labels are of: give --seed TREE")
            return None
        self._require_known()
        seeded = build_seeded(
            app,
            products,
            tree,
            use_labels=self.seed_labels,
            shape=shape,
            seed=random_seed,
            attach=self.noise is NoiseWay.ATTACH,
            progress=progress,
        )
        return seeded, None if head is None else head.version

    def require_one(self) -> None:
        """Nothing given contradicts the rest.

        Raises
        ------
        InputError
            Something does.
        """
        if self.keep is not None and self.seed is not None:
            raise InputError("--keep goes on from a tree and --seed begins one: give one of them")
        if self.keep is not None or self.seed is not None:
            self._require_known()

    def _require_known(self) -> None:
        """Nothing is given that only a build from nothing does."""
        if self.noise is NoiseWay.PROPOSE:
            raise InputError(
                "on a tree that is known, what fits nowhere is proposed as new categories in any case: leave "
                "--noise propose out"
            )
        if self.reference:
            raise InputError("--reference is for a tree from nothing, and there is one: leave it out")


def changes_said(grown: "Rebuilt") -> dict[str, object]:
    """What became of the nodes, for the summary: how many have each fate, and each that changes."""
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
