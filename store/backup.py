"""The whole database in one file, and back.

A backup is a zip with two members, so that all is under a checksum and a cut-off file is told at once::

    manifest.json    what it is: format, migration, server version, time, SHA-256 of the dump
    database.dump    what `pg_dump --format=custom` writes

Postgres's own tools do the work, because only they carry everything (partitions made later, sequences,
extensions). A restore feeds their script to one transaction, which first empties the schema: it replaces the
database as a whole, or leaves it as it was.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from sqlalchemy import URL, Engine, text

from store.embedded.binaries import packaged
from store.engine import connect, translated
from taxonomy.errors import FileError, StoreError

FORMAT: Final = "shelftree backup 1"
MANIFEST: Final = "manifest.json"
DUMP: Final = "database.dump"
CHUNK_BYTES: Final = 1 << 20
LOCK_TIMEOUT_S: Final = 30.0
"""How long a restore waits for others to leave the tables."""

EMPTY_SCHEMA: Final = """\\set ON_ERROR_STOP on
BEGIN;
SET LOCAL lock_timeout = '{lock_timeout_ms:.0f}ms';
DROP SCHEMA IF EXISTS public CASCADE;
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
GRANT USAGE ON SCHEMA public TO PUBLIC;
"""
HEADER_ENDS: Final = b"SET row_security"
NEWER_SETTINGS: Final = (b"SET transaction_timeout",)
"""In the header of a script of Postgres 17 and newer; an older server does not know it and would give up."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself."""

    format: str
    revision: str | None
    server_version: str
    made_at: str
    dump_sha256: str


def backup(url: str, file: Path) -> Manifest:
    """What was written to `file`: the whole database, as of one moment, while others go on working.

    The file appears when it is whole; an older one of this name is replaced then.

    Raises
    ------
    DatabaseUnavailable
        When the database cannot be reached.
    StoreError
        When the dump fails; its words are in the message.
    FileError
        When the file cannot be written.
    """
    engine = connect(url)
    try:
        with _scratch(file) as folder:
            dump = folder / DUMP
            flags = ["--format=custom", "--no-owner", "--no-privileges", f"--file={dump}"]
            command = [_program("pg_dump", engine), *flags, f"--dbname={_address(engine.url)}"]
            _run(command, environment=_environment(engine.url))
            manifest = _describe(engine, dump)
            whole = folder / "whole.zip"
            with zipfile.ZipFile(whole, "w") as archive:  # stored as it is: the dump is compressed already
                archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=2))
                archive.write(dump, DUMP)
            with whole.open("rb") as written:
                os.fsync(written.fileno())
            whole.replace(file)
    finally:
        engine.dispose()
    return manifest


def restore(url: str, file: Path) -> Manifest:
    """What was restored: the database is as the backup has it, and nothing else is left in it.

    The backup is checked before the database is touched. It may be of an older migration: migrate afterwards.

    Raises
    ------
    FileError
        When the file is missing, damaged, or no backup of ours. The database is as before.
    DatabaseUnavailable
        When the database cannot be reached.
    StoreError
        When the server refuses, or others hold the tables for too long. The database is as before.
    """
    manifest = read_manifest(file)
    engine = connect(url)
    try:
        with _scratch(file, in_place=False) as folder:
            dump = folder / DUMP
            _extract(file, dump, manifest)
            _replay(dump, engine)
    finally:
        engine.dispose()
    return manifest


