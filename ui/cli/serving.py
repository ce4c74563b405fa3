"""`shelftree ui` and `serve`: the app in a browser, and the HTTP service."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from taxonomy.errors import InputError
from ui.wiring import App

__all__ = ["PORT", "Port", "open_app", "serve", "ui"]

PORT = 8501
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="Where to listen.")]
Host = Annotated[str, typer.Option("--host", help="Address to listen on; only this machine by default.")]


def ui(port: Port = PORT, host: Host = "localhost") -> None:
    """Open the app in a browser; Ctrl-C ends it."""
    open_app(port=port, host=host)


def serve(port: Port = 8080, host: Host = "localhost") -> None:
    """Answer queries over HTTP from the published tree; Ctrl-C ends it. See /docs for the calls."""
    import uvicorn

    from ui.api.app import create

    _require_free(host, port)

    with App.open() as app:
        uvicorn.run(create(app), host=host, port=port, log_level="info")


def open_app(*, port: int = PORT, host: str = "localhost", catalog: str = "", taxonomy: str = "") -> None:
    """Run Streamlit on the app until it is stopped; it shows this catalogue and taxonomy first."""
    _require_free(host, port)
    script = Path(__file__).parent.parent / "web" / "app.py"
    options = {
        "server.address": host,
        "server.port": str(port),
        "server.headless": "false" if os.environ.get("DISPLAY") else "true",
        "browser.gatherUsageStats": "false",
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    first = {"SHELFTREE_CATALOG": catalog, "SHELFTREE_TAXONOMY": taxonomy}
    environment = os.environ | {name: value for name, value in first.items() if value}
    subprocess.run(
        [sys.executable, "-m", "streamlit", "run", str(script), *words], env=environment, check=False
    )


def _require_free(host: str, port: int) -> None:
    """Refuse a port that something else listens on, before anything is loaded."""
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"cannot listen on {host}, port {port} ({reason}): take another with --port"
        ) from None
