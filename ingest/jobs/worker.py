"""A trained model as what a re-tagging job asks of it."""

from collections.abc import Callable, Sequence

from ingest.classify.predict import Classifier
from taxonomy.product import Assignment, Product, Source

__all__ = ["tagger"]


def tagger(
    classifier: Classifier, *, precision: float
) -> Callable[[Sequence[Product]], list[Assignment | None]]:
    """Products in, in their order the deepest node that is safe at this precision; None for review."""

    def tag(products: Sequence[Product]) -> list[Assignment | None]:
        version = classifier.tree.version
        return [
            None
            if one.node_id is None
            else Assignment(
                one.product_id, one.node_id, one.probability, Source.MODEL, classifier.revision, version
            )
            for one in classifier.predict(products, precision=precision)
        ]

    return tag
