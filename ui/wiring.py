"""Everything put together: settings, database, models, and the use cases that need several of them.

Nothing is opened before it is asked for: importing this module, or asking for a tree, loads no model.
"""

import os
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self

from store.embedded import home
from store.engine import connect, database_url
from store.migrate import is_current, upgrade
from store.unit_of_work import PostgresUnitOfWork
from taxonomy.errors import InputError, ModelError, StoreError
from taxonomy.formats import read_tree
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.ports import Encoder, Floats, Progress, Silent, UnitOfWork
from taxonomy.product import Path as Labels
from taxonomy.product import Product, ProductId
from taxonomy.service.releasing import published
from taxonomy.service.teaching import shown
from taxonomy.text import normalise, product_text
from taxonomy.tree import Tree
from ui.settings import Settings
from ui.stock import shelved, stock_of
from ui.tables import contents_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ingest.classify.predict import Classifier
    from ingest.cluster.arrange import Arranged
    from ingest.cluster.build import Built, Noise
    from ingest.cluster.shape import Shape
    from ingest.cluster.shelves import Shelves
    from ingest.search.reranking import Reranker
    from ingest.search.retrieval import Searcher
    from taxonomy.audit import Finding
    from taxonomy.crosswalk import Proposal
    from taxonomy.formats.tree_json import Evidence
    from taxonomy.proposal import Report
    from taxonomy.search.rerank import Reranked
    from taxonomy.search.route import Router, Routing
    from taxonomy.service.splitting import Group
    from taxonomy.versus import Places

__all__ = ["App"]

ROUTERS_KEPT = 4  # one router of a 10,000-node tree holds about 100 MB
PRODUCTS_ARRANGED = 200  # of a category: as for those audited, and all of them are compared with each other
CANDIDATES = 200  # products that a search reranks: more costs milliseconds and rarely changes the first ten


