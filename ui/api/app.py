"""The HTTP service, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from taxonomy.errors import DatabaseUnavailable
from ui.api import changes, history, problems, review
from ui.api.models import Health
from ui.api.problems import answers
from ui.api.routes import Held, routes
from ui.api.snapshot import REFRESH_S, Snapshots
from ui.wiring import App

__all__ = ["create"]

DESCRIPTION = """Which categories a query means, and in what order products answer it.

Answers come from the published release of a taxonomy, held in memory: they follow publishing within seconds,
and go on when the database is away. Each says its version; errors are problem details (RFC 9457).

Edits and history need the database. Who edits is what the header `X-Author` says: put the service behind a
proxy that sets it for whoever is signed in, and lets nobody else set it."""


def create(app: App, *, refresh_s: float = REFRESH_S) -> FastAPI:
    """The service over an app's store and models.

    Started, it loads all published taxonomies in the background and follows what is published; unstarted (in
    a test), it loads a taxonomy at its first use.

    Parameters
    ----------
    app : App
        Opened, but nothing of it needs to answer: the service starts without the database and says so.
    refresh_s : float
        Seconds between looks at the store, above 0.
    """
    snapshots = Snapshots(app, refresh_s=refresh_s)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with snapshots.following():
            yield

    api = FastAPI(title="Shelftree", version="1", description=DESCRIPTION, lifespan=lifespan)
    api.state.app, api.state.snapshots = app, snapshots
    problems.install(api)
    api.include_router(routes)
    api.include_router(history.routes)
    api.include_router(changes.routes)
    api.include_router(review.routes)
    api.add_api_route("/health", health, response_model=Health)
    api.add_api_route("/ready", ready, response_model=Health, responses=answers(503))
    return api


def health(held: Held) -> Health:
    """Whether the process answers, what it serves, and whether the store is there."""
    return Health.of(held.state)


def ready(held: Held) -> Health:
    """Whether all that is published was loaded once; that the store went away since changes nothing."""
    state = held.state
    if not state.ready:
        said = "the store is away" if state.store == "away" else "releases are being loaded"
        raise DatabaseUnavailable(f"not ready: {said}; what is loaded already answers")
    return Health.of(state)
