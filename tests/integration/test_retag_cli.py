"""`shelftree retag` as a user has it: every option does something, every refusal is one message."""

import csv
import shutil
import time
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from store.unit_of_work import PostgresUnitOfWork
from taxonomy.edits import Create, Merge, Rename
from taxonomy.errors import ModelError
from taxonomy.node import Node, NodeId
from taxonomy.product import ProductId
from taxonomy.service import editing, releasing, retagging
from tests.command import Shelftree, start
from tests.contract.given import at
from tests.garden import KINDS, write_garden_model
from tests.tiny_bert import write_tiny_bert
from ui.cli import retag as retag_command
from ui.cli.progress import Bar
from ui.wiring import App

PLAN = ("retag", "plan", "--catalog", "shop", "--name", "home", "--json")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Products (12 of each kind), a table of categories, and a tiny encoder that knows their words."""
    folder = tmp_path_factory.mktemp("files")
    with (folder / "products.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["product_id", "title", "category_path"])
        for kind, words in KINDS.items():
            top = "Kitchen" if kind == "Cups" else "Garden"
            for n in range(12):
                out.writerow([f"{kind}{n}", f"{words.split()[n % 4]} number {n} {words}", f"{top} > {kind}"])
    (folder / "tree.csv").write_text("category_path\nGarden > Tools\nGarden > Seeds\nKitchen > Cups\n")
    words = [*" ".join(KINDS.values()).split(), "number", "garden", "kitchen", "tools", "seeds", "cups"]
    write_tiny_bert(folder / "tiny", words)
    return folder


@pytest.fixture(scope="module")
def model(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the three kinds, written down, not trained: the row of a kind is the vector of its words."""
    return write_garden_model(files / "tiny", tmp_path_factory.mktemp("models") / "model")


