"""Fine-tuning: what is learnt, what is held out, and what a stopped run loses (nothing)."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from ingest.train.artifact import Artifact
from ingest.train.card import card
from ingest.train.checkpoints import Run, claim, latest
from ingest.train.dataset import assemble
from ingest.train.finetune import TrainReport, finetune
from ingest.train.model import ByteDropout, TerminalModel
from ingest.train.provenance import Learnt, Seen
from ingest.train.settings import TrainSettings
from taxonomy.errors import FileError, InputError, ModelError
from taxonomy.product import Product, ProductId
from taxonomy.service.teaching import Origin, as_written
from taxonomy.tree import Draft, Tree
from tests.tiny_bert import write_tiny_bert

GOODS = {
    ("Kitchen", "Mugs"): "mug",
    ("Kitchen", "Pans"): "pan",
    ("Home", "Chairs"): "chair",
    ("Home", "Rugs"): "rug",
    ("Home",): "thing",
}
ADJECTIVES = ["red", "blue", "green", "small", "large", "old"]
FAST = TrainSettings(
    epochs=3,
    batch_size=8,
    encoder_lr=2e-3,
    head_lr=2e-2,
    precision="float32",
)


def shop(*, split: bool = True) -> list[Product]:
    """60 products that one word sorts, a third of them `valid`."""
    cells = [(path, word, look, n) for path, word in GOODS.items() for look in ADJECTIVES for n in range(2)]
    return [
        Product(
            ProductId(f"{at}"),
            f"{look} {word} {'new' if n else ''}",
            category_path=path,
            split=("valid" if at % 3 == 0 else "train") if split else "",
        )
        for at, (path, word, look, n) in enumerate(cells)
    ]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bert(tmp_path_factory.mktemp("base"), [*GOODS.values(), *ADJECTIVES, "new"])


def train(out: Path, base: Path, *, settings: TrainSettings = FAST, resume: bool = False) -> TrainReport:
    return finetune(
        shop(), out=out, base=base, settings=settings, device="cpu", backend="torch", resume=resume
    )


@pytest.fixture(scope="module")
def trained(base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainReport]:
    out = tmp_path_factory.mktemp("trained") / "model"
    return out, train(out, base)


class Stop(Exception):
    """Thrown into a run at some step, as Ctrl-C would be."""


class StopAt:
    """A progress that stops the run at the given step of fine-tuning."""

    def __init__(self, step: int) -> None:
        self.step, self.task, self.seen = step, "", 0

    def start(self, task: str, total: int | None = None) -> None:
        self.task = task

    def advance(self, n: int = 1) -> None:
        if self.task == "fine-tuning":
            self.seen += n
            if self.seen >= self.step:
                raise Stop

    def note(self, message: str) -> None: ...


def weights(folder: Path) -> Iterator[tuple[str, np.ndarray]]:
    for name in ("model.safetensors", "head.safetensors"):
        yield from sorted(load_file(folder / name).items())


def assert_same_weights(one: Path, other: Path) -> None:
    for (name, left), (_, right) in zip(weights(one), weights(other), strict=True):
        assert np.array_equal(left, right), name


def test_what_one_word_sorts_is_learnt(trained: tuple[Path, TrainReport]) -> None:
    _, report = trained
    assert report.accuracy is not None
    assert report.accuracy > 0.9
    assert (report.n_train, report.n_calibration) == (40, 20)
    assert report.n_terminals == 5


def test_the_folder_holds_no_pickle_and_no_leftovers(trained: tuple[Path, TrainReport]) -> None:
    out, _ = trained
    endings = {path.suffix for path in out.iterdir() if path.is_file()}
    assert endings == {".json", ".safetensors", ".md"}
    assert [path.name for path in out.parent.iterdir()] == ["model"]
    assert list((out / "logs").glob("events.*"))


def test_training_twice_gives_the_same_weights(
    trained: tuple[Path, TrainReport], base: Path, tmp_path: Path
) -> None:
    train(tmp_path / "again", base)
    assert_same_weights(trained[0], tmp_path / "again")


@pytest.mark.parametrize("step", [1, 2, 3, 5, 6, 8, 10, 11, 13, 14])
def test_a_stopped_run_resumes_to_the_same_weights(
    trained: tuple[Path, TrainReport], base: Path, tmp_path: Path, step: int
) -> None:
    out, often = tmp_path / "model", replace(FAST, checkpoint_s=0.0)
    with pytest.raises(Stop):
        finetune(
            shop(), out=out, base=base, settings=often, device="cpu", backend="torch", progress=StopAt(step)
        )
    assert not out.exists()
    train(out, base, settings=often, resume=True)
    assert_same_weights(trained[0], out)


def test_a_run_killed_with_kill_9_resumes_to_the_same_weights(
    trained: tuple[Path, TrainReport], base: Path, tmp_path: Path
) -> None:
    out, often = tmp_path / "model", replace(FAST, checkpoint_s=0.0)
    script = f"""
    import os, signal
    from pathlib import Path
    from dataclasses import replace
    from tests.unit.test_train import FAST, StopAt, finetune, shop
    class Kill(StopAt):
        def advance(self, n=1):
            if self.task == "fine-tuning":
                self.seen += n
                if self.seen >= self.step:
                    os.kill(os.getpid(), signal.SIGKILL)
    out, base, often = Path({str(out)!r}), Path({str(base)!r}), replace(FAST, checkpoint_s=0.0)
    finetune(shop(), out=out, base=base, settings=often, device="cpu", backend="torch", progress=Kill(8))
    """
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    train(out, base, settings=often, resume=True)
    assert_same_weights(trained[0], out)


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(
    trained: tuple[Path, TrainReport], base: Path, tmp_path: Path
) -> None:
    out, often = tmp_path / "model", replace(FAST, checkpoint_s=0.0)
    with pytest.raises(Stop):
        finetune(
            shop(), out=out, base=base, settings=often, device="cpu", backend="torch", progress=StopAt(4)
        )
    partial = out.with_name("model.partial")
    newest = latest(partial)
    assert newest is not None
    optimizer = newest / "optimizer.pt"
    optimizer.write_bytes(optimizer.read_bytes()[:-10])
    before = latest(partial)
    assert before is not None
    assert before != newest
    train(out, base, settings=often, resume=True)
    assert_same_weights(trained[0], out)


def test_checkpoints_of_other_settings_are_not_resumed(base: Path, tmp_path: Path) -> None:
    out, often = tmp_path / "model", replace(FAST, checkpoint_s=0.0)
    with pytest.raises(Stop):
        finetune(
            shop(), out=out, base=base, settings=often, device="cpu", backend="torch", progress=StopAt(3)
        )
    with pytest.raises(ModelError, match="other data, settings"):
        train(out, base, settings=replace(often, seed=1), resume=True)
    with pytest.raises(ModelError, match="other data, settings"):
        finetune(shop()[:-1], out=out, base=base, settings=often, device="cpu", backend="torch", resume=True)


@pytest.mark.parametrize(
    "changed",
    [
        {"epochs": 1}, {"batch_size": 4}, {"max_tokens": 3}, {"encoder_lr": 1e-3}, {"head_lr": 1e-3},
        {"warmup": 0.5}, {"weight_decay": 0.5}, {"scale": 5.0}, {"class_dropout": 0.6}, {"seed": 1},
        {"label_smoothing": 0.5}, {"dropout": 0.5},
        {"precision": "bfloat16"},
    ],
    ids=lambda changed: next(iter(changed)),
)  # fmt: skip
def test_each_setting_changes_the_weights(
    trained: tuple[Path, TrainReport], base: Path, tmp_path: Path, changed: dict[str, object]
) -> None:
    train(tmp_path / "model", base, settings=replace(FAST, **changed))  # type: ignore[arg-type]
    one = load_file(trained[0] / "head.safetensors")["rows"]
    other = load_file(tmp_path / "model" / "head.safetensors")["rows"]
    assert not np.array_equal(one, other)


def test_dropout_keeps_the_mean_and_drops_its_share() -> None:
    ones = torch.ones(1000, 101, requires_grad=True)
    dropped = ByteDropout(0.25)(ones)
    assert float((dropped == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    assert float(dropped.detach().mean()) == pytest.approx(1, abs=0.01)
    dropped.sum().backward()
    assert ones.grad is not None
    assert torch.equal(ones.grad, dropped.detach())
    assert ByteDropout(0.25).eval()(ones) is ones


def test_field_dropout_reads_some_products_by_their_title_alone(base: Path, tmp_path: Path) -> None:
    described = [replace(product, description="new old") for product in shop()]
    rows = []
    for share in (0.0, 0.9):
        out = tmp_path / str(share)
        settings = replace(FAST, epochs=1, field_dropout=share)
        finetune(described, out=out, base=base, settings=settings, device="cpu", backend="torch")
        rows.append(load_file(out / "head.safetensors")["rows"])
    assert not np.array_equal(*rows)


def test_remember_sets_how_many_products_are_remembered(
    trained: tuple[Path, TrainReport], base: Path, tmp_path: Path
) -> None:
    assert len(Artifact.load(trained[0]).memory) == 40
    train(tmp_path / "some", base, settings=replace(FAST, remember=7))
    some = Artifact.load(tmp_path / "some").memory
    assert len(some) == 7
    assert len(some.ids) == 5
    train(tmp_path / "none", base, settings=replace(FAST, remember=0))
    none = Artifact.load(tmp_path / "none")
    assert len(none.memory) == 0
    assert none.wording is None
    assert none.calibration.wording_share == none.calibration.memory_share == 0


def test_a_text_under_two_paths_is_no_error_under_either() -> None:
    twin = Product(ProductId("twin"), "red mug ", category_path=("Home",), split="train")
    rows = assemble([*shop(), twin])
    found = {rows.terminals[at] for row, others in zip(rows.train, rows.others, strict=True) for at in others
             if row.text == "red mug"}  # fmt: skip
    assert {rows.tree.path(at) for at in found} <= {("Home",), ("Kitchen", "Mugs")}
    model = TerminalModel.__new__(TerminalModel)
    torch.nn.Module.__init__(model)
    model.rows, model.class_dropout, model.label_smoothing = torch.zeros(3, 2), 0.0, 0.0
    left_out = model._left_out(torch.tensor([0, 1]), torch.tensor([[2], [-1]]))
    assert left_out.tolist() == [[False, False, True], [False, False, False]]


def test_going_on_starts_from_the_rows_of_the_earlier_model(
    trained: tuple[Path, TrainReport], tmp_path: Path
) -> None:
    still = replace(FAST, epochs=1, encoder_lr=0.0, head_lr=0.0)
    kitchen = [product for product in shop() if product.category_path[0] == "Kitchen"]
    out = tmp_path / "model"
    tree = Artifact.load(trained[0]).tree
    finetune(kitchen, out=out, start=trained[0], tree=tree, settings=still, device="cpu", backend="torch")
    old, new = Artifact.load(trained[0]).head, Artifact.load(out).head
    assert set(old.ids) == set(new.ids)
    rows = dict(zip(old.ids, old.rows, strict=True))
    assert all(np.allclose(row, rows[at], atol=1e-4) for at, row in zip(new.ids, new.rows, strict=True))


def test_going_on_keeps_categories_that_have_no_product(
    trained: tuple[Path, TrainReport], tmp_path: Path
) -> None:
    cups = [
        replace(product, category_path=("Kitchen", "Cups"))
        if product.category_path[-1] == "Mugs"
        else product
        for product in shop()
        if product.category_path[0] == "Kitchen"
    ]
    out = tmp_path / "model"
    once = replace(FAST, epochs=1)
    finetune(cups, out=out, start=trained[0], settings=once, device="cpu", backend="torch")
    old, new = Artifact.load(trained[0]), Artifact.load(out)
    assert set(old.head.ids) < set(new.head.ids)
    assert {new.tree.path(at) for at in set(new.head.ids) - set(old.head.ids)} == {("Kitchen", "Cups")}


def test_a_path_that_another_node_left_gets_an_id_of_its_own() -> None:
    tree = Tree.from_paths([("Kitchen", "Mugs"), ("Home",)])
    mugs = tree.find(("Kitchen", "Mugs"))
    assert mugs is not None
    draft = Draft(tree)
    draft.replace(replace(tree.node(mugs), name="Cups"))
    data = assemble(shop(), grown_from=draft.tree())
    assert data.tree.path(mugs) == ("Kitchen", "Cups")
    assert data.tree.find(("Kitchen", "Mugs")) not in (None, mugs)


def test_a_folder_called_old_beside_the_model_is_left_alone(base: Path, tmp_path: Path) -> None:
    once = replace(FAST, epochs=1)
    (tmp_path / "model.old").mkdir()
    (tmp_path / "model.old" / "kept").touch()
    for _ in range(2):
        train(tmp_path / "model", base, settings=once)
    assert (tmp_path / "model.old" / "kept").exists()
    assert sorted(at.name for at in tmp_path.iterdir()) == ["model", "model.old"]


def test_a_place_that_cannot_be_written_is_named(base: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="name another --out"):
        train(tmp_path / "file" / "model", base, settings=FAST)


def test_a_run_killed_while_it_was_marked_starts_afresh(tmp_path: Path) -> None:
    run = Run("data", "settings", "base", "cpu")
    claim(tmp_path / "run", run, resume=False)
    (tmp_path / "run" / "run.json").write_text("")
    claim(tmp_path / "run", run, resume=True)
    with pytest.raises(ModelError, match="of other data"):
        claim(tmp_path / "run", replace(run, device="cuda"), resume=True)


def test_going_on_takes_fewer_epochs_in_smaller_steps() -> None:
    onwards = TrainSettings().going_on()
    assert onwards.epochs == 2
    assert onwards.encoder_lr < TrainSettings().encoder_lr
    assert onwards.head_lr < TrainSettings().head_lr


def test_who_gave_the_categories_stands_in_the_card(base: Path, tmp_path: Path) -> None:
    learnt = Learnt()
    out = tmp_path / "model"
    told, once = learnt.hearing(as_written(shop())), replace(FAST, epochs=1)
    finetune(told, out=out, base=base, settings=once, device="cpu", backend="torch", learnt=lambda: learnt)
    assert f"60 {Origin.CATALOG}" in (out / "README.md").read_text()
    assert Seen.load(out, revision=Artifact.load(out).revision) is not None


def test_the_card_says_from_where_on_words_answer_alone(trained: tuple[Path, TrainReport]) -> None:
    artifact, data = Artifact.load(trained[0]), assemble(shop())
    for settles, is_said in ((1.0, False), (0.95, True)):
        one = replace(artifact, calibration=replace(artifact.calibration, settles=settles))
        said = card(data, one, FAST, base=Path(), origins={})
        assert ("more than 0.95, they answer alone" in said) == is_said


def test_valid_share_sets_how_much_is_held_out() -> None:
    little = assemble(shop(split=False), settings=TrainSettings(valid_share=0.1))
    much = assemble(shop(split=False), settings=TrainSettings(valid_share=0.4))
    assert len(little.train) > len(much.train)
    assert len(much.calibration) + len(much.train) == 60
    assert not assemble(shop(split=False), settings=TrainSettings(valid_share=0.0)).calibration


def test_a_share_is_not_held_out_of_products_that_say_who_is() -> None:
    with pytest.raises(InputError, match="20 products say by their split"):
        assemble(shop(), settings=TrainSettings(valid_share=0.1))


def test_training_prints_nothing(base: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    train(tmp_path / "model", base)
    assert capfd.readouterr() == ("", "")


def test_valid_rows_are_never_trained_on() -> None:
    data = assemble(shop())
    trained_on = {row.text for row in data.train}
    assert len(trained_on) == 40
    assert not trained_on & {row.text for row in data.calibration}


def test_an_inner_node_with_products_is_a_terminal() -> None:
    data = assemble(shop())
    paths = {data.tree.path(at) for at in data.terminals}
    assert paths == set(GOODS)


def test_products_without_a_category_or_outside_the_tree_are_counted_and_left_out() -> None:
    tree = Tree.from_paths([("Kitchen", "Mugs"), ("Kitchen", "Pans")])
    unlabelled = Product(ProductId("u"), "a thing without a place")
    data = assemble([*shop(), unlabelled], tree=tree)
    assert (data.n_unlabelled, data.n_foreign, len(data.train)) == (1, 24, 16)


def test_names_that_differ_in_case_are_one_category() -> None:
    shouted = [
        replace(product, category_path=("HOME", "Rugs")) for product in shop() if "rug" in product.title
    ]
    assert len(assemble([*shop(), *shouted]).terminals) == len(GOODS)


def test_ids_and_prices_are_no_features() -> None:
    changed = [replace(product, id=ProductId("x" + product.id), price=9.0) for product in shop()]
    assert assemble(changed).data_hash == assemble(shop()).data_hash


def test_one_category_is_nothing_to_learn() -> None:
    with pytest.raises(InputError, match="at least 2 categories"):
        assemble([product for product in shop() if product.category_path == ("Home",)])


def test_a_folder_that_holds_something_else_is_not_overwritten(base: Path, tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("dear")
    with pytest.raises(ModelError, match="something other than a model"):
        train(tmp_path, base)
    assert (tmp_path / "letters").read_text() == "dear"


def test_an_older_model_is_replaced_when_the_new_one_is_whole(
    trained: tuple[Path, TrainReport], base: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(trained[0], tmp_path / "model")
    report = train(out, base, settings=replace(FAST, seed=5))
    assert Artifact.load(out).revision == report.revision != trained[1].revision


@pytest.mark.parametrize(
    "name",
    ["model.safetensors", "head.safetensors", "head.json", "tree.json", "calibration.json", "tokenizer.json"],
)
def test_a_changed_missing_or_linked_file_is_refused(
    trained: tuple[Path, TrainReport], tmp_path: Path, name: str
) -> None:
    out = shutil.copytree(trained[0], tmp_path / "model")
    whole = (out / name).read_bytes()
    (out / name).write_bytes(whole[:-1])
    with pytest.raises(ModelError, match=name):
        Artifact.load(out)
    (out / name).unlink()
    with pytest.raises(ModelError, match=name):
        Artifact.load(out)
    (tmp_path / "elsewhere").write_bytes(whole)
    (out / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModelError, match=name):
        Artifact.load(out)


def test_a_manifest_may_not_reach_outside_its_folder(
    trained: tuple[Path, TrainReport], tmp_path: Path
) -> None:
    out = shutil.copytree(trained[0], tmp_path / "model")
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["files"]["../secret"] = "0" * 64
    (out / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="secret"):
        Artifact.load(out)


@pytest.mark.parametrize("body", ["", "[]", '{"format": 99, "files": {}}'])
def test_a_manifest_of_another_kind_is_refused(
    trained: tuple[Path, TrainReport], tmp_path: Path, body: str
) -> None:
    out = shutil.copytree(trained[0], tmp_path / "model")
    (out / "manifest.json").write_text(body)
    with pytest.raises(ModelError):
        Artifact.load(out)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model here"):
        Artifact.load(tmp_path)


def test_a_saved_model_reads_back_as_it_was(trained: tuple[Path, TrainReport]) -> None:
    artifact = Artifact.load(trained[0])
    assert artifact.tree.digest() == assemble(shop()).tree.digest()
    assert artifact.head.ids == assemble(shop()).terminals
    assert artifact.revision == trained[1].revision
    assert artifact.data_hash == assemble(shop()).data_hash
