"""The report of a run: its parts, what it says to lack, hostile names, and the bound of its size."""

import base64
import json
import re
import shutil
from xml.etree import ElementTree

import numpy as np
import pytest

from himpc.cli import main
from himpc.errors import DataError, FormatError, RunFolderError
from himpc.estimator import HiMPC
from himpc.learning import Grouping
from himpc.recordings import save
from himpc.reporting import run_report, write_groups, write_report

HOSTILE = "</script><img src=x onerror=alert(1)>$\\frac{'\"&\x01"


@pytest.fixture(scope="module")
def run(tmp_path_factory, walkers):
    folder = tmp_path_factory.mktemp("report") / "run"
    settings = {"max_epochs": 2, "hidden": 8, "prior": "none"}
    HiMPC(settings=settings).fit([w for w in walkers if w.session == "1"], out=folder)
    return folder


def content(path):
    return path.read_text(encoding="utf-8")


def played(path):
    return json.loads(re.search(r'id="recordings">(.*?)</script>', content(path), re.DOTALL)[1])


def test_training_has_every_part(run, walks, tmp_path):
    path = tmp_path / "report.html"
    document = write_report(run, path, walks("a", "b", "c"))
    assert document["missing"] == []
    parts = "Rank lists,CMC,Distance distributions,Map,Distance matrix,Groups,Groups over training"
    assert document["sections"] == [*parts.split(","), "Mining weights over frames", "Settings", "Data and versions"]
    text = content(path)
    assert not re.search(r"(?:src|href)=\"(?!data:|#)|https?://(?!www\.w3\.org)", text)
    assert "default-src 'none'" in text
    assert text.count('class="probe ') == document["compared"] == 12
    assert json.loads((run / "config.json").read_text())["data"]["fingerprint"] in text
    assert len(played(path)) == 12
    assert all(len(each["skeleton"]["weights"]) == len(each["skeleton"]["joints"]) for each in played(path))


def test_marks_agree_with_the_people(run, walks, tmp_path):
    write_report(run, tmp_path / "r.html", walks("a", "b"))
    for block in content(tmp_path / "r.html").split('<div class="probe ')[1:]:
        probe = re.search(r"\(([ab]), group", block)[1]
        for person, mark in re.findall(r"\(([ab]), group \d+\)</span>: [^<]*<span class=\"mark-(\w+)", block):
            assert mark == ("right" if person == probe else "wrong")


def test_without_people_their_parts_are_named_as_missing(run, walks, tmp_path):
    unnamed = [walk.with_(person=None) for walk in walks("a", "b")]
    document = write_report(run, tmp_path / "r.html", unnamed)
    assert "CMC" not in document["sections"]
    assert {"Rank lists", "Map", "Groups"} <= set(document["sections"])
    assert any("people of the recordings are not known" in each for each in document["missing"])
    assert "mark-right" not in content(tmp_path / "r.html").split("</style>")[1]


def test_without_recordings_the_report_holds_what_the_folder_holds(run, tmp_path):
    document = write_report(run, tmp_path / "r.html")
    assert document["sections"] == ["Groups over training", "Settings", "Data and versions"]
    assert any(each.startswith("Rank lists") for each in document["missing"])


def test_names_cannot_become_html(run, walks, tmp_path):
    hostile = [
        walk.with_(person=f"{HOSTILE}{walk.person}", source=f"{HOSTILE}{i}.csv")
        for i, walk in enumerate(walks("a", "b"))
    ]
    folder = tmp_path / "<b>run"
    shutil.copytree(run, folder)
    document = write_report(folder, tmp_path / "r.html", hostile)
    assert document["missing"] == []
    text = content(tmp_path / "r.html")
    assert "<img src=x" not in text
    assert "<b>run" not in text
    assert "\x01" not in text
    pictures = re.findall(r"data:image/svg\+xml;base64,([\w+/=]+)", text)
    assert len(pictures) == 6
    for picture in pictures:
        ElementTree.fromstring(base64.b64decode(picture))
    assert played(tmp_path / "r.html")[0]["source"].startswith("</script>")


@pytest.mark.parametrize(
    ("name", "damage"),
    [("history.jsonl", "{}\n"), ("config.json", "[" * 10_000), ("model.safetensors", "x"), ("config.json", "[1]")],
    ids=["history", "config", "weights", "list"],
)
def test_damaged_files_are_named_and_the_rest_is_written(run, walks, tmp_path, name, damage):
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    (folder / name).write_text(damage)
    document = write_report(folder, tmp_path / "r.html", walks("a", "b"))
    assert any(name in each for each in document["missing"])
    assert "Data and versions" in document["sections"]


def test_folder_of_no_run_is_an_error(tmp_path):
    with pytest.raises(
        RunFolderError, match=r"holds none of model.json, .* and groups.csv; name a folder that HiMPC.fit"
    ):
        write_report(tmp_path, tmp_path / "r.html")
    with pytest.raises(RunFolderError, match="nope: there is no such folder"):
        write_report(tmp_path / "nope", tmp_path / "r.html")
    (tmp_path / "groups.csv").write_text("recording,group,confidence\na.csv,one,\n")
    with pytest.raises(FormatError, match=r"groups.csv, row 2"):
        write_report(tmp_path, tmp_path / "r.html")
    (tmp_path / "benchmark.json").write_text("{}")
    with pytest.raises(FormatError, match="has no table 'splits'"):
        write_report(tmp_path, tmp_path / "r.html")