@pytest.fixture
def shelftree(
    files: Path, on_postgres: Shelftree, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Shelftree:
    """The command, on a store with the products placed where their own paths say."""
    monkeypatch.setenv("SHELFTREE_CACHE", str(tmp_path / "cache"))
    for words in (
        ("taxonomy", "import", files / "tree.csv", "--name", "home"),
        ("catalog", "import", files / "products.csv", "--name", "shop", "--taxonomy", "home"),
    ):
        assert on_postgres(*words).code == 0
    return on_postgres


def merge(engine: Engine) -> None:
    """Seeds go into Tools."""
    with PostgresUnitOfWork(engine) as uow:
        tree = uow.trees.head("home")
        edits = [Merge((at(tree, "Garden", "Seeds"),), at(tree, "Garden", "Tools"))]
        editing.edit(uow, "home", edits, author="ann")


def told(engine: Engine, statement: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(statement)]


def test_a_new_node_is_known_by_what_people_placed_there(
    shelftree: Shelftree, engine: Engine, model: Path
) -> None:
    with PostgresUnitOfWork(engine) as uow:
        kitchen = at(uow.trees.head("home"), "Kitchen")
        new = Node(NodeId("glassware"), "Glassware", kitchen)
        editing.edit(uow, "home", [Create(new)], author="ann")
        tree = uow.trees.head("home")
        uow.assignments.place("shop", "home", new.id, [ProductId("Cups3"), ProductId("Cups7")], author="ann")
        uow.commit()
    with App.open() as app:
        by_name = app.classifier(model, tree)
        shown = app.classifier(model, tree, catalog="shop", taxonomy="home")
    glass = ["glass number 3 mug cup beaker glass"]
    column = by_name.terminals.index(new.id)
    assert shown.posteriors(glass)[0, column] > by_name.posteriors(glass)[0, column]


def test_a_job_is_planned_applied_and_rolled_back(shelftree: Shelftree, engine: Engine) -> None:
    merge(engine)
    before = told(engine, "SELECT * FROM assignments ORDER BY product_id")

    made = shelftree(*PLAN).json
    assert (made["job"], made["kind"], made["products"], made["since"]) == (1, "structure", 12, 1)
    assert "retired" in str(made["notes"])

    done = shelftree("retag", "apply", 1, "--json").json
    assert (done["state"], done["shards_done"], done["products_changed"]) == ("finished", 1, 12)
    assert told(engine, "SELECT count(DISTINCT node_id) FROM assignments") == [(2,)]

    back = shelftree("retag", "rollback", 1, "--json").json
    assert (back["undoes"], back["state"], back["products_changed"]) == (1, "finished", 12)
    assert told(engine, "SELECT * FROM assignments ORDER BY product_id") == before

    states = shelftree("retag", "status", "--json").json["jobs"]
    assert [(one["job"], one["state"]) for one in states] == [(2, "finished"), (1, "rolled back")]  # type: ignore[attr-defined]
    one = shelftree("retag", "status", 1).out
    assert "rolled back" in one and "12 of 12 products changed" in one and "products/s" in one
    assert len(shelftree("retag", "status", "--limit", 1).out.splitlines()) == 1


def test_options_of_plan_change_what_is_planned(shelftree: Shelftree, engine: Engine) -> None:
    assert shelftree(*PLAN).json["job"] is None
    assert "nothing to tag again" in shelftree(*PLAN[:-1]).out
    merge(engine)

    assert shelftree(*PLAN, "--since", 2).json["job"] is None
    assert shelftree(*PLAN, "--since", 2, "--all").json["products"] == 12
    refused = shelftree(*PLAN, "--since", 9)
    assert (refused.code, "no version 9" in refused.err) == (2, True)
    for words in (("--catalog", "no", "--name", "home"), ("--catalog", "shop", "--name", "no")):
        assert shelftree("retag", "plan", *words).code == 2


def test_a_model_tags_by_what_it_learnt(
    shelftree: Shelftree, engine: Engine, model: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "model"))
    merge(engine)
    assert shelftree(*PLAN).json["kind"] == "structure"
    assert shelftree("taxonomy", "publish", "--name", "home", "--model", folder).code == 0

    by_release, by_name = shelftree(*PLAN).json, shelftree(*PLAN, "--model", model).json
    assert by_release["model"] == by_name["model"] is not None
    assert by_release["products"] == 24
    assert shelftree(*PLAN, "--no-model").json["products"] == 12
    assert shelftree(*PLAN, "--no-model", "--model", folder).code == 2
    by_model, asked = [], []
    for precision in (0.999, 0.5):
        job = int(str(shelftree(*PLAN, "--since", 1, "--precision", precision).json["job"]))
        with PostgresUnitOfWork(engine) as uow:
            retagging.begin(uow, job)
        retag_command._work(job, 30.0, f"worker of {job}", lambda: False)  # a process would load torch anew
        assert shelftree("retag", "status", job, "--json").json["jobs"][0]["products_tagged"] == 24  # type: ignore[index]
        by_model += told(engine, "SELECT count(*) FROM assignments WHERE source = 'model'")
        asked += told(engine, "SELECT count(*) FROM suggestions")
        with App.open() as app, Bar(quiet=True) as bar:
            with app.uow() as uow:
                done = uow.jobs.get(job)
            retag_command._order_queue(app, done, bar)
        in_groups = told(engine, "SELECT count(*) FROM suggestions WHERE leader_id != product_id")
        assert (in_groups[0] > (0,)) == (asked[-1] > (0,))  # kinds repeat their titles
    assert by_model[0] < by_model[1]
    assert asked[0] > asked[1]

    with PostgresUnitOfWork(engine) as uow:
        other = retagging.plan(uow, "shop", "home", since=1, model=retagging.Model("other", str(folder))).job
    assert other is not None
    with pytest.raises(ModelError, match="another model than when job"):
        retag_command._work(other.id, 30.0, "a worker", lambda: False)

    job = int(str(shelftree(*PLAN, "--since", 1).json["job"]))
    shutil.rmtree(folder)
    lost = shelftree("retag", "apply", job)
    assert (lost.code, lost.err.count("error:")) == (1, 1)
    assert f"resume {job}" in lost.err


