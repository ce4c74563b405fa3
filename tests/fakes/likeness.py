"""About what pg_trgm says of two texts."""

from taxonomy.text import fold


def share_found(text: str, title: str) -> float:
    """The share of the text's three-letter pieces found in the title: about pg_trgm's word similarity."""
    wanted, there = _pieces(text), _pieces(title)
    return len(wanted & there) / len(wanted) if wanted else 0.0


def likeness(text: str, name: str) -> tuple[float, float]:
    """How much a name's likest word, and all of it, are like the text: about pg_trgm's strict similarity."""
    wanted, words = _pieces(text), [name, *name.split()]
    if not fold(text):
        return 0.0, 0.0
    if fold(text) in fold(name):
        return 1.0, len(fold(text)) / len(fold(name))
    shares = [len(wanted & _pieces(one)) / max(len(wanted | _pieces(one)), 1) for one in words]
    return max(shares), shares[0]


def _pieces(text: str) -> set[str]:
    return {f"  {word} "[at : at + 3] for word in fold(text).split() for at in range(len(word) + 1)}
