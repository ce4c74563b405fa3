"""More colours and materials, learnt from the company that words keep in a catalogue.

Two words mean the same kind of thing if they stand between the same neighbours (Harris 1954): "maroon shirt",
"teal shirt". A word is taken up if most of the known words nearest to it are colours, and a doubtful one
("orange") is believed as far as it is used as plain ones are.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy import sparse

from ingest.attributes.attribute import Means, Name
from ingest.attributes.lexicon import Meaning
from ingest.attributes.tokens import Key, Words
from ingest.cluster.words import HELPERS, NAMELESS, SMALL_WORDS

__all__ = ["grown"]

_VOCABULARY = 6000  # words looked at, the commonest; the nearest of each fit into memory
_MIN_USES = 8  # a word met less often keeps no company to speak of
_MIN_SEEDS = 5  # known words that a catalogue must use, else its slots are not known
_NEAREST = 8
_AGREE = 0.75  # of the nearest words, known for the attribute ...
_COSINE = 0.35  # ... and so near, on average; below that, product nouns came in (bags, rings)
_TRUST = 0.7  # of what is taken up: of 60 read by eye in three catalogues
_BATCH = 512


def grown(
    texts: Sequence[Words], known: Mapping[Key, tuple[Meaning, ...]]
) -> dict[Key, tuple[Meaning, ...]]:
    """The known phrases and what the texts add, with confidences as the texts bear them out.

    Without enough of known words in the texts, what was known comes back as it was.
    """
    vocabulary, vectors = _vectors(texts)
    if vectors is None:
        return dict(known)
    place = {word: at for at, word in enumerate(vocabulary)}
    found = dict(known)
    for name in (Name.COLOUR, Name.MATERIAL):
        sure = [place[key[0]] for key, said in known.items() if len(key) == 1 and key[0] in place and _is_sure(said, name)]
        if len(sure) >= _MIN_SEEDS:
            _weigh(found, name, place, vectors, sure)
            _add(found, name, vocabulary, vectors, frozenset(sure))
    return found


def _is_sure(said: Sequence[Meaning], name: Name) -> bool:
    return any(one.name is name and one.confidence > 0.5 for one in said) and len(said) == 1


def _weigh(
    found: dict[Key, tuple[Meaning, ...]], name: Name, place: Mapping[str, int], vectors: sparse.csr_matrix, sure: list[int]
) -> None:
    """Raise or lower doubtful words by how like the sure ones they are used."""
    centre = np.asarray(vectors[sure].mean(axis=0)).ravel()
    likeness = vectors @ (centre / (np.linalg.norm(centre) or 1.0))
    usual = float(np.median(likeness[sure])) or 1.0
    for key, said in list(found.items()):
        if len(key) == 1 and key[0] in place and place[key[0]] not in sure:
            ratio = min(1.0, max(0.0, float(likeness[place[key[0]]]) / usual))
            found[key] = tuple(
                replace(one, confidence=round(0.1 + 0.75 * ratio, 4)) if one.name is name and one.confidence < 0.5 else one
                for one in said
            )


def _add(
    found: dict[Key, tuple[Meaning, ...]], name: Name, vocabulary: Sequence[str], vectors: sparse.csr_matrix, sure: frozenset[int]
) -> None:
    is_sure = np.array([at in sure for at in range(len(vocabulary))])
    for start in range(0, len(vocabulary), _BATCH):
        cosines = np.asarray((vectors[start : start + _BATCH] @ vectors.T).todense())
        for row, near in enumerate(np.argpartition(-cosines, _NEAREST + 1, axis=1)[:, : _NEAREST + 1]):
            word = vocabulary[start + row]
            near = near[near != start + row][:_NEAREST]
            agree, cosine = float(is_sure[near].mean()), float(cosines[row, near].mean())
            if (word,) not in found and _may_be_value(word) and agree >= _AGREE and cosine >= _COSINE:
                found[(word,)] = (Meaning(name, word, round(_TRUST * agree, 4), Means.GROWTH),)


def _may_be_value(word: str) -> bool:
    is_word = len(word) > 2 and not any(map(str.isdigit, word))
    return is_word and word not in SMALL_WORDS and word not in HELPERS and word not in NAMELESS


def _vectors(texts: Sequence[Words]) -> tuple[list[str], "sparse.csr_matrix | None"]:
    """The commonest words and, for each, how much more than by chance other words stand beside it, unit rows."""
    uses = Counter(word.key for words in texts for word in words)
    vocabulary = [word for word, n in uses.most_common(_VOCABULARY) if n >= _MIN_USES]
    if len(vocabulary) < 4 * _NEAREST:
        return vocabulary, None
    place = {word: at for at, word in enumerate(vocabulary)}
    pairs: Counter[tuple[int, int]] = Counter()
    for words in texts:
        for left, right in zip(words, words[1:], strict=False):
            a, b = place.get(left.key), place.get(right.key)
            if a is not None and b is not None and left.line == right.line:
                pairs[a, len(vocabulary) + b] += 1  # what follows a
                pairs[b, a] += 1  # what goes before b
    if not pairs:
        return vocabulary, None
    rows, columns = np.array(list(pairs)).T
    counts = sparse.csr_matrix((np.array(list(pairs.values()), float), (rows, columns)), (len(vocabulary), 2 * len(vocabulary)))
    return vocabulary, _surprise(counts)


def _surprise(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """Positive pointwise mutual information (Church and Hanks 1990), unit rows."""
    total = counts.sum()
    by_row = np.asarray(counts.sum(axis=1)).ravel()
    by_column = np.asarray(counts.sum(axis=0)).ravel() ** 0.75  # Levy et al. 2015: rare neighbours count less
    entries = counts.tocoo()
    by_column *= total / by_column.sum()
    values = np.log(entries.data * total / (by_row[entries.row] * by_column[entries.col]))
    kept = sparse.csr_matrix((np.maximum(values, 0.0), (entries.row, entries.col)), counts.shape)
    norms = np.sqrt(np.asarray(kept.multiply(kept).sum(axis=1)).ravel())
    return sparse.diags(1 / np.maximum(norms, 1e-12)) @ kept
