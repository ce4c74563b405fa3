"""What SKOS has no word for, and how ids become IRIs and back."""

import re
from urllib.parse import quote, unquote

from taxonomy.node import ROOT_ID, Match, MatchKind, NodeId, RelationKind

__all__ = [
    "MATCHES",
    "NODE",
    "OWN",
    "PREFIXES",
    "RELATIONS",
    "SKOS",
    "TREE",
    "iri_of_match",
    "iri_of_node",
    "is_tag",
    "match_of_iri",
    "node_of_iri",
]

OWN = "urn:shelftree:terms#"
"""The namespace of our own predicates: position, language, locked, attributes, restrictions, ..."""
NODE = "urn:shelftree:node:"
TREE = "urn:shelftree:tree"
"""The concept scheme of an export; it stands for the hidden root."""
CATEGORY = "urn:shelftree:category:"

PREFIXES = {
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "dct": "http://purl.org/dc/terms/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "shelftree": OWN,
}
SKOS = PREFIXES["skos"]
MATCHES = {
    MatchKind.EXACT: f"{SKOS}exactMatch",
    MatchKind.CLOSE: f"{SKOS}closeMatch",
    MatchKind.BROAD: f"{SKOS}broadMatch",
    MatchKind.NARROW: f"{SKOS}narrowMatch",
}
RELATIONS = {
    RelationKind.RELATED: f"{SKOS}related",
    RelationKind.COMPLEMENT: f"{OWN}complement",
    RelationKind.SUBSTITUTE: f"{OWN}substitute",
}

_TAG = re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")
_IRI = re.compile(r'[^\x00-\x20<>"{}|^`\\]+')


def is_tag(language: str) -> bool:
    """Whether RDF takes it as a language: 'zh-CN', and not 'zh_CN'."""
    return _TAG.fullmatch(language) is not None


def iri_of_node(node_id: NodeId) -> str:
    """The IRI of a live or retired node; the root's is the scheme's."""
    return TREE if node_id == ROOT_ID else NODE + quote(node_id, safe="")


def node_of_iri(iri: str) -> NodeId | None:
    """The id in an IRI that `iri_of_node` made; None for any other.

    >>> node_of_iri(iri_of_node(NodeId("a/b")))
    'a/b'
    """
    if iri == TREE:
        return ROOT_ID
    return NodeId(unquote(iri.removeprefix(NODE))) if iri.startswith(NODE) else None


def iri_of_match(match: Match) -> str:
    """The IRI of a category of another scheme.

    >>> iri_of_match(Match("google", "166")), iri_of_match(Match("http://x.org/id/", "Q2"))
    ('urn:shelftree:category:google:166', 'http://x.org/id/Q2')
    """
    iri = match.scheme + match.target
    if "://" in match.scheme and _IRI.fullmatch(iri) and match_of_iri(iri, match.kind) == match:
        return iri
    return f"{CATEGORY}{quote(match.scheme, safe='')}:{quote(match.target, safe='')}"


def match_of_iri(iri: str, kind: MatchKind) -> Match:
    """The scheme and id in an IRI: ours as they were, another is cut behind its last `/` or `#`."""
    if iri.startswith(CATEGORY):
        scheme, _, target = iri.removeprefix(CATEGORY).partition(":")
        return Match(unquote(scheme), unquote(target), kind)
    end = max(iri.rfind("/"), iri.rfind("#")) + 1
    return Match(iri[:end] or iri, iri[end:], kind)
