"""Names that break the rules of naming: each with the name that keeps them."""

import html
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence

from taxonomy.audit.finding import Evidence, Finding, Kind, Limits
from taxonomy.audit.mend import merge, rename
from taxonomy.audit.shelves import Shelves
from taxonomy.node import ROOT_ID, Node, NodeId
from taxonomy.text import fold
from taxonomy.tree import Tree

__all__ = ["labels"]

_CUSTOM = 0.75  # of the siblings that have capitals at all begin with one: then it is the custom there
_FAMILY = 4  # siblings from which on there is a custom
_INITIALS = 4  # letters at most: longer words in capitals are shouted
_SMALL = frozenset(
    {"a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}
)
_SIGNS = " ,.;:!?-–—_/&+|>»*#~=…"
_SEPARATOR = re.compile(r"\s*(?:>+|»|›|\||::|\\|→|;|_)\s*")
_MOJIBAKE = re.compile("[\x80-\u00ff\u0152-\u0178\u2018-\u2122][\x80-\u00ff\u0152-\u0178\u2018-\u2122]")

Mend = Callable[[str], str]


def labels(shelves: Shelves, limits: Limits, skipped: Collection[NodeId] = ()) -> Iterator[Finding]:
    """Names with faults, and siblings of one name, in display order; but for `skipped`."""
    tree = shelves.tree
    for parent_id in (ROOT_ID, *tree.descendants()):
        family = [tree.nodes[at] for at in tree.children_of(parent_id) if at not in skipped]
        names = {fold(tree.nodes[at].name): at for at in tree.children_of(parent_id)}
        shouted, capital = _customs(family)
        for node in family:
            if found := _fault(tree, node, limits, names, shouted=shouted, capital=capital):
                yield found
        yield from _twins(shelves, family)


def _fault(
    tree: Tree, node: Node, limits: Limits, names: dict[str, NodeId], *, shouted: bool, capital: bool
) -> Finding | None:
    """All that is wrong with a name as one finding, so that one renaming mends it."""
    faults, name = list[str](), node.name
    for fault, mend in _MENDS.items():
        if (mended := mend(name)) != name and mended:
            faults.append(fault)
            name = mended
    if len(name) > limits.max_name:
        faults.append(f"it has {len(name)} characters, where {limits.max_name} are the most")
        name = _shortened(name, limits.max_name)
    if not shouted and _is_shouted(name):
        faults.append("it is all capitals, unlike its siblings")
        name = _titled(name)
    if capital and name[:1].islower() and not name[1:2].isupper():  # "iPhone", "pH"
        faults.append("it begins with a small letter, unlike its siblings")
        name = name[:1].upper() + name[1:]
    if not faults:
        return None
    is_free = fold(name) == fold(node.name) or fold(name) not in names
    # Where a sibling has that name already, the two are one.
    edits = rename(tree, node.id, name) if is_free else merge(tree, node.id, names[fold(name)])
    why = f"{'; '.join(faults)}: {name!r} would do"
    return Finding(Kind.LABEL, (node.id,), min(1.0, 0.5 + 0.25 * len(faults)), why, Evidence((name,)), edits)


def _twins(shelves: Shelves, family: Sequence[Node]) -> Iterator[Finding]:
    """Siblings of one name: the smaller go into the one with most products."""
    alike: dict[str, list[NodeId]] = defaultdict(list)
    for node in family:
        alike[fold(node.name)].append(node.id)
    for ids in alike.values():
        if len(ids) > 1:
            kept = max(ids, key=lambda at: (shelves.sizes[at], -ids.index(at)))
            gone = [at for at in ids if at != kept]
            mends = [merge(shelves.tree, at, kept) for at in gone]
            edits = tuple(edit for mend in mends for edit in mend) if all(mends) else ()
            why = f"{len(ids)} siblings have the name {shelves.tree.nodes[kept].name!r}"
            yield Finding(Kind.LABEL, (*gone, kept), 1.0, why, edits=edits)


def _customs(family: Sequence[Node]) -> tuple[bool, bool]:
    """Whether names of these siblings are written in capitals, and whether they begin with one."""
    names = [one.name for one in family if one.name[:1].lower() != one.name[:1].upper()]
    if len(names) < _FAMILY:
        return True, False  # too few for a custom: nothing is odd
    shouted = sum(map(_is_shouted, names)) > (1 - _CUSTOM) * len(names)
    return shouted, sum(name[:1].isupper() for name in names) >= _CUSTOM * len(names)


def _is_shouted(name: str) -> bool:
    letters = [c for c in name if c.isalpha()]
    is_long = any(len(word) > _INITIALS for word in re.findall(r"[^\W\d_]+", name))
    return is_long and len(letters) > _INITIALS and all(c.isupper() for c in letters)


def _titled(name: str) -> str:
    words = name.lower().split()
    return " ".join(word if at and word in _SMALL else word.capitalize() for at, word in enumerate(words))


def _shortened(name: str, limit: int) -> str:
    """The name without what is in brackets or behind a comma, cut at a word's end if need be."""
    for short in (re.sub(r"\s*[(\[].*", "", name), re.split(r",\s| - ", name)[0]):
        if 0 < len(short) <= limit:
            return short
    return name[: limit + 1].rpartition(" ")[0].rstrip(_SIGNS) or name[:limit]


def _decoded(name: str) -> str:
    """The name as it was before UTF-8 was read as another encoding."""
    if not _MOJIBAKE.search(name):
        return name.replace("\ufffd", "")
    for encoding in ("cp1252", "latin-1"):
        try:
            return name.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return name.replace("\ufffd", "")


def _printable(name: str) -> str:
    """The name without control characters, invisible ones and double blanks."""
    kept = (" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in name)
    # The joiners U+200C and U+200D spell Persian and Hindi.
    seen = (c for c in kept if unicodedata.category(c) != "Cf" or c in "\u200c\u200d")
    return " ".join("".join(seen).split())


def _trimmed(name: str) -> str:
    """The name without punctuation around it; "Co." keeps its full stop and "50+" its plus."""
    cut = name.rstrip(_SIGNS).lstrip(_SIGNS.replace("#", "").replace(".", ""))
    is_short_form = name == cut + "." and re.search(r"\b(?:[A-Za-z]{1,4}|\w\.\w)\.$", name)
    return name if is_short_form or (name.startswith(cut) and not name[len(cut) :].strip("+")) else cut


def _joined(name: str) -> str:
    return _SEPARATOR.sub(" & ", name)


_MENDS: dict[str, Mend] = {
    "it was decoded wrongly": _decoded,
    "it holds HTML": lambda name: html.unescape(name) if re.search(r"&#?\w+;", name) else name,
    "it holds double blanks or characters that do not show": _printable,
    "there is punctuation around it": _trimmed,
    "it holds a separator": _joined,
}
"""Faults and what mends them, in this order: what was decoded wrongly looks like other faults."""
