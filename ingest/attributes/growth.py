"""More colours and materials, learnt from the slots that known ones fill in a catalogue.

A slot is what stands to the left and right of a word: "Solid … Shirt", "in …" at a title's end. A word that
mostly stands where several known colours do is taken for one; a doubtful one ("orange") is believed as far
as it fills such slots as plain colours do. Nearness of whole contexts (PPMI and cosine) was tried first: in
three catalogues no colour was among its first forty words.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from ingest.attributes.attribute import Means, Name
from ingest.attributes.lexicon import Meaning
from ingest.attributes.tokens import Key, Token, Words
from ingest.cluster.words import HELPERS, NAMELESS, SMALL_WORDS

__all__ = ["grown"]

Slot = tuple[str, str]
Meanings = Mapping[Key, tuple[Meaning, ...]]

_MIN_USES = 8  # a word met less often fills no slots to speak of
_MIN_SEEDS = 5  # known words that a catalogue must use, else its slots are not known
_MIN_SLOTS = 4  # slots with two known words or more: with three, "bengal" (tea) was a colour
_FILLED = 0.2  # of a word's slots, weighed by use, the share that known words take: below, words of all kinds
_LEAST, _MOST = 0.1, 0.85  # of a doubtful word that is used as no colour is, and as plain ones are
_TRUST = 0.7  # of what is taken up; a choice, not measured
_SMOOTHING = 2  # uses of a slot by others, taken for granted
_OPEN, _SIGN, _CLOSE = "^", "|", "$"


def grown(texts: Sequence[Words], known: Meanings) -> dict[Key, tuple[Meaning, ...]]:
    """The known phrases and what the texts add, with confidences as the texts bear them out.

    Without enough of known words in the texts, what was known comes back as it was. Equal texts count once.
    """
    found = dict(known)
    slots = _slots(texts)
    totals: Counter[Slot] = Counter()
    for own in slots.values():
        totals.update(own)
    for name in (Name.COLOUR, Name.MATERIAL):
        sure = {key[0] for key, said in known.items() if len(key) == 1 and _is_sure(said, name)}
        used = [word for word in sorted(sure) if slots.get(word, _NONE).total() >= _MIN_USES]
        if len(used) >= _MIN_SEEDS:
            frame = _Frame.of(slots, totals, sorted(sure & slots.keys()))
            usual = median(frame.share(word, slots[word])[0] for word in used)
            found |= dict(_weighed(found, name, slots, frame, usual))
            found |= dict(_new(found, name, slots, frame))
    return found


_NONE: Counter[Slot] = Counter()


def _is_sure(said: Sequence[Meaning], name: Name) -> bool:
    return len(said) == 1 and said[0].name is name and said[0].confidence > 0.5


def _is_doubtful(one: Meaning, name: Name) -> bool:
    return one.name is name and one.confidence < 0.5


@dataclass(frozen=True)
class _Frame:
    """The slots of an attribute: how often known words fill each, which do, and how often anything does."""

    filled: Mapping[Slot, int]
    kinds: Mapping[Slot, frozenset[str]]
    totals: Mapping[Slot, int]
    seeds: frozenset[str]

    @classmethod
    def of(
        cls, slots: Mapping[str, Counter[Slot]], totals: Mapping[Slot, int], seeds: Sequence[str]
    ) -> "_Frame":
        filled: Counter[Slot] = Counter()
        kinds: dict[Slot, set[str]] = defaultdict(set)
        for word in seeds:
            filled.update(slots[word])
            for slot in slots[word]:
                kinds[slot].add(word)
        return cls(
            filled, {slot: frozenset(words) for slot, words in kinds.items()}, totals, frozenset(seeds)
        )

    def share(self, word: str, own: Counter[Slot]) -> tuple[float, int]:
        """How far other known words fill a word's slots, 0..1, and how many of these two or more fill."""
        share, n_slots = 0.0, 0
        for slot, n in own.items():
            kinds = self.kinds.get(slot, frozenset()) - {word}
            if kinds:
                others = self.filled[slot] - (n if word in self.seeds else 0)
                share += n * others / (self.totals[slot] - n + _SMOOTHING)
                n_slots += len(kinds) > 1
        return share / own.total(), n_slots


def _weighed(
    found: Meanings, name: Name, slots: Mapping[str, Counter[Slot]], frame: _Frame, usual: float
) -> Iterator[tuple[Key, tuple[Meaning, ...]]]:
    """Doubtful words, raised or lowered by how they are used."""
    for key, said in found.items():
        own = slots.get(key[0], _NONE) if len(key) == 1 else _NONE
        if own.total() >= _MIN_USES and any(_is_doubtful(one, name) for one in said):
            share, n_slots = frame.share(key[0], own)
            likeness = min(1.0, share / (usual or 1.0)) * (1.0 if n_slots >= _MIN_SLOTS else 0.5)
            sure = round(_LEAST + (_MOST - _LEAST) * likeness, 4)
            yield (
                key,
                tuple(replace(one, confidence=sure) if _is_doubtful(one, name) else one for one in said),
            )


def _new(
    found: Meanings, name: Name, slots: Mapping[str, Counter[Slot]], frame: _Frame
) -> Iterator[tuple[Key, tuple[Meaning, ...]]]:
    for word, own in sorted(slots.items()):
        if own.total() >= _MIN_USES and (word,) not in found and _may_be_value(word):
            share, n_slots = frame.share(word, own)
            if share >= _FILLED and n_slots >= _MIN_SLOTS:
                yield (word,), (Meaning(name, word, round(_TRUST + 0.2 * min(share, 1.0), 4), Means.GROWTH),)


def _may_be_value(word: str) -> bool:
    is_word = len(word) > 2 and not any(map(str.isdigit, word))
    return is_word and word not in SMALL_WORDS and word not in HELPERS and word not in NAMELESS


def _slots(texts: Sequence[Words]) -> dict[str, Counter[Slot]]:
    found: dict[str, Counter[Slot]] = defaultdict(Counter)
    for words in {tuple(word.key for word in words): words for words in texts}.values():
        for at, word in enumerate(words):
            before = words[at - 1] if at else None
            after = words[at + 1] if at + 1 < len(words) else None
            left = _beside(before, word) if before and before.line == word.line else _OPEN
            right = _beside(after, word) if after and after.line == word.line else _CLOSE
            found[word.key][left, right] += 1
    return found


def _beside(other: Token, word: Token) -> str:
    gap = max(word.start - other.end, other.start - word.end)
    return other.key if gap <= 1 else _SIGN
