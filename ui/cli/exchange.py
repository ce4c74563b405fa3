"""`shelftree taxonomy import|export|upload|crosswalk`: trees from and to files, sheets and other trees."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from ingest.readers import write_table
from taxonomy import crosswalk as crosswalks
from taxonomy.crosswalk import MIN_SCORE, Proposal, target_of
from taxonomy.errors import InputError
from taxonomy.formats import FORMATS, IDS, format_of, sheet
from taxonomy.formats.spreadsheet import neutralise
from taxonomy.product import Source
from taxonomy.service import editing, releasing
from taxonomy.service.importing import import_taxonomy
from taxonomy.service.uploading import upload as upload_sheet
from taxonomy.tree import Tree
from ui.cli.history import version_option
from ui.cli.nodes import language_option, named_in
from ui.cli.options import AsJson, Author
from ui.cli.output import finish
from ui.cli.progress import Bar
from ui.tables import contents_of, write_taxonomy
from ui.wiring import App

__all__ = ["crosswalk", "export", "import_", "upload"]

MOST_FINDINGS = 100  # in a summary for machines; people see all

_PAIR_COLUMNS = ("category_path", "target", "target_path", "score", "match", "why")
_CELLS = {".csv", ".tsv"}

Name = Annotated[str, typer.Option("--name", help="The taxonomy.")]
Format = Annotated[str | None, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")]
Lang = Annotated[
    str,
    typer.Option("--lang", callback=language_option, help="The language of the names, as in en or zh-CN."),
]


def import_(
    file: Annotated[
        Path, typer.Argument(help="A published taxonomy, an export, or a table with category_path.")
    ],
    name: Name,
    format_: Format = None,
    lang: Lang = "",
    edition: Annotated[
        bool, typer.Option("--edition", help="A later edition: what it has no more retires.")
    ] = False,
    draft: Annotated[bool, typer.Option("--draft", help="Do not publish it yet.")] = False,
    propose: Annotated[
        bool, typer.Option("--propose", help="Only propose the changes, for a person to apply.")
    ] = False,
    author: Author = "importer",
    as_json: AsJson = False,
) -> None:
    """Import a taxonomy under a name, and publish it unless --draft.

    The format is seen from the file when --format is not given. Categories that the taxonomy already has are
    matched by id, else by path, and renamed or moved; what locked nodes would lose or gain is only listed.
    Names in another language than the taxonomy's become labels. Nothing is retired without --edition.

    Example: shelftree taxonomy import taxonomy-with-ids.en-US.txt --name google --lang en
    """
    kind = format_ or format_of(file)
    if edition and kind not in IDS:
        raise InputError(f"--edition is for {', '.join(IDS)}; this is {kind}")
    contents = contents_of(file, format=format_, language=lang)
    with App.open() as app, app.uow() as uow:
        done = import_taxonomy(
            uow,
            name,
            contents,
            author=author,
            reason=f"import of {file.name}",
            language=lang,
            edition_of=IDS[kind] if edition else None,
            propose=propose,
        )
        release = None if draft or propose else releasing.publish(uow, name, author=author)
    counts = done.counts
    summary: dict[str, object] = {
        "read": len(contents.entries),
        "edits": done.n_edits,
        "added": counts.get("create", 0),
        "moved": counts.get("move", 0),
        "renamed": counts.get("rename", 0),
        "relabelled": counts.get("relabel", 0),
        "retired": counts.get("retire", 0),
        "change": done.change_id or None,
        "version": done.version,
        "release": release.id if release else None,
        "findings": len(done.findings),
    }
    if as_json:
        summary["first_findings"] = list(done.findings[:MOST_FINDINGS])
    finish(summary, as_json=as_json)
    if done.findings and not as_json:
        finish({}, as_json=False, text="\n".join(("", *done.findings)))


def export(
    file: Annotated[Path, typer.Argument(help="Where to write; `.gz` allowed.")],
    name: Name,
    format_: Format = None,
    lang: Annotated[str, typer.Option("--lang", help="Write names in this language.")] = "",
    version: Annotated[int | None, typer.Option("--version", help="An earlier version.")] = None,
    release: Annotated[int | None, typer.Option("--release", help="What a release pins.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a taxonomy to a file: its head, unless an earlier version or a release is named.

    The ending says the format when --format does not.

    table (CSV, TSV, JSON lines, Parquet), skos and json hold all that is known of the tree, and import as the
    same tree. `sheet` is for editing in a spreadsheet and for `upload`.
    """
    with App.open() as app, app.uow() as uow:
        tree = version_option(uow, name, version, release)
    named = named_in(tree, lang, name)
    written = write_taxonomy(named, file, format=format_)
    finish(
        {
            "written": written,
            "left_out_for_want_of_an_id": len(tree) - written,
            "version": tree.version,
            "digest": tree.digest(),
            "file": file,
        },
        as_json=as_json,
    )


