"""The edits that bring a tree to what a file holds."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from taxonomy.changes import apply
from taxonomy.edits import Create, Edit, Move, Pin, Relate, Reorder, Retire
from taxonomy.errors import InputError
from taxonomy.formats.entries import Contents, Entry
from taxonomy.formats.saying import retold
from taxonomy.node import ROOT_ID, Node, NodeId, Relation, random_ids
from taxonomy.product import Path, Source, join_path
from taxonomy.redirects import Redirect
from taxonomy.text import fold
from taxonomy.tree import Tree, path_id

__all__ = ["EntryIds", "Plan", "imported_id", "plan"]

SAME_EDITION = 0.5
"""Of the ids that a tree has from a source, a later edition of it has at least this share: Shopify's editions
of one year share over 95%, Google's of eight years over 90%, and files of two sources share none."""
SAME_NEIGHBOURS = 0.5  # of the children's names: with another id and half of them new, it is another category


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do, and what was odd about the file.

    `findings` are sentences: ancestors that the file does not list, siblings of the same name, locked nodes
    that stay as they are, and what became of categories of the tree that the file does not have.
    """

    edits: tuple[Edit, ...]
    findings: tuple[str, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many edits there are of each kind, without those that only bring retired ids along."""
        came = {one.node.id for one in self.edits if isinstance(one, Create)}
        gone = {one.node_id for one in self.edits if isinstance(one, Retire)}
        return Counter(
            one.kind
            for one in self.edits
            if not (isinstance(one, Create) and one.node.id in gone)
            and not (isinstance(one, Retire) and one.node_id in came)
        )


EntryIds = Callable[[Entry], NodeId]
"""What gives the node made for an entry its id, if nobody had it before."""


def imported_id(entry: Entry) -> NodeId:
    """The id that follows from the entry's id or path: the same file gives the same tree anywhere."""
    if entry.said is not None and entry.said.id:
        return entry.said.id
    return path_id((entry.external_id,), "id") if entry.external_id else path_id(entry.path)


def plan(
    contents: Contents | Iterable[Entry],
    tree: Tree,
    *,
    new_id: EntryIds = imported_id,
    language: str = "",
    edition_of: re.Pattern[str] | None = None,
) -> Plan:
    """The edits that add, rename and move until the tree has every entry; nothing retires unless asked for.

    Categories are matched by our id, by the file's id, else by path. Parents need not come before children.
    Locked nodes stay as they are.

    Parameters
    ----------
    language : str
        What the names are in, as a BCP 47 tag. A matched node whose name is in another language keeps it and
        gets the file's name as a label. Empty: not said, the file's names are the names.
    edition_of : pattern, optional
        The file is a later edition: nodes whose id in their file matches this and is not in it any more are
        matched by content (path, else name and neighbours), or retire: into a category of the file with the
        same name, else into their parent.

    Raises
    ------
    InputError
        The file shares too few ids with the tree to be a later edition.

    Examples
    --------
    >>> found = plan([Entry(("Garden", "Tools"))], Tree())
    >>> [edit.node.name for edit in found.edits]
    ['Garden', 'Tools']
    >>> found.findings
    ("line 0: 'Garden' is not in the file; it was made",)
    """
    known = contents if isinstance(contents, Contents) else Contents(list(contents))
    planner = _Planner(tree, new_id, language, known, findings=list(known.findings))
    if edition_of:
        planner.expect(edition_of)
    for entry in sorted(known.entries, key=lambda entry: len(entry.path)):
        planner.take(entry)
    planner.relate()
    planner.retire_missing()
    planner.redirect()
    planner.pin()
    planner.reorder()
    return Plan(tuple(planner.edits), tuple(planner.findings))


