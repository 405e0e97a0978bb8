import numpy as np
import pytest
from sklearn.decomposition import PCA

from himpc.errors import DataError
from himpc.reporting.figures import save_figure
from himpc.reporting.maps import draw_map, place_labels, principal_plane

RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(12, 5))
NAMES = [f"{i}.csv" for i in range(12)]


def words(figure) -> list[str]:
    return [text.get_text() for holder in (figure, *figure.axes) for text in holder.texts]


def test_plane_equals_pca():
    places, shares = principal_plane(VECTORS)
    other = PCA(2).fit(VECTORS)
    np.testing.assert_allclose(np.abs(places), np.abs(other.transform(VECTORS)))
    assert shares == pytest.approx(tuple(other.explained_variance_ratio_))
    np.testing.assert_allclose(principal_plane(VECTORS @ np.linalg.qr(RNG.normal(size=(5, 5)))[0])[0], places)


def test_persons_are_named_and_misplaced_recordings_marked():
    figure = draw_map(VECTORS, [1] * 6 + [2] * 6, NAMES, ["ann"] * 5 + ["bob"] * 6 + [None])
    assert {"ann", "bob"} <= set(words(figure))
    discs = next(c for c in figure.axes[0].collections if len(c.get_offsets()) == 12)
    assert np.flatnonzero(np.array(discs.get_linewidths()) > 1).tolist() == [5]


def test_few_recordings_are_named_without_persons():
    assert set(NAMES) <= set(words(draw_map(VECTORS, range(1, 13), NAMES)))
    assert not set(NAMES) & set(words(draw_map(VECTORS, [1] * 12, NAMES, ["ann"] * 12)))


@pytest.mark.parametrize("n", [0, 1, 2, 300])
def test_any_number_is_drawn(n, tmp_path):
    save_figure(draw_map(RNG.normal(size=(n, 4)), [1] * n, ["x"] * n, ["ann"] * n), tmp_path / "a.png")


def test_recordings_without_embedding_or_group_are_mentioned(tmp_path):
    vectors = VECTORS.copy()
    vectors[3] = np.nan
    figure = draw_map(vectors, [0] * 4 + [1] * 8, NAMES)
    text = " ".join(words(figure))
    assert "1 recording shorter than a window not drawn" in text
    assert "Grey: no group" in text
    save_figure(draw_map(np.ones((3, 4)), [1, 1, 1], NAMES[:3]), tmp_path / "all in one place.png")


def test_different_sizes_are_refused():
    with pytest.raises(DataError, match="12 groups, 11 names and 11 people"):
        draw_map(VECTORS, [1] * 12, NAMES[:11])


def test_labels_do_not_overlap():
    points = RNG.uniform(0, 200, (15, 2))
    labels, radius, size = ["label"] * 15, 5.0, 7.0
    places = place_labels(points, labels, points, radius, size, required=False)
    half = np.array([5 * size * 0.6, size * 1.25]) / 2
    boxes = [(p - half, p + half) for p in (np.array(place) for place in places if place is not None)]
    assert len(boxes) > 5
    others = [(p - radius, p + radius) for p in points] + boxes
    for low, high in boxes:
        hits = sum(((low < b) & (high > a)).all() for a, b in others)
        assert hits == 1  # itself


def test_required_labels_are_always_placed():
    points = np.zeros((200, 2))
    assert None in place_labels(points, ["x"] * 200, points, 5.0, 7.0, required=False)
    assert None not in place_labels(points, ["x"] * 200, points, 5.0, 7.0, required=True)
