"""Bad input and a full disk as a user meets them: one message, an exit code, and nothing accepted is lost."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.embedded import Cluster
from tests.command import Shelftree, start
from tests.database import child_environment, guarded_folder

RING = "id,parent_id,name\na,b,Tea\nb,a,Green\n"
LAUGHS = '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><rss><channel><item>&b;</item></channel></rss>'
HOME_BYTES = 320 << 20
SPARE_BYTES = 2 << 20
PATIENCE_S = 120


def shop(path: Path, n_products: int, *, word: str = "Soap") -> Path:
    with path.open("w") as file:
        file.write("id,title\n")
        file.writelines(f"{at},{word} number {at} of the shop\n" for at in range(n_products))
    return path


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("ring.csv", RING, "line 2: parents form a ring, 'Tea' > 'Green' and back to 'Tea'"),
        ("page.csv", "<html><body>Log in</body></html>", "line 1: it is a web page or XML"),
        ("twice.txt", "1 - Tea\n1 - Coffee\n", "line 2: id '1' stands for two categories"),
    ],
)
def test_a_broken_taxonomy_is_the_inputs_fault_and_makes_none(
    shelftree: Shelftree, tmp_path: Path, name: str, content: str, says: str
) -> None:
    (tmp_path / name).write_text(content)

    done = shelftree("taxonomy", "import", name, "--name", "broken")

    assert done.code == 2
    assert f"error: {name}, {says}" in done.err
    assert "Traceback" not in done.err
    assert "broken" not in shelftree("taxonomy", "list", "--json").json


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("feed.xml", LAUGHS, "line 1: it declares entities"),
        ("shop.zip", "PK", "unknown ending '.zip'; unpack it first"),
        ("feed.xml", "<html/>", "is a web page, and no product feed"),
    ],
)
def test_a_broken_catalogue_is_the_inputs_fault(
    shelftree: Shelftree, tmp_path: Path, name: str, content: str, says: str
) -> None:
    (tmp_path / name).write_text(content)

    done = shelftree("catalog", "import", name, "--name", "broken")

    assert done.code == 2
    assert says in done.err
    assert "Traceback" not in done.err


def test_a_feed_is_imported_and_its_broken_items_written_down(shelftree: Shelftree, tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_text(
        '<rss xmlns:g="http://base.google.com/ns/1.0"><channel>\n'
        "<item><g:id>1</g:id><title>Soap</title><g:product_type>Bath &gt; Soap</g:product_type></item>\n"
        "<item><title>Lamp</title></item>\n</channel></rss>\n"
    )

    done = shelftree("catalog", "import", "feed.xml", "--name", "feed", "--json")

    assert (done.json["read"], done.json["accepted"], done.json["rejected"]) == (2, 1, 1)
    assert "3,no id," in (tmp_path / "feed.xml.rejects.csv").read_text()


def test_two_imports_into_one_catalogue_at_once_leave_one_of_the_two(
    shelftree: Shelftree, home: Path, tmp_path: Path
) -> None:
    files = [shop(tmp_path / "a.csv", 9000, word="Soap"), shop(tmp_path / "b.csv", 7000, word="Lamp")]
    Cluster(home).stop()  # so that both have to start it

    both = [
        start(
            "catalog", "import", file, "--name", "both", "--json", environment={"SHELFTREE_HOME": str(home)}
        )
        for file in files
    ]
    errors = [process.communicate(timeout=PATIENCE_S)[1] for process in both]

    assert not any("Traceback" in error or "fault in Shelftree" in error for error in errors)
    assert all(process.returncode == 0 or "error:" in e for process, e in zip(both, errors, strict=True))
    assert 0 in [process.returncode for process in both]
    again = shelftree("catalog", "import", files[0], "--name", "both", "--json")
    assert (again.code, again.json["accepted"]) == (0, 9000)
    assert shelftree("catalog", "list", "--json").json["both"] == 9000


def test_a_disk_that_fills_under_a_file_is_an_error_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("before")
    write = (
        "from taxonomy.errors import FileError\nfrom ingest.readers import write_table\n"
        "try: write_table('out.csv', ('id', 'title'), ((str(n), 'Soap ' * 20) for n in range(100_000)))\n"
        "except FileError as error: print(error)"
    )

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(
        [sys.executable, "-B", "-c", write],
        cwd=tmp_path, env=child_environment(), preexec_fn=little_room, capture_output=True, text=True,
    )  # fmt: skip

    assert (done.stdout, done.stderr) == ("out.csv: cannot be written: File too large\n", "")
    assert (tmp_path / "out.csv").read_text() == "before"
    assert [file.name for file in tmp_path.iterdir()] == ["out.csv"]


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of its own for the home, small enough to be filled."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a disk")
    with guarded_folder() as folder:
        disk = folder / "disk"
        disk.mkdir()
        size = f"size={HOME_BYTES},mode=755"
        if subprocess.run(
            ["mount", "-t", "tmpfs", "-o", size, "tmpfs", disk], capture_output=True
        ).returncode:
            pytest.skip("no disk can be mounted here")
        try:
            yield disk
            Cluster(disk).stop()
        finally:
            subprocess.run(["umount", "-l", disk], check=True)


def test_a_full_disk_under_the_database_loses_nothing_accepted(
    small_disk: Path, shelftree: Shelftree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELFTREE_HOME", str(small_disk))
    shop(tmp_path / "first.csv", 500)
    shop(tmp_path / "large.csv", 60_000)
    assert shelftree("catalog", "import", "first.csv", "--name", "first").code == 0
    ballast = small_disk / "ballast"
    found = os.statvfs(small_disk)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, found.f_bavail * found.f_frsize - SPARE_BYTES)

    full = shelftree("catalog", "import", "large.csv", "--name", "large")
    ballast.unlink()
    after = shelftree("catalog", "list", "--json")
    again = shelftree("catalog", "import", "large.csv", "--name", "large", "--json")

    assert full.code == 1
    assert "No space left on device" in full.err
    assert "Traceback" not in full.err
    assert "fault in Shelftree" not in full.err
    assert after.json["first"] == 500
    assert (again.code, again.json["accepted"]) == (0, 60_000)
    assert shelftree("catalog", "list", "--json").json == {"first": 500, "large": 60_000}
