"""People who answer at the same moment, each in a transaction of their own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine

from store.unit_of_work import PostgresUnitOfWork
from taxonomy.node import NodeId
from taxonomy.review import Answer
from taxonomy.service import reviewing
from tests.contract.given import SPADE, at, stocked

HERE = ("shop", "home")


@pytest.fixture
def nodes(engine: Engine) -> list[NodeId]:
    with PostgresUnitOfWork(engine) as uow:
        tree = stocked(uow)
    return [at(tree, "Garden", "Tools"), at(tree, "Garden", "Seeds"), at(tree, "Kitchen", "Pans")]


def at_once(engine: Engine, nodes: list[NodeId], *, keys: list[str]) -> list[list[Answer]]:
    """What each person gets who puts the spade into one of the nodes, all at the same moment."""
    start = Barrier(len(nodes))

    def answer(number: int) -> list[Answer]:
        with PostgresUnitOfWork(engine) as uow:
            start.wait(timeout=20)
            return reviewing.answer(
                uow, *HERE, [SPADE.id], node_id=nodes[number], author=f"person {number}", key=keys[number]
            )

    with ThreadPoolExecutor(len(nodes)) as pool:
        return list(pool.map(answer, range(len(nodes))))


def test_all_are_kept_and_the_first_wins(engine: Engine, nodes: list[NodeId]) -> None:
    made = [one for (one,) in at_once(engine, nodes, keys=["", "", ""])]

    with PostgresUnitOfWork(engine) as uow:
        placed = uow.assignments.placed(*HERE, [SPADE.id])[SPADE.id]
        assert len(uow.reviews.log(*HERE)) == 3
    (winner,) = (one for one in made if one.is_placed)
    assert winner.id == min(one.id for one in made)
    assert placed == winner.node_id
    assert {one.before for one in made if one is not winner} == {winner.node_id}


def test_one_request_sent_twice_at_once_has_one_effect(engine: Engine, nodes: list[NodeId]) -> None:
    made = at_once(engine, [nodes[0], nodes[0]], keys=["k", "k"])

    assert made[0][0].id == made[1][0].id
    with PostgresUnitOfWork(engine) as uow:
        assert len(uow.reviews.log(*HERE)) == 1
