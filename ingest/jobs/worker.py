"""A trained model as what a re-tagging job asks of it."""

from collections.abc import Callable, Sequence

from ingest.classify.predict import Classifier, Prediction
from ingest.jobs.questions import suggestions
from taxonomy.product import Assignment, Product, Source
from taxonomy.review import Suggestion
from taxonomy.text import product_text

__all__ = ["assignment", "tagger"]


def tagger(
    classifier: Classifier, *, precision: float
) -> Callable[[Sequence[Product]], list[Assignment | Suggestion]]:
    """Products in, in their order the deepest node that is safe at this precision, or what to ask people."""

    def tag(products: Sequence[Product]) -> list[Assignment | Suggestion]:
        given = [assignment(one, classifier) for one in classifier.predict(products, precision=precision)]
        unsure = [product for product, one in zip(products, given, strict=True) if one is None]
        asked = iter(
            suggestions(classifier, [one.id for one in unsure], [product_text(one) for one in unsure])
        )
        return [next(asked) if one is None else one for one in given]

    return tag


def assignment(one: Prediction, classifier: Classifier) -> Assignment | None:
    """What is stored of a prediction; None for review."""
    if one.node_id is None:
        return None
    version = classifier.tree.version
    return Assignment(
        one.product_id, one.node_id, one.probability, Source.MODEL, classifier.revision, version
    )
