"""Taxonomies, in memory."""

from store.names import slug
from taxonomy.errors import InputError, StaleEdit
from taxonomy.node import Node, NodeId
from taxonomy.tree import Tree
from tests.fakes.contents import Desk
from tests.fakes.likeness import likeness


class FakeTrees:
    """`TreeRepository` in memory."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def names(self) -> list[str]:
        return sorted(self.desk.now.trees)

    def create(self, name: str) -> Tree:
        if slug("taxonomy", name) in self.desk.now.trees:
            raise InputError(f"there is a taxonomy {name!r} already")
        self.desk.now.trees[name.lower()] = Tree()
        return Tree()

    def head(self, name: str) -> Tree:
        return self.desk.now.tree(name)

    def lock(self, name: str) -> Tree:
        return self.desk.now.tree(name)

    def save(self, name: str, before: Tree, after: Tree) -> None:
        if self.desk.now.tree(name).version != before.version:
            raise StaleEdit(f"taxonomy {name!r} is no longer at version {before.version}")
        self.desk.now.trees[name.lower()] = after

    def below(self, name: str, node_id: NodeId, *, limit: int = 1000) -> list[Node]:
        tree = self.desk.now.tree(name)
        if node_id not in tree:
            return []
        found = [at for at in (node_id, *tree.descendants(node_id)) if at in tree.nodes]
        kept = set(sorted(found, key=tree.lineage)[:limit])
        return [tree.nodes[at] for at in found if at in kept]

    def named(self, name: str, text: str, *, limit: int = 20) -> list[Node]:
        scores = {
            node: max(likeness(text, one) for one in (node.name, *(label.text for label in node.labels)))
            for node in self.desk.now.tree(name).nodes.values()
        }
        sure = [node for node in scores if scores[node][0] >= 0.6]  # as Postgres is told
        alike = sure or [node for node in scores if scores[node][0] >= 0.3]
        return sorted(alike, key=lambda node: (*(-part for part in scores[node]), node.id))[:limit]
