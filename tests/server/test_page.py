"""The page, operated in a browser on a browser_process server."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from himpc.recordings import Recording

from .page_browser import Visit, browser, chromium
from .page_gallery import PageGallery, make_gallery
from .servers import ServerThread, http

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("page")]

CHECKS = Path(__file__).with_name("page_checks.js")
TOKEN = "a token of twenty-four letters".replace(" ", "-")


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> PageGallery:
    pytest.importorskip("lancedb")
    chromium()
    return make_gallery(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="session")
def servers(gallery: PageGallery) -> Iterator[tuple[ServerThread, ServerThread]]:
    """Two servers on one gallery, without and with a token."""
    both = ServerThread(gallery.folder), ServerThread(gallery.folder, token=TOKEN)
    yield both
    for server in both:
        server.stop()


@pytest.fixture
def server(servers: tuple[ServerThread, ServerThread], gallery: PageGallery) -> Iterator[ServerThread]:
    """The server without a token; what a test changes in the gallery is undone."""
    server = servers[0]
    before = _owners(server)
    yield server
    _restore(server, before, gallery)


def _owners(server: ServerThread) -> dict[str, str]:
    """Return the person of each recording."""
    return {each["id"]: each["person"] for each in server.get("recordings")["recordings"]}


def _restore(server: ServerThread, before: dict[str, str], gallery: PageGallery) -> None:
    now = _owners(server)
    for number in now.keys() - before.keys():
        http.delete(f"{server.address}/api/recordings/{number}").raise_for_status()
    moved: dict[str, list[str]] = {}
    for number in before.keys() & now.keys():
        if before[number] != now[number]:
            moved.setdefault(before[number], []).append(number)
    for person, numbers in moved.items():
        server.post("recordings/move", {"ids": numbers, "person": None if person.startswith("unnamed-") else person})
    for person in {before[number] for number in before.keys() - now.keys()}:
        files = {"files": (gallery.uploads / f"{person}-enrolled.npz").read_bytes()}
        http.post(f"{server.address}/api/enroll", files=files, data={"person": person}).raise_for_status()


@pytest.fixture(scope="module")
def browser_process() -> Iterator[Any]:
    """A browser that closes with this module: while Playwright runs, no other test could call `asyncio.run`."""
    with browser() as process:
        yield process


@pytest.fixture
def visit(browser_process: Any, server: ServerThread) -> Iterator[Visit]:
    visit = Visit(browser_process, server.address)
    yield visit
    visit.close()


def _search(page: Any, *files: Path | dict[str, Any]) -> None:
    sent = [file if isinstance(file, dict) else _upload(file) for file in files]
    page.locator("#view-search input[type=file]").set_input_files(sent)


def _upload(path: Path) -> dict[str, Any]:
    return {"name": path.name, "mimeType": "application/octet-stream", "buffer": path.read_bytes()}


def _read_answer(page: Any) -> str:
    page.locator(".verdict h2").wait_for()
    return str(page.locator(".verdict h2").inner_text())


def _wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "timed out"
        time.sleep(0.05)


def _people(server: ServerThread) -> dict[str, int]:
    """Return the number of recordings of each person."""
    return {person["name"]: person["recordings"] for person in server.get("people")["people"]}


def _do_now(page: Any) -> None:
    page.get_by_role("button", name="Apply now").click()


def _with_checks(visit: Visit) -> None:
    visit.page.evaluate(CHECKS.read_text(encoding="utf-8"))


# Searching


@pytest.mark.parametrize(
    ("distances", "threshold", "written"),
    [
        ([2.1, 3.4], 4.0, ["2.10", "3.40"]),
        ([0.0021, 0.0043, 0.006], 1.5, ["0.0021", "0.0043", "0.0060"]),
        ([1.501, 3.0], 1.5, ["1.501", "3.000"]),
        ([1.5, 3.0], 1.5, ["1.50", "3.00"]),
        ([0.0, 0.0], None, ["0.00", "0.00"]),
    ],
)
def test_distances_are_written_in_enough_decimals(
    visit: Visit, distances: list[float], threshold: float | None, written: list[str]
) -> None:
    script = """async (answer) => answer.matches.map((match) => match.distance)
        .map((await import("/page/answer.js")).distanceFormat(answer))"""
    answer = {"matches": [{"distance": distance} for distance in distances], "threshold": threshold}
    assert visit.open().evaluate(script, answer) == written


def test_search_names_the_person_with_reasons(visit: Visit, gallery: PageGallery) -> None:
    page = visit.open()
    visit.shoot("start")
    _search(page, gallery.uploads / "Ann.npz")
    assert re.fullmatch(r"(Match|Likely) Ann, probability \d\.\d\d", _read_answer(page))
    facts = page.locator(".facts").inner_text()
    assert re.search(r"Margin\s+\d+ % nearer than \S+, the second", facts)
    assert re.search(r"Agreement\s+\d+ % \d+ of \d+ windows are nearest to Ann", facts)
    assert "within the threshold of" in facts
    assert "windows are nearest to Ann." in page.locator(".why p").first.inner_text()
    assert "unknown beyond" in page.locator(".scale").get_attribute("aria-label")
    assert page.locator(".match strong").all_inner_texts()[0] == "Ann"
    assert page.locator(".match strong").all_inner_texts()[-1] == "Not enrolled"
    page.locator("#live").filter(has_text="Ann, probability").wait_for(state="attached")
    visit.shoot("answer")


def test_walkers_play_turn_and_pause(visit: Visit, gallery: PageGallery) -> None:
    visit.page.emulate_media(reduced_motion="no-preference")
    page = visit.open()
    _search(page, gallery.uploads / "Ben.npz")
    _read_answer(page)
    page.locator("figure:nth-of-type(2) figcaption strong", has_text="Ben").wait_for()
    _with_checks(visit)
    first, second = page.locator(".stages canvas").all()
    assert min(canvas.evaluate("canvas => checks.painted(canvas)") for canvas in (first, second)) > 3000
    clock = page.locator(".clock")
    before = clock.inner_text()
    _wait_until(lambda: clock.inner_text() != before)
    page.get_by_role("button", name="Pause").click()
    paused = clock.inner_text()
    views = [canvas.evaluate("canvas => canvas.toDataURL()") for canvas in (first, second)]
    first.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("+")
    turned = [canvas.evaluate("canvas => canvas.toDataURL()") for canvas in (first, second)]
    assert clock.inner_text() == paused
    assert views[0] != turned[0]
    assert views[1] != turned[1], "both are seen from the same side"
    page.get_by_label("Colour by weight").uncheck()
    assert first.evaluate("canvas => canvas.toDataURL()") != turned[0]
    visit.shoot("sides")


def test_best_match_walks_in_step(visit: Visit) -> None:
    page = visit.open()
    offsets = page.evaluate(
        """async () => {
            const { createWalker } = await import("/page/walker.js");
            const { synchronise, matchingTime } = await import("/page/sync.js");
            const model = { joints: ["pelvis", "left_hip", "right_hip", "left_foot", "right_foot"],
                            parents: [-1, 0, 0, 1, 2], left: [1, 3], right: [2, 4] };
            const walk = (from, frames, turn) => {
                const joints = Array.from({ length: frames }, (_, i) => {
                    const swing = 0.4 * Math.sin(2 * Math.PI * (i / 30 + from)); // one step cycle a second
                    const pose = [[0, 1, 0], [0.1, 1, 0], [-0.1, 1, 0], [0.1, 0, swing], [-0.1, 0, -swing]];
                    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
                    return pose.map(([x, y, z]) => [cos * x + sin * z + i / 30, y, cos * z - sin * x]); });
                return { fps: 30, step: 1, weights: [], joints }; };
            const one = createWalker(walk(0, 150, 0.3), model), other = createWalker(walk(0.7, 70, -1.2), model);
            const pairs = synchronise(one, other, { start: 75, recording_start: 20 });
            const offsets = [];
            for (let t = 0; t < 4.9; t += 0.1) {
                const u = matchingTime(pairs, t);
                if (u < -0.2 || u > 2.5) return [99];
                offsets.push(Math.abs(((u + 0.7 - t + 10.5) % 1) - 0.5));
            }
            return offsets; }"""
    )
    assert sorted(offsets)[len(offsets) * 9 // 10] < 0.06, "seconds out of step, in a cycle of one second"


def test_non_enrolled_person_is_unknown(visit: Visit, gallery: PageGallery) -> None:
    page = visit.open()
    _search(page, gallery.uploads / "Hana.npz")
    assert re.fullmatch(r"Unknown probability 0\.\d\d", _read_answer(page))
    assert "beyond the threshold" in page.locator(".facts").inner_text()
    visit.shoot("unknown")


def test_real_recording_is_drawn(visit: Visit, shared_data: Path) -> None:
    page = visit.open()
    _search(page, shared_data / "kinect-v1-actions" / "Seq1_1.csv")
    assert _read_answer(page).startswith("Unknown")
    _with_checks(visit)
    assert page.locator(".stages canvas").first.evaluate("canvas => checks.painted(canvas)") > 3000
    visit.shoot("real")


def test_several_recordings_with_an_unreadable_one(visit: Visit, gallery: PageGallery) -> None:
    page = visit.open()
    unreadable = {"name": "<img src=x onerror=alert(1)>.csv", "mimeType": "text/csv", "buffer": b"no,skeleton\n\0\1\2"}
    _search(page, gallery.uploads / "Ann.npz", unreadable, gallery.uploads / "Dev.npz")
    page.get_by_role("heading", name="2 answers").wait_for()
    page.get_by_role("button", name=re.compile("Dev, probability")).click()
    assert "Dev" in _read_answer(page)
    assert "<img src=x onerror=alert(1)>.csv" in page.locator(".left-out").inner_text()
    assert page.locator("main img").count() == 0
    visit.shoot("several")


def test_unreadable_file_shows_the_error_of_the_server(visit: Visit) -> None:
    visit.expected.append("422")
    page = visit.open()
    with page.expect_response("**/api/search") as response:
        _search(page, {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no walker at all"})
    detail = response.value.json()["detail"]
    alert = page.locator("#view-search .problem")
    alert.wait_for()
    assert alert.get_attribute("role") == "alert"
    assert alert.inner_text() == detail
    visit.shoot("unreadable")


def test_missing_unit_names_the_field_of_the_page(visit: Visit, walks: list[Recording]) -> None:
    visit.expected.append("422")
    page = visit.open()
    names = ",".join(f"{joint}_{axis}" for joint in walks[0].layout.joints for axis in "xyz")
    rows = [",".join(f"{value:.4f}" for value in frame.ravel() / 10) for frame in walks[0].joints]
    unstated = {"name": "walk.csv", "mimeType": "text/csv", "buffer": "\n".join([names, *rows]).encode()}
    _search(page, unstated)
    alert = page.locator("#view-search .problem", has_text='in the field "Metres in one unit"')
    alert.wait_for()
    page.get_by_text("Options").first.click()
    page.locator("#view-search").get_by_label("Metres in one unit").fill("10")
    page.get_by_role("button", name="Search again").click()
    _read_answer(page)


def test_busy_server_tells_when_to_retry(visit: Visit, gallery: PageGallery) -> None:
    visit.expected.append("503")
    page = visit.open()
    busy = {"status": 503, "headers": {"Retry-After": "3"}, "json": {"detail": "too much to do"}}
    page.route("**/api/search", lambda route: route.fulfill(**busy))
    _search(page, gallery.uploads / "Ann.npz")
    page.get_by_text("too much to do. Try again in 3 s.").wait_for()
    page.unroute("**/api/search")
    page.get_by_text("Options").first.click()
    page.get_by_role("button", name="Search again").click()
    assert "Ann" in _read_answer(page)


# People


def test_enrolled_person_is_identified(visit: Visit, gallery: PageGallery, server: ServerThread) -> None:
    page = visit.open("people")
    form = page.locator("form.enroll")
    form.locator("input[type=file]").set_input_files([gallery.uploads / f"Hana-{take}.npz" for take in range(4)])
    form.get_by_label("Person").fill("Hana")
    form.get_by_role("button", name="Enroll", exact=True).click()
    page.locator("p.good", has_text="Enrolled 4 recordings: Hana.").wait_for()
    assert _people(server)["Hana"] == 4
    page.get_by_role("link", name="Search").click()
    _search(page, gallery.uploads / "Hana.npz")
    assert "Hana" in _read_answer(page)
    page.get_by_role("button", name="Enroll as Hana").click()
    page.locator(".verdict", has_text="Enrolled 1 recording: Hana.").wait_for()
    assert _people(server)["Hana"] == 5


def test_unnamed_person_is_first_and_can_be_named(visit: Visit, server: ServerThread) -> None:
    page = visit.open("people")
    first = page.locator(".person").first
    name = first.locator(".toggle strong").inner_text()
    assert name.startswith("unnamed-")
    page.get_by_role("button", name=f"Name {name}", exact=True).click()
    page.get_by_label("Name", exact=True).fill("<b>Kim</b> & co")
    visit.shoot("naming", whole=False)
    page.keyboard.press("Enter")
    page.get_by_text("will be renamed to <b>Kim</b> & co", exact=True).wait_for()
    assert name in _people(server), "the change is pending"
    page.wait_for_timeout(250)  # until it has come up
    visit.shoot("pending", whole=False)
    _do_now(page)
    page.locator(".toggle strong", has_text="<b>Kim</b> & co").wait_for()
    assert "<b>Kim</b> & co" in _people(server)
    assert page.locator("main b").count() == 0


def test_people_are_merged(visit: Visit, server: ServerThread) -> None:
    page = visit.open("people")
    page.get_by_label("Select Eva to merge").check()
    page.get_by_label("Select Finn to merge").check()
    page.get_by_role("button", name="Merge into one person").click()
    page.get_by_label("Name to keep").select_option("Finn")
    page.get_by_role("dialog").get_by_role("button", name="Merge").click()
    page.get_by_text("will be merged into Finn", exact=True).wait_for()
    _do_now(page)
    _wait_until(lambda: "Eva" not in _people(server))
    assert _people(server)["Finn"] == 8
    page.locator(".toggle", has_text="Finn").filter(has_text="8 recordings").wait_for()


def test_recording_is_watched_and_moved_to_a_new_person(visit: Visit, server: ServerThread) -> None:
    page = visit.open("people")
    page.locator(".toggle", has_text="Gül").click()
    table = page.get_by_role("table", name="Recordings of Gül")
    table.get_by_role("button", name=re.compile("^Watch")).first.click()
    page.get_by_role("heading", name="Gül walking").wait_for()
    _with_checks(visit)
    assert page.locator("dialog canvas").first.evaluate("canvas => checks.painted(canvas)") > 3000
    visit.shoot("watching", whole=False)
    page.keyboard.press("Escape")
    table.get_by_role("button", name=re.compile("^Move")).first.click()
    page.get_by_label("Person in the recording").fill("Lou")
    page.keyboard.press("Enter")
    page.get_by_text("will be moved to Lou", exact=True).wait_for()
    page.wait_for_timeout(250)
    visit.shoot("recordings")
    _do_now(page)
    _wait_until(lambda: _people(server).get("Lou") == 1)
    assert _people(server)["Gül"] == 3


def test_removal_can_be_undone_for_eight_seconds(visit: Visit, server: ServerThread) -> None:
    visit.page.clock.install()
    page = visit.open("people")
    for name in ("Ian", "Jo"):
        page.get_by_role("button", name=f"Remove {name}", exact=True).click()
        page.get_by_role("button", name="Erase", exact=True).click()
    page.mouse.move(5, 300)
    page.clock.pause_at(page.evaluate("Date.now()"))
    page.locator(".toast", has_text="Ian").get_by_role("button", name="Undo").click()
    page.mouse.move(5, 300)
    page.clock.run_for(1_000)
    page.locator("#live").filter(has_text="Undone").wait_for(state="attached")
    assert page.locator(".toast", has_text="Ian").count() == 0
    page.clock.run_for(6_000)
    assert page.locator(".toast", has_text="Jo").count() == 1
    assert "Jo" in _people(server)
    page.clock.run_for(1_100)
    page.clock.resume()
    _wait_until(lambda: "Jo" not in _people(server))
    page.locator(".toggle", has_text="Jo").wait_for(state="detached")
    assert "Ian" in _people(server)


def test_leaving_the_page_sends_pending_changes(visit: Visit, server: ServerThread) -> None:
    page = visit.open("people")
    page.get_by_role("button", name="Rename Ian", exact=True).click()
    page.get_by_label("Name", exact=True).fill("Iain")
    page.keyboard.press("Enter")
    page.locator(".toast", has_text="Iain").wait_for()
    page.goto("about:blank")
    _wait_until(lambda: "Iain" in _people(server))


def test_removal_that_is_not_confirmed_or_abandoned_does_not_happen(visit: Visit, server: ServerThread) -> None:
    page = visit.open("people")
    page.get_by_role("button", name="Remove Ian", exact=True).click()
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.wait_for_timeout(300)
    assert page.locator(".toast").count() == 0
    page.get_by_role("button", name="Remove Jo", exact=True).click()
    page.get_by_role("button", name="Erase", exact=True).click()
    page.locator(".toast", has_text="Jo").wait_for()
    page.goto("about:blank")
    time.sleep(1.5)
    assert {"Ian", "Jo"} <= _people(server).keys()
    visit.open("people")
    page.get_by_role("button", name="Remove Jo", exact=True).click()
    page.get_by_role("button", name="Erase", exact=True).click()
    page.close()
    time.sleep(1.5)
    assert "Jo" in _people(server)


def test_suggestion_that_joins_named_people_says_so(visit: Visit, server: ServerThread) -> None:
    page = visit.open("people")
    page.get_by_label("Number of people (leave empty to estimate)").fill("2")
    page.get_by_role("button", name="Group recordings").click()
    page.get_by_role("heading", name=re.compile("suggestion")).wait_for()
    group = page.locator(".suggestion", has_text="Contradicts the names that were given by hand").first
    assert "Not offered as a merge" in group.inner_text()
    assert group.get_by_role("button").count() == 0, "nothing unlikely is offered"


def test_refused_change_shows_the_reason(visit: Visit, server: ServerThread) -> None:
    visit.expected.append("409")
    page = visit.open("people")
    page.get_by_role("button", name="Rename Ben", exact=True).click()
    page.get_by_label("Name", exact=True).fill("Ann")
    page.keyboard.press("Enter")
    _do_now(page)
    toast = page.locator(".toast.bad")
    toast.wait_for()
    assert "Ann" in toast.inner_text()
    page.wait_for_timeout(250)
    visit.shoot("refused", whole=False)
    toast.get_by_role("button", name="Close").click()
    assert "Ben" in _people(server)


def test_suggested_group_is_merged(visit: Visit, server: ServerThread) -> None:
    number = server.get("people", "Cara")["recordings"][0]["id"]
    lost = server.post("recordings/move", {"ids": [number], "person": None})["person"]
    page = visit.open("people")
    page.get_by_role("button", name="Group recordings").click()
    page.get_by_role("heading", name=re.compile("suggestion")).wait_for()
    visit.shoot("groups")
    group = page.locator(".suggestion").filter(has_text=lost).first
    assert group.get_by_label("Person in these recordings").input_value() == "Cara"
    group.get_by_role("button", name=re.compile("Merge into one person|Move to this person")).click()
    _do_now(page)
    _wait_until(lambda: _people(server)["Cara"] == 4)
    page.locator(".toggle strong", has_text=lost).wait_for(state="detached")


# The queue


def test_queue_is_worked_through_by_keyboard(visit: Visit, server: ServerThread) -> None:
    number = server.get("people", "Cara")["recordings"][0]["id"]
    lost = server.post("recordings/move", {"ids": [number], "person": None})["person"]
    before = _people(server)
    page = visit.open("queue")
    page.locator(".question").first.wait_for()
    asked = page.locator(".question").count()
    assert asked >= 2, "a person without a name, and a recording of Cara that became one"
    page.locator("#title-queue").focus()
    for _ in range(asked):
        if lost in (page.locator(".question[aria-current]").inner_text()):
            break
        page.keyboard.press("j")
    current = page.locator(".question[aria-current]")
    assert lost in current.inner_text()
    page.keyboard.press("e")
    page.get_by_label("Name", exact=True).fill("Zoe")
    page.keyboard.press("Escape")
    page.wait_for_timeout(200)
    assert _people(server) == before, "an abandoned decision does not happen"
    page.keyboard.press("e")
    page.get_by_label("Name", exact=True).fill("Cara")
    page.keyboard.press("Enter")
    _wait_until(lambda: _people(server)["Cara"] == 4)
    page.locator(".question").nth(asked - 1).wait_for(state="detached")
    assert page.evaluate("document.activeElement !== document.body"), "the focus is not lost"
    page.keyboard.press("u")
    _wait_until(lambda: _people(server) == before)
    page.locator(".question").nth(asked - 1).wait_for()
    page.keyboard.press("x")
    page.locator("#live").filter(has_text="Rejected").wait_for(state="attached")
    actions = [event["action"] for event in server.get("audit")["events"]]
    assert [each for each in actions if each in ("assigned", "undone", "rejected")][-3:] == [
        "assigned",
        "undone",
        "rejected",
    ]
    page.keyboard.press("u")
    _wait_until(lambda: server.get("queue")["undo"] is None)


def test_answer_is_enrolled_as_the_nearest_by_one_click(
    visit: Visit, gallery: PageGallery, server: ServerThread
) -> None:
    page = visit.open()
    _search(page, gallery.uploads / "Hana.npz")
    _read_answer(page)
    button = page.get_by_role("button", name=re.compile("^Enroll as .*, the nearest$"))
    name = button.inner_text().removeprefix("Enroll as ").removesuffix(", the nearest")
    button.click()
    page.locator(".verdict", has_text=f"Enrolled 1 recording: {name}.").wait_for()
    assert _people(server)[name] == 5


def test_same_file_can_be_chosen_again(visit: Visit, gallery: PageGallery) -> None:
    page = visit.open()
    for _ in range(2):
        with page.expect_response("**/api/search"):
            _search(page, gallery.uploads / "Ann.npz")
    _read_answer(page)


def test_lists_are_exported_as_csv(visit: Visit, server: ServerThread) -> None:
    for view in ("people", "queue", "quality", "audit"):
        page = visit.open(view)
        if view == "quality":
            page.locator("#view-quality").get_by_label("Show").select_option("")
        page.locator(f"#view-{view}").locator(".person, .question, tbody tr").first.wait_for()
        with page.expect_download() as download:
            page.locator(f"#view-{view}").get_by_role("button", name="Export as CSV").click()
        lines = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
        assert len(lines) > 1, view
        assert lines[0].startswith(("Person", "Id", "Number")), view


def test_enroll_is_reachable_on_a_phone(browser_process: Any, server: ServerThread) -> None:
    visit = Visit(browser_process, server.address, viewport={"width": 390, "height": 800})
    page = visit.open("people")
    page.get_by_role("button", name="Enroll recordings").click()
    page.wait_for_timeout(200)
    top = page.locator("form.enroll").evaluate("form => form.getBoundingClientRect().top")
    assert -10 <= top < 500
    visit.close()


# The map


def test_map_shows_every_recording(visit: Visit, server: ServerThread) -> None:
    page = visit.open("map")
    chart = page.locator("canvas.chart")
    page.locator("canvas.chart[aria-label^='Map of']").wait_for()
    _with_checks(visit)
    assert chart.evaluate("canvas => checks.painted(canvas)") > 1000
    chart.focus()
    page.keyboard.press("ArrowRight")
    page.locator(".point h2").wait_for()
    name = page.locator(".point h2").inner_text()
    assert name in _people(server)
    page.locator("#live").filter(has_text=f"{name}:").wait_for(state="attached")
    visit.shoot("map")
    page.get_by_text("The map as a list").click()
    page.locator(".as-list tbody tr").first.wait_for()
    assert page.locator(".as-list tbody tr").count() == sum(_people(server).values())
    page.get_by_role("button", name="Show the person").click()
    page.locator("#view-people .toggle[aria-expanded=true]", has_text=name).wait_for()


def test_map_draws_five_thousand_points(visit: Visit, server: ServerThread) -> None:
    enrolled = server.get("recordings")["recordings"][0]
    rows = [enrolled | {"id": str(i), "person": f"P{i % 100}"} for i in range(5000)]
    spots = [{"id": row["id"], "person": row["person"], **_spot(i)} for i, row in enumerate(rows)]
    visit.page.route("**/api/map", lambda route: route.fulfill(json={"points": spots}))
    visit.page.route("**/api/recordings?*", lambda route: route.fulfill(json={"recordings": rows, "total": 5000}))
    visit.page.route("**/api/people", lambda route: route.fulfill(json={"people": [_person(i) for i in range(100)]}))
    page = visit.open("map")
    page.locator("canvas.chart[aria-label*='5,000']").wait_for()
    box = page.locator("canvas.chart").bounding_box()
    start = time.monotonic()
    for step in range(30):
        page.mouse.move(box["x"] + 300 + 10 * step, box["y"] + 250)
    assert time.monotonic() - start < 6, "moving over it 30 times"
    visit.shoot("map-5000")


def _spot(i: int) -> dict[str, float]:
    angle, radius = i * 2.399963, 0.12 * math.sqrt((i // 100) / 50)
    return {
        "x": math.cos(i % 100 * 2.4) * math.sqrt(i % 100) / 10 + radius * math.cos(angle),
        "y": math.sin(i % 100 * 2.4) * math.sqrt(i % 100) / 10 + radius * math.sin(angle),
    }


def _person(i: int) -> dict[str, Any]:
    some = {"recordings": 50, "windows": 500, "cameras": [], "first": "2026-01-01", "last": "2026-01-01"}
    return {"name": f"P{i}", "named": True, **some}


# Access


def test_token_is_requested(browser_process: Any, servers: tuple[ServerThread, ServerThread]) -> None:
    server = servers[1]
    visit = Visit(browser_process, server.address)
    visit.expected.append("401")
    page = visit.page
    page.goto(server.address)
    page.get_by_role("textbox", name="Token").fill("a wrong one of many letters")
    page.keyboard.press("Enter")
    page.get_by_text("This token is wrong").wait_for()
    visit.shoot("token", whole=False)
    page.get_by_role("textbox", name="Token").fill(TOKEN)
    page.keyboard.press("Enter")
    page.locator("#gallery-counts").filter(has_text="recordings").wait_for()
    page.reload()
    page.locator("#gallery-counts").filter(has_text="recordings").wait_for()
    assert page.get_by_role("dialog").count() == 0
    visit.close()


def test_page_works_by_keyboard(visit: Visit, server: ServerThread) -> None:
    page = visit.open()

    def go_to(selector: str) -> None:
        for _ in range(120):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement?.matches(selector)", selector):
                return
        raise AssertionError(f"Tab does not reach {selector}")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    go_to("nav a[href='#people']")
    page.keyboard.press("Enter")
    _wait_until(lambda: page.evaluate("document.activeElement.id") == "title-people")
    go_to("[data-key='Rename Dev']")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+A")
    page.keyboard.type("Devi")
    page.keyboard.press("Enter")
    page.locator(".toast", has_text="Devi").wait_for()
    page.keyboard.press("Control+z")
    page.locator(".toast", has_text="Devi").wait_for(state="detached")
    assert page.evaluate("document.activeElement !== document.body"), "the focus is not lost"
    go_to("[data-key='open Dev']")
    page.keyboard.press("Enter")
    page.get_by_role("table", name="Recordings of Dev").wait_for()
    assert page.evaluate("document.activeElement.dataset.key") == "open Dev"
    assert "Dev" in _people(server)


@pytest.mark.parametrize("width", [1400, 390])
def test_page_is_accessible(browser_process: Any, server: ServerThread, gallery: PageGallery, width: int) -> None:
    visit = Visit(browser_process, server.address, viewport={"width": width, "height": 800})
    page = visit.open()
    _search(page, gallery.uploads / "Ann.npz", gallery.uploads / "Dev.npz")
    _read_answer(page)
    page.locator(".match .near").first.wait_for()
    page.locator("canvas[aria-label^='Skeleton: Ann, ']").wait_for()  # the enrolled recording, fetched after the answer
    assert page.get_by_role("button", name="Play").count() == 1, "nothing moves by itself"
    _check_accessibility(visit, f"answer-{width}")
    page.get_by_role("link", name="People").click()
    page.locator(".toggle").first.click()
    page.locator(".recordings table").wait_for()
    page.locator(".person input").first.check()
    _check_accessibility(visit, f"people-{width}")
    page.get_by_role("link", name="Queue").click()
    page.locator(".question").first.wait_for()
    page.locator(".question input").first.check()
    page.locator(".question .poster line").first.wait_for(state="attached")
    _check_accessibility(visit, f"queue-{width}")
    page.get_by_role("link", name="Quality").click()
    page.locator("#view-quality").get_by_label("Show").select_option("")
    page.locator("#view-quality tbody tr").first.wait_for()
    _check_accessibility(visit, f"quality-{width}")
    page.get_by_role("link", name="Audit").click()
    page.locator("#view-audit tbody tr").first.wait_for()
    page.locator("#view-audit").get_by_label("Action").select_option("enrolled")
    _check_accessibility(visit, f"audit-{width}")
    page.get_by_role("link", name="Map").click()
    page.locator("canvas.chart[aria-label^='Map of']").wait_for()
    page.locator("canvas.chart").press("ArrowRight")
    _check_accessibility(visit, f"map-{width}")
    visit.close()


def _check_accessibility(visit: Visit, name: str) -> None:
    page = visit.page
    _with_checks(visit)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        visit.shoot(f"{name}-{scheme}")
        wrong = page.evaluate(
            "({ unnamed: checks.unnamed(), ids: checks.duplicateIds(), contrast: checks.lowContrast(),"
            " small: checks.smallTargets() })"
        )
        assert not any(wrong.values()), f"{name}, {scheme}: {json.dumps(wrong, indent=1)}"
    assert page.evaluate("checks.overflow()") <= 0, f"{name}: it scrolls sideways"
    page.evaluate("checks.markControls(); document.querySelector('.skip').focus()")
    while page.evaluate("checks.visitFocused()"):
        page.keyboard.press("Tab")
    assert page.evaluate("checks.unvisited()") == [], f"{name}: Tab does not reach these"
    page.evaluate("document.activeElement.blur()")
