import dataclasses
import json

import numpy as np
import pytest

from himpc.errors import ConfigError, DataError
from himpc.evaluation import LabelledEmbeddings, evaluate_embeddings, evaluate_ranking, pool_recordings
from himpc.model import IdentityScoring
from himpc.model.baselines import BASELINES
from himpc.recordings import Recording, Windows
from himpc.skeleton import get_layout

PEOPLE = ("ann", "bob", "eve", "dan")


def embedded(seed: int, noise: float = 0.8, windows: int = 5) -> LabelledEmbeddings:
    """Two recordings of each person, one a camera, scattered around a place of the person's own."""
    rng = np.random.default_rng(seed)
    persons = tuple(person for person in PEOPLE for _ in range(2))
    recording = np.repeat(np.arange(8), windows)
    centres = np.repeat(np.eye(4), 2, axis=0)[recording]
    return LabelledEmbeddings(
        vectors=(centres + noise * rng.normal(size=centres.shape)).astype(np.float32),
        recording=recording,
        persons=persons,
        cameras=("hall", "yard") * 4,
        sessions=("one",) * 8,
        sources=tuple(f"{person}/{i}.npz" for i, person in enumerate(persons)),
    )


def changed(data: LabelledEmbeddings, **changes) -> LabelledEmbeddings:
    return dataclasses.replace(data, **changes)


def test_levels_equal_rankings_of_windows_and_of_pooled_recordings():
    gallery, probe = embedded(0), embedded(1)
    result = evaluate_embeddings(gallery, probe)
    persons = np.array(gallery.persons)
    window = evaluate_ranking(probe.vectors, gallery.vectors, persons[probe.recording], persons[gallery.recording])
    pooled = evaluate_ranking(
        *(pool_recordings(side.vectors, side.recording, 8) for side in (probe, gallery)), persons, persons
    )
    assert (result.window.ranking.rank, result.window.ranking.mAP) == (window.rank, window.mAP)
    assert (result.recording.ranking.rank, result.recording.ranking.mAP) == (pooled.rank, pooled.mAP)
    assert (result.window.n_gallery, result.recording.n_gallery, result.n_persons) == (40, 8, 4)
    low, high = result.window.intervals["mAP"]
    assert low <= result.window.ranking.mAP <= high


def test_evaluation_converts_to_plain_data_and_a_table():
    result = evaluate_embeddings(embedded(0), embedded(1), ks=(1, 5))
    data = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert data["window"]["rank_5"] == result.window.ranking.rank[5]
    assert data["recording"]["queries"] == 8
    header, _, *rows = result.table().splitlines()
    assert header.split() == ["|", "|", "window", "|", "recording", "|"]
    assert any(row.startswith("| Rank-1 (95 %) |") for row in rows)
    assert len(header) <= 80


def test_leave_one_out_excludes_windows_of_the_same_recording():
    """Windows of a recording nearly repeat each other: they make a set look solved until they are left out."""
    data, rng = embedded(0), np.random.default_rng(0)
    alike = changed(data, vectors=rng.normal(size=(8, 4))[data.recording] + 1e-3 * rng.normal(size=(40, 4)))
    honest = evaluate_embeddings(alike)
    assert honest.window.ranking.rank[1] < 0.7
    assert honest.window.ranking.rank[1] == pytest.approx(honest.recording.ranking.rank[1])
    assert evaluate_embeddings(alike, keep_own_windows=True).window.ranking.rank[1] == 1


def test_exclude_camera_leaves_out_entries_of_the_same_camera():
    data = embedded(0)
    across = evaluate_embeddings(data, embedded(1), exclude="camera")
    assert across.window.ranking.mINP != evaluate_embeddings(data, embedded(1)).window.ranking.mINP
    with pytest.raises(DataError, match="40 of 40 probes have no match"):
        evaluate_embeddings(data, embedded(1), exclude="session")
    with pytest.raises(DataError, match=r"8 of 8 recordings in the probe have no camera.*with name"):
        evaluate_embeddings(data, changed(embedded(1), cameras=(None,) * 8), exclude="camera")
    with pytest.raises(ConfigError, match="found 'view'"):
        evaluate_embeddings(data, exclude="view")


def test_too_short_recordings_are_listed():
    data = embedded(0)
    keep = data.recording != 3
    short = changed(data, vectors=data.vectors[keep], recording=data.recording[keep])
    result = evaluate_embeddings(short, embedded(1))
    assert result.too_short == ("bob/3.npz",)
    assert result.recording.n_gallery == 7
    assert evaluate_embeddings(short, without_match="skip").too_short == ("bob/3.npz",)
    assert evaluate_embeddings(embedded(1), short).too_short == ("bob/3.npz",)


def test_embeddings_with_a_scoring_are_ranked_by_it():
    """People differ along the first axis only, by the scoring: noise along the others does not count."""
    data = embedded(0)
    rng = np.random.default_rng(0)
    place = np.repeat(np.arange(4), 2)[data.recording]
    vectors = np.stack([place + 0.01 * rng.normal(size=40), 100 * rng.normal(size=40)], axis=1)
    scoring = IdentityScoring(pose_scale=np.array([1.0, 0.0]), between=np.array([5.0, 0.0]), noise=0.01)
    by_distance = evaluate_embeddings(changed(data, vectors=vectors))
    by_scoring = evaluate_embeddings(changed(data, vectors=vectors, scoring=scoring))
    assert by_scoring.window.ranking.rank[1] == by_scoring.recording.ranking.rank[1] == 1
    assert by_distance.window.ranking.rank[1] < 0.7


@pytest.mark.parametrize(
    ("gallery", "message"),
    [
        (changed(embedded(0), persons=(None, *embedded(0).persons[1:])),
         r"1 of 8 recordings in the gallery have no person \(the first is ann/0.npz\); read the person from .* name"),
        (changed(embedded(0), persons=("ann",) * 8), "the gallery shows one person only"),
        (changed(embedded(0), vectors=np.zeros((0, 4)), recording=np.zeros(0, int)), "the gallery is empty"),
        (changed(embedded(0), vectors=np.full((40, 4), np.nan)), "embeddings of the gallery .* not finite"),
    ],
)  # fmt: skip
def test_unusable_gallery_raises(gallery, message):
    with pytest.raises(DataError, match=message):
        evaluate_embeddings(gallery, embedded(1))


def test_bone_lengths_identify_people_in_real_recordings(shared_data):
    """Chance is one in twelve; a tape measure must do far better over a whole recording."""
    layout = get_layout("kinect-v1")

    def recordings(*actions: int) -> list[Recording]:
        read = []
        for action in actions:
            for path in sorted((shared_data / "kinect-v1-actions").glob(f"Seq{action}_*.csv")):
                lines = path.read_text().splitlines()[1:]
                cells = np.array([[cell.split() for cell in line.split(";")[:20]] for line in lines], dtype=np.float32)
                seen = cells[(cells != 0).any(axis=(1, 2))]
                if len(seen):  # the sensor lost one person for all of one action
                    read.append(Recording(seen, layout, person=path.stem.split("_")[1], source=path.name))
        return read

    sides = []
    for actions in ((4, 5), (6,)):
        data = recordings(*actions)
        windows = Windows.cut(data, length=6)
        sides.append(LabelledEmbeddings.from_recordings(BASELINES["bones"].embed(windows), windows.recording, data))
    result = evaluate_embeddings(*sides)
    assert result.n_persons == 12
    assert result.window.ranking.rank[1] > 0.4
    assert result.recording.ranking.rank[1] > result.window.ranking.rank[1]
