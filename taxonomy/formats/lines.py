"""Text files, plain or gzipped, as lines with numbers."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, cast

from taxonomy.errors import FileError

__all__ = ["open_text", "opened"]


def open_text(path: Path, mode: str = "r") -> TextIO:
    """The file as UTF-8 text (a byte order mark is dropped), unzipped by its ending `.gz`."""
    encoding = "utf-8" if "w" in mode else "utf-8-sig"
    if path.suffix == ".gz":
        return cast(TextIO, gzip.open(path, mode + "t", encoding=encoding, newline=""))
    return cast(TextIO, path.open(mode, encoding=encoding, newline=""))


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """The file to read from; whatever goes wrong with it becomes one FileError."""
    try:
        with open_text(path) as file:
            yield file
    except FileNotFoundError:
        raise FileError(path, "there is no such file: check the name") from None
    except UnicodeDecodeError as error:
        raise FileError(path, f"it is not UTF-8 text ({error.reason} at byte {error.start})") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FileError(path, f"it is no whole gzip file ({error})") from None
    except OSError as error:
        raise FileError(path, f"it cannot be read ({error.strerror or error})") from None