def read_manifest(file: Path) -> Manifest:
    """What a backup says of itself.

    Raises
    ------
    FileError
        When the file is missing, cut off, or no backup of ours.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = Manifest(**json.loads(archive.read(MANIFEST)))
            archive.getinfo(DUMP)
    except OSError as error:
        raise FileError(file, f"cannot be read ({error.strerror or error})") from error
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise FileError(
            file, "is no whole backup: give a file that `shelftree db backup` has written to its end"
        ) from error
    if manifest.format != FORMAT:
        raise FileError(
            file, f"is a {manifest.format!r}, and this version reads {FORMAT!r}: update Shelftree"
        )
    return manifest


def _describe(engine: Engine, dump: Path) -> Manifest:
    """The manifest of a dump; the migration is read from the dump, which others may have left behind."""
    with engine.connect() as connection:
        version = connection.scalar(text("SHOW server_version"))
    unpack = [
        packaged().program("pg_restore"),
        "--data-only",
        "--table=alembic_version",
        "--file=-",
        str(dump),
    ]
    rows = _run(unpack)
    revisions = [
        line for line in rows.partition("FROM stdin;\n")[2].splitlines() if line[:1] not in ("\\", "-", "")
    ]
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    return Manifest(FORMAT, revisions[0] if revisions else None, str(version), made_at, _sha256(dump))


def _extract(file: Path, dump: Path, manifest: Manifest) -> None:
    try:
        with zipfile.ZipFile(file) as archive, archive.open(DUMP) as packed, dump.open("wb") as target:
            shutil.copyfileobj(packed, target, CHUNK_BYTES)
    except (zipfile.BadZipFile, EOFError) as error:
        raise FileError(file, "is damaged: restore another backup") from error
    if _sha256(dump) != manifest.dump_sha256:
        raise FileError(file, "is damaged (its checksum differs): restore another backup")


def _replay(dump: Path, engine: Engine) -> None:
    """Empty the schema and run the dump's script, in one transaction that is committed when all went well."""
    psql = [
        _program("psql", engine),
        "--no-psqlrc",
        "--quiet",
        "--file=-",
        f"--dbname={_address(engine.url)}",
    ]
    script = [packaged().program("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(dump)]
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as unpacking_said:
        reader = subprocess.Popen(script, stdout=subprocess.PIPE, stderr=unpacking_said)
        writer = subprocess.Popen(
            psql, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, env=_environment(engine.url)
        )
        unpacked = _pump(reader, writer)
        if writer.wait() != 0 or not unpacked:
            words = _words(said) or _words(unpacking_said)
            raise StoreError(f"nothing was restored, the database is as before: {words}")


def _pump(reader: subprocess.Popen[bytes], writer: subprocess.Popen[bytes]) -> bool:
    """Whether the whole script reached psql, with COMMIT as its last word; without that, psql rolls back."""
    source, sink = reader.stdout, writer.stdin
    if source is None or sink is None:
        raise ValueError("both must have been opened with pipes")
    try:
        with source, sink:
            sink.write(EMPTY_SCHEMA.format(lock_timeout_ms=1000 * LOCK_TIMEOUT_S).encode())
            sink.writelines(_header_for_any_server(source))
            shutil.copyfileobj(source, sink, CHUNK_BYTES)
            if reader.wait() != 0:
                return False
            sink.write(b"\nCOMMIT;\n")
    except BrokenPipeError:  # psql has given up, and tells why
        return False
    finally:
        reader.kill()
        reader.wait()
    return True


def _header_for_any_server(script: IO[bytes]) -> Iterator[bytes]:
    for line in script:
        if not line.startswith(NEWER_SETTINGS):
            yield line
        if line.startswith(HEADER_ENDS):
            return


def _run(command: list[str], *, environment: dict[str, str] | None = None) -> str:
    """What one of Postgres's tools wrote on stdout."""
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        raise StoreError(f"{Path(command[0]).name} failed: {' '.join(done.stderr.split())}")
    return done.stdout


def _program(name: str, engine: Engine) -> str:
    """The tool's path: the packaged one, or, for a server that speaks TLS, the system's.

    The packaged tools are built without TLS.
    """
    if not _uses_tls(engine):
        return packaged().program(name)
    found = shutil.which(name)
    if found is None:
        raise StoreError(
            f"this server is reached over TLS, for which the system's {name} is needed: install it"
        )
    return found


def _uses_tls(engine: Engine) -> bool:
    with translated(engine.url), engine.connect() as connection:
        return bool(connection.scalar(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")))


def _address(url: URL) -> str:
    """The URL for libpq's tools, without the password, which would show in the list of processes."""
    return URL.create(
        "postgresql", url.username, None, url.host, url.port, url.database, url.query
    ).render_as_string()


def _environment(url: URL) -> dict[str, str]:
    return os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})


def _words(log: IO[bytes]) -> str:
    """The errors that a tool wrote, in one line."""
    log.seek(0)
    lines = log.read().decode(errors="replace").splitlines()
    errors = [line.partition("ERROR:")[2].strip() for line in lines if "ERROR:" in line]
    return "; ".join(errors[:3]) or " ".join(lines[:3])


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


@contextmanager
def _scratch(file: Path, *, in_place: bool = True) -> Iterator[Path]:
    """A folder that is gone afterwards: beside the file (a rename moves between them), or a temporary one."""
    try:
        with tempfile.TemporaryDirectory(
            prefix=".shelftree-", dir=file.absolute().parent if in_place else None
        ) as name:
            yield Path(name)
    except OSError as error:
        place = error.filename or file
        raise FileError(
            file, f"cannot work at {place} ({error.strerror or error}): choose another place"
        ) from error
