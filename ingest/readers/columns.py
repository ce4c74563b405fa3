"""Which column is which: known names by field, and what the user says instead."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from taxonomy.errors import FileError, InputError

__all__ = ["FIELDS", "QUERY_FIELDS", "find_column", "plain", "recognise"]

FIELDS: Mapping[str, tuple[str, ...]] = {
    "id": (
        "product_id", "id", "uniq_id", "unique_id", "product_uid", "uid", "item_id", "offer_id", "asin",
        "sku", "variant_sku", "product_code", "item_code", "article_number", "gtin", "ean", "upc", "handle",
    ),
    "title": (
        "title", "product_title", "product_name", "item_title", "item_name", "name", "product_display_name",
        "display_name", "product", "item", "headline",
    ),
    "brand": ("brand", "brand_name", "product_brand", "manufacturer", "vendor", "maker"),
    "description": (
        "description", "product_description", "long_description", "item_description", "body_html", "body",
        "details", "short_description", "about_product", "summary",
    ),
    "category_path": (
        "category_path", "category_tree", "product_category_tree", "product_category_path", "breadcrumb",
        "breadcrumbs", "google_product_category", "categories", "category", "product_category",
        "category_name", "taxonomy", "product_type", "department", "type",
    ),
    "price": (
        "price", "sale_price", "selling_price", "discounted_price", "current_price", "retail_price",
        "regular_price", "variant_price", "list_price", "mrp", "market_price", "product_price", "amount",
    ),
    "image": (
        "image", "image_link", "image_url", "image_src", "images", "image_urls", "img", "img_url", "img_link",
        "picture", "picture_url", "photo", "thumbnail",
    ),
    "split": ("split", "subset"),
}  # fmt: skip
"""Names of each field of a product, the best first; case, blanks and signs in a header do not count."""

QUERY_FIELDS: Mapping[str, tuple[str, ...]] = {
    "query": ("query", "search_term", "search_query", "term", "keyword", "keywords", "q"),
    "product_id": FIELDS["id"],
    "title": FIELDS["title"],
    "relevance": ("relevance", "grade", "judgement", "judgment", "rating", "label"),
    "score": ("score",),
    "category_path": FIELDS["category_path"],
}
"""Names of the columns in files of queries and judgements."""


def recognise(columns: Sequence[str], mapping: Mapping[str, str], path: Path) -> Mapping[str, str]:
    """Field to column, for the fields that are there. A column serves one field; the mapping comes first.

    >>> recognise(["Product Name", "SKU", "colour"], {}, Path("shop.csv"))
    {'id': 'SKU', 'title': 'Product Name'}

    Raises
    ------
    InputError
        The mapping names a field or a column that does not exist.
    FileError
        There is no column of titles.
    """
    found = {_field(name): _column(column, columns) for name, column in mapping.items()}
    for field in FIELDS:
        if field not in found:
            free = [column for column in columns if column not in found.values()]
            if column := _best(free, _names(field, columns)):
                found[field] = column
    if not found.get("title"):
        hint = f"no column of titles among: {', '.join(columns)}. Say which it is: --map title=COLUMN"
        raise FileError(path, hint, line=1)
    return {field: found[field] for field in FIELDS if found.get(field)}


def find_column(columns: Sequence[str], names: Sequence[str], path: Path) -> str:
    """The column that bears the first of some names that any bears.

    >>> find_column(["search_term", "product_uid"], QUERY_FIELDS["query"], Path("queries.csv"))
    'search_term'

    Raises
    ------
    FileError
        None does.
    """
    if column := _best(columns, names):
        return column
    hint = f"no column {names[0]!r} among: {', '.join(columns)}. Rename one of them to {names[0]}"
    raise FileError(path, hint, line=1)


def _names(field: str, columns: Sequence[str]) -> tuple[str, ...]:
    # Beside Google's category, which may be a number, a feed has the shop's own path in `product_type`.
    of_feed = field == "category_path" and _best(columns, ["google_product_category"])
    return ("category_path", "product_type", *FIELDS[field]) if of_feed else FIELDS[field]


def _best(columns: Sequence[str], names: Sequence[str]) -> str | None:
    by_key = {plain(column): column for column in reversed(columns)}
    return next((by_key[key] for name in names if (key := plain(name)) in by_key), None)


def plain(name: str) -> str:
    """A column's name without case, blanks and signs, by which names are compared.

    >>> plain("Product type"), plain("product_type")
    ('producttype', 'producttype')
    """
    return "".join(c for c in name.casefold() if c.isalnum())


def _field(name: str) -> str:
    known = {plain(field): field for field in FIELDS} | {"category": "category_path"}
    if plain(name) not in known:
        raise InputError(f"--map {name}=...: there is no field {name!r}; fields are {', '.join(FIELDS)}")
    return known[plain(name)]


def _column(name: str, columns: Sequence[str]) -> str:
    """The column meant by a name; '' stays '' and leaves the field without a column."""
    if name == "" or name in columns:
        return name
    if found := _best(columns, [name]):
        return found
    raise InputError(f"--map ...={name}: there is no column {name!r}; columns are {', '.join(columns)}")
