"""Looking a category up by what one remembers of its name."""

from pathlib import Path

import pytest

from tests.integration.command import run


@pytest.mark.parametrize(
    ("sought", "first"),
    [("hedphones", "Audio > Headphones"), ("wireles speaker", "Audio > Wireless speakers")],
)
def test_a_typing_error_does_not_hide_a_category(
    sought: str,
    first: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    migrated_url: str,
) -> None:
    monkeypatch.setenv("SHELFTREE_DATABASE_URL", migrated_url)
    file = tmp_path / "tree.csv"
    file.write_text(
        "category_path\nAudio > Headphones\nAudio > Wireless speakers\nAudio > Headphone stands\n"
    )
    run(capsys, monkeypatch, "taxonomy", "import", file, "--name", "shop")

    found = run(capsys, monkeypatch, "taxonomy", "find", sought, "--name", "shop", "--json").json["nodes"]
    one = run(capsys, monkeypatch, "taxonomy", "find", "headphones", "--name", "shop", "--limit", 1)
    none = run(capsys, monkeypatch, "taxonomy", "find", "xyzzy", "--name", "shop")

    assert isinstance(found, dict)
    assert next(iter(found.values())) == first
    assert one.out.count("[") == 1
    assert "No category" in none.out
