"""Each route: what it answers, and what it says when it cannot."""

import time

import numpy as np
import pytest

from himpc.recordings import save

PEOPLE = ("person-000", "person-001", "person-002", "person-003")


def ids_of(client, person):
    return [each["id"] for each in client.get(f"/api/people/{person}").json()["recordings"]]


def result_of(client, job):
    for _ in range(200):
        state = client.get(f"/api/jobs/{job}").json()
        if state["state"] in ("done", "failed"):
            return state
        time.sleep(0.05)
    raise AssertionError(state)


def test_the_gallery_tells_what_it_is(client):
    about = client.get("/api/gallery").json()
    assert (about["name"], about["people"], about["recordings"]) == ("gallery", 4, 8)
    assert about["model"]["size"] == 16
    assert len(about["model"]["parents"]) == len(about["model"]["joints"])
    assert about["calibration"]["persons"] == 4
    assert client.get("/api/health").json() == {"status": "ok", "version": about["version"], "gallery": "gallery"}


def test_people_and_recordings_are_listed(client):
    assert [each["name"] for each in client.get("/api/people").json()["people"]] == list(PEOPLE)
    everything = client.get("/api/recordings").json()
    assert everything["total"] == len(everything["recordings"]) == 8
    part = client.get("/api/recordings", params={"offset": 6, "limit": 5}).json()
    assert part["recordings"] == everything["recordings"][6:]
    own = client.get("/api/people/person-001").json()["recordings"]
    assert own == [each for each in everything["recordings"] if each["person"] == "person-001"]
    assert all(isinstance(each["id"], str) for each in own)


def test_a_skeleton_is_told_to_the_millimetre(client, walks):
    number = ids_of(client, "person-000")[0]
    skeleton = client.get(f"/api/recordings/{number}/skeleton").json()
    joints = np.array(skeleton["joints"])
    expected = next(w for w in walks if w.source == skeleton["source"]).joints
    np.testing.assert_allclose(joints, expected, atol=0.00051)
    assert skeleton["step"] == 1
    assert len(skeleton["weights"]) == len(joints)
    assert max(skeleton["weights"]) == 1


def test_long_skeletons_are_thinned():
    from himpc.server.plain import plain_skeleton

    drawn = plain_skeleton(np.zeros((1201, 2, 3)), np.arange(1201) / 1200)
    assert (drawn["step"], len(drawn["joints"]), drawn["weights"][1]) == (3, 401, 0.0025)


def test_the_map_has_every_recording(client):
    points = client.get("/api/map").json()["points"]
    assert {each["id"] for each in points} == {
        each["id"] for each in client.get("/api/recordings").json()["recordings"]
    }
    assert all(-1 <= each["x"] <= 1 and -1 <= each["y"] <= 1 for each in points)
    assert points == client.get("/api/map").json()["points"]


def test_a_search_finds_the_person(client, probe, sent):
    assert client.post("/api/search", **sent(probe)).json()["answers"][0].get("probe") is None
    answer = client.post("/api/search", **sent(probe), data={"skeletons": "true"}).json()["answers"][0]
    assert answer["matches"][0]["person"] == "person-000"
    assert answer["matches"][0]["recordings"][0]["id"] in ids_of(client, "person-000")
    assert len(answer["probe"]["joints"]) == len(answer["probe"]["weights"]) == 30
    assert client.get("/api/audit").json()["events"][-1]["action"] == "searched"


def test_settings_of_a_search_are_heard(client, probe, sent, detail):
    found = client.post("/api/search", **sent(probe), data={"people": 2, "fpir": 0.5, "rerank": "true"}).json()
    assert len(found["answers"][0]["matches"]) == 2
    for wrong in ({"people": 0}, {"fmr": 2}, {"unit": "ell"}, {"layout": "/etc/passwd"}, {"fmr": 0.1, "fpir": 0.1}):
        answer = client.post("/api/search", **sent(probe), data=wrong)
        assert answer.status_code in (400, 409), wrong
        assert detail(answer)
    assert "cannot be known" in detail(client.post("/api/search", **sent(probe), data={"fmr": 0.0001}))


def test_a_file_that_cannot_be_read_is_named_as_the_client_did(client, probe, sent, detail):
    answer = client.post("/api/search", **sent(b"hello", "my\u202ewalk.csv"))
    assert answer.status_code == 422
    assert detail(answer).startswith("my\\u202ewalk.csv: is a text file of no known format")
    both = {"files": [("files", ("a.npz", probe)), ("files", ("../b.csv", b"hello"))]}
    found = client.post("/api/search", **both).json()
    assert len(found["answers"]) == 1
    assert found["left_out"][0]["path"] == "../b.csv"


