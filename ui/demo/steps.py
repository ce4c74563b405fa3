"""The demo's steps. Each looks at what is there already and does only what is missing.

What marks a step as done is its last act: a publication, or a file that takes its name by a rename. So the
demo can be killed anywhere and goes on where it stopped, and a second run only tells what is there.
"""

import hashlib
from collections.abc import Callable
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from ingest.readers import open_catalog
from ingest.readers.duplicates import duplicate_groups
from ingest.readers.split import stratified_split
from store.embedded import home
from taxonomy.errors import UnknownId
from taxonomy.formats.entries import Entry
from taxonomy.ports import Progress
from taxonomy.product import Assignment, Product, Source, join_path
from taxonomy.service import editing, releasing
from taxonomy.service.importing import import_catalog, import_taxonomy
from taxonomy.service.placing import place_by_model
from taxonomy.text import product_text
from ui.wiring import App

__all__ = ["CATALOG", "LABELS", "TREE", "Demo"]

CATALOG = "sample"
TREE = "sample"
"""The tree that was built from the products alone: the one to look at."""

LABELS = "sample-labels"
"""The tree of the shop's own categories: what the classifier learns, and what the build is scored by."""

AUTHOR = "demo"
QUERIES = ("usb c charger 65w", "camping", "lantern")
RERANKED = "waterproof jacket"
HELD_OUT = 0.2
"""Labelled products that the classifier never sees, so that its score is honest."""

PRECISION = 0.8
"""A few dozen labelled products are left to calibrate on; they cannot vouch for more."""

SEED = 0


