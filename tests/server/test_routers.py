"""The answers of each route, and its problem documents."""

import time

import numpy as np
import pytest

from himpc.recordings import Origin, save
from himpc.skeleton import get_layout

PEOPLE = ("person-000", "person-001", "person-002", "person-003")


def ids_of(client, person):
    return [each["id"] for each in client.get(f"/api/people/{person}").json()["recordings"]]


def result_of(client, job):
    for _ in range(1_200):
        state = client.get(f"/api/jobs/{job}").json()
        if state["state"] in ("done", "failed"):
            return state
        time.sleep(0.05)
    raise AssertionError(state)


def test_gallery_is_described(shared_client):
    about = shared_client.get("/api/gallery").json()
    assert (about["name"], about["people"], about["recordings"]) == ("gallery", 4, 8)
    assert about["model"]["size"] == 16
    assert len(about["model"]["parents"]) == len(about["model"]["joints"])
    assert about["calibration"]["persons"] == 4
    while not (health := shared_client.get("/api/health").json()).pop("ready"):
        time.sleep(0.05)
    assert health == {"status": "ok", "version": about["version"], "gallery": "gallery"}


def test_people_and_recordings_are_listed(shared_client):
    assert [each["name"] for each in shared_client.get("/api/people").json()["people"]] == list(PEOPLE)
    everything = shared_client.get("/api/recordings").json()
    assert everything["total"] == len(everything["recordings"]) == 8
    part = shared_client.get("/api/recordings", params={"offset": 6, "limit": 5}).json()
    assert part["recordings"] == everything["recordings"][6:]
    own = shared_client.get("/api/people/person-001").json()["recordings"]
    assert own == [each for each in everything["recordings"] if each["person"] == "person-001"]
    assert all(isinstance(each["id"], str) for each in own)


def test_skeleton_is_exact_to_the_millimetre(shared_client, walks):
    number = ids_of(shared_client, "person-000")[0]
    skeleton = shared_client.get(f"/api/recordings/{number}/skeleton").json()
    joints = np.array(skeleton["joints"])
    expected = next(w for w in walks if w.source == skeleton["source"]).joints
    np.testing.assert_allclose(joints, expected, atol=0.00051)
    assert skeleton["step"] == 1
    assert len(skeleton["weights"]) == len(joints)
    assert max(skeleton["weights"]) == 1


def test_map_has_every_recording(shared_client):
    points = shared_client.get("/api/map").json()["points"]
    assert {each["id"] for each in points} == {
        each["id"] for each in shared_client.get("/api/recordings").json()["recordings"]
    }
    assert all(-1 <= each["x"] <= 1 and -1 <= each["y"] <= 1 for each in points)
    assert points == shared_client.get("/api/map").json()["points"]


def test_search_finds_the_person(shared_client, probe, as_form):
    assert shared_client.post("/api/search", **as_form(probe)).json()["answers"][0].get("probe") is None
    answer = shared_client.post("/api/search", **as_form(probe), data={"skeletons": "true"}).json()["answers"][0]
    assert answer["matches"][0]["person"] == "person-000"
    assert answer["matches"][0]["recordings"][0]["id"] in ids_of(shared_client, "person-000")
    assert len(answer["probe"]["joints"]) == len(answer["probe"]["weights"]) == 30
    assert shared_client.get("/api/audit").json()["events"][-1]["action"] == "searched"


def test_search_leaves_out_what_lacks_joints_and_says_so(shared_client, walks, tmp_path, as_form, detail):
    layout = get_layout("kinect-v1")
    legs = walks[0].to(layout.subset(["left_hip", "left_knee", "left_ankle"], "leg")).with_(source="leg.c3d")
    save([legs], tmp_path / "leg.npz")
    save([legs, walks[0].with_(source="whole.c3d")], tmp_path / "both.npz")
    found = shared_client.post("/api/search", **as_form((tmp_path / "both.npz").read_bytes())).json()
    assert [answer["source"] for answer in found["answers"]] == ["whole.c3d"]
    assert found["left_out"][0]["path"] == "leg.c3d"
    assert "no joint of leg gives" in found["left_out"][0]["why"]
    refused = shared_client.post("/api/search", **as_form((tmp_path / "leg.npz").read_bytes()))
    assert refused.status_code >= 400
    assert "kinect-v1, the layout of the gallery" in detail(refused)


def test_search_options_apply(shared_client, probe, as_form, detail):
    response = shared_client.post(
        "/api/search", **as_form(probe), data={"people": 2, "fpir": 0.5, "rerank": "true"}
    ).json()
    assert len(response["answers"][0]["matches"]) == 2
    for wrong in ({"people": 0}, {"fmr": 2}, {"unit": "ell"}, {"layout": "/etc/passwd"}, {"fmr": 0.1, "fpir": 0.1}):
        answer = shared_client.post("/api/search", **as_form(probe), data=wrong)
        assert answer.status_code in (400, 409), wrong
        assert detail(answer)
    assert "cannot be estimated" in detail(shared_client.post("/api/search", **as_form(probe), data={"fmr": 0.0001}))