def test_files_are_gone_when_they_were_read(client, probe, sent):
    client.post("/api/search", **sent(probe, "../../outside.npz"))
    client.post("/api/search", **sent(b"junk", "/etc/junk"))
    assert list(client.uploads.iterdir()) == []
    assert client.uploads.stat().st_mode & 0o077 == 0


def test_embeddings_are_those_of_the_gallery(client, tmp_path, sent, walks):
    enrolled = walks[1]
    save([enrolled], tmp_path / "one.npz")
    found = client.post("/api/embed", **sent((tmp_path / "one.npz").read_bytes())).json()["recordings"]
    assert (len(found), len(found[0]["vector"]), found[0]["windows"]) == (1, 16, 5)
    answer = client.post("/api/search", **sent((tmp_path / "one.npz").read_bytes())).json()["answers"][0]
    assert answer["matches"][0]["distance"] == pytest.approx(0, abs=1e-5)


def test_enrolling_adds_people(client, probe, sent):
    done = client.post("/api/enroll", **sent(probe), data={"person": "Ann / B"})
    assert done.status_code == 200
    assert done.json() == {"recordings": 1, "people": ["Ann / B"], "already": [], "short": [], "left_out": []}
    assert client.get("/api/people/Ann%20%2F%20B").json()["recordings"][0]["source"] == "probe"
    again = client.post("/api/enroll", **sent(probe), data={"person": "Ann / B"}).json()
    assert (again["recordings"], again["already"]) == (0, ["probe"])
    assert client.get("/api/gallery").json()["people"] == 5


def test_enrolling_that_takes_long_is_a_job(client, probe, monkeypatch, sent):
    monkeypatch.setattr("himpc.server.asking._SOON", 0.0)
    started = client.post("/api/enroll", **sent(probe), data={"unnamed": "true"})
    assert started.status_code == 202
    state = result_of(client, started.json()["job"])
    assert state["result"]["people"] == ["unnamed-1"]
    assert (state["done"], state["total"]) == (1, 1)


@pytest.mark.parametrize(
    ("data", "status"), [({}, 400), ({"person": "a", "unnamed": "true"}, 400), ({"person": "\n"}, 400)]
)
def test_enrolling_needs_to_know_whom(client, probe, data, status, sent, detail):
    answer = client.post("/api/enroll", **sent(probe), data=data)
    assert answer.status_code == status
    assert detail(answer)


@pytest.mark.parametrize("own", [True, False])
def test_grouping_says_who_is_who(client, tmp_path, own, sent, walks):
    save([walk.with_(person=None) for walk in walks], tmp_path / "all.npz")
    files = {} if own else sent((tmp_path / "all.npz").read_bytes())
    started = client.post("/api/group", **files, data={"people": 4})
    assert started.status_code == 202
    found = result_of(client, started.json()["job"])["result"]
    assert found["people"] == len(found["groups"]) == 4
    assert sum(len(each["recordings"]) for each in found["groups"]) == (8 if own else 12)
    assert all((each["id"] is not None) == own for group in found["groups"] for each in group["recordings"])


def test_a_job_that_fails_says_why(client):
    state = result_of(client, client.post("/api/group", data={"people": 9}).json()["job"])
    assert state["state"] == "failed"
    assert "people must be from 1" in state["detail"]
    assert client.get("/api/jobs/none").status_code == 404


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


def test_metrics_count_and_name_nobody(client, probe, sent):
    client.get("/api/people/person-000")
    client.post("/api/search", **sent(probe))
    client.get("/nothing/here")
    text = client.get("/metrics").text
    assert 'himpc_requests_total{method="GET",route="/api/people/{name}",status="200"} 1.0' in text
    assert 'himpc_request_seconds_count{route="/api/search"} 1.0' in text
    assert "himpc_gallery_people 4.0" in text
    assert "himpc_gallery_recordings 8.0" in text
    assert 'route="other",status="404"' in text
    assert "person-000" not in text


def test_the_reference_needs_no_network_and_no_script(client):
    page = client.get("/docs").text
    assert "/api/people/{name}/merge" in page
    assert "<script" not in page
    assert "//" not in page.replace("http://localhost", "")
    assert client.get("/docs/style.css").status_code == 200
    assert client.get("/openapi.json").json()["info"]["title"] == "himpc serve"


def test_an_empty_gallery_says_so(client, probe, sent, detail):
    for name in PEOPLE:
        client.delete(f"/api/people/{name}")
    answer = client.post("/api/search", **sent(probe))
    assert answer.status_code == 409
    assert "nobody is enrolled" in detail(answer)
    assert client.get("/api/map").json() == {"points": []}
    for _ in range(100):  # what distances mean lags behind
        about = client.get("/api/gallery").json()
        if about["calibration"] is None:
            break
        time.sleep(0.05)
    assert (about["people"], about["calibration"]) == (0, None)
    assert about["note"]
