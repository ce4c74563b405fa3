"""`shelftree bench build`: a tree from titles beside what you would take instead, on the same vectors."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ingest.cluster.build import build as build_tree
from ingest.evaluate.build_arrangement import Arrangement, from_built, tree_of
from ingest.evaluate.build_fresh import Spent, fresh
from ingest.evaluate.build_kept import Kept, code_digest
from ingest.evaluate.build_peers import Case, Peer, run_peer
from ingest.evaluate.build_score import Agreement, judge_arrangement, n_categories
from ingest.evaluate.names import score_names
from ingest.readers import open_catalog
from taxonomy.errors import InputError
from taxonomy.ports import Floats, Progress
from taxonomy.product import Product
from ui.cli.bench_rows import SEED, Data, File, Row, Sample, data_of, sampled
from ui.cli.options import AsJson, Device
from ui.cli.output import finish
from ui.cli.progress import Bar
from ui.settings import Settings
from ui.wiring import App

__all__ = ["OutDir", "Peers", "Seed", "build", "ours", "parse_peers", "table", "unlabelled"]

OURS = "Shelftree"
NAMES = {
    Peer.BERTOPIC: "BERTopic",
    Peer.EVOC: "evoc",
    Peer.UMAP: "UMAP + HDBSCAN",
    Peer.PCA: "PCA + HDBSCAN",
    Peer.K_MEANS: "k-means + Ward, true k",
}
EVERY_PEER = ",".join(Peer)
_WARM = 400  # products of the run that is not timed: it loads libraries and compiles what they compile
_SHOWN = 5  # products of a node that is shown

Peers = Annotated[str, typer.Option("--peers", help=f"Some of {', '.join(Peer)}, joined by commas.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of our build and of every peer.")]
OutDir = Annotated[
    Path | None, typer.Option("--out", help="A folder that keeps results, so that a stopped bench goes on.")
]


def build(
    file: File = None,
    data: Data = None,
    sample: Sample = 0,
    peers: Peers = EVERY_PEER,
    seed: Seed = SEED,
    nodes: Annotated[int, typer.Option("--nodes", min=0, help="Show so many leaves of ours.")] = 0,
    out: OutDir = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """A tree from titles beside BERTopic, evoc, HDBSCAN on UMAP and on PCA, and k-means told the number.

    Nobody sees the shop's categories before the end. Each way runs in a process of its own; libraries load
    before its time counts. AMI is that of the layer that agrees best with the level; purity is of the
    hierarchy as it is, and with the children of each node joined in pairs, as dendrograms are. Every figure
    comes twice: with noise as one group, and with noise put into the nearest group.

    Example: shelftree bench build products.csv --sample 4000 --out kept
    """
    wanted = parse_peers(peers)
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        products = sampled([one for one in open_catalog(data_of(file, data)) if one.category_path], sample)
        bench = _Bench(app, products, app.vectors(products, progress=bar), seed, out, bar)
        rows = {OURS: bench.own(nodes)} | {NAMES[peer]: bench.peer(peer) for peer in wanted}
    finish({"products": len(products), "seed": seed, "rows": rows}, as_json=as_json, text=table(rows))


@dataclass
class _Bench:
    """One catalogue and its vectors, for ours and the peers in turn."""

    app: App
    products: Sequence[Product]
    vectors: Floats
    seed: int
    out: Path | None
    bar: Bar

    def own(self, n_shown: int) -> Row:
        """Figures of our build, from products without labels."""
        self.bar.start(f"{OURS}: building")
        hidden, settings = unlabelled(self.products), self.app.settings
        work = partial(ours, hidden, self.vectors, self.seed, settings)
        little = partial(ours, hidden[:_WARM], self.vectors[:_WARM], self.seed, settings)
        kept = Kept(self.out, self.vectors, [one.title for one in self.products], self.seed, code_digest())
        row = kept.row(OURS, lambda: self._row(fresh(work, warm_up=little)))
        if n_shown:
            self._show(ours(hidden, self.vectors, self.seed, settings), n_shown)
        return row

    def peer(self, peer: Peer) -> Row:
        """Figures of a peer."""
        self.bar.start(NAMES[peer])
        titles = tuple(one.title for one in self.products)
        counts = n_categories([one.category_path for one in self.products])
        case = Case(titles, self.vectors, counts)
        little = Case(titles[:_WARM], self.vectors[:_WARM], (2,))
        work, warm_up = (partial(run_peer, peer, one, seed=self.seed) for one in (case, little))
        kept = Kept(self.out, self.vectors, list(titles), self.seed)
        return kept.row(peer, lambda: self._row(fresh(work, warm_up=warm_up)))

    def _row(self, spent: Spent[Arrangement]) -> Row:
        found, truth = spent.result, [one.category_path for one in self.products]
        self.bar.start("comparing with the shop's own tree")
        judged = judge_arrangement(found, truth, self.vectors)
        row = {"groups": float(judged.n_groups), "noise": judged.noise_share}
        row |= _figures(judged.as_is, "") | _figures(judged.attached, "attached_")
        row |= self._names(found)
        return row | {"seconds": spent.seconds, "cpu_s": spent.cpu_s, "peak_mb": spent.peak_mb}

    def _names(self, found: Arrangement) -> Row:
        """Of the wording that a shop accepts most often; nothing for a way that gives no names."""
        best: Row = {}
        for wording in range(len(found.wordings)):
            tree, places = tree_of(found, wording)
            at = {one.id: place for one, place in zip(self.products, places, strict=True)}
            report = score_names(tree, at, self.products, self.app.encoder.encode)
            if not best or report.leaf_acceptance > best["names"]:
                best = {"names": report.leaf_acceptance, "duplicate_names": float(len(report.duplicates))}
                best["improper_names"] = float(len(report.improper))
        return best

    def _show(self, found: Arrangement, n: int) -> None:
        """Leaves drawn at random, each with the products that stand first in the file."""
        tree, places = tree_of(found, 0)
        leaves = sorted({at for at in places if at is not None and tree.is_leaf(at)}, key=int)
        drawn = np.random.default_rng(self.seed).permutation(len(leaves))[:n]
        for node_id in [leaves[at] for at in sorted(drawn)]:
            own = [one for one, at in zip(self.products, places, strict=True) if at == node_id]
            titles = " | ".join(one.title for one in own[:_SHOWN])
            self.bar.note(f"{tree.label(node_id)} ({len(own)}): {titles}")


def ours(
    products: Sequence[Product],
    vectors: Floats,
    seed: int,
    settings: Settings,
    progress: Progress | None = None,
) -> Arrangement:
    """Our tree in the peers' form, built without anything that an earlier build left behind."""
    with App(settings) as app:
        return from_built(
            build_tree(products, vectors, seed=seed, encode=app.encoder.encode, progress=progress)
        )


