"""A product as a row of `products`, and back."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Text, cast, func

from store.tables import products
from taxonomy.errors import InputError
from taxonomy.product import Product

__all__ = ["FIELDS", "STAGED", "product_of", "product_row", "require_distinct", "text_hash"]

FIELDS = tuple(Product.__dataclass_fields__)
"""The columns that make a product, in the order of its fields."""

STAGED = (*FIELDS, "catalog_id", "content_hash", "import_id")
"""The columns that an import writes; `content_hash` tells a changed product from an unchanged one."""


def product_row(catalog_id: int, import_id: int, product: Product) -> tuple[object, ...]:
    """Values for the columns `STAGED`."""
    attributes = json.dumps(dict(product.attributes), ensure_ascii=False, sort_keys=True)
    texts = (product.id, product.title, product.brand, product.description)
    rest = (list(product.category_path), product.price, product.image, product.split, attributes)
    digest = hashlib.blake2b(json.dumps([texts, rest]).encode(), digest_size=16).digest()
    return (*texts, *rest, catalog_id, digest, import_id)


def product_of(row: Row[Any]) -> Product:
    """The product of a row that has the columns `FIELDS`."""
    return Product(
        id=row.id,
        title=row.title,
        brand=row.brand,
        description=row.description,
        category_path=tuple(row.category_path),
        price=row.price,
        image=row.image,
        split=row.split,
        attributes=row.attributes,
    )


def require_distinct(products: Sequence[Product]) -> None:
    """No two of the products have the same id.

    Raises
    ------
    InputError
        Two have; the message names the id.
    """
    counts = Counter(product.id for product in products)
    if len(counts) < len(products):
        twice = counts.most_common(1)[0][0]
        raise InputError(f"product {twice!r} occurs twice in one batch: keep one row for each id")


def text_hash() -> ColumnElement[bytes]:
    """The SHA-256 of what models read of a row of `products`, as a column: not of price, image or path."""
    attributes = cast(products.c.attributes, Text)
    told = func.concat_ws("\x1f", products.c.title, products.c.brand, products.c.description, attributes)
    return func.sha256(func.convert_to(told, "UTF8"))
