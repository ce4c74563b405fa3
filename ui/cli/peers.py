"""Peers by name, as `evaluate` and `bench` take them."""

from collections.abc import Iterable
from typing import Annotated

import typer

from ingest.evaluate.baselines import Baseline, Peer, hiclass_svc, tfidf_svc
from ingest.train.settings import TrainSettings
from taxonomy.errors import InputError
from taxonomy.product import Product
from ui.cli.progress import Bar
from ui.wiring import App

__all__ = ["Peers", "parse_peers", "run_peer"]

Peers = Annotated[
    str, typer.Option("--baselines", "--peers", help="Some of tfidf, hiclass and flat, joined by commas.")
]


def parse_peers(names: str) -> list[Peer]:
    """`tfidf,flat` as peers, each once.

    Raises
    ------
    InputError
        There is no such peer.

    Examples
    --------
    >>> parse_peers("flat, tfidf")
    [<Peer.FLAT: 'flat'>, <Peer.TFIDF: 'tfidf'>]
    """
    wanted = dict.fromkeys(name.strip() for name in names.split(",") if name.strip())
    unknown = [name for name in wanted if name not in set(Peer)]
    if unknown:
        raise InputError(f"{unknown[0]}: no such peer; there are {', '.join(Peer)}")
    return [Peer(name) for name in wanted]


def run_peer(
    app: App, peer: Peer, products: Iterable[Product], settings: TrainSettings, bar: Bar
) -> Baseline:
    """Train a peer on the `train` rows and judge it on the `valid` rows."""
    bar.start(f"training {peer}")
    if peer is Peer.TFIDF:
        return tfidf_svc(products)
    if peer is Peer.HICLASS:
        return hiclass_svc(products)
    from ingest.evaluate.flat import flat_bert

    base = app.settings.base_model or None
    return flat_bert(products, base=base, settings=settings, device=app.settings.device, progress=bar)