def unlabelled(products: Iterable[Product]) -> list[Product]:
    """The products without what the shop says about their place."""
    return [replace(one, category_path=(), attributes={}) for one in products]


def parse_peers(names: str) -> list[Peer]:
    """`umap,evoc` as peers, each once; none for an empty text.

    Raises
    ------
    InputError
        There is no such peer.
    """
    wanted = dict.fromkeys(name.strip() for name in names.split(",") if name.strip())
    if unknown := [name for name in wanted if name not in set(Peer)]:
        raise InputError(f"{unknown[0]}: no such peer; there are {', '.join(Peer)}")
    return [Peer(name) for name in wanted]


def table(rows: Mapping[str, Row]) -> str:
    """The rows as tables for people: what each took, then its figures by level."""
    took = ("groups", "noise", "names", "duplicate_names", "improper_names", "seconds", "cpu_s", "peak_mb")
    parts = [_table("", {column.replace("_", " "): column for column in took}, rows)]
    levels = {name.rsplit("_", 1)[1] for row in rows.values() for name in row if "_level_" in name}
    for measure in ("ami", "leaves", "purity", "binary"):
        for treated, said in (("", "noise as it is"), ("attached_", "noise attached")):
            columns = {f"level {level}": f"{treated}{measure}_level_{level}" for level in sorted(levels)}
            parts.append(_table(f"{measure}, {said}", columns, rows))
    return "\n\n".join(parts)


def _table(title: str, columns: Mapping[str, str], rows: Mapping[str, Row]) -> str:
    width = max(map(len, columns), default=0) + 2
    lines = [f"{title:28}" + "".join(f"{column:>{width}}" for column in columns)]
    for name, row in rows.items():
        cells = (_figure(row.get(column)) for column in columns.values())
        lines.append(f"{name:28}" + "".join(f"{cell:>{width}}" for cell in cells))
    return "\n".join(lines)


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value.is_integer() or value >= 10 else f"{value:.3f}"


def _figures(levels: Sequence[Agreement], treated: str) -> Row:
    named = {"ami": "best", "leaves": "leaves", "purity": "purity", "binary": "binary"}
    return {
        f"{treated}{name}_level_{one.level}": float(getattr(one, field))
        for name, field in named.items()
        for one in levels
    }