def test_grouping_that_was_interrupted_is_not_taken_for_a_whole_one(walks, tmp_path, monkeypatch):
    recordings = walks("a", "b")
    grouping = Grouping(np.repeat([1, 2], 4), np.full(8, 0.9), np.eye(8), estimated=True)
    write_groups(tmp_path, recordings, grouping)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("himpc.reporting.reports.draw_map", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_groups(tmp_path, recordings, grouping)
    with pytest.raises(RunFolderError, match=r"holds none of .*groups\.csv"):
        write_report(tmp_path, tmp_path / "r.html")


def test_grouping_is_reported_with_and_without_recordings(walks, tmp_path):
    recordings = walks("a", "b")
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(8, 5)) + np.repeat([[0], [9]], 4, axis=0)
    vectors[7] = np.nan
    grouping = Grouping(np.array([1] * 4 + [2] * 3 + [0]), np.array([0.9] * 7 + [np.nan]), vectors, estimated=True)
    write_groups(tmp_path / "g", recordings, grouping)
    document = write_report(tmp_path / "g", tmp_path / "r.html")
    assert document["compared"] == 7
    assert document["played"] == 0
    assert {"Rank lists", "CMC", "Map", "Distance matrix", "Groups"} <= set(document["sections"])
    assert write_report(tmp_path / "g", tmp_path / "r.html", recordings)["played"] == 7
    with pytest.raises(DataError, match="lists none of the 1 recordings"):
        write_report(tmp_path / "g", tmp_path / "r.html", [recordings[0].with_(source="other.csv")])
    (tmp_path / "g" / "groups.npz").unlink()
    document = write_report(tmp_path / "g", tmp_path / "r.html")
    assert document["sections"] == ["Groups", "Data and versions"]
    (tmp_path / "g" / "groups.npz").write_bytes(b"PK\x03\x04 damaged")
    assert any("groups.npz" in each for each in write_report(tmp_path / "g", tmp_path / "r.html")["missing"])


def test_benchmark_shows_its_tables_and_curves(run, tmp_path):
    shutil.copytree(run, tmp_path / "b" / "model")
    scores = {"rank_1": 0.5, "rank_5": 0.75, "mAP": float("0.4"), "cmc": [0.5, 0.75, 1.0]}
    result = {"results": {"Hi-MPC": scores, "odd": {"rank_1": None, "cmc": ["x"]}}, "recordings": {}}
    document = {"splits": {"Still": result}, "seed": 3, "notes": [f"careful {HOSTILE}"]}
    for table in (document, {"variants": {"clean": document}}):
        (tmp_path / "b" / "benchmark.json").write_text(json.dumps(table))
        written = write_report(tmp_path / "b", tmp_path / "r.html")
        assert {"Results", "CMC of the benchmark", "Notes"} <= set(written["sections"])
        assert "<td>50.0</td><td>75.0</td>" in content(tmp_path / "r.html")
        assert "<img src=x" not in content(tmp_path / "r.html")


def test_size_is_bounded_and_the_report_says_so(run, walks, tmp_path, monkeypatch):
    monkeypatch.setattr(run_report, "MAX_PLAYED", 3)
    monkeypatch.setattr(run_report, "MAX_PROBES", 4)
    monkeypatch.setattr(run_report, "MAX_MAPPED", 5)
    document = write_report(run, tmp_path / "r.html", walks("a", "b", "c"))
    text = content(tmp_path / "r.html")
    assert document["played"] == len(played(tmp_path / "r.html")) == 3
    assert "12 recordings compared; 3 of them can be played here" in text
    assert "4 of 12 probes" in text
    assert "5 of 12 recordings, evenly spaced" in text


def test_thousands_of_vectors_give_a_bounded_report(walks, tmp_path):
    rng = np.random.default_rng(1)
    many = [walks("a")[0].with_(source=f"{i}.csv", person=f"p{i % 900}") for i in range(2500)]
    vectors = rng.normal(size=(2500, 8))
    grouping = Grouping(np.arange(2500) % 900 + 1, np.full(2500, 0.5), vectors, estimated=True)
    folder = tmp_path / "g"
    folder.mkdir()
    rows = "".join(f"{i}.csv,{i % 900 + 1},0.5,p{i % 900}\n" for i in range(2500))
    (folder / "groups.csv").write_text("recording,group,confidence,person\n" + rows)
    np.savez(folder / "groups.npz", vectors=grouping.vectors.astype(np.float32))
    document = write_report(folder, tmp_path / "r.html", many)
    assert document["compared"] == 2500
    assert document["played"] == run_report.MAX_PLAYED
    assert (tmp_path / "r.html").stat().st_size < 12 * 2**20


def test_verb_writes_a_file(run, walks, tmp_path, capsys):
    save(walks("a", "b"), tmp_path / "a.npz")
    arguments = ["report", str(run), str(tmp_path / "a.npz"), "--out", str(tmp_path / "r.html")]
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["compared"] == 8
    assert main(["report", str(run), "--out", str(tmp_path / "r.html")]) == 0
    assert "Not in the report: Rank lists" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.xdist_group("page")
def test_report_plays_in_a_browser(run, walks, tmp_path):
    sync_api = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium is installed")
    hostile = [walk.with_(source=f"{HOSTILE}{i}.csv") for i, walk in enumerate(walks("a", "b"))]
    write_report(run, tmp_path / "r.html", hostile)
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("dialog", lambda dialog: errors.append(dialog.message))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto((tmp_path / "r.html").as_uri())
        page.get_by_role("button", name="compare").first.click()
        page.locator("#player canvas").nth(1).wait_for()
        page.locator("#filter").select_option("right")
        right, shown = page.locator(".probe.right").count(), page.locator(".probe:visible").count()
        page.get_by_role("button", name="Close the player").click()
        assert page.locator("#player").is_hidden()
        assert right == shown
        assert page.locator("img.figure").evaluate_all("all => all.every((one) => one.naturalWidth > 0)")
        assert errors == []
        browser.close()