@dataclass
class _Planner:
    tree: Tree
    new_id: EntryIds
    language: str
    contents: Contents
    findings: list[str]
    edits: list[Edit] = field(default_factory=list)
    by_path: dict[Path, NodeId] = field(default_factory=dict)
    by_external: dict[str, NodeId] = field(default_factory=dict)
    by_file_id: dict[str, NodeId] = field(default_factory=dict)
    created: dict[NodeId, int] = field(default_factory=dict)  # where its Create stands
    relations: dict[NodeId, tuple[Node, Entry]] = field(default_factory=dict)
    seen: set[NodeId] = field(default_factory=set)
    missing: dict[NodeId, None] = field(default_factory=dict)  # of the edition, not claimed yet
    missing_names: dict[str, list[NodeId]] = field(default_factory=dict)
    children_names: dict[Path, set[str]] = field(default_factory=dict)  # of the file

    def __post_init__(self) -> None:
        for at in self.tree.descendants():
            node = self.tree.nodes[at]
            self.by_path.setdefault(_key(self.tree.path(at)), at)
            if node.external_id:
                self.by_external[node.external_id] = at

    def expect(self, ids: re.Pattern[str]) -> None:
        """Hold the file against the nodes that an earlier edition of it brought."""
        for entry in self.contents.entries:
            self.children_names.setdefault(_key(entry.path[:-1]), set()).add(fold(entry.path[-1]))
        held = [at for key, at in self.by_external.items() if ids.fullmatch(key)]
        there = {entry.external_id for entry in self.contents.entries}
        self.missing = {at: None for at in held if self.tree.nodes[at].external_id not in there}
        if len(self.missing) > (1 - SAME_EDITION) * len(held):
            n_shared = len(held) - len(self.missing)
            raise InputError(
                f"the file has {n_shared} of the {len(held)} ids that the taxonomy has of this kind: it is "
                "no later edition of it: import it without --edition, which retires nothing"
            )
        for at in self.missing:
            self.missing_names.setdefault(fold(self.tree.nodes[at].name), []).append(at)

    def take(self, entry: Entry) -> None:
        """Find or make the entry's node, where and as the entry says."""
        known = self._match(entry)
        parent = self._parent(entry)
        if known is None:
            known = self._create(entry, parent)
        else:
            self._adjust(known, entry, parent)
        self.by_path.setdefault(_key(entry.path), known)
        for key in (entry.external_id, entry.said.id if entry.said else ""):
            if key:
                self.by_file_id[key] = known

    def relate(self) -> None:
        """Say to which others nodes are related, now that all have their ids."""
        for at, (node, entry) in self.relations.items():
            said = entry.said.relations if entry.said else ()
            found = {
                Relation(one.kind, there) for one in said if (there := self._meant(one.node_id)) is not None
            }
            if at in self.created:
                self._amend(at, relations=tuple(sorted(found)))
                continue
            gone = set(node.relations) - found if entry.said and entry.said.id else set[Relation]()
            for one in sorted(found - set(node.relations)):
                if one.node_id in self.tree.nodes or one.node_id in self.created:
                    self.edits.append(Relate(at, one.kind, one.node_id))
            self.edits += [Relate(at, one.kind, one.node_id, False) for one in sorted(gone)]

    def retire_missing(self) -> None:
        """Retire what a later edition has no more; say what else the file does not have."""
        kept = {above for at in self.seen if at in self.tree.nodes for above in self.tree.lineage(at)}
        others = [at for at in self.tree.descendants() if at not in kept and at not in self.missing]
        if others:
            names = ", ".join(repr(self.tree.label(at)) for at in others[:3])
            self.findings.append(
                f"{len(others)} categories of the tree are not in the file and stay: {names}"
            )
        if not self.missing:
            return
        held = {
            above for at, node in self.tree.nodes.items() if node.locked for above in self.tree.lineage(at)
        }
        names_now = self._names_now()
        for at in sorted(self.missing, key=self.tree.depth, reverse=True):
            label = repr(self.tree.label(at))
            if at in held or at in self.seen:
                why = (
                    "it, or what is below it, is locked"
                    if at in held
                    else "categories of the file stand below it"
                )
                self.findings.append(f"{label} is not in the file any more, and stays: {why}")
                continue
            heirs = [one for one in names_now.get(fold(self.tree.nodes[at].name), []) if one != at]
            into = heirs[0] if len(heirs) == 1 and not self._is_below(heirs[0], at) else None
            end = "its parent" if into is None else repr(self._label_now(into))
            self.findings.append(f"{label} is not in the file any more: retired into {end}")
            self.edits.append(Retire(at, into))

    def redirect(self) -> None:
        """Bring retired ids of the file along, each before those that it leads to and that retire as well."""
        fresh = {}
        for at, way in self.contents.redirects.items():
            if at in self.tree.nodes or at in self.created:
                self.findings.append(f"{at} is retired in the file and live in the tree: it stays")
            elif at not in self.tree.redirects:
                fresh[at] = way
        waiting = Counter(target for way in fresh.values() for target in set(way.targets) if target in fresh)
        ready = [at for at in fresh if not waiting[at]]
        ordered: list[NodeId] = []
        while ready:
            ordered.append(at := ready.pop())
            for target in set(fresh[at].targets) & fresh.keys():
                waiting[target] -= 1
                if not waiting[target]:
                    ready.append(target)
        self.edits += [Create(Node(at, "retired")) for at in ordered]
        known = set(ordered)
        for at in ordered:
            self._retire(at, fresh[at], known)
        self.by_file_id |= {at: at for at in ordered}

    def pin(self) -> None:
        """Send queries where the file sends them."""
        for query, at in self.contents.pins.items():
            there = self._meant(at)
            if there is not None and self.tree.pins.get(query) != there:
                self.edits.append(Pin(query, there))

    def reorder(self) -> None:
        """Put siblings in the order of a file of ours; other files are in an order of their own."""
        ours = [one for one in self.contents.entries if one.said is not None and one.said.id]
        if not ours or (not self.edits and not len(self.tree)):
            return
        after = apply(self.tree, self.edits, Source.IMPORT).tree if self.edits else self.tree
        families: dict[NodeId, list[NodeId]] = {}
        for entry in ours:
            at = self.by_file_id[entry.said.id] if entry.said else ROOT_ID
            families.setdefault(after.nodes[at].parent_id, []).append(at)
        for parent_id, wanted in families.items():
            held = [at for at in after.children_of(parent_id) if at in set(wanted)]
            if held != wanted:
                self.edits.append(Reorder(parent_id, tuple(wanted)))

    def _match(self, entry: Entry) -> NodeId | None:
        if entry.said is not None and entry.said.id in self.tree.nodes:
            return entry.said.id
        if not entry.external_id:
            return None if entry.said is not None and entry.said.id else self.by_path.get(_key(entry.path))
        known = self.by_external.get(entry.external_id)
        return known if known is not None else self._by_content(entry)

    def _by_content(self, entry: Entry) -> NodeId | None:
        """A node of this path that no id of the file belongs to, else one of this name and neighbourhood."""
        at = self.by_path.get(_key(entry.path))
        if at is not None and at in self.tree.nodes and at not in self.seen:
            if not self.tree.nodes[at].external_id:  # an ancestor made on the way
                return at
            if at in self.missing:
                return self._renumbered(at, entry)
        alike = [one for one in self.missing_names.get(fold(entry.path[-1]), ()) if one in self.missing]
        near = [one for one in alike if self._neighbours(one, entry)]
        return self._renumbered(near[0], entry) if len(near) == 1 else None

    def _renumbered(self, at: NodeId, entry: Entry) -> NodeId:
        held = self.tree.nodes[at].external_id
        self.findings.append(
            f"line {entry.line}: {join_path(entry.path)!r} is {held!r} of the earlier edition under the id "
            f"{entry.external_id!r}: the node stays the same"
        )
        self.missing.pop(at)
        return at

    def _neighbours(self, at: NodeId, entry: Entry) -> bool:
        """Whether the node's children, or for a leaf its parent, are called as the entry's are."""
        before = {fold(self.tree.nodes[child].name) for child in self.tree.children_of(at)}
        after = self.children_names.get(_key(entry.path), set())
        if before or after:
            return len(before & after) >= SAME_NEIGHBOURS * len(before | after)
        above = self.tree.path(at)[:-1][-1:]
        return [*map(fold, above)] == [*map(fold, entry.path[:-1][-1:])]

    def _parent(self, entry: Entry) -> NodeId:
        if entry.said is not None and entry.said.parent_id in self.by_file_id:
            return self.by_file_id[entry.said.parent_id]
        for index in (self.by_file_id, self.by_external):
            if entry.parent_external_id in index:
                return index[entry.parent_external_id]
        if len(entry.path) == 1:
            return ROOT_ID
        above = entry.path[:-1]
        at = self.by_path.get(_key(above))
        if entry.parent_external_id and at is not None:
            parent = f"its parent {entry.parent_external_id!r} is not in the file"
            self.findings.append(f"line {entry.line}: {parent}; it stands where its path says")
        if at is None:
            self.findings.append(f"line {entry.line}: {join_path(above)!r} is not in the file; it was made")
            made = Entry(above, line=entry.line)
            at = self._create(made, self._parent(made))
        self.seen.add(at)
        return at

    def _create(self, entry: Entry, parent: NodeId) -> NodeId:
        if _key(entry.path) in self.by_path and not (entry.said is not None and entry.said.id):
            self.findings.append(
                f"line {entry.line}: a second {join_path(entry.path)!r}, kept apart by its id"
            )
        at = self.new_id(entry)
        if not at or at in self.tree or at in self.tree.redirects or at in self.created:
            at = random_ids()
        said = entry.said or Node(NodeId(""), entry.path[-1])
        if not said.id:  # not one of ours, of which we know what was not said
            said = replace(said, language=said.language or self.language)
        node = replace(said, id=at, parent_id=parent, external_id=entry.external_id, relations=())
        self.created[at] = len(self.edits)
        self.edits.append(Create(node))
        self.by_path.setdefault(_key(entry.path), at)
        if entry.external_id:
            self.by_external.setdefault(entry.external_id, at)
        if said.relations:
            self.relations[at] = (node, entry)
        self.seen.add(at)
        return at

    def _adjust(self, at: NodeId, entry: Entry, parent: NodeId) -> None:
        self.seen.add(at)
        if (node := self.tree.nodes.get(at)) is None:
            return
        made = list(retold(node, entry, self.language))
        if node.parent_id != parent:
            made.append(Move(at, parent))
        if node.locked and made:
            kinds = ", ".join(dict.fromkeys(one.kind for one in made))
            self.findings.append(
                f"{self.tree.label(at)!r} is locked and stays as it is; the file asks to {kinds}"
            )
            return
        self.edits += made
        if entry.said is not None and (entry.said.locked != node.locked) and entry.said.id:
            self.findings.append(f"{self.tree.label(at)!r}: only people lock and unlock; the file does not")
        if entry.said is not None and (entry.said.relations or node.relations):
            self.relations[at] = (node, entry)

    def _amend(self, at: NodeId, relations: tuple[Relation, ...]) -> None:
        edit = self.edits[self.created[at]]
        if isinstance(edit, Create):
            self.edits[self.created[at]] = replace(edit, node=replace(edit.node, relations=relations))

    def _meant(self, file_id: NodeId) -> NodeId | None:
        """The node that an id of the file stands for; one that retires stands for itself."""
        if file_id in self.by_file_id:
            return self.by_file_id[file_id]
        given_out = (
            file_id in self.contents.redirects or file_id in self.tree or file_id in self.tree.redirects
        )
        return file_id if given_out else None

    def _retire(self, at: NodeId, way: Redirect, known: set[NodeId]) -> None:
        ends = [self._meant(target) if target != ROOT_ID else ROOT_ID for target in way.targets]
        live = [end for end in ends if end is not None and (end == ROOT_ID or self._is_live(end, known))]
        if len(live) == len(way.targets):
            self.edits.append(Retire(at, live[0], tuple(live[1:]), way.shares))
        else:
            self.findings.append(
                f"the retired id {at} leads to no category of the tree: it leads nowhere now"
            )
            self.edits.append(Retire(at, ROOT_ID))

    def _is_live(self, at: NodeId, retiring: set[NodeId]) -> bool:
        return at in self.tree.nodes or at in self.created or at in retiring

    def _names_now(self) -> dict[str, list[NodeId]]:
        """The nodes that the file has, by folded name."""
        found: dict[str, list[NodeId]] = {}
        for entry in self.contents.entries:
            at = self.by_file_id.get(entry.external_id)
            if at is not None:
                found.setdefault(fold(entry.path[-1]), []).append(at)
        return found

    def _is_below(self, at: NodeId, above: NodeId) -> bool:
        return at in self.tree.nodes and above in self.tree.lineage(at)

    def _label_now(self, at: NodeId) -> str:
        created = self.edits[self.created[at]] if at in self.created else None
        return created.node.name if isinstance(created, Create) else self.tree.label(at)


def _key(path: Path) -> Path:
    return tuple(map(fold, path))
