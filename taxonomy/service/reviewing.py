"""Ask people about the products that no node was safe for, and keep what they say."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from taxonomy.errors import InputError, StaleEdit, UnknownId
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import Product, ProductId, Source
from taxonomy.review import Answer, Figures, Guess, Queued, Suggestion, Verdict
from taxonomy.tree import Tree

__all__ = ["alike", "answer", "answered", "figures", "fill", "live_guesses", "queue", "reorder", "take_back"]

BATCH_SIZE = 2000  # products looked up at once


def fill(uow: UnitOfWork, catalog: str, taxonomy: str, suggestions: Iterable[Suggestion]) -> int:
    """Make these the queue, in the place of what was in it, and commit; how many products are in it."""
    n = uow.reviews.refill(catalog, taxonomy, suggestions)
    uow.commit()
    return n


def reorder(
    uow: UnitOfWork,
    catalog: str,
    taxonomy: str,
    order: Callable[[Sequence[Product], Sequence[Suggestion]], Iterable[Suggestion]],
) -> int:
    """Have what is in the queue anew in the order of its worth, and commit; how many products are in it.

    A queue that was filled in parts, as by re-tagging, knows no look-alikes across them.

    Parameters
    ----------
    order : callable
        Gets products and what is suggested for each; gives the suggestions with worth and leader.
    """
    kept = uow.reviews.stored(catalog, taxonomy)
    if not kept:
        return 0
    products = {one.id: one for one in uow.catalogs.get(catalog, [one.product_id for one in kept])}
    uow.commit()  # a model may take its time: no transaction stays open meanwhile
    ordered = {one.product_id: one for one in order([products[one.product_id] for one in kept], kept)}
    still = [one.product_id for one in uow.reviews.stored(catalog, taxonomy)]
    return fill(uow, catalog, taxonomy, (ordered[at] for at in still if at in ordered))


def queue(uow: UnitOfWork, catalog: str, taxonomy: str, *, limit: int = 20, offset: int = 0) -> list[Queued]:
    """What to ask next, worth most first: one product of each group that looks alike.

    Nodes suggested are live nodes of the head; those that went without a successor are left out.
    """
    tree = uow.trees.head(taxonomy)
    return [_live(tree, one) for one in uow.reviews.queue(catalog, taxonomy, limit=limit, offset=offset)]


def alike(
    uow: UnitOfWork, catalog: str, taxonomy: str, leader_id: ProductId, *, limit: int = 100
) -> list[Queued]:
    """The products that wait and look like the leader of their group, the leader first if it waits."""
    tree = uow.trees.head(taxonomy)
    return [_live(tree, one) for one in uow.reviews.alike(catalog, taxonomy, leader_id, limit=limit)]


def figures(uow: UnitOfWork, catalog: str, taxonomy: str) -> Figures:
    """How far the review is."""
    return uow.reviews.figures(catalog, taxonomy)


def answer(
    uow: UnitOfWork,
    catalog: str,
    taxonomy: str,
    product_ids: Sequence[ProductId],
    *,
    author: str,
    node_id: NodeId | None = None,
    verdict: Verdict = Verdict.PLACE,
    replace_others: bool = False,
    seen: Mapping[ProductId, str] | None = None,
    key: str = "",
) -> list[Answer]:
    """Keep what a person says of one product, or of several at once, place them, and commit.

    Where another person was first, the answer is kept and the product stays (`is_placed` says so), unless
    `replace_others` is set; an answer of one's own is replaced. People take turns: each sees what those
    before did.

    Parameters
    ----------
    node_id : NodeId, optional
        For `Verdict.PLACE`: a live node, or one that has one successor, which is then taken.
    seen : mapping of ProductId to str, optional
        The hashes of the texts that the person saw, as `Queued` has them.
    key : str, optional
        A request that comes again with its key changes nothing and gets the same answers.

    Raises
    ------
    UnknownId
        There is no such product, node, catalogue or taxonomy.
    StaleEdit
        A text is not any more what the person saw.
    InputError
        No product is named, one has retired, a node goes with another verdict, or the key was used for
        something else.
    """
    ids = list(dict.fromkeys(product_ids))
    _require_sense(ids, node_id, verdict)
    tree = uow.trees.lock(taxonomy)
    goal = None if node_id is None else _live_node(tree, node_id)
    if key and (former := uow.reviews.by_key(catalog, taxonomy, key)):
        return _repeated(former, ids, goal, verdict, key)
    _require_live(uow, catalog, taxonomy, ids)
    asked = uow.reviews.suggested(catalog, taxonomy, ids)
    held = _held_by_people(uow, catalog, taxonomy, ids)
    own = _own(uow, catalog, taxonomy, held, author)
    free = [at for at in ids if goal and (replace_others or at not in held or at in own)]
    fresh = [
        _answer(asked.get(at), Answer(at, verdict, author, goal, key=key, before=held.get(at))) for at in ids
    ]
    placed = set(free)
    made = uow.reviews.record(
        catalog, taxonomy, [replace(one, is_placed=one.product_id in placed) for one in fresh]
    )
    _require_seen(made, seen or {})
    if goal and free:
        uow.assignments.place(catalog, taxonomy, goal, free, author=author)
    uow.commit()
    return made


def take_back(
    uow: UnitOfWork, catalog: str, taxonomy: str, answer_ids: Collection[int], *, author: str, key: str = ""
) -> list[Answer]:
    """Let answers count no longer, put their products back to where people had them before, and commit.

    What somebody placed elsewhere since stays there.

    Parameters
    ----------
    key : str, optional
        A request that comes again with its key changes nothing and gets the same answers.

    Raises
    ------
    UnknownId
        There is no such answer.
    InputError
        One was taken back already, takes back another itself, or none is named.
    """
    if not answer_ids:
        raise InputError("say which answers to take back: give their ids")
    uow.trees.lock(taxonomy)
    if key and (former := uow.reviews.by_key(catalog, taxonomy, key)):
        if {one.undoes for one in former} != set(answer_ids):
            raise InputError(f"the key {key!r} was used for something else: take a new one")
        return former
    taken = [uow.reviews.get(catalog, taxonomy, at) for at in dict.fromkeys(answer_ids)]
    for one in taken:
        if one.verdict is Verdict.UNDO or one.undone_by:
            said = "was taken back already" if one.undone_by else "takes back another: answer anew instead"
            raise InputError(f"answer {one.id} cannot be taken back: it {said}")
    counting = uow.reviews.counting(catalog, taxonomy, [one.product_id for one in taken])
    undos = [
        Answer(one.product_id, Verdict.UNDO, author, one.node_id, undoes=one.id, key=key) for one in taken
    ]
    made = uow.reviews.record(catalog, taxonomy, undos)
    for one in taken:
        if one.is_placed and counting.get(one.product_id, one).id == one.id:
            _put_back(uow, catalog, taxonomy, one, author)
    uow.commit()
    return made


def answered(uow: UnitOfWork, catalog: str, taxonomy: str) -> Iterator[tuple[Product, Answer]]:
    """The live products with an answer that counts, in the order of their ids, streamed.

    A node chosen is a live one of the head; answers whose node went without a successor are left out.
    """
    tree = uow.trees.head(taxonomy)
    products = uow.catalogs.products(catalog)
    while batch := list(islice(products, BATCH_SIZE)):
        said = uow.reviews.counting(catalog, taxonomy, [one.id for one in batch])
        for product in batch:
            if (one := said.get(product.id)) is None:
                continue
            goal = None if one.node_id is None else _resolved(tree, one.node_id)
            if one.verdict is not Verdict.PLACE or goal:
                yield product, replace(one, node_id=goal, guesses=live_guesses(tree, one.guesses))


def live_guesses(tree: Tree, guesses: Sequence[Guess]) -> tuple[Guess, ...]:
    """Guesses on the tree of today, likeliest first: merged nodes add up, a split one hands on by shares.

    >>> live_guesses(Tree(), [Guess(NodeId("gone"), 0.5)])
    ()
    """
    chances: dict[NodeId, float] = {}
    for one in guesses:
        known = one.node_id in tree or one.node_id in tree.redirects
        for at, share in (tree.successors(one.node_id) if known else {}).items():
            if at != ROOT_ID:
                chances[at] = chances.get(at, 0.0) + share * one.probability
    return tuple(Guess(at, chances[at]) for at in sorted(chances, key=lambda at: -chances[at]))


def _live(tree: Tree, one: Queued) -> Queued:
    guesses = live_guesses(tree, one.suggestion.guesses)
    return replace(one, suggestion=replace(one.suggestion, guesses=guesses))


def _require_sense(ids: Sequence[ProductId], node_id: NodeId | None, verdict: Verdict) -> None:
    if not ids:
        raise InputError("say which products the answer is about: give their ids")
    if verdict is Verdict.UNDO:
        raise InputError("an answer is taken back by its id, not by another answer")
    if (verdict is Verdict.PLACE) != (node_id is not None):
        raise InputError("name a category, or say that none fits or that it is no product: one of the three")


def _require_live(uow: UnitOfWork, catalog: str, taxonomy: str, ids: Sequence[ProductId]) -> None:
    live = uow.assignments.held(catalog, taxonomy, ids)
    there = {product.id for product in uow.catalogs.get(catalog, ids)}
    for at in ids:
        if at not in there:
            raise UnknownId("product", at, f"catalog {catalog!r} never had it: look at its id again")
        if at not in live:
            raise InputError(f"product {at!r} is no longer in catalog {catalog!r}: nothing was changed")


def _require_seen(made: Sequence[Answer], seen: Mapping[ProductId, str]) -> None:
    for one in made:
        if seen.get(one.product_id, one.text_hash) != one.text_hash:
            raise StaleEdit(f"product {one.product_id!r} has another text now than you saw: look at it again")


def _live_node(tree: Tree, node_id: NodeId) -> NodeId:
    if (found := _resolved(tree, node_id)) is None:
        raise UnknownId("category", node_id, "it is not in the tree, or was split: choose another")
    return found


def _resolved(tree: Tree, node_id: NodeId) -> NodeId | None:
    """The only live node that an id stands for; None where it is none or several."""
    if node_id not in tree and node_id not in tree.redirects:
        return None
    found = tree.successors(node_id)
    only = next(iter(found)) if len(found) == 1 else ROOT_ID
    return None if only == ROOT_ID else only


def _held_by_people(
    uow: UnitOfWork, catalog: str, taxonomy: str, ids: Sequence[ProductId]
) -> dict[ProductId, NodeId]:
    standing = uow.assignments.of_products(catalog, taxonomy, ids)
    return {at: one.node_id for at, one in standing.items() if one.source is Source.PERSON}


def _own(
    uow: UnitOfWork, catalog: str, taxonomy: str, held: Mapping[ProductId, NodeId], author: str
) -> set[ProductId]:
    """The products that stand where this author's answer put them."""
    said = uow.reviews.counting(catalog, taxonomy, list(held)) if held else {}
    return {at for at, one in said.items() if one.author == author and one.node_id == held[at]}


