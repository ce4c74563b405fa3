"""Whether the store holds what was acknowledged, once and whole. Every fault is one sentence."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from store.unit_of_work import PostgresUnitOfWork
from taxonomy import invariants
from taxonomy.changes import replay
from taxonomy.codec import edit_from_json
from taxonomy.edits import Assign, Edit, Split, Unassign
from taxonomy.errors import TaxonomyError
from taxonomy.product import ProductId
from taxonomy.tree import Tree
from tests.chaos.editor import HOME, N_PRODUCTS, SHOP
from tests.chaos.journal import Answer

ROWS = {
    "has not the one branch that its parents give it": """
        WITH RECURSIVE walk (taxonomy_id, id, path) AS (
            SELECT taxonomy_id, id, id FROM nodes WHERE parent_id IS NULL
            UNION ALL
            SELECT n.taxonomy_id, n.id, w.path || '.' || n.id
            FROM nodes n JOIN walk w ON n.taxonomy_id = w.taxonomy_id AND n.parent_id = w.id
        ) CYCLE id SET looped USING trail
        SELECT n.id FROM nodes n LEFT JOIN walk w USING (taxonomy_id, id)
        WHERE w.path IS NULL OR 1 <> (
            SELECT count(*) FROM branches b WHERE b.taxonomy_id = n.taxonomy_id AND b.path::text = w.path)""",
    "is a branch of no node": """
        SELECT b.path::text FROM branches b WHERE NOT EXISTS (
            SELECT FROM nodes n WHERE n.taxonomy_id = b.taxonomy_id
                AND n.id = split_part(b.path::text, '.', -1))""",
    "has a place that its siblings leave no room for": """
        SELECT path::text FROM (
            SELECT path, position, row_number() OVER (
                PARTITION BY taxonomy_id, subpath(path, 0, -1) ORDER BY position, path) - 1 AS place
            FROM branches) AS ordered WHERE position <> place""",
    "has a parent that is not there": """
        SELECT n.id FROM nodes n LEFT JOIN nodes p ON p.taxonomy_id = n.taxonomy_id AND p.id = n.parent_id
        WHERE n.parent_id IS NOT NULL AND p.id IS NULL""",
    "is live and retired at once": """
        SELECT id FROM nodes n JOIN redirects r ON r.taxonomy_id = n.taxonomy_id AND r.node_id = n.id""",
    "leads to an id that is not live": """
        SELECT r.node_id FROM redirects r
        LEFT JOIN nodes n ON n.taxonomy_id = r.taxonomy_id AND n.id = r.live_id
        WHERE n.id IS NULL""",
    "is a product in no live node": """
        SELECT product_id FROM (
            SELECT product_id, node_id, taxonomy_id FROM assignments
            UNION ALL SELECT product_id, node_id, taxonomy_id FROM placements) AS held
        LEFT JOIN redirects r USING (taxonomy_id, node_id)
        LEFT JOIN nodes n ON n.taxonomy_id = held.taxonomy_id AND n.id = coalesce(r.live_id, held.node_id)
        WHERE n.id IS NULL""",
    "is a version that was made twice": """
        SELECT number::text FROM versions GROUP BY taxonomy_id, number HAVING count(*) > 1""",
    "is a request key that was used twice": """
        SELECT request_key FROM change_sets WHERE request_key IS NOT NULL
        GROUP BY taxonomy_id, request_key HAVING count(*) > 1""",
    "is a change set applied in two versions": """
        SELECT change_set_id FROM versions GROUP BY change_set_id HAVING count(*) > 1""",
    "is applied without a version": """
        SELECT c.id FROM change_sets c LEFT JOIN versions v ON v.change_set_id = c.id
            AND v.taxonomy_id = c.taxonomy_id AND v.number = c.applied_version
        WHERE c.state IN ('applied', 'reverted') AND v.number IS NULL""",
    "is a change set whose edits are not those of the log": """
        SELECT c.id FROM change_sets c WHERE c.state IN ('applied', 'reverted') AND c.edits <> coalesce(
            (SELECT jsonb_agg(a.edit ORDER BY a.ordinal) FROM audit a
             WHERE a.change_set_id = c.id AND a.version = c.applied_version), '[]')""",
}
"""What must not be, as SQL of its own: the rows that it finds are at fault."""


def faults(engine: Engine, answers: Sequence[Answer]) -> list[str]:
    """Everything that is wrong; empty where nothing was lost, halved or done twice."""
    with engine.connect() as connection:
        found = [f"{one} {what}" for what, sql in ROWS.items() for one in _ids(connection, sql)]
        found += _lost(connection, answers)
    found += [f"{one.key} was refused by the database: {one.fault}" for one in answers if one.fault]
    try:
        found += _untrue(engine)
    except (TaxonomyError, SQLAlchemyError) as error:
        found.append(f"head or log cannot be read: {error}")
    return found


def _ids(connection: Connection, sql: str) -> list[str]:
    return [row[0] for row in connection.exec_driver_sql(sql)]


def _lost(connection: Connection, answers: Sequence[Answer]) -> Iterator[str]:
    """Acknowledged edits that are not in the log as they were acknowledged."""
    sql = "SELECT version, change_set_id, edit FROM audit ORDER BY version, ordinal"
    log: dict[tuple[int, str], list[object]] = {}
    for version, change_id, edit in connection.exec_driver_sql(sql):
        log.setdefault((version, change_id), []).append(edit)
    for one in answers:
        if one.version and log.get((one.version, one.change_id)) != list(one.edits):
            yield f"{one.key} was acknowledged as version {one.version}, and the log does not have it so"


def _untrue(engine: Engine) -> Iterator[str]:
    """Versions, head and placements that do not follow from the log."""
    with PostgresUnitOfWork(engine) as uow:
        head, rows = uow.trees.head(HOME), list(uow.changes.steps(HOME))
        versions = uow.changes.versions(HOME, limit=head.version + len(rows) + 1)
        placed = uow.assignments.placed(SHOP, HOME, [ProductId(f"p{at}") for at in range(N_PRODUCTS)])
    numbers = [one.number for one in reversed(versions)]
    if numbers != list(range(1, head.version + 1)):
        twice = [at for at, n in Counter(numbers).items() if n > 1]
        yield f"the versions are not 1..{head.version}, each once: {twice[:5]}"
    digests, tree, expected = {one.number: one.digest for one in versions}, Tree(), dict[ProductId, str]()
    tree.digest()
    for number, mine in groupby(rows, key=lambda row: row.version):
        edits = [edit_from_json(row.edit) for row in mine]
        tree = replay(tree, ((number, edit) for edit in edits))
        _place(expected, edits)
        if tree.digest() != digests.get(number):
            kinds = ", ".join(one.kind for one in edits)
            yield f"version {number} is not what the log leads to ({kinds})"
            return
    if (head.version, head.digest()) != (tree.version, tree.digest()):
        yield f"the head, version {head.version}, is not what the log leads to"
    if placed != expected:
        odd = sorted(at for at in placed.keys() | expected.keys() if placed.get(at) != expected.get(at))
        yield f"{len(odd)} products do not stand where the log put them: {odd[:5]}"
    yield from invariants.check(head)


def _place(expected: dict[ProductId, str], edits: Sequence[Edit]) -> None:
    """Where people put products, by the log."""
    for edit in edits:
        match edit:
            case Assign(_, node_id, product_ids):
                expected.update(dict.fromkeys(product_ids, node_id))
            case Unassign(_, product_ids):
                for at in product_ids:
                    expected.pop(at, None)
            case Split(_, parts):
                for part in parts:
                    expected.update(dict.fromkeys(part.product_ids, part.node_id))
