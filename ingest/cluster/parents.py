"""Names for the parents of categories that have names already.

A parent takes the label of the reference's node that most of its categories match below, if there is one;
else the wording that means most of what is below it: words that its categories' names share, phrases of its
products' titles, or two of its categories together: "Tea & Coffee".
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.cluster.induce import Branch
from ingest.cluster.meaning import Encode, Meaning
from ingest.cluster.name import Named, numbered, title_case
from ingest.cluster.phrases import Key, stem
from taxonomy.formats.tree_json import Phrase
from taxonomy.ports import Floats
from taxonomy.text import fold
from taxonomy.tree import Tree

__all__ = ["name_parents", "reference_labels", "shares_of"]

_AGREED = 0.5  # a reference names a parent if so much of its categories' matches lie at or below one node
_SHARED = 0.3  # of the names below: words in fewer are of some categories and not of the family
_SHARE = 0.2  # beside a cosine, times that share: as `sense` weighs the phrases that head titles
_JOINT = 0.15  # two names together: one is better where it says as much; as in `sense`
_PAIRED = 4  # categories that may make a pair: those that mean most of the family
_ALTERNATIVES = 3
_LONGEST = 3
_LISTED = frozenset(",&/()")  # names with these list things already: of two such, nobody makes a pair
_IDLE = frozenset(["and", "of", "for", "with", "the", "in", "to", "a", "other", "others", "more", "all"])


def name_parents(
    root: Branch,
    names: Sequence[str],
    rows: Floats,
    encode: Encode,
    *,
    labels: Mapping[Branch, Sequence[Phrase]] | None = None,
    phrases: Mapping[Branch, Mapping[str, float]] | None = None,
    taken: Sequence[str] = (),
) -> dict[Branch, Named]:
    """A name for each node between the root and the categories; siblings and lineages never share one.

    Parameters
    ----------
    names : sequence of str, length n
        Of the categories, the leaves of `root`.
    rows : (n, dim) float32, unit rows
        What each category means.
    encode : Encode
        Of the encoder that made the rows.
    labels, phrases : mapping, optional
        What a reference calls a node, best first; what titles call it, as `shares_of` gives it.
    taken : sequence of str
        Names of what will stand beside the root's children, and above.
    """
    shared = {node: _shared(node, names) for node in root.walk() if node.children}
    wordings = {text for node, texts in shared.items() for text in (*texts, *(phrases or {}).get(node, ()))}
    meaning = Meaning(rows, encode, {*wordings, *names})
    namer = _Namer(names, meaning, shared, labels or {}, phrases or {})
    return dict(namer.below(root, frozenset(map(fold, taken))))


def reference_labels(root: Branch, matches: Floats, tree: Tree) -> dict[Branch, list[Phrase]]:
    """Labels of a reference for the nodes between the root and the leaves, best first.

    A label's score is the harmonic mean of two shares: of the node's matches that lie at or below the
    label's category, and of all matches there that are the node's. Where the first is under a half, the
    category is none for this node.

    Parameters
    ----------
    matches : (n, n_nodes) float32
        As `ingest.cluster.legs.Evidence.matches`.
    """
    order = list(tree.descendants())
    column = {at: place for place, at in enumerate(order)}
    mass = matches.copy()
    for at in reversed(order):  # children before parents
        if above := tree.ancestors(at):
            mass[:, column[above[-1]]] += mass[:, column[at]]
    everywhere = mass.sum(axis=0)
    found = {}
    for node in (one for one in root.walk() if one is not root and one.children):
        inside = mass[list(node.groups)].sum(axis=0)
        agreed = np.flatnonzero(inside >= _AGREED * len(node.groups))
        scored = [(2 * inside[at] / (len(node.groups) + everywhere[at]), at) for at in agreed]
        found[node] = [
            Phrase(tree.nodes[order[at]].name, round(float(score), 4))
            for score, at in sorted(scored, key=lambda one: (-one[0], one[1]))
        ]
    return found


def shares_of(said: Sequence[Collection[str]]) -> dict[str, float]:
    """Wordings that enough of the categories have in common, with the share of categories.

    >>> shares_of([{"Table Lamps", "Lamps"}, {"Lamps"}, {"Bulbs"}])
    {'Lamps': 0.6666666666666666}
    """
    counts = Counter(text for texts in said for text in sorted(texts))
    least = max(2.0, _SHARED * len(said))
    return {text: n / len(said) for text, n in counts.items() if n >= least}


@dataclass(frozen=True)
class _Namer:
    names: Sequence[str]
    meaning: Meaning
    shared: Mapping[Branch, Mapping[str, float]]
    labels: Mapping[Branch, Sequence[Phrase]]
    phrases: Mapping[Branch, Mapping[str, float]]

    def below(self, node: Branch, taken: frozenset[str]) -> Iterator[tuple[Branch, Named]]:
        used = set(taken) | {fold(self.names[one.groups[0]]) for one in node.children if not one.children}
        for child in sorted((one for one in node.children if one.children), key=lambda one: -len(one.groups)):
            named = self.choose(child, used | {fold(self.names[at]) for at in child.groups})
            used.add(fold(named.name))
            yield child, named
            yield from self.below(child, taken | {fold(named.name)})

    def choose(self, node: Branch, taken: set[str]) -> Named:
        ranked = sorted([*self.worded(node), *self.paired(node)], key=lambda one: (-one.score, one.text))
        told = [*self.labels.get(node, ()), *ranked]
        free: dict[str, str] = {}
        for one in told:
            if fold(one.text) not in taken:
                free.setdefault(fold(one.text), one.text)
        name, *others = free.values() or [numbered("Other", frozenset(taken))]
        return Named(name, tuple(others[:_ALTERNATIVES]), tuple(told))

    def worded(self, node: Branch) -> list[Phrase]:
        shares = {**self.phrases.get(node, {}), **self.shared[node]}
        texts = [text for text in shares if text in self.meaning]
        fits = self.meaning.fit(texts, self.meaning.centre(node.groups)) if texts else []
        return [_phrase(text, fit + _SHARE * shares[text]) for text, fit in zip(texts, fits, strict=True)]

    def paired(self, node: Branch) -> list[Phrase]:
        """Pairs of categories that mean most of the family and have no word in common."""
        centre = self.meaning.centre(node.groups)
        short = [at for at in node.groups if not _LISTED & set(self.names[at])]
        fits = self.meaning.fit([self.names[at] for at in short], centre) if short else []
        best = sorted(zip(fits, short, strict=True), key=lambda one: (-one[0], one[1]))[:_PAIRED]
        texts = [self.names[at] for _, at in best]
        return [
            _phrase(f"{one} & {other}", self.meaning.joint_fit([one, other], centre) - _JOINT)
            for place, one in enumerate(texts)
            for other in texts[place + 1 :]
            if not set(_key(one)) & set(_key(other))
        ]


def _phrase(text: str, score: float) -> Phrase:
    return Phrase(title_case(text), round(max(score, 0.0), 4))


def _shared(node: Branch, names: Sequence[str]) -> dict[str, float]:
    """Wordings that several names below a node share, as mostly written, with the share of names."""
    said: dict[Key, Counter[str]] = defaultdict(Counter)
    for at in node.groups:
        for key, text in {_key(text): text for text in _stretches(names[at])}.items():
            said[key][text] += 1
    spelt = {key: texts.most_common(1)[0][0] for key, texts in said.items()}
    return shares_of([{spelt[_key(text)] for text in _stretches(names[at])} for at in node.groups])


def _stretches(name: str) -> Iterator[str]:
    words = [word.strip(",.()/") for word in name.replace("/", " / ").split()]
    for start in range(len(words)):
        for end in range(start + 1, min(start + _LONGEST, len(words)) + 1):
            part = words[start:end]
            ends = {part[0].lower(), part[-1].lower()}
            if all(any(map(str.isalpha, word)) for word in part) and not ends & _IDLE:
                yield " ".join(part)


def _key(text: str) -> Key:
    return tuple(stem(word) for word in fold(text).split())
