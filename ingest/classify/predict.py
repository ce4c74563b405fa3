"""The classifier: products in, a node and how sure we are of it out."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.classify.bind import Bound, Examples
from ingest.classify.calibrate import Calibration, deepest_safe
from ingest.classify.drift import Reference, Watch
from ingest.classify.guard import Guard
from ingest.classify.layout import Indices
from ingest.encode import open_encoder
from ingest.encode.open import Backend, Device
from ingest.train.artifact import Artifact
from taxonomy.node import NodeId
from taxonomy.ports import Encoder, Floats
from taxonomy.product import Product, ProductId
from taxonomy.text import product_text
from taxonomy.tree import Tree

__all__ = ["Classifier", "Decision", "Outlook", "Prediction"]

Decision = Literal["accept", "backoff", "review"]

_CHUNK = 2048  # products in memory at a time; 2,048 x 10,000 terminals are 80 MB


@dataclass(frozen=True, slots=True)
class Prediction:
    """Where a product belongs, as far as it is safe to say.

    Attributes
    ----------
    product_id : ProductId
        The product.
    node_id : NodeId or None
        The deepest safe node; None for review.
    probability : float
        Of `node_id`; for review that of the leaf's top category, which was not enough.
    decision : {"accept", "backoff", "review"}
        The likeliest terminal itself is safe, only a node above it is, or none.
    leaf_id : NodeId
        The likeliest terminal: a leaf, or an inner node if the product seems to stop there.
    leaf_probability : float
        Of `leaf_id`, alone.
    foreign : float
        How little of the text training has seen, in 0..1; see `Foreign`.
    n_words : int
        Of the text.
    """

    product_id: ProductId
    node_id: NodeId | None
    probability: float
    decision: Decision
    leaf_id: NodeId
    leaf_probability: float
    foreign: float = 0.0
    n_words: int = 0


@dataclass(frozen=True)
class Outlook:
    """What a classifier knows of products, to decide on at one precision or several.

    Attributes
    ----------
    products : sequence of n Product
        Looked at.
    posteriors : (n, n_terminals) float32
        As from `Classifier.posteriors`.
    best : (n,) int
        The column of the likeliest terminal.
    paths : (n, deepest level) float32
        How likely each node on the way there is.
    refused : (n,) bool
        Which go to review whatever the posteriors say.
    strangeness : (n,) float32
        `Prediction.foreign`.
    n_words : sequence of n int
        Of the texts.
    """

    products: Sequence[Product]
    posteriors: Floats
    best: Indices
    paths: Floats
    refused: NDArray[np.bool_]
    strangeness: Floats
    n_words: Sequence[int]


class _Reading(NamedTuple):
    """What products say before they are encoded; see `Outlook` and `Bound.read`."""

    products: Sequence[Product]
    texts: Sequence[str]
    said: Floats
    refused: NDArray[np.bool_]
    strangeness: Floats


class Classifier:
    """A trained model bound to a tree.

    Parameters
    ----------
    encoder : Encoder
        Text to unit vectors.
    bound : Bound
        The head on the tree.
    calibration : Calibration
        How probabilities and the price of an error were put right.
    tree : Tree
        The tree that predictions are nodes of.
    guard : Guard, optional
        Sends texts to review of which the model can know nothing.
    reference : Reference, optional
        What calibration products looked like.
    revision : str
        Of the model; assignments carry it.
    """

    def __init__(
        self,
        encoder: Encoder,
        bound: Bound,
        calibration: Calibration,
        *,
        tree: Tree,
        guard: Guard | None = None,
        reference: Reference | None = None,
        revision: str = "",
    ) -> None:
        self.encoder, self.tree, self.revision = encoder, tree, revision
        self.calibration = calibration
        self._bound, self._guard, self._reference = bound, guard, reference

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        tree: Tree | None = None,
        examples: Examples | None = None,
        device: Device = "auto",
        backend: Backend = "auto",
        cache: Path | None = None,
    ) -> "Classifier":
        """The model of this folder, on its own tree unless one is given; see `bind` for nodes new to it.

        Raises
        ------
        ModelError
            The folder is damaged, or the tree is a foreign one.
        UnknownId
            There are examples of a node that the tree does not have.
        """
        artifact = Artifact.load(folder)
        encoder = open_encoder(
            folder, device=device, backend=backend, cache=cache, calibration=artifact.sample_texts
        )
        tree = tree or artifact.tree
        bound = artifact.on(tree, encoder, examples=examples)
        return cls(
            encoder,
            bound,
            artifact.calibration,
            tree=tree,
            guard=artifact.guard.on(tree) if artifact.guard else None,
            reference=artifact.reference,
            revision=artifact.revision,
        )

    @property
    def terminals(self) -> tuple[NodeId, ...]:
        """The nodes that the columns of `posteriors` stand for."""
        return self._bound.layout.terminals

    def vouches_for(self, precision: float) -> bool:
        """Whether calibration saw enough products to promise this; if not, all products go to review."""
        return bool(np.isfinite(self.calibration.price(precision)))

    def watch(self) -> Watch | None:
        """Tells whether products look like calibration's; None for a model that keeps no reference."""
        return Watch(self._reference, self.tree) if self._reference else None

    def posteriors(self, texts: Sequence[str]) -> Floats:
        """Calibrated probabilities of product texts: (n_texts, n_terminals) float32, rows adding up to 1.

        A node's probability is the sum over the terminals at and below it.
        """
        return self._posteriors(texts, self._bound.read(texts, self.calibration))

    def _posteriors(self, texts: Sequence[str], said: Floats) -> Floats:
        by = self.calibration
        return by.sure(self._bound.posteriors(texts, said, self.encoder.encode, by))

    def query_posteriors(self, queries: Sequence[str]) -> Floats:
        """The same of what people type into a search box, by the head alone.

        A query is no title, and to look through all that is remembered takes milliseconds.
        """
        return self.head_alone.posteriors(queries)

    @cached_property
    def head_alone(self) -> "Classifier":
        """This classifier without words and memory: for texts that are no products, or are known by heart."""
        return Classifier(
            self.encoder,
            self._bound,
            replace(self.calibration, wording_share=0.0, memory_share=0.0, sureness=Calibration.sureness),
            tree=self.tree,
            guard=self._guard,
            reference=self._reference,
            revision=self.revision,
        )

    def predict(self, products: Iterable[Product], *, precision: float = 0.95) -> Iterator[Prediction]:
        """A prediction for each product, in order; products are read as predictions are taken.

        Parameters
        ----------
        products : iterable of Product
            Any number; a few thousand are held at a time.
        precision : float
            How often a given node must be the truth or above it, in 0..1.
        """
        source = iter(products)
        with ThreadPoolExecutor(1) as pool:  # words of the next chunk are read while one is being encoded
            coming: Future[_Reading] | None = None
            while chunk := list(islice(source, _CHUNK)):
                ready, coming = coming, pool.submit(self._read, chunk)
                if ready:
                    yield from self.decide(self._seen(ready.result()), precision=precision)
            if coming:
                yield from self.decide(self._seen(coming.result()), precision=precision)

    def look(self, products: Sequence[Product]) -> Outlook:
        """All that is known of products before anything is decided, all their posteriors in memory."""
        return self._seen(self._read(products))

    def _read(self, products: Sequence[Product]) -> _Reading:
        texts = [product_text(product) for product in products]
        refused = np.zeros(len(texts), dtype=np.bool_)
        strangeness = np.zeros(len(texts), dtype=np.float32)
        if self._guard:
            refused, strangeness = self._guard.look(texts)
        return _Reading(products, texts, self._bound.read(texts, self.calibration), refused, strangeness)

    def _seen(self, reading: _Reading) -> Outlook:
        posteriors = self._posteriors(reading.texts, reading.said)
        best = posteriors.argmax(axis=1)
        paths = self._bound.layout.path_probabilities(posteriors, best)
        n_words = [text.count(" ") + 1 for text in reading.texts]
        return Outlook(
            reading.products, posteriors, best, paths, reading.refused, reading.strangeness, n_words
        )

    def depths(self, outlook: Outlook, precision: float) -> Indices:
        """How many nodes of its likeliest path each product is given: (n_products,) int, 0 for review."""
        depths = deepest_safe(outlook.paths, self.calibration.price(precision))
        depths[outlook.refused] = 0
        return depths

    def decide(self, outlook: Outlook, *, precision: float = 0.95) -> Iterator[Prediction]:
        """A prediction for each product looked at, in order; as often as wanted, at any precision."""
        best, depths = outlook.best, self.depths(outlook, precision)
        for row, product in enumerate(outlook.products):
            lineage, depth = self._bound.layout.lineages[best[row]], int(depths[row])
            decision: Decision = "review" if not depth else "accept" if depth == len(lineage) else "backoff"
            yield Prediction(
                product.id,
                lineage[depth - 1] if depth else None,
                float(outlook.paths[row, max(depth, 1) - 1]),
                decision,
                lineage[-1],
                float(outlook.posteriors[row, best[row]]),
                float(outlook.strangeness[row]),
                outlook.n_words[row],
            )