def upload(
    file: Annotated[Path, typer.Argument(help="A sheet that `export --format sheet` wrote, edited.")],
    name: Name,
    apply: Annotated[bool, typer.Option("--apply", help="Apply the changes at once.")] = False,
    author: Author = "merchandiser",
    as_json: AsJson = False,
) -> None:
    """Propose what was changed in a sheet, or apply it.

    The sheet says which version it was written from: what somebody else changed since is left alone, and
    refused where the sheet changed the same.

    Example: shelftree taxonomy export tree.csv --name shop --format sheet
    """
    rows = sheet.read(file)
    with App.open() as app, app.uow() as uow:
        done = upload_sheet(uow, name, rows, author=author, reason=f"upload of {file.name}", apply=apply)
    finish(
        {
            "rows": len(rows),
            "edits": done.n_edits,
            "change": done.change_id or None,
            "applied_as_version": done.applied_version,
            **done.counts,
        },
        as_json=as_json,
    )


def crosswalk(
    name: Name,
    to: Annotated[str, typer.Option("--to", help="The taxonomy whose categories are looked for.")],
    min_score: Annotated[
        float, typer.Option("--min-score", help="Below this, nothing is near.", min=0, max=1)
    ] = MIN_SCORE,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the pairs to a table: the ending says the format.")
    ] = None,
    propose: Annotated[
        bool, typer.Option("--propose", help="Propose them as a change set, for a person to apply.")
    ] = False,
    author: Author = "crosswalk",
    as_json: AsJson = False,
) -> None:
    """Find out which categories of another taxonomy a taxonomy's own correspond to, by name and meaning.

    Every pair has a score in 0..1 and says what agrees. What nodes already say of the other taxonomy stays.

    Example: shelftree taxonomy crosswalk --name google --to shopify --out pairs.csv
    """
    with App.open() as app:
        with app.uow() as uow:
            tree, other = uow.trees.head(name), uow.trees.head(to)
        with Bar(quiet=as_json) as bar:
            found = app.crosswalk(tree, other, min_score=min_score, progress=bar)
        edits = crosswalks.edits(tree, other, found, scheme=to)
        change = None
        if propose and edits:
            with app.uow() as uow:
                reason = f"crosswalk to {to} from score {min_score}"
                change = editing.propose(uow, name, edits, author=author, source=Source.MODEL, reason=reason)
    if out:
        write_table(out, _PAIR_COLUMNS, _pairs(tree, other, found, safe=_CELLS & set(out.suffixes) != set()))
    kinds = Counter(str(one.kind) if one.target_id else "unmapped" for one in found)
    finish(
        {"categories": len(found), **kinds, "change": change.id if change else None, "file": out},
        as_json=as_json,
    )


def _pairs(
    tree: Tree, other: Tree, found: Iterable[Proposal], *, safe: bool
) -> Iterator[tuple[str | float, ...]]:
    """Rows for people: `safe` for a spreadsheet, where a path could be taken for a formula."""
    cell = neutralise if safe else str
    for one in found:
        paths = [tree.label(one.node_id), "" if one.target_id is None else other.label(one.target_id)]
        target = "" if one.target_id is None else target_of(other, one.target_id)
        kind = str(one.kind) if one.target_id else "unmapped"
        yield cell(paths[0]), cell(target), cell(paths[1]), one.score, kind, one.why