def test_unreadable_file_is_reported_by_the_name_of_the_client(shared_client, probe, as_form, detail):
    answer = shared_client.post("/api/search", **as_form(b"hello", "my\u202ewalk.csv"))
    assert answer.status_code == 422
    assert detail(answer).startswith("my\\u202ewalk.csv: is a text file of no known format")
    both = {"files": [("files", ("a.npz", probe)), ("files", ("../b.csv", b"hello"))]}
    response = shared_client.post("/api/search", **both).json()
    assert len(response["answers"]) == 1
    assert response["left_out"][0]["path"] == "../b.csv"


def test_uploaded_files_are_deleted_after_reading(shared_client, probe, as_form):
    shared_client.post("/api/search", **as_form(probe, "../../outside.npz"))
    shared_client.post("/api/search", **as_form(b"junk", "/etc/junk"))
    assert list(shared_client.app.state.upload_folder.iterdir()) == []
    assert shared_client.app.state.upload_folder.stat().st_mode & 0o077 == 0


def test_embeddings_equal_those_of_the_gallery(shared_client, tmp_path, as_form, walks):
    enrolled = walks[1]
    save([enrolled], tmp_path / "one.npz")
    response = shared_client.post("/api/embed", **as_form((tmp_path / "one.npz").read_bytes())).json()["recordings"]
    assert (len(response), len(response[0]["vector"]), response[0]["windows"]) == (1, 16, 5)
    answer = shared_client.post("/api/search", **as_form((tmp_path / "one.npz").read_bytes())).json()["answers"][0]
    assert answer["matches"][0]["distance"] == pytest.approx(0, abs=1e-5)


def test_enrolling_adds_people(client, probe, as_form):
    done = client.post("/api/enroll", **as_form(probe), data={"person": "Ann / B"})
    assert done.status_code == 200
    assert done.json() == {
        "recordings": 1, "people": ["Ann / B"], "already": [], "short": [], "notes": [], "left_out": []
    }  # fmt: skip
    assert client.get("/api/people/Ann%20%2F%20B").json()["recordings"][0]["source"] == "probe"
    again = client.post("/api/enroll", **as_form(probe), data={"person": "Ann / B"}).json()
    assert (again["recordings"], again["already"]) == (0, ["probe"])
    assert client.get("/api/gallery").json()["people"] == 5


def test_slow_enrollment_becomes_a_job(client, probe, monkeypatch, as_form):
    monkeypatch.setattr("himpc.server.routers.uploads.SYNC_TIMEOUT", 0.0)
    started = client.post("/api/enroll", **as_form(probe), data={"unnamed": "true"})
    assert started.status_code == 202
    state = result_of(client, started.json()["job"])
    assert state["result"]["people"] == ["unnamed-1"]
    assert (state["done"], state["total"]) == (1, 1)


@pytest.mark.parametrize(
    ("data", "status"), [({}, 400), ({"person": "a", "unnamed": "true"}, 400), ({"person": "\n"}, 400)]
)
def test_enrolling_without_a_valid_person_is_refused(shared_client, probe, data, status, as_form, detail):
    answer = shared_client.post("/api/enroll", **as_form(probe), data=data)
    assert answer.status_code == status
    assert detail(answer)


@pytest.mark.parametrize("own", [True, False])
def test_grouping_finds_the_people(shared_client, tmp_path, own, as_form, walks):
    save([walk.with_(person=None) for walk in walks], tmp_path / "all.npz")
    files = {} if own else as_form((tmp_path / "all.npz").read_bytes())
    started = shared_client.post("/api/group", **files, data={"people": 4})
    assert started.status_code == 202
    response = result_of(shared_client, started.json()["job"])["result"]
    assert response["people"] == len(response["groups"]) == 4
    assert sum(len(each["recordings"]) for each in response["groups"]) == (8 if own else 12)
    assert all((each["id"] is not None) == own for group in response["groups"] for each in group["recordings"])


def test_failed_job_reports_the_reason(shared_client):
    state = result_of(shared_client, shared_client.post("/api/group", data={"people": 9}).json()["job"])
    assert state["state"] == "failed"
    assert "people should be from 1" in state["detail"]
    assert shared_client.get("/api/jobs/none").status_code == 404


