"""Looking a category up by what one remembers of its name."""

from pathlib import Path

import pytest

from tests.command import Shelftree


@pytest.mark.parametrize(
    ("sought", "first"),
    [("hedphones", "Audio > Headphones"), ("wireles speaker", "Audio > Wireless speakers")],
)
def test_a_typing_error_does_not_hide_a_category(
    sought: str,
    first: str,
    tmp_path: Path,
    command: Shelftree,
    monkeypatch: pytest.MonkeyPatch,
    migrated_url: str,
) -> None:
    monkeypatch.setenv("SHELFTREE_DATABASE_URL", migrated_url)
    file = tmp_path / "tree.csv"
    file.write_text(
        "category_path\nAudio > Headphones\nAudio > Wireless speakers\nAudio > Headphone stands\n"
    )
    command("taxonomy", "import", file, "--name", "shop")

    found = command("taxonomy", "find", sought, "--name", "shop", "--json").json["nodes"]
    one = command("taxonomy", "find", "headphones", "--name", "shop", "--limit", 1)
    none = command("taxonomy", "find", "xyzzy", "--name", "shop")

    assert isinstance(found, dict)
    assert next(iter(found.values())) == first
    assert one.out.count("[") == 1
    assert "No category" in none.out