def test_a_model_that_is_missing_or_of_another_tree_is_named(
    shelftree: Shelftree, engine: Engine, model: Path, tmp_path: Path
) -> None:
    (tmp_path / "other.csv").write_text("category_path\nMusic > Drums\n")
    assert shelftree("taxonomy", "import", tmp_path / "other.csv", "--name", "other").code == 0
    merge(engine)
    with PostgresUnitOfWork(engine) as uow:
        releasing.publish(uow, "home", author="ann", model_revision="m", model_dir=str(tmp_path / "gone"))

    gone, missing, foreign = (
        shelftree(*PLAN),
        shelftree(*PLAN, "--model", tmp_path / "nothing"),
        shelftree("retag", "plan", "--catalog", "shop", "--name", "other", "--model", model),
    )

    for refused, reason in ((gone, "--no-model"), (missing, "nothing"), (foreign, "another tree")):
        assert (refused.code, refused.out) == (2, "")
        assert reason in refused.err
        assert refused.err.count("error:") == 1


def test_jobs_that_cannot_be_done_are_refused_in_one_sentence(shelftree: Shelftree, engine: Engine) -> None:
    merge(engine)
    shelftree(*PLAN)

    for words, reason in (
        (("apply", 9), "no job '9'"),
        (("resume", 1), "not begun"),
        (("rollback", 1), "not begun"),
        (("status", 9), "no job '9'"),
    ):
        refused = shelftree("retag", *words)
        assert (refused.code, reason in refused.err) == (2, True)
    assert shelftree("retag", "apply", 1).code == 0
    assert "finished" in shelftree("retag", "apply", 1).err


def test_jobs_run_here_and_nowhere_else(shelftree: Shelftree) -> None:
    refused = shelftree("retag", "apply", "1", "--executor", "ray")
    unknown = shelftree("retag", "apply", "999", "--executor", "local")

    assert (refused.code, unknown.code) == (2, 2)
    assert "--executor ray: jobs run on this machine only" in refused.err
    assert "999" in unknown.err


def test_a_database_that_is_away_is_named(shelftree: Shelftree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFTREE_DATABASE_URL", "postgresql://nobody@/none?host=/nowhere")

    refused = shelftree(*PLAN)

    assert (refused.code, "cannot be used" in refused.err) == (1, True)


def test_a_tree_that_moved_on_is_said(shelftree: Shelftree, engine: Engine) -> None:
    merge(engine)
    shelftree(*PLAN)
    with PostgresUnitOfWork(engine) as uow:
        tree = uow.trees.head("home")
        editing.edit(uow, "home", [Rename(at(tree, "Kitchen", "Cups"), "Mugs")], author="ann")

    done = shelftree("retag", "apply", 1)

    assert done.code == 0
    assert "moved on by 1 versions" in done.err


def test_a_killed_crew_leaves_its_lease_and_a_resumed_one_tags_the_rest(
    shelftree: Shelftree, engine: Engine, migrated_url: str
) -> None:
    merge(engine)
    with PostgresUnitOfWork(engine) as uow:
        retagging.plan(uow, "shop", "home", shard_size=4)
    url = make_url(migrated_url).set(drivername="postgresql").render_as_string(hide_password=False)
    for verb, lease in (("apply", 500), ("resume", 1)):
        with psycopg.connect(url) as blocker:
            blocker.execute("LOCK TABLE assignments IN EXCLUSIVE MODE")
            crew = start("retag", verb, 1, "--lease", lease, "--workers", 2, environment={})
            leased = waiting(engine)
            for process in [*psutil.Process(crew.pid).children(recursive=True), psutil.Process(crew.pid)]:
                process.kill()
            crew.communicate(timeout=20)
            assert (leased > 100) == (lease == 500)
        told_free(engine)

    done = shelftree("retag", "resume", 1, "--json").json

    assert (done["state"], done["products_tagged"], done["products_changed"]) == ("finished", 12, 12)
    assert told(engine, "SELECT count(*) FROM tag_history") == [(12,)]


def waiting(engine: Engine) -> float:
    """Seconds that are left of the longest lease, as soon as there is one."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        left = told(engine, "SELECT extract(epoch FROM max(leased_until) - clock_timestamp()) FROM shards")
        if left[0][0] is not None and float(str(left[0][0])) > 0:
            return float(str(left[0][0]))
        time.sleep(0.1)
    raise TimeoutError("no worker took a shard")


def told_free(engine: Engine) -> None:
    """End long leases of workers that are dead, so that the test need not wait for them."""
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE shards SET leased_until = clock_timestamp()")