def test_people_are_renamed_merged_and_removed(client, detail):
    assert client.post("/api/people/person-000/rename", json={"name": "Ann"}).json()["name"] == "Ann"
    assert client.post("/api/people/Ann/rename", json={"name": "person-001"}).status_code == 409
    assert client.post("/api/people/Ann/rename", json={"name": "\n"}).status_code == 400
    assert client.post("/api/people/Ann/merge", json={"others": ["person-001"]}).json() == {"moved": 2}
    assert len(ids_of(client, "Ann")) == 4
    assert client.delete("/api/people/Ann").json() == {"removed": 4}
    for answer in (client.get("/api/people/Ann"), client.delete("/api/people/Ann")):
        assert answer.status_code == 404
        assert "Ann" in detail(answer)


def test_recordings_are_moved_and_removed(client):
    first, second = ids_of(client, "person-000")
    assert client.post("/api/recordings/move", json={"ids": [first], "person": "Bob"}).json() == {"person": "Bob"}
    assert client.post("/api/recordings/move", json={"ids": [second]}).json() == {"person": "unnamed-1"}
    assert client.delete(f"/api/recordings/{first}").json() == {"removed": 1}
    for number in (first, "9" * 19, "0"):
        assert client.delete(f"/api/recordings/{number}").status_code == 404
        assert client.get(f"/api/recordings/{number}/skeleton").status_code == 404
    assert client.post("/api/recordings/move", json={"ids": ["9" * 19]}).status_code == 404


def test_reference_needs_no_network_and_no_script(shared_client):
    page = shared_client.get("/docs").text
    assert "/api/people/{name}/merge" in page
    assert "<script" not in page
    assert "//" not in page.replace("http://localhost", "")
    assert shared_client.get("/docs/style.css").status_code == 200
    assert shared_client.get("/openapi.json").json()["info"]["title"] == "himpc server"


def test_search_of_an_empty_gallery_is_refused(client, probe, as_form, detail):
    for name in PEOPLE:
        client.delete(f"/api/people/{name}")
    answer = client.post("/api/search", **as_form(probe))
    assert answer.status_code == 409
    assert "no person is enrolled" in detail(answer)
    assert client.get("/api/map").json() == {"points": []}
    for _ in range(1_200):  # what distances mean lags behind
        about = client.get("/api/gallery").json()
        if about["calibration"] is None:
            break
        time.sleep(0.05)
    assert (about["people"], about["calibration"]) == (0, None)
    assert about["note"]


def test_two_people_of_one_film_get_two_names(shared_client, walks, tmp_path, as_form):
    film = Origin(body="film")
    twins = [
        walks[0].with_(
            joints=walks[0].joints + np.float32([number, 0, 0.001 * number]),
            person=None,
            source=f"film#{number}",
            origin=Origin(body=number),
            start=0.0,
            clock=film,
        )
        for number in range(2)
    ]
    save(twins, tmp_path / "film.npz")
    found = shared_client.post("/api/search", **as_form((tmp_path / "film.npz").read_bytes())).json()["answers"]
    names = [answer["person"] for answer in found]
    assert names[0] != names[1] or names == [None, None]
    started = shared_client.post("/api/group", **as_form((tmp_path / "film.npz").read_bytes()), data={"people": 2})
    assert len(result_of(shared_client, started.json()["job"])["result"]["groups"]) == 2


def test_queue_is_decided_and_undone(client, detail):
    moved = client.post("/api/recordings/move", json={"ids": ids_of(client, "person-000")}).json()["person"]
    queue = client.get("/api/queue").json()
    assert queue["undo"] is None
    item = next(each for each in queue["items"] if each["person"] == moved)
    assert all(isinstance(number, str) for number in item["recordings"])
    refused = client.post("/api/queue/confirm", json={"items": [item["id"], "0000beef"]})
    assert refused.status_code == 409
    assert "GET /api/queue" in detail(refused)
    done = client.post("/api/queue/enroll", json={"items": [item["id"]], "person": "Zoe"})
    assert len(done.json()["numbers"]) == 1
    assert len(ids_of(client, "Zoe")) == 2
    queue = client.get("/api/queue").json()
    assert (queue["undo"]["action"], queue["undo"]["person"]) == ("assigned", "Zoe")
    assert client.post("/api/queue/undo", json={}).status_code == 200
    assert len(ids_of(client, moved)) == 2
    assert client.post("/api/queue/undo", json={}).status_code == 409
    assert client.post("/api/queue/reject", json={"items": [item["id"]]}).status_code == 200
    assert moved not in {each["person"] for each in client.get("/api/queue").json()["items"]}


def test_posters_and_quality_are_returned(shared_client):
    number = ids_of(shared_client, "person-000")[0]
    poster = shared_client.get(f"/api/recordings/{number}/poster").json()
    assert shared_client.get("/api/poster", params={"person": "person-000"}).json() == poster
    assert poster["person"] == "person-000"
    assert shared_client.get("/api/poster", params={"person": "missing"}).status_code == 404
    people = shared_client.get("/api/quality").json()["people"]
    assert {each["person"] for each in people} == set(PEOPLE)
    assert all(any("short" in problem for problem in each["problems"]) for each in people)
