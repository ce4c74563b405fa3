"""One normaliser for products and queries."""

import unicodedata

__all__ = ["fold"]


def fold(text: str) -> str:
    """The text without case, accents and extra blanks: what two names must differ in to be two names.

    >>> fold("  Crème  BRÛLÉE ")
    'creme brulee'
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())
