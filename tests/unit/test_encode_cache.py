"""Vectors kept on disk."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ingest.encode.cached import CachedEncoder
from taxonomy.ports import Floats, Progress


class CountingEncoder:
    """Text to the unit vector of its length, counting what it is asked for."""

    dim = 2

    def __init__(self, revision: str = "r1") -> None:
        self.revision = revision
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        self.asked.extend(texts)
        angles = np.array([len(text) for text in texts], dtype=np.float32)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_a_text_is_encoded_once_even_within_one_call(tmp_path: Path) -> None:
    inner = CountingEncoder()
    cached = CachedEncoder(inner, tmp_path)
    first = cached.encode(["a", "bb", "a"])
    again = CachedEncoder(inner, tmp_path).encode(["bb", "a"])
    assert inner.asked == ["a", "bb"]
    assert np.array_equal(first[[1, 0]], again)
    assert np.array_equal(first, CountingEncoder().encode(["a", "bb", "a"]))


def test_small_calls_leave_the_file_alone_where_that_is_asked_for(tmp_path: Path) -> None:
    inner = CountingEncoder()
    cached = CachedEncoder(inner, tmp_path, keep_from=2)
    for _ in range(2):
        cached.encode(["query"])
        cached.encode(["a", "bb"])
    assert inner.asked == ["query", "a", "bb", "query"]


def test_another_revision_shares_nothing(tmp_path: Path) -> None:
    CachedEncoder(CountingEncoder("r1"), tmp_path).encode(["a"])
    other = CountingEncoder("r2")
    CachedEncoder(other, tmp_path).encode(["a"])
    assert other.asked == ["a"]


def test_no_texts_give_no_rows(tmp_path: Path) -> None:
    assert CachedEncoder(CountingEncoder(), tmp_path).encode([]).shape == (0, 2)


def test_a_damaged_cache_file_is_made_anew(tmp_path: Path) -> None:
    CachedEncoder(CountingEncoder(), tmp_path).encode(["a"])
    (file,) = tmp_path.glob("*.vectors")
    file.write_bytes(b"not a database" * 1000)
    inner = CountingEncoder()
    CachedEncoder(inner, tmp_path).encode(["a"])
    assert inner.asked == ["a"]


def test_many_callers_may_share_a_folder(tmp_path: Path) -> None:
    texts = ["x" * n for n in range(200)]
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(CachedEncoder(CountingEncoder(), tmp_path).encode, texts) for _ in range(4)]
        results = [future.result() for future in futures]
    assert all(np.array_equal(results[0], other) for other in results)


def test_what_was_kept_survives_kill_9(tmp_path: Path) -> None:
    script = f"""
    from pathlib import Path
    from ingest.encode.cached import CachedEncoder
    from tests.unit.test_encode_cache import CountingEncoder
    CachedEncoder(CountingEncoder(), Path({str(tmp_path)!r})).encode(["a", "bb"])
    print("ready", flush=True)
    import time; time.sleep(60)
    """
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", textwrap.dedent(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGKILL)
    inner = CountingEncoder()
    CachedEncoder(inner, tmp_path).encode(["a", "bb", "ccc"])
    assert inner.asked == ["ccc"]
