"""Recordings as one HTML file."""

import json
import re
import shutil

import numpy as np
import pytest

from himpc.cli import main
from himpc.errors import DataError
from himpc.recordings import save
from himpc.reporting import write_viewer


def data_of(path):
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'id="recordings">(.*?)</script>', text, re.DOTALL)[1])


def test_file_is_self_contained_and_holds_the_joints(walks, tmp_path):
    joints = walks("a")[0].joints.copy()
    joints[3, 2] = np.nan
    sent = [walks("a")[0].with_(joints=joints, source="</script><b>x"), walks("b")[0]]
    write_viewer(sent, tmp_path / "view.html", title="<i>walks")
    text = (tmp_path / "view.html").read_text(encoding="utf-8")
    assert not re.search(r"(?:src|href)=|https?://(?!www\.w3\.org)", text)
    assert "<i>walks" not in text
    first, _ = data_of(tmp_path / "view.html")
    assert first["source"] == "</script><b>x"
    assert first["skeleton"]["joints"][3][2] == [None] * 3
    np.testing.assert_allclose(first["skeleton"]["joints"][0], joints[0], atol=1e-3)


def test_no_recordings_are_refused(tmp_path):
    with pytest.raises(DataError, match="1 to 500"):
        write_viewer([], tmp_path / "view.html")


def test_verb_writes_a_file(walks, tmp_path, capsys):
    save(walks("a"), tmp_path / "a.npz")
    assert main(["view", str(tmp_path / "a.npz"), "--out", str(tmp_path / "v.html"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["recordings"] == 4
    assert len(data_of(tmp_path / "v.html")) == 4


DRAWN = """canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
    .data.filter((value, i) => i % 4 == 3 && value).length"""


@pytest.mark.slow
@pytest.mark.xdist_group("page")
def test_file_plays_in_a_browser(walks, tmp_path):
    sync_api = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium is installed")
    flat = walks("b")[0]
    flat = flat.with_(joints=flat.joints * [300, 300, 0], dimensions=2)
    write_viewer([*walks("a"), flat], tmp_path / "view.html")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto((tmp_path / "view.html").as_uri())
        page.locator(".viewer canvas").first.wait_for()
        for index in (4, 0):
            page.locator(".viewer .entry").nth(index).click()
            page.wait_for_timeout(300)
            assert page.locator(".viewer figure canvas").first.evaluate(DRAWN) > 500
        assert errors == []
        browser.close()
