"""A trained model as what a re-tagging job asks of it."""

from collections.abc import Callable, Sequence

from ingest.classify.predict import Classifier, Prediction
from taxonomy.product import Assignment, Product, Source

__all__ = ["assignment", "tagger"]


def tagger(
    classifier: Classifier, *, precision: float
) -> Callable[[Sequence[Product]], list[Assignment | None]]:
    """Products in, in their order the deepest node that is safe at this precision; None for review."""
    return lambda products: [
        assignment(one, classifier) for one in classifier.predict(products, precision=precision)
    ]


def assignment(one: Prediction, classifier: Classifier) -> Assignment | None:
    """What is stored of a prediction; None for review."""
    if one.node_id is None:
        return None
    version = classifier.tree.version
    return Assignment(
        one.product_id, one.node_id, one.probability, Source.MODEL, classifier.revision, version
    )
