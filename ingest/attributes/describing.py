"""Products with what their texts state beside what their columns say."""

from collections.abc import Iterable
from dataclasses import replace

from ingest.attributes.attribute import Name
from ingest.attributes.extractor import Extractor
from taxonomy.product import Product
from taxonomy.text import fold

__all__ = ["described"]


def described(products: Iterable[Product], extractor: Extractor) -> list[Product]:
    """The products, each with the surest value of every attribute that its text states and no column says.

    Columns are compared without case and accents; what they say stays as it is.
    """
    return [_described(product, extractor) for product in products]


def _described(product: Product, extractor: Extractor) -> Product:
    found: dict[Name, tuple[float, str]] = {}
    for one in extractor.extract(product):
        if one.name not in found or one.confidence > found[one.name][0]:
            found[one.name] = (one.confidence, one.value)
    said = {fold(column) for column, cell in product.attributes.items() if cell}
    more = {name.value: value for name, (_, value) in found.items() if name.value not in said}
    brand = product.brand or more.pop(Name.BRAND.value, "")
    more.pop(Name.BRAND.value, None)
    return replace(product, brand=brand, attributes={**product.attributes, **more})
