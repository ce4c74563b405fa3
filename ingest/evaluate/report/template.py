"""A report's template, filled: one HTML file that needs nothing but itself."""

from pathlib import Path

__all__ = ["fill"]

_TEMPLATES = Path(__file__).parent / "templates"


def fill(name: str, **values: object) -> str:
    """The page: UTF-8 text, style and drawings within, no script, nothing fetched from anywhere.

    Whatever comes from the catalogue is escaped: titles and names may hold markup.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    pages = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {"percent": _percent, "count": _count, "leaf": _leaf, "above": _above}
    return pages.get_template(name).render(**values)


def _percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f}%"


def _count(n: int) -> str:
    return f"{n:,}".replace(",", "\u202f")


def _leaf(path: str) -> str:
    """The last name of a path."""
    return path.rpartition(" > ")[2]


def _above(path: str) -> str:
    """The names above the last, with what parts them; empty for a top category."""
    above, parted, _ = path.rpartition(" > ")
    return f"{above} › ".replace(" > ", " › ") if parted else ""