def _answer(asked: Suggestion | None, bare: Answer) -> Answer:
    if asked is None:
        return bare
    return replace(
        bare,
        guesses=asked.guesses,
        model_revision=asked.model_revision,
        tree_version=asked.tree_version,
    )


def _repeated(
    former: Sequence[Answer], ids: Sequence[ProductId], goal: NodeId | None, verdict: Verdict, key: str
) -> list[Answer]:
    said = {one.product_id: (one.verdict, one.node_id) for one in former}
    if said.keys() != set(ids) or {verdict for verdict, _ in said.values()} != {verdict}:
        raise InputError(f"the key {key!r} was used for something else: take a new one")
    if goal not in {node_id for _, node_id in said.values()}:
        raise InputError(f"the key {key!r} was used for another category: take a new one")
    by_id = {one.product_id: one for one in former}
    return [by_id[at] for at in ids]


def _put_back(uow: UnitOfWork, catalog: str, taxonomy: str, one: Answer, author: str) -> None:
    now = uow.assignments.placed(catalog, taxonomy, [one.product_id]).get(one.product_id)
    if now != one.node_id:
        return  # somebody placed it elsewhere since
    if one.before is None:
        uow.assignments.unplace(catalog, taxonomy, [one.product_id])
    else:
        uow.assignments.place(catalog, taxonomy, one.before, [one.product_id], author=author)