class Demo:
    """The main job on the bundled store.

    Parameters
    ----------
    app : App
        Where the results are kept.
    progress : Progress
        Hears of every step.
    """

    def __init__(self, app: App, progress: Progress) -> None:
        self.app, self.progress = app, progress
        self.folder = home() / "demo"

    @property
    def steps(self) -> tuple[tuple[str, Callable[[], str]], ...]:
        """Title and action of each step, in order; an action says in one line what there is afterwards."""
        return (
            ("Database", self.database),
            ("Catalogue", self.catalogue),
            ("Tree from the products alone", self.tree),
            ("Classifier from the shop's labels", self.classifier),
            ("Every product classified", self.classified),
            ("Scores", self.scores),
            ("Search", self.search),
        )

    def database(self) -> str:
        """Start the database and bring its tables up to date."""
        host = self.app.engine.url.query.get("host") or self.app.engine.url.host
        return f"Postgres runs, at {host}"

    def catalogue(self) -> str:
        """Import the sample's products; again, that changes nothing."""
        with self.app.uow() as uow:
            done = import_catalog(
                uow, CATALOG, self.products, digest=self._digest, progress=self.progress
            ).upserted
        counts = f"{done.new} new, {done.changed} changed, {done.unchanged} as before"
        return f"{len(self.products)} products: {counts}"

    def tree(self) -> str:
        """Build the tree, apply it and publish it."""
        with self.app.uow() as uow:
            try:
                tree = uow.trees.head(TREE)
            except UnknownId:
                tree = uow.trees.create(TREE)
                uow.commit()
            if not tree.version:
                built = self.app.build(
                    self.products,
                    self.app.vectors(self.products, progress=self.progress),
                    progress=self.progress,
                )
                editing.edit(
                    uow,
                    TREE,
                    built.change_set_edits(CATALOG),
                    author=AUTHOR,
                    source=Source.BUILD,
                    reason="built from the products",
                )
            if uow.releases.current(TREE) is None:
                releasing.publish(uow, TREE, author=AUTHOR)
            tree = uow.trees.head(TREE)
            placed = sum(uow.assignments.counts(CATALOG, TREE).values())
        leaves, noise = sum(1 for _ in tree.leaves()), len(self.products) - placed
        return (
            f"{len(tree)} categories, {leaves} of them leaves; {placed} products placed, {noise} fit nowhere"
        )

    def classifier(self) -> str:
        """Fine-tune on the labelled products that are not held out, and publish their tree with the model."""
        from ingest.train.finetune import finetune

        with self.app.uow() as uow:
            import_taxonomy(
                uow, LABELS, self._label_entries, author=AUTHOR, reason="the shop's own categories"
            )
            label_tree = uow.trees.head(LABELS)
        if not self.model.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            finetune(
                self._parts[0],
                out=self.model,
                base=self.app.settings.base_model or None,
                tree=label_tree,
                device=self.app.settings.device,
                resume=True,
                cache=self.app.cache,
                progress=self.progress,
            )
        return f"model {self._revision[:12]}, in {self.model}"

    def classified(self) -> str:
        """Classify every product into the shop's own tree."""
        with self.app.uow() as uow:
            tree, current = uow.trees.head(LABELS), uow.releases.current(LABELS)
            if current is None or current[0].model_revision != self._revision:
                model = self.app.classifier(self.model, tree)
                found = (
                    Assignment(
                        one.product_id,
                        one.node_id,
                        one.probability,
                        Source.MODEL,
                        self._revision,
                        tree.version,
                    )
                    for one in model.predict(self.products, precision=PRECISION)
                    if one.node_id
                )
                place_by_model(uow, CATALOG, LABELS, found, progress=self.progress)
                releasing.publish(
                    uow, LABELS, author=AUTHOR, model_revision=self._revision, model_dir=str(self.model)
                )
            n_placed = sum(uow.assignments.counts(CATALOG, LABELS).values())
        return f"{n_placed} given a category, {len(self.products) - n_placed} left for review"

    def scores(self) -> str:
        """The build and the classifier beside the labels."""
        return self._once("scores", self._score)

    def search(self) -> str:
        """Three queries routed, one list of products reranked."""
        return self._once("search", self._ask)

    def _score(self) -> str:
        from ingest.evaluate.build import score_places
        from ingest.evaluate.classify import evaluate

        with self.app.uow() as uow:
            tree = uow.trees.head(TREE)
            standing = uow.assignments.of_products(CATALOG, TREE, [one.id for one in self.products])
        built = score_places(tree, {at: one.node_id for at, one in standing.items()}, self.products)
        report = evaluate(self.app.classifier(self.model), self._parts[1], precision=PRECISION)
        leaf = report.leaf
        levels = "; ".join(
            f"level {one.level} AMI {one.ami:.2f}, purity {one.purity:.2f}" for one in built.levels
        )
        return (
            f"tree beside the labels: {levels}; noise {built.noise_share:.0%}\n"
            f"classifier on {leaf.n_products} products it never saw: leaf accuracy {leaf.leaf_accuracy:.2f}, "
            f"hierarchical F1 {leaf.f1:.2f}\n"
            f"given to {report.coverage:.0%} of them, right in {report.precision_kept:.0%} (asked: "
            f"{report.precision_asked:.0%})"
        )

    def _ask(self) -> str:
        lines = []
        for query in QUERIES:
            routing = self.app.route(TREE, CATALOG, query)
            tree = self.app.stored_router(TREE, CATALOG).tree
            best = routing.ranked[0]
            lines.append(f"“{query}” → {tree.label(best.node_id)} ({best.probability:.0%}, {routing.intent})")
        lines.append(f"“{RERANKED}”, best products first:")
        for product, one in self.app.search(TREE, CATALOG, RERANKED, top=3):
            lines.append(f"  {one.score:.2f}  {product.title}  ({one.why})")
        return "\n".join(lines)

    def _once(self, name: str, compute: Callable[[], str]) -> str:
        """What was computed for this model and this tree; computed now if it never was."""
        with self.app.uow() as uow:
            version = uow.trees.head(TREE).version
        file = self.folder / f"{name}-{self._revision[:12]}-{version}.txt"
        if not file.exists():
            partial = file.with_suffix(".partial")
            partial.write_text(compute(), encoding="utf-8")
            partial.replace(file)
        return file.read_text(encoding="utf-8")

    @cached_property
    def products(self) -> list[Product]:
        """The bundled products."""
        return list(open_catalog(self._file))

    @cached_property
    def model(self) -> Path:
        """The model's folder; another sample or base model has another."""
        key = hashlib.sha256(f"{self._digest} {self.app.settings.base_model}".encode()).hexdigest()
        return self.folder / f"model-{key[:12]}"

    @cached_property
    def _revision(self) -> str:
        return self.app.model_revision(self.model)

    @cached_property
    def _parts(self) -> tuple[list[Product], list[Product]]:
        """Labelled products to learn from, and those held out; near-duplicates stay on one side."""
        labelled = [one for one in self.products if one.category_path]
        groups = duplicate_groups([product_text(one) for one in labelled])
        held = stratified_split(
            [join_path(one.category_path) for one in labelled], groups, fraction=HELD_OUT, seed=SEED
        )
        learn = [one for one, out in zip(labelled, held, strict=True) if not out]
        return learn, [one for one, out in zip(labelled, held, strict=True) if out]

    @property
    def _label_entries(self) -> list[Entry]:
        return [
            Entry(path) for path in sorted({one.category_path for one in self.products if one.category_path})
        ]

    @property
    def _file(self) -> Path:
        return Path(str(files("ui.demo") / "sample" / "products.csv"))

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256(self._file.read_bytes()).hexdigest()
