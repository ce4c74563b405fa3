"""What a reader holds of a file that was made to fill the memory, measured in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

LIMIT_MB = 512
ROOT = Path(__file__).parents[2]

READ = r"""
import re, sys
from pathlib import Path
from ingest.readers import open_catalog
catalog = open_catalog(sys.argv[1])
for _ in catalog:
    pass
peak_kb = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]
print(catalog.counts.accepted, catalog.counts.rejected, int(peak_kb) // 1024)
"""


def read_apart(path: Path) -> tuple[int, int, int]:
    """Accepted, rejected, and the peak of memory in MB (VmHWM: ru_maxrss would begin with the parent's)."""
    command = [sys.executable, "-c", READ, str(path)]
    done = subprocess.run(command, capture_output=True, check=True, text=True, cwd=ROOT)
    accepted, rejected, peak_mb = map(int, done.stdout.split())
    return accepted, rejected, peak_mb


def write_big(path: Path, before: bytes, piece: bytes, after: bytes, *, n_bytes: int) -> None:
    with path.open("wb") as file:
        file.write(before)
        for _ in range(n_bytes // len(piece)):
            file.write(piece)
        file.write(after)


BIG = {
    "a field of 200 MB": ("shop.csv", b'id,title\n1,"', b"x" * 1000, b'"\n2,Soap\n', 200),
    "a line of 200 MB": ("shop.csv", b"id,title\n1,", b"x" * 1000, b"\n2,Soap\n", 200),
    "a feed's value of 200 MB": (
        "feed.xml",
        b"<rss><channel><item><id>1</id><title>",
        b"x" * 1000,
        b"</title></item><item><id>2</id><title>Soap</title></item></channel></rss>",
        200,
    ),
    "a JSON line of 200 MB": (
        "shop.jsonl",
        b'{"id": 1, "title": "',
        b"x" * 1000,
        b'"}\n{"title": "Soap"}\n',
        200,
    ),
}


@pytest.mark.parametrize("name", BIG)
def test_a_giant_field_costs_its_row_and_no_memory(name: str, tmp_path: Path) -> None:
    file, before, piece, after, mb = BIG[name]
    write_big(tmp_path / file, before, piece, after, n_bytes=mb << 20)
    accepted, rejected, peak_mb = read_apart(tmp_path / file)
    assert (accepted, rejected) == (1, 1)
    assert peak_mb < LIMIT_MB


def test_an_unclosed_quote_at_the_top_of_200_mb_costs_its_row_and_no_memory(tmp_path: Path) -> None:
    row = b"," + b"x" * 30_000 + b"\n"
    n_rows = (200 << 20) // len(row)
    with (tmp_path / "shop.csv").open("wb") as file:
        file.write(b'id,title\n0,"never closed\n')
        file.writelines(b"%d" % i + row for i in range(1, n_rows + 1))
    accepted, rejected, peak_mb = read_apart(tmp_path / "shop.csv")
    assert (accepted, rejected) == (n_rows, 1)
    assert peak_mb < LIMIT_MB
