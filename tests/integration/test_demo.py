"""The demo from end to end, with a tiny random model in place of the real one."""

import csv
import os
import signal
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path

import pytest

from tests.command import start
from tests.database import guarded_folder
from tests.tiny_bert import write_tiny_bert

STEPS = 7


@pytest.fixture(scope="module")
def environment() -> Iterator[Mapping[str, str]]:
    """A home of its own and a model that knows the sample's words."""
    with (files("ui.demo") / "sample" / "products.csv").open(encoding="utf-8") as file:
        words = {word.lower() for row in csv.DictReader(file) for word in row["title"].split()}
    with guarded_folder() as home:
        base = write_tiny_bert(home / "tiny", sorted(words))
        yield {
            **{name: value for name, value in os.environ.items() if name != "SHELFTREE_DATABASE_URL"},
            "SHELFTREE_HOME": str(home),
            "SHELFTREE_BASE_MODEL": str(base),
        }


def killed_at(step: int, environment: Mapping[str, str]) -> None:
    """Run the demo until the step begins, and kill it there."""
    job = start("demo", "--no-ui", environment=environment)
    assert job.stderr is not None
    for line in job.stderr:
        if line.startswith(f"{step}/{STEPS}"):
            break
    job.send_signal(signal.SIGKILL)
    job.communicate()


def finished(environment: Mapping[str, str]) -> tuple[str, str]:
    job = start("demo", "--no-ui", environment=environment)
    out, err = job.communicate(timeout=300)
    assert job.returncode == 0, err
    return out, err


def test_the_demo_goes_on_after_a_kill_at_any_step_and_tells_at_the_end(
    environment: Mapping[str, str],
) -> None:
    for step in range(1, STEPS + 1):
        killed_at(step, environment)
    out, _ = finished(environment)

    again, log = finished(environment)

    assert "Summary" in out
    assert "400 products: 0 new, 0 changed, 400 as before" in again
    assert "fine-tuning" not in log
    assert "reading what products mean" not in log
    assert [line for line in again.splitlines() if "Catalogue" not in line] == [
        line for line in out.splitlines() if "Catalogue" not in line
    ]


def test_ctrl_c_ends_with_one_sentence_and_loses_nothing(environment: Mapping[str, str]) -> None:
    job = start("demo", "--no-ui", environment=environment)
    assert job.stderr is not None
    job.stderr.readline()
    job.send_signal(signal.SIGINT)
    _, err = job.communicate(timeout=60)

    assert job.returncode == 1
    assert "run the same command again" in err
    assert "Traceback" not in err


def test_the_demo_leaves_its_model_in_the_home(environment: Mapping[str, str]) -> None:
    finished(environment)

    models = list(Path(environment["SHELFTREE_HOME"]).glob("demo/model-*"))
    assert len(models) == 1
