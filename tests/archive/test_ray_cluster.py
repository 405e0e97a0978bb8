"""A Ray cluster of two workers gives the bits of one process; a bad file or a dead worker stops no other."""

import json
import os
import sys

import pytest

from himpc.archive import run_on_ray
from himpc.cli import main
from himpc.errors import DependencyError
from himpc.reading import Problem, Source

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ray")]


@pytest.fixture(scope="module")
def cluster():
    os.environ["RAY_USAGE_STATS_ENABLED"] = os.environ["RAY_TQDM_PATCH_PRINT"] = "0"
    ray = pytest.importorskip("ray", reason="the extra ray is not installed")
    for patience in ("RAY_gcs_server_port_wait_time_s", "RAY_worker_register_timeout_seconds"):
        os.environ.setdefault(patience, "300")
    start_cluster(ray)
    yield ray
    ray.shutdown()


def start_cluster(ray, tries=4):
    """Start a cluster; on a busy machine Ray gives up after 30 s, which cannot be set, with a bare Exception."""
    quiet = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
    while not ray.is_initialized():
        tries -= 1
        try:
            ray.init(address="local", num_cpus=2, object_store_memory=80 * 2**20, **quiet)
        except Exception:
            ray.shutdown()
            if not tries:
                raise


def test_embed_verb_gives_the_same_file_with_and_without_ray(cluster, walks, model, tmp_path, capsys):
    model.save(tmp_path / "run")
    files = []
    for number, more in enumerate(([], ["--ray"])):
        files.append(tmp_path / f"{number}.npz")
        options = ["--labels", str(walks / "people.csv"), "--only", "person=Ada,person-*"]
        arguments = [str(walks), "--model", str(tmp_path / "run"), "--out", str(files[-1]), "--json", *options, *more]
        assert main(["embed", *arguments]) == 3, "the broken file"
        left_out = json.loads(capsys.readouterr().out)["left_out"]
        assert any("walk10.npz" in problem["path"] for problem in left_out)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert not (tmp_path / "1.parts").exists()


class Fatal:
    """A task whose process dies with one of the files."""

    def __call__(self, source: Source):
        if source.name == "fatal":
            os._exit(9)
        return None, [Problem(source.path, f"seen in {os.getpid()}")]


def test_dead_worker_is_a_problem_of_its_file(cluster, tmp_path):
    sources = [Source(tmp_path, name) for name in ("a", "fatal", "b", "c")]
    outcomes = dict(run_on_ray(Fatal(), sources))
    assert sorted(outcomes) == [0, 1, 2, 3]
    messages = [outcomes[place][1][0].message for place in range(4)]
    assert messages[1].startswith("the worker failed")
    assert all(
        message.startswith("seen in") and str(os.getpid()) not in message for message in messages[:1] + messages[2:]
    )


def test_missing_ray_raises_a_hint(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(DependencyError, match=r"pip install 'himpc\[ray\]'"):
        list(run_on_ray(Fatal(), [Source(tmp_path, "a")]))
