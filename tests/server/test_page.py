"""The page of a gallery, by real clicks in a real browser on the real server."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .page_browser import Visit, browser, chromium
from .page_gallery import PageGallery, make_gallery
from .server_process import ServerProcess

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("page")]

CHECKS = Path(__file__).with_name("page_checks.js")
TOKEN = "a token of twenty-four letters".replace(" ", "-")


@pytest.fixture(scope="session")
def walks(tmp_path_factory: pytest.TempPathFactory) -> PageGallery:
    pytest.importorskip("lancedb")
    chromium()
    return make_gallery(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="session")
def servers(
    walks: PageGallery, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ServerProcess, ServerProcess]]:
    """Two servers on one gallery, without and with a token; they start at the same time."""
    pytest.importorskip("fastapi")
    logs = tmp_path_factory.mktemp("logs")
    running = (
        ServerProcess(walks.folder, logs / "open", HIMPC_TOKEN=""),
        ServerProcess(walks.folder, logs / "token", HIMPC_TOKEN=TOKEN),
    )
    yield running
    for each in running:
        each.stop()


@pytest.fixture
def server(servers: tuple[ServerProcess, ServerProcess], walks: PageGallery) -> Iterator[ServerProcess]:
    """The server without a token; what a test changes in the gallery is undone."""
    server = servers[0]
    before = _owners(server)
    yield server
    _restore(server, before, walks)


def _owners(server: ServerProcess) -> dict[str, str]:
    """Return the person of each recording."""
    return {each["id"]: each["person"] for each in server.get("recordings")["recordings"]}


def _restore(server: ServerProcess, before: dict[str, str], walks: PageGallery) -> None:
    now = _owners(server)
    for number in now.keys() - before.keys():
        httpx.delete(f"{server.address}/api/recordings/{number}").raise_for_status()
    moved: dict[str, list[str]] = {}
    for number in before.keys() & now.keys():
        if before[number] != now[number]:
            moved.setdefault(before[number], []).append(number)
    for person, numbers in moved.items():
        server.post("recordings/move", {"ids": numbers, "person": None if person.startswith("unnamed-") else person})
    for person in {before[number] for number in before.keys() - now.keys()}:
        files = {"files": (walks.uploads / f"{person}-enrolled.npz").read_bytes()}
        httpx.post(f"{server.address}/api/enroll", files=files, data={"person": person}).raise_for_status()


@pytest.fixture(scope="module")
def running() -> Iterator[Any]:
    """A browser that closes with this module: while Playwright runs, no other test could call `asyncio.run`."""
    with browser() as found:
        yield found


@pytest.fixture
def visit(running: Any, server: ServerProcess) -> Iterator[Visit]:
    found = Visit(running, server.address)
    yield found
    found.close()


def _search(page: Any, *files: Path | dict[str, Any]) -> None:
    sent = [file if isinstance(file, dict) else _upload(file) for file in files]
    page.locator("#view-search input[type=file]").set_input_files(sent)


def _upload(path: Path) -> dict[str, Any]:
    return {"name": path.name, "mimeType": "application/octet-stream", "buffer": path.read_bytes()}


def _answered(page: Any) -> str:
    page.locator(".verdict h2").wait_for()
    return str(page.locator(".verdict h2").inner_text())


def _until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def _people(server: ServerProcess) -> dict[str, int]:
    """Return the number of recordings of each person."""
    return {person["name"]: person["recordings"] for person in server.get("people")["people"]}


def _do_now(page: Any) -> None:
    page.get_by_role("button", name="Do it now").click()


def _with_checks(visit: Visit) -> None:
    visit.page.evaluate(CHECKS.read_text(encoding="utf-8"))


# Searching


def test_a_recording_is_answered_by_a_name_and_why(visit: Visit, walks: PageGallery) -> None:
    page = visit.open()
    visit.shoot("start")
    _search(page, walks.uploads / "Ann.npz")
    assert re.fullmatch(r"Ann, probability 0\.\d\d", _answered(page))
    facts = page.locator(".facts").inner_text()
    assert re.search(r"Margin\s+\d+ % nearer than \S+, the second", facts)
    assert re.search(r"Agreement\s+\d+ % \d+ of \d+ windows are nearest to Ann", facts)
    assert "within the threshold of" in facts
    assert "unknown beyond" in page.locator(".scale").get_attribute("aria-label")
    assert page.locator(".match strong").all_inner_texts()[0] == "Ann"
    assert page.locator(".match strong").all_inner_texts()[-1] == "Nobody of the gallery"
    page.locator("#live").filter(has_text="Ann, probability").wait_for(state="attached")
    page.get_by_role("button", name="Pause").click()
    page.locator("input[type=range]").focus()
    for _ in range(200):
        page.keyboard.press("ArrowRight")
    visit.shoot("answer")


def test_the_walkers_walk_turn_and_stand_still(visit: Visit, walks: PageGallery) -> None:
    page = visit.open()
    _search(page, walks.uploads / "Ben.npz")
    _answered(page)
    page.locator("figure:nth-of-type(2) figcaption strong", has_text="Ben").wait_for()
    _with_checks(visit)
    first, second = page.locator(".stages canvas").all()
    assert min(canvas.evaluate("canvas => checks.painted(canvas)") for canvas in (first, second)) > 3000
    clock = page.locator(".clock")
    before = clock.inner_text()
    _until(lambda: clock.inner_text() != before)
    page.get_by_role("button", name="Pause").click()
    stands = clock.inner_text()
    views = [canvas.evaluate("canvas => canvas.toDataURL()") for canvas in (first, second)]
    first.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("+")
    turned = [canvas.evaluate("canvas => canvas.toDataURL()") for canvas in (first, second)]
    assert clock.inner_text() == stands
    assert views[0] != turned[0]
    assert views[1] != turned[1], "both are seen from the same side"
    page.get_by_label("Colour by weight").uncheck()
    assert first.evaluate("canvas => canvas.toDataURL()") != turned[0]
    visit.shoot("sides")


def test_the_best_match_walks_in_step(visit: Visit) -> None:
    page = visit.open()
    late = page.evaluate(
        """async () => {
            const { makeWalker } = await import("/page/walker.js"), { inStep, partner } = await import("/page/sync.js");
            const model = { joints: ["pelvis", "left_hip", "right_hip", "left_foot", "right_foot"],
                            parents: [-1, 0, 0, 1, 2], left: [1, 3], right: [2, 4] };
            const walk = (from, frames, turn) => {
                const joints = Array.from({ length: frames }, (_, i) => {
                    const swing = 0.4 * Math.sin(2 * Math.PI * (i / 30 + from)); // one step cycle a second
                    const pose = [[0, 1, 0], [0.1, 1, 0], [-0.1, 1, 0], [0.1, 0, swing], [-0.1, 0, -swing]];
                    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
                    return pose.map(([x, y, z]) => [cos * x + sin * z + i / 30, y, cos * z - sin * x]); });
                return { fps: 30, step: 1, weights: [], joints }; };
            const one = makeWalker(walk(0, 150, 0.3), model), other = makeWalker(walk(0.7, 70, -1.2), model);
            const pairs = inStep(one, other, { start: 75, recording_start: 20 });
            const off = [];
            for (let t = 0; t < 4.9; t += 0.1) {
                const u = partner(pairs, t);
                if (u < -0.2 || u > 2.5) return [99];
                off.push(Math.abs(((u + 0.7 - t + 10.5) % 1) - 0.5));
            }
            return off; }"""
    )
    assert sorted(late)[len(late) * 9 // 10] < 0.06, "seconds out of step, of a cycle of one second"


def test_somebody_else_is_unknown(visit: Visit, walks: PageGallery) -> None:
    page = visit.open()
    _search(page, walks.uploads / "Hana.npz")
    assert re.fullmatch(r"Unknown, nobody of the gallery: 0\.\d\d", _answered(page))
    assert "beyond the threshold" in page.locator(".facts").inner_text()
    visit.shoot("unknown")


def test_a_real_recording(visit: Visit, shared_data: Path) -> None:
    page = visit.open()
    _search(page, shared_data / "kinect-v1-actions" / "Seq1_1.csv")
    assert _answered(page).startswith("Unknown")
    _with_checks(visit)
    assert page.locator(".stages canvas").first.evaluate("canvas => checks.painted(canvas)") > 3000
    visit.shoot("real")


def test_several_recordings_and_one_that_cannot_be_read(visit: Visit, walks: PageGallery) -> None:
    page = visit.open()
    rubbish = {"name": "<img src=x onerror=alert(1)>.csv", "mimeType": "text/csv", "buffer": b"no,skeleton\n\0\1\2"}
    _search(page, walks.uploads / "Ann.npz", rubbish, walks.uploads / "Dev.npz")
    page.get_by_role("heading", name="2 answers").wait_for()
    page.get_by_role("button", name=re.compile("Dev, probability")).click()
    assert _answered(page).startswith("Dev")
    assert "<img src=x onerror=alert(1)>.csv" in page.locator(".left-out").inner_text()
    assert page.locator("main img").count() == 0
    visit.shoot("several")


def test_rubbish_is_refused_in_the_words_of_the_server(visit: Visit) -> None:
    visit.expected.append("422")
    page = visit.open()
    with page.expect_response("**/api/search") as answered:
        _search(page, {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no walker at all"})
    said = answered.value.json()["detail"]
    alert = page.locator("#view-search .problem")
    alert.wait_for()
    assert alert.get_attribute("role") == "alert"
    assert alert.inner_text() == said
    visit.shoot("rubbish")


def test_a_busy_server_says_when_to_come_back(visit: Visit, walks: PageGallery) -> None:
    visit.expected.append("503")
    page = visit.open()
    busy = {"status": 503, "headers": {"Retry-After": "3"}, "json": {"detail": "too much to do"}}
    page.route("**/api/search", lambda route: route.fulfill(**busy))
    _search(page, walks.uploads / "Ann.npz")
    page.get_by_text("too much to do. Try again in 3 s.").wait_for()
    page.unroute("**/api/search")
    page.get_by_text("Options").first.click()
    page.get_by_role("button", name="Search again").click()
    assert _answered(page).startswith("Ann")


# People


def test_enrolling_makes_a_stranger_known(visit: Visit, walks: PageGallery, server: ServerProcess) -> None:
    page = visit.open("people")
    form = page.locator("form.enroll")
    form.locator("input[type=file]").set_input_files([walks.uploads / f"Hana-{take}.npz" for take in range(4)])
    form.get_by_label("Person").fill("Hana")
    form.get_by_role("button", name="Enroll", exact=True).click()
    page.locator("p.good", has_text="Enrolled 4 recordings: Hana.").wait_for()
    assert _people(server)["Hana"] == 4
    page.get_by_role("link", name="Search").click()
    _search(page, walks.uploads / "Hana.npz")
    assert _answered(page).startswith("Hana")
    page.get_by_role("button", name="Enroll as Hana").click()
    page.locator(".verdict", has_text="Enrolled 1 recording: Hana.").wait_for()
    assert _people(server)["Hana"] == 5


def test_an_unnamed_person_stands_first_and_gets_a_name(visit: Visit, server: ServerProcess) -> None:
    page = visit.open("people")
    first = page.locator(".person").first
    name = first.locator(".toggle strong").inner_text()
    assert name.startswith("unnamed-")
    page.get_by_role("button", name=f"Name {name}", exact=True).click()
    page.get_by_label("Name", exact=True).fill("<b>Kim</b> & co")
    visit.shoot("naming", whole=False)
    page.keyboard.press("Enter")
    page.get_by_text("will be named <b>Kim</b> & co").wait_for()
    assert name in _people(server), "it is held back"
    page.wait_for_timeout(250)  # until it has come up
    visit.shoot("held-back", whole=False)
    _do_now(page)
    page.locator(".toggle strong", has_text="<b>Kim</b> & co").wait_for()
    assert "<b>Kim</b> & co" in _people(server)
    assert page.locator("main b").count() == 0


def test_people_are_merged(visit: Visit, server: ServerProcess) -> None:
    page = visit.open("people")
    page.get_by_label("Choose Eva to merge").check()
    page.get_by_label("Choose Finn to merge").check()
    page.get_by_role("button", name="Merge into one person").click()
    page.get_by_label("Name to keep").select_option("Finn")
    page.get_by_role("dialog").get_by_role("button", name="Merge").click()
    page.get_by_text("will be merged into Finn", exact=True).wait_for()
    _do_now(page)
    _until(lambda: "Eva" not in _people(server))
    assert _people(server)["Finn"] == 8
    page.locator(".toggle", has_text="Finn").filter(has_text="8 recordings").wait_for()


def test_a_recording_is_watched_and_moved_to_somebody_new(visit: Visit, server: ServerProcess) -> None:
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
    page.get_by_label("Person it shows").fill("Lou")
    page.keyboard.press("Enter")
    page.get_by_text("will be moved to Lou", exact=True).wait_for()
    page.wait_for_timeout(250)
    visit.shoot("recordings")
    _do_now(page)
    _until(lambda: _people(server).get("Lou") == 1)
    assert _people(server)["Gül"] == 3


def test_removing_can_be_undone_and_else_happens_after_eight_seconds(visit: Visit, server: ServerProcess) -> None:
    page = visit.open("people")
    page.get_by_role("button", name="Remove Ian", exact=True).click()
    page.get_by_role("button", name="Remove Jo", exact=True).click()
    page.mouse.move(5, 300)
    start = time.monotonic()
    page.locator(".toast", has_text="Ian").get_by_role("button", name="Undo").click()
    page.mouse.move(5, 300)
    page.locator("#live").filter(has_text="Undone").wait_for(state="attached")
    assert page.locator(".toast", has_text="Ian").count() == 0
    _until(lambda: "Jo" not in _people(server), 14)
    assert time.monotonic() - start > 6
    page.locator(".toggle", has_text="Jo").wait_for(state="detached")
    assert "Ian" in _people(server)


def test_leaving_the_page_sends_what_is_held_back(visit: Visit, server: ServerProcess) -> None:
    page = visit.open("people")
    page.get_by_role("button", name="Rename Ian", exact=True).click()
    page.get_by_label("Name", exact=True).fill("Iain")
    page.keyboard.press("Enter")
    page.locator(".toast", has_text="Iain").wait_for()
    page.goto("about:blank")
    _until(lambda: "Iain" in _people(server))


def test_what_the_server_refuses_is_said(visit: Visit, server: ServerProcess) -> None:
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


def test_groups_are_suggested_and_made_one_person(visit: Visit, server: ServerProcess) -> None:
    number = server.get("people", "Cara")["recordings"][0]["id"]
    lost = server.post("recordings/move", {"ids": [number], "person": None})["person"]
    page = visit.open("people")
    page.get_by_role("button", name="Group recordings").click()
    page.get_by_role("heading", name=re.compile("suggestion")).wait_for(timeout=30_000)
    visit.shoot("groups")
    group = page.locator(".suggestion").filter(has_text=lost).first
    assert group.get_by_label("These recordings show").input_value() == "Cara"
    group.get_by_role("button", name=re.compile("Make one person|Move to this person")).click()
    _do_now(page)
    _until(lambda: _people(server)["Cara"] == 4)
    page.locator(".toggle strong", has_text=lost).wait_for(state="detached")


# The map


def test_the_map_shows_every_recording(visit: Visit, server: ServerProcess) -> None:
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


def test_the_map_holds_five_thousand_points(visit: Visit, server: ServerProcess) -> None:
    known = server.get("recordings")["recordings"][0]
    rows = [known | {"id": str(i), "person": f"P{i % 100}"} for i in range(5000)]
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


# For everybody


def test_a_token_is_asked_for(running: Any, servers: tuple[ServerProcess, ServerProcess]) -> None:
    guarded = servers[1]
    found = Visit(running, guarded.address)
    found.expected.append("401")
    page = found.page
    page.goto(guarded.address)
    page.get_by_role("textbox", name="Token").fill("a wrong one of many letters")
    page.keyboard.press("Enter")
    page.get_by_text("That is not the token").wait_for()
    found.shoot("token", whole=False)
    page.get_by_role("textbox", name="Token").fill(TOKEN)
    page.keyboard.press("Enter")
    page.locator("#gallery-counts").filter(has_text="recordings").wait_for()
    page.reload()
    page.locator("#gallery-counts").filter(has_text="recordings").wait_for()
    assert page.get_by_role("dialog").count() == 0
    found.close()


def test_the_keyboard_is_enough(visit: Visit, server: ServerProcess) -> None:
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
    _until(lambda: page.evaluate("document.activeElement.id") == "title-people")
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_everybody_can_read_and_reach_everything(
    running: Any, server: ServerProcess, walks: PageGallery, scheme: str, width: int
) -> None:
    found = Visit(
        running, server.address, color_scheme=scheme, viewport={"width": width, "height": 800}, reduced_motion="reduce"
    )
    page = found.open()
    _search(page, walks.uploads / "Ann.npz", walks.uploads / "Dev.npz")
    _answered(page)
    page.locator(".match .near").first.wait_for()
    assert page.get_by_role("button", name="Play").count() == 1, "nothing moves by itself"
    _judge(found, f"answer-{scheme}-{width}")
    page.get_by_role("link", name="People").click()
    page.locator(".toggle").first.click()
    page.locator(".recordings table").wait_for()
    page.locator(".person input").first.check()
    _judge(found, f"people-{scheme}-{width}")
    page.get_by_role("link", name="Map").click()
    page.locator("canvas.chart[aria-label^='Map of']").wait_for()
    page.locator("canvas.chart").press("ArrowRight")
    _judge(found, f"map-{scheme}-{width}")
    found.close()


def _judge(found: Visit, name: str) -> None:
    page = found.page
    _with_checks(found)
    wrong = page.evaluate(
        "({ nameless: checks.nameless(), twice: checks.twice(), faint: checks.faint(), small: checks.small() })"
    )
    assert not any(wrong.values()), f"{name}: {json.dumps(wrong, indent=1)}"
    assert page.evaluate("checks.wide()") <= 0, f"{name}: it scrolls sideways"
    page.evaluate("checks.mark(); document.querySelector('.skip').focus()")
    while page.evaluate("checks.visit()"):
        page.keyboard.press("Tab")
    assert page.evaluate("checks.unvisited()") == [], f"{name}: Tab does not reach these"
    page.evaluate("document.activeElement.blur()")
    found.shoot(name)