@dataclass
class App:
    """What the command line, the web app and the HTTP service share. One a process; threads may share it."""

    settings: Settings = field(default_factory=Settings)
    _routers: "OrderedDict[tuple[object, ...], Router]" = field(default_factory=OrderedDict, repr=False)

    _one_at_a_time: Lock = field(default_factory=Lock, repr=False)

    @classmethod
    def open(cls) -> "App":
        """An app with the environment's settings."""
        return cls()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if "engine" in self.__dict__:  # never opened only to be closed
            self.engine.dispose()

    @cached_property
    def engine(self) -> "Engine":
        """The database, started if it is our own, with its tables up to date.

        Raises
        ------
        DatabaseUnavailable
            It cannot be started or reached.
        StoreError
            It is of another version; the message says what to run.
        """
        url = database_url()
        if not is_current(url):
            if os.environ.get(
                "SHELFTREE_DATABASE_URL"
            ):  # others may use that server: not ours to change unasked
                raise StoreError("the tables are not of this version: run `shelftree db migrate` first")
            upgrade(url)
        return connect(url)

    def uow(self) -> UnitOfWork:
        """A transaction over the store; use it as a context manager."""
        return PostgresUnitOfWork(self.engine)

    @property
    def cache(self) -> Path:
        """Where vectors and converted models are kept; anything in it can be deleted."""
        return self.settings.cache or home() / "cache"

    @cached_property
    def encoder(self) -> Encoder:
        """The base encoder."""
        from ingest.encode import open_encoder

        return open_encoder(self.settings.base_model or None, device=self.settings.device, cache=self.cache)

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        """What texts mean to the base encoder, spelling made even: (n_texts, dim) float32, unit rows."""
        return self.encoder.encode([normalise(text) for text in texts], progress=progress or Silent())

    def vectors(
        self, products: Sequence[Product], *, model: Path | None = None, progress: Progress | None = None
    ) -> Floats:
        """What the titles mean, to a trained model if one is given: (n_products, dim) float32, unit rows.

        Descriptions are left out: with them, a built tree agrees less with shops' own trees.
        """
        encoder = self.encoder_of(model) if model else self.encoder
        progress = progress or Silent()
        progress.start("reading what products mean", len(products))
        return encoder.encode([normalise(one.title) for one in products], progress=progress)

    def encoder_of(self, model: Path) -> Encoder:
        """The encoder of a trained model."""
        from ingest.encode import open_encoder
        from ingest.train.artifact import Artifact

        texts = Artifact.load(model).sample_texts
        return open_encoder(model, device=self.settings.device, cache=self.cache, calibration=texts)

    def classifier(
        self, model: Path, tree: Tree | None = None, *, catalog: str = "", taxonomy: str = ""
    ) -> "Classifier":
        """A trained model, on its own tree unless one is given; errors as `Classifier.load`.

        With a catalogue and a taxonomy, leaves that it was never trained on are known by what people placed
        there, too.
        """
        from ingest.classify.predict import Classifier

        examples = self._examples(model, tree, catalog, taxonomy) if tree and catalog and taxonomy else None
        return Classifier.load(
            model, tree=tree, examples=examples, device=self.settings.device, cache=self.cache
        )

    def _examples(self, model: Path, tree: Tree, catalog: str, taxonomy: str) -> dict[NodeId, list[str]]:
        """Texts of what people placed in the tree's leaves that the model has no row for."""
        from ingest.train.artifact import Artifact

        new = set(tree.leaves()) - set(Artifact.load(model).head.ids)
        if not new:
            return {}
        with self.uow() as uow:
            found = shown(uow, catalog, taxonomy, new)
        return {at: [product_text(one) for one in some] for at, some in found.items() if at in tree}

    def model_revision(self, model: Path, tree: Tree | None = None) -> str:
        """The revision of a model folder, after checking that it is whole and, given a tree, of that tree.

        Raises
        ------
        ModelError
            It is damaged, or it knows no category of the tree.
        """
        from ingest.train.artifact import Artifact

        artifact = Artifact.load(model)
        if tree and not any(at in tree or at in tree.redirects for at in artifact.head.ids):
            raise ModelError(
                f"{model} was trained on another tree: train it with --taxonomy to publish it there"
            )
        return artifact.revision

    def build(
        self,
        products: Sequence[Product],
        vectors: Floats,
        *,
        shape: "Shape | None" = None,
        seed: int = 0,
        reference: Sequence[Labels] = (),
        noise: "Noise" = "keep",
        progress: Progress | None = None,
    ) -> "Built":
        """A tree grown from the products' titles and `vectors`; their own categories are not looked at.

        Labels of the reference, paths of a published taxonomy, are wordings for names beside the titles'.
        """
        from ingest.cluster.build import build

        return build(
            products,
            vectors,
            shape=shape,
            seed=seed,
            noise=noise,
            encode=self.encoder.encode,
            reference=reference,
            progress=progress,
            stages=self.cache / "builds",
        )

    def shelves(self, taxonomy: str, catalog: str) -> "tuple[Tree, Shelves]":
        """The head of a taxonomy, and some products of each of its nodes."""
        held: Shelves = defaultdict(list)
        with self.uow() as uow:
            for at, product in shelved(uow, taxonomy, catalog, per_node=PRODUCTS_ARRANGED):
                held[at].append(product)
            return uow.trees.head(taxonomy), held

    def arrange(
        self,
        tree: Tree,
        shelves: "Shelves",
        *,
        below: NodeId = ROOT_ID,
        depth: int = 2,
        max_children: int = 20,
        reference: Tree | None = None,
        model: Path | None = None,
        weights: Mapping[str, float] | None = None,
        progress: Progress | None = None,
    ) -> "Arranged":
        """Parents for the children of a node; errors as for `ingest.cluster.arrange.arrange`."""
        from ingest.cluster.arrange import arrange, movable
        from ingest.cluster.legs import WEIGHTS, Evidence
        from ingest.cluster.shelves import up_to

        progress = progress or Silent()
        categories = movable(tree, below)
        held = up_to(tree, shelves, below)
        some = {at: held[at][:: max(1, len(held[at]) // PRODUCTS_ARRANGED)] for at in categories}
        progress.start("reading what names and products mean")
        known = Evidence.gather(
            [tree.nodes[at].name for at in categories],
            list(some.values()),
            self.encoder.encode,
            reference=reference,
            posteriors=self._opinion(model) if model else None,
        )
        return arrange(
            tree,
            some,
            known,
            self.encoder.encode,
            below=below,
            depth=depth,
            max_children=max_children,
            weights=WEIGHTS if weights is None else weights,
            progress=progress,
        )

    def _opinion(self, model: Path) -> "Callable[[Sequence[Product]], Floats]":
        """What a model says of products that it may have been trained on: without its memory of them."""
        alone = self.classifier(model).head_alone
        return lambda products: alone.posteriors([product_text(one) for one in products])

    def examine(
        self,
        products: Sequence[Product],
        vectors: Floats,
        tree: Tree,
        places: "Places",
        *,
        evidence: "Mapping[NodeId, Evidence] | None" = None,
        progress: Progress | None = None,
    ) -> "Report":
        """How good a tree is, by `vectors` of the products in it; see `ingest.cluster.quality`."""
        from ingest.cluster.quality import examine

        (progress or Silent()).start("measuring the tree")
        return examine(tree, places, products, vectors, encode=self.encoder.encode, evidence=evidence)

    def groups(
        self, products: Sequence[Product], most: int, *, progress: Progress | None = None
    ) -> "list[Group]":
        """The largest groups of products with similar titles, at most so many, named after what they share.

        Raises
        ------
        InputError
            They fall into no groups.
        """
        from ingest.cluster.shape import Shape
        from taxonomy.service.splitting import Group

        shape = Shape(max_depth=1, max_children=max(most, 2))
        built = self.build(
            products, self.vectors(products, progress=progress), shape=shape, progress=progress
        )
        held: dict[NodeId, list[ProductId]] = defaultdict(list)
        for product_id, one in built.memberships.items():
            if one.node_id is not None:
                held[built.tree.lineage(one.node_id)[0]].append(product_id)
        if not held:
            raise InputError(
                f"no groups were found among {len(products)} products: choose them, or an attribute"
            )
        groups = [Group(built.tree.nodes[at].name, tuple(ids)) for at, ids in held.items()]
        return sorted(groups, key=lambda one: (-len(one.product_ids), one.name))[:most]

    def tree(self, *, file: Path | None = None, taxonomy: str = "") -> Tree:
        """The tree of a file, or the published one of a taxonomy in the store.

        Raises
        ------
        FileError, UnknownId, InputError
            There is no such tree, or nothing of it was published.
        """
        if file is not None:
            return read_tree(file, None if file.suffix == ".json" else contents_of(file))
        with self.uow() as uow:
            return published(uow, taxonomy)[1]

    def router(
        self, tree: Tree, *, model: Path | None = None, products: Iterable[tuple[NodeId, Product]] = ()
    ) -> "Router":
        """A router over a tree, with a trained model's opinion where there is one."""
        from ingest.search.routing import open_router

        classifier = self.classifier(model, tree) if model else None
        return open_router(tree, encoder=self.encoder, classifier=classifier, products=products or None)

    def stored_router(self, taxonomy: str, catalog: str = "") -> "Router":
        """The router of a taxonomy's head and its release's model, kept until either changes."""
        with self._one_at_a_time, self.uow() as uow:
            tree = uow.trees.head(taxonomy)
            current = uow.releases.current(taxonomy)
            model = Path(current[0].model_dir) if current and current[0].model_dir else None
            key = (taxonomy, tree.version, catalog, model)
            if key not in self._routers:
                known = shelved(uow, taxonomy, catalog) if catalog else ()
                self._routers[key] = self.router(
                    tree, model=model if model and model.is_dir() else None, products=known
                )
                while len(self._routers) > ROUTERS_KEPT:
                    self._routers.popitem(last=False)
            self._routers.move_to_end(key)
            return self._routers[key]

    def router_of(
        self, *, file: Path | None = None, taxonomy: str = "", catalog: str = "", model: Path | None = None
    ) -> "Router":
        """A router over the tree of a file, or over the published one of a taxonomy in the store."""
        tree = self.tree(file=file, taxonomy=taxonomy)
        if not catalog:
            return self.router(tree, model=model)
        with self.uow() as uow:
            return self.router(tree, model=model, products=shelved(uow, taxonomy, catalog))

    def crosswalk(
        self, one: Tree, other: Tree, *, min_score: float | None = None, progress: Progress | None = None
    ) -> "list[Proposal]":
        """What each category of a tree corresponds to in another; parameters as for `crosswalk.propose`."""
        from taxonomy import crosswalk

        progress = progress or Silent()
        sides = []
        for tree in (one, other):
            names, paths = crosswalk.texts(tree)
            progress.start("reading what categories mean", 2 * len(names))
            vectors = (self.encode(texts, progress=progress) for texts in (names, paths))
            sides.append(crosswalk.Side(tree, *vectors))
        return crosswalk.propose(*sides, min_score=crosswalk.MIN_SCORE if min_score is None else min_score)

    def reranker(self, titles: Iterable[str], *, model: Path | None = None) -> "Reranker":
        """A reranker for products with these titles; with a model, categories are compared as well."""
        from ingest.search.reranking import open_reranker

        if model is None:
            return open_reranker(titles, encoder=self.encoder)
        classifier = self.classifier(model)
        router = self.router(classifier.tree, model=model)
        return open_reranker(titles, encoder=self.encoder, router=router, classifier=classifier)

    def searcher(
        self, products: Iterable[Product], *, model: Path | None = None, progress: Progress | None = None
    ) -> "Searcher":
        """A searcher over products held in memory; with a model, they stand where it puts them."""
        from ingest.search.retrieval import open_searcher

        known = list(products)
        if model is None:
            return open_searcher(((one, None) for one in known), encoder=self.encoder, progress=progress)
        classifier = self.classifier(model)
        best = classifier.posteriors([product_text(one) for one in known]).argmax(axis=1)
        placed = [(one, classifier.terminals[at]) for one, at in zip(known, best, strict=True)]
        router = self.router(classifier.tree, model=model)
        return open_searcher(placed, encoder=self.encoder, router=router, progress=progress)

    def audit(self, taxonomy: str, catalog: str = "", *, progress: Progress | None = None) -> "list[Finding]":
        """What is wrong with a taxonomy's head, judged by the products of a catalogue if one is named."""
        from taxonomy.audit import audit

        with self.uow() as uow:
            tree = uow.trees.head(taxonomy)
            shelves, counts = stock_of(uow, taxonomy, catalog) if catalog else ({}, None)
        return audit(
            tree,
            products_by_node=shelves,
            counts=counts,
            encode=partial(self.encode, progress=progress) if shelves else None,
            catalog=catalog,
        )

    def route(self, taxonomy: str, catalog: str, query: str, *, top: int = 10) -> "Routing":
        """Where a query goes in a taxonomy's head."""
        return self.stored_router(taxonomy, catalog).route(query, top=top)

    def search(
        self, taxonomy: str, catalog: str, query: str, *, top: int = 20
    ) -> "list[tuple[Product, Reranked]]":
        """Products for a query, best first: from the shelves that it means, and by their titles."""
        router = self.stored_router(taxonomy, catalog)
        routing = router.route(query)
        with self.uow() as uow:
            tree = uow.trees.head(taxonomy)
            found = {one.id: one for one in uow.catalogs.search(catalog, query, limit=CANDIDATES)}
            meant = [one.node_id for one in routing.ranked[:3] if one.node_id in tree]
            shelves = list(
                dict.fromkeys(at for top_id in meant for at in (top_id, *tree.descendants(top_id)))
            )
            for product, _ in uow.assignments.of_node(catalog, taxonomy, shelves, limit=CANDIDATES):
                found.setdefault(product.id, product)
            standing = uow.assignments.of_products(catalog, taxonomy, list(found))
        from ingest.search.reranking import open_reranker
        from taxonomy.search.rerank import Candidate

        candidates = [
            Candidate(one.id, one.title, standing[one.id].node_id if one.id in standing else None)
            for one in found.values()
        ]
        titles = [one.title for one in candidates]
        ranked = open_reranker(titles, encoder=self.encoder, router=router).rerank(query, candidates)
        return [(found[one.product_id], one) for one in ranked[:top]]
