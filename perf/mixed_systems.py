"""Run a folder that mixes four systems through every operation: ``python perf/mixed_systems.py``.

The same simulated people are seen by a Kinect (CSV), MediaPipe (JSON), an inertial suit (BVH) and motion capture with
joint centres (C3D), each recording by one of them. The folder is read, grouped, trained on, and searched in a gallery
in which every person is enrolled by two of the systems. Beside the joints that `himpc.recordings.to_common_layout`
chooses, the grouping is measured with derived joints as well, which tell the system instead of the person.

With ``--displaced``, two systems displace each joint by 0 to 3 cm, and both record all people, half of them, or none.
With ``--markers DIR``, the people of `c3d-walking` in DIR walk straight as joints of `kinect-v1`, and turn as `coco-17`
whose joints are the markers themselves: up to 8 cm aside, and not the same in all people.
With ``--galleries``, people are enrolled by one of these two systems, or by the joints, and recordings of the other are
searched, all at once or one at a time.
With ``--rates``, one system records half of the time at 30 and half at 120 frames per second instead.
"""

from __future__ import annotations

import argparse
import json
import os
import struct
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

import himpc
from himpc.api import fit
from himpc.evaluation import grouping_agreement, markdown_table
from himpc.learning import Config
from himpc.learning.views import add_in_body_frame
from himpc.recordings import Recording, clean, to_common_layout
from himpc.skeleton import Layout, get_layout
from measurement import IgnoreWarnings, use_one_thread

Joints = NDArray[np.floating]


def write_kinect(path: Path, walk: Recording) -> None:
    """Write a table of cells ``x y z``, metres."""
    rows = [";".join(" ".join(f"{x:.5f}" for x in joint) for joint in frame) for frame in walk.joints]
    path.write_text("\n".join([";".join(walk.layout.joints), *rows]) + "\n", encoding="utf-8")


def write_mediapipe(path: Path, walk: Recording) -> None:
    """Write world landmarks: metres from the middle of the hips, x to the right of the picture and y down."""
    centred = walk.joints - walk.joints[:, list(walk.layout.root)].mean(axis=1, keepdims=True)
    frames = [
        {"pose_world_landmarks": [[{"x": -x, "y": -y, "z": z, "visibility": 1.0} for x, y, z in frame]]}
        for frame in centred.round(5).tolist()
    ]
    path.write_text(json.dumps({"fps": walk.fps, "frames": frames}), encoding="utf-8")


def write_bvh(path: Path, walk: Recording) -> None:
    """Write a hierarchy whose joints are moved by positions, centimetres."""
    layout = walk.layout
    lines = ["HIERARCHY"]

    def declare(joint: int, indent: str) -> None:
        lines.extend([f"{indent}{'JOINT' if indent else 'ROOT'} {layout.joints[joint]}", f"{indent}{{"])
        lines.extend([f"{indent} OFFSET 0 0 0", f"{indent} CHANNELS 3 Xposition Yposition Zposition"])
        order.append(joint)
        children = [child for child, parent in enumerate(layout.parents) if parent == joint]
        for child in children:
            declare(child, indent + " ")
        if not children:
            lines.extend([f"{indent} End Site", f"{indent} {{", f"{indent}  OFFSET 0 0 0", f"{indent} }}"])
        lines.append(f"{indent}}}")

    order: list[int] = []
    declare(layout.parents.index(-1), "")
    parents = np.array(layout.parents)[order]
    moved = walk.joints[:, order] - np.where(parents[:, None] < 0, 0, walk.joints[:, parents])
    rows = [" ".join(f"{x:.4f}" for x in frame.ravel()) for frame in 100 * moved]
    motion = ["MOTION", f"Frames: {len(rows)}", f"Frame Time: {1 / (walk.fps or 30):.6f}", *rows]
    path.write_text("\n".join([*lines, *motion]) + "\n", encoding="utf-8")


def write_c3d(path: Path, walk: Recording) -> None:
    """Write points named by joints: millimetres, z up."""
    labels = walk.layout.joints
    points = 1000 * walk.joints[..., [2, 0, 1]]

    def parameter(name: str, kind: int, shape: Sequence[int], content: bytes) -> bytes:
        body = struct.pack("<bB", kind, len(shape)) + bytes(shape) + content + b"\0"
        return struct.pack("<bb", len(name), 1) + name.encode() + struct.pack("<H", len(body) + 2) + body

    width = max(map(len, labels))
    parameters = [
        struct.pack("<bb", 5, -1) + b"POINT" + struct.pack("<H", 3) + b"\0",
        parameter("USED", 2, [], struct.pack("<H", len(labels))),
        parameter("SCALE", 4, [], struct.pack("<f", -1)),
        parameter("RATE", 4, [], struct.pack("<f", walk.fps or 30)),
        parameter("UNITS", -1, [2], b"mm"),
        parameter("LABELS", -1, [width, len(labels)], b"".join(label.encode().ljust(width) for label in labels)),
        parameter("DATA_START", 2, [], struct.pack("<H", 0)),
    ]
    content = b"".join(parameters)
    blocks = -(-(len(content) + 6) // 512)
    section = (bytes([1, 0x50, blocks, 84]) + content).ljust(512 * blocks, b"\0")
    header = struct.pack("<BB5HfHHf", 2, 0x50, len(labels), 0, 1, len(points), 10, -1.0, 2 + blocks, 0, walk.fps or 30)
    data = np.concatenate([points, np.zeros((*points.shape[:2], 1))], axis=2).astype("<f4")
    path.write_bytes(header.ljust(512, b"\0") + section + data.tobytes())


SYSTEMS: dict[str, tuple[str, str, Callable[[Path, Recording], None]]] = {
    "kinect": ("kinect-v1", "csv", write_kinect),
    "mediapipe": ("mediapipe-33", "json", write_mediapipe),
    "suit": ("humanoid", "bvh", write_bvh),
    "mocap": ("halpe-26", "c3d", write_c3d),
}
"""The layout, the suffix and the writer of each system."""


def write_archive(folder: Path, people: int, recordings: int, seed: int, seconds: float = 3.0) -> None:
    """Write recordings of the same people, each by one of the systems in turn: ``<person>/<system>/<number>``."""
    seen = {
        system: himpc.simulate(people, recordings, layout=layout, seed=seed, seconds=seconds, difficulty="easy")
        for system, (layout, _, _) in SYSTEMS.items()
    }
    for number in range(people * recordings):
        system = list(SYSTEMS)[number % len(SYSTEMS)]
        walk = seen[system][number]
        _, suffix, write = SYSTEMS[system]
        place = folder / str(walk.person) / system
        place.mkdir(parents=True, exist_ok=True)
        joints = np.nan_to_num(walk.joints, nan=0.0) if system == "kinect" else _fill(walk.joints)
        write(place / f"{number % recordings}.{suffix}", walk.with_(joints=joints))


def read_archive(folder: Path) -> list[Recording]:
    """Read a folder of `write_archive`; the session of a recording is its system."""
    return list(himpc.read(folder, name="{person}/{session}/*"))


def _fill(joints: Joints) -> Joints:
    """Repeat the position before for a joint that was not seen."""
    filled = joints.copy()
    for frame in range(1, len(filled)):
        filled[frame] = np.where(np.isnan(filled[frame]), filled[frame - 1], filled[frame])
    return np.nan_to_num(filled, nan=0.0)


def with_derived_joints(walks: Sequence[Recording]) -> list[Recording]:
    """Convert to the common joints of whole bodies, of which some systems give spine and neck as means of others."""
    target: Layout = get_layout("common-15")
    return [walk.to(target) for walk in walks]


def ari(walks: Sequence[Recording], people: int | None) -> tuple[float, int]:
    """Group, and return agreement with the persons and the number of groups."""
    found = himpc.group(walks, people=people)
    groups = np.where(found.groups > 0, found.groups, -1)
    return grouping_agreement(groups, [walk.person for walk in walks]).ari, found.people


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--people", type=int, default=10)
    arguments.add_argument("--recordings", type=int, default=8, help="of each person")
    arguments.add_argument("--seeds", type=int, default=2)
    arguments.add_argument("--displaced", action="store_true", help="two systems that displace joints")
    arguments.add_argument("--markers", type=Path, help="the folder of the real sets")
    arguments.add_argument("--galleries", action="store_true", help="enroll by one system, search by another")
    arguments.add_argument("--rates", action="store_true", help="mix frame rates instead of systems")
    options = arguments.parse_args()
    use_one_thread()
    warnings.simplefilter("ignore")
    if options.galleries:
        rows = measure_galleries(options.seeds)
        rows += measure_marker_galleries(options.markers) if options.markers else []
        print(markdown_table(rows))
        return
    if options.markers:
        print(markdown_table(measure_markers(options.markers)))
        return
    if options.displaced:
        rows = [
            measure_displaced(people, metres, shared, options.seeds)
            for people in (3, 10, 30)
            for metres in (0.0, 0.01, 0.02, 0.03)
            for shared in (1.0, 0.5, 0.0)
        ]
        print(markdown_table(rows))
        return
    if options.rates:
        rated = (measure_rates(options.people, options.recordings, seed) for seed in range(1, options.seeds + 1))
        print(markdown_table([row for rows in rated for row in rows]))
        return
    rows = []
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_archive(folder / "archive", options.people, options.recordings, seed)
            walks = read_archive(folder / "archive")
            print(f"seed {seed}: {len(walks)} recordings; {'; '.join(to_common_layout(walks)[1])}", flush=True)
            rows += [measure(f"shared joints, seed {seed}", walks, options.people, folder / "gallery")]
            rows += [measure(f"with derived joints, seed {seed}", with_derived_joints(walks), options.people)]
    print(f"\n{markdown_table(rows)}")


def measure(title: str, walks: list[Recording], people: int, gallery_folder: Path | None = None) -> dict[str, str]:
    """Group, evaluate across systems, and search for half of the systems in a gallery of the other half."""
    given, (estimated, groups) = ari(walks, people)[0], ari(walks, None)
    enrolled = [walk for walk in walks if walk.session in ("kinect", "suit")]
    probes = [walk for walk in walks if walk.session not in ("kinect", "suit")]
    model = himpc.HiMPC(device="cpu", callbacks=[IgnoreWarnings()]).fit(walks).model_
    across = himpc.evaluate(model, enrolled, probes, without_match="skip").recording.ranking.metrics
    row = {
        "": title,
        "ARI, number given": f"{given:.2f}",
        "ARI": f"{estimated:.2f} ({groups} groups)",
        "Rank-1 across systems": f"{100 * across['rank_1']:.1f}",
        "named by a gallery": "",
        "named wrongly": "",
    }
    if gallery_folder is not None:
        with himpc.Gallery.create(gallery_folder, model) as gallery:
            gallery.enroll(enrolled)
            answers = gallery.search(probes)
        shown = {probe.whole_source: probe.person for probe in probes}
        named = [answer.person == shown[answer.source] for answer in answers if answer.person is not None]
        row["named by a gallery"] = f"{sum(named)} of {len(answers)}"
        row["named wrongly"] = str(len(named) - sum(named))
    return row


def displace(walk: Recording, metres: float, rng: np.random.Generator) -> Recording:
    """Displace each joint relative to the body, both sides alike."""
    change = rng.normal(0, metres, (len(walk.layout), 3))
    for left, right in walk.layout.pairs:
        change[right] = change[left] * [-1, 1, 1]
    return walk.with_(joints=add_in_body_frame(walk.joints, np.broadcast_to(change, walk.joints.shape), walk.layout))


def record_displaced(people: int, metres: float, shared: float, seed: int) -> list[Recording]:
    """Return two recordings of each of some people by each of two systems, which record a share of them both."""
    walks = []
    n_shared = round(shared * people)
    for number, layout in enumerate(("kinect-v1", "humanoid")):
        seen = himpc.simulate(2 * people, 4, layout=layout, seconds=2.0, seed=seed, difficulty="easy")
        members = [*range(n_shared), *range(n_shared + number * people, n_shared + number * people + people - n_shared)]
        for person in members:
            for walk in seen[4 * person + number : 4 * person + 4 : 2]:
                part = max(clean(walk), key=len)
                person_change = np.random.default_rng([seed, number, person, 1])
                moved = displace(part, metres, np.random.default_rng([seed, number]))
                walks.append(displace(moved, metres / 10, person_change).with_(session=layout))
    return walks


def measure_displaced(people: int, metres: float, shared: float, seeds: int) -> dict[str, str]:
    """Group recordings of two systems that displace joints."""
    archives = [record_displaced(people, metres, shared, seed) for seed in range(seeds)]
    row = {
        "people of a system": str(people),
        "displacement": f"{100 * metres:.0f} cm",
        "in both": f"{100 * shared:.0f} %",
        **measure_groups(archives),
    }
    print(row, flush=True)
    return row


def measure_groups(archives: Sequence[Sequence[Recording]]) -> dict[str, str]:
    """Group each archive; pairs are those of recordings of different systems, which are their sessions."""
    aris, counts, pairs = [], [], np.zeros(3, dtype=int)
    for walks in archives:
        found = himpc.group(walks)
        person, system = (np.array([getattr(walk, name) for walk in walks]) for name in ("person", "session"))
        between = np.triu(system[:, None] != system)
        together = between & (found.groups[:, None] == found.groups) & (found.groups > 0)
        same = person[:, None] == person
        pairs += [(together & same).sum(), (between & same).sum(), (together & ~same).sum()]
        groups = np.where(found.groups > 0, found.groups, -1)
        aris.append(grouping_agreement(groups, person.tolist()).ari)
        counts.append(f"{found.people} for {len(set(person))}")
    return {
        "groups for people": ", ".join(counts),
        "ARI": f"{np.mean(aris):.2f}",
        "pairs found": f"{pairs[0]} of {pairs[1]}",
        "wrong": str(pairs[2]),
    }


def measure_galleries(seeds: int) -> list[dict[str, str]]:
    """Enroll people by one of two systems that displace joints, and search recordings of the other."""
    rows = []
    for people in (4, 10):
        for metres in (0.0, 0.01, 0.02, 0.03):
            for shared in (1.0, 0.5):
                searches, by_both = [], []
                for seed in range(seeds):
                    walks = record_displaced(people, metres, shared, seed)
                    enrolled = [walk for walk in walks if walk.session == "kinect-v1"]
                    probes = [walk for walk in walks if walk.session != "kinect-v1"]
                    names = [walk.person for walk in enrolled[:4:2]]  # two recordings of each person
                    both = [walk for walk in probes if walk.person in names]
                    searches.append((enrolled, probes))
                    by_both.append(([*enrolled, *both], [walk for walk in probes if walk.person not in names]))
                title = f"{people} people, {100 * metres:.0f} cm, {100 * shared:.0f} % in both"
                rows += measure_searches(title, searches)
                rows += measure_searches(f"{title}, two enrolled by both", by_both)
    return rows


def measure_marker_galleries(data: Path) -> list[dict[str, str]]:
    """Enroll the people of `c3d-walking` as joints, and search their turns as joints, and as the markers themselves."""
    pattern = "{person}/{session}/*.c3d"
    joints = himpc.read(data / "c3d-walking", name=pattern)
    straight, turns = ([walk for walk in joints if walk.session == name] for name in ("Straight", "Turn"))
    points = himpc.read(data / "c3d-walking", name=pattern, layout="points")
    markers = [take_markers_as_joints(walk) for walk in points if walk.session == "Turn"]
    people = sorted({str(walk.person) for walk in straight})
    half = [walk for walk in straight if walk.person in people[::2]]
    both = [walk for walk in markers if walk.person in people[:4]]
    others = [walk for walk in markers if walk.person not in people[:4]]
    return [
        *measure_searches("c3d, joints", [(straight, turns)]),
        *measure_searches("c3d, joints, half enrolled", [(half, turns)]),
        *measure_searches("c3d, markers", [(straight, markers)]),
        *measure_searches("c3d, markers, half enrolled", [(half, markers)]),
        *measure_searches("c3d, markers, four people enrolled by both", [([*straight, *both], others)]),
        *measure_searches("c3d, the same, half enrolled", [([*half, *both], others)]),
    ]


def measure_searches(title: str, searches: Sequence[tuple[list[Recording], list[Recording]]]) -> list[dict[str, str]]:
    """Search probes in galleries, and count verdicts for probes of enrolled people and of others."""
    rows = []
    for how in ("together", "one at a time"):
        counts: Counter[tuple[bool, str]] = Counter()
        for enrolled, probes in searches:
            model = fit(enrolled, Config.preset("tracklet"), prefer_prior=True).model
            with tempfile.TemporaryDirectory() as folder, himpc.Gallery.create(Path(folder) / "g", model) as gallery:
                gallery.enroll(enrolled)
                batches = [probes] if how == "together" else [[probe] for probe in probes]
                answers = [answer for batch in batches for answer in gallery.search(batch)]
            names = {walk.person for walk in enrolled}
            for probe, answer in zip(probes, answers, strict=True):
                is_right = answer.person == probe.person
                verdict = answer.verdict if answer.person is None else "right" if is_right else "wrong"
                counts[probe.person in names, verdict] += 1
        row = {"enrolled, then searched": title, "how": how}
        for is_enrolled, of, verdicts in (
            (True, "enrolled", ("right", "wrong", "unsure", "unknown")),
            (False, "others", ("wrong", "unsure", "unknown")),
        ):
            row |= {f"{of}: {verdict}": str(counts[is_enrolled, verdict]) for verdict in verdicts}
        print(row, flush=True)
        rows.append(row)
    return rows


def measure_markers(data: Path) -> list[dict[str, str]]:
    """Group straight walks as joints and turns as markers, of the same people and of others."""
    pattern = "{person}/{session}/*.c3d"
    straight = [walk for walk in himpc.read(data / "c3d-walking", name=pattern) if walk.session == "Straight"]
    points = himpc.read(data / "c3d-walking", name=pattern, layout="points")
    turns = [take_markers_as_joints(walk) for walk in points if walk.session == "Turn"]
    people = sorted({str(walk.person) for walk in straight})
    rows = []
    for first, second in (
        (people, people),
        (people[:8], people[:8]),
        (people[:4], people[:4]),
        (people[:8], people[8:]),
    ):
        walks = [walk for walk in straight if walk.person in first] + [walk for walk in turns if walk.person in second]
        shared = len({*first} & {*second})
        rows.append({"people of a system": str(len(first)), "in both": str(shared), **measure_groups([walks])})
    return rows


def take_markers_as_joints(walk: Recording) -> Recording:
    """Return the joints of ``coco-17``, each the marker of Plug-in Gait that is nearest to it."""
    place = {label.upper(): number for number, label in enumerate(walk.layout.joints)}
    parts = {"eye": "FHD", "ear": "BHD", "shoulder": "SHO", "elbow": "ELB", "wrist": "WRA", "hip": "ASI"}
    parts |= {"knee": "KNE", "ankle": "ANK"}
    labels = {f"{side}_{part}": side[0].upper() + label for side in ("left", "right") for part, label in parts.items()}
    layout = get_layout("coco-17")
    columns = [[place["LFHD"], place["RFHD"]] if name == "nose" else [place[labels[name]]] for name in layout.joints]
    joints = np.stack([walk.joints[:, column].mean(axis=1) for column in columns], axis=1)
    return walk.with_(joints=joints[np.isfinite(joints).all(axis=(1, 2))], layout=layout, confidence=None)


def measure_rates(people: int, recordings: int, seed: int) -> list[dict[str, str]]:
    """Group recordings of which half, those of one camera, have four times the frame rate."""
    slow, fast = (himpc.simulate(people, recordings, seconds=3.0, seed=seed, fps=fps) for fps in (30, 120))
    thinned = [walk.with_(joints=walk.joints[::4], confidence=None, fps=30) for walk in fast]
    rows = []
    for title, others in (("all at 30", slow), ("30 and 120", fast), ("120 thinned to 30", thinned)):
        mixed = [one if one.camera == "front" else other for one, other in zip(slow, others, strict=True)]
        walks = [part for walk in mixed for part in clean(walk)]
        row = {"frames per second": f"{title}, seed {seed}", "ARI, number given": f"{ari(walks, people)[0]:.2f}"}
        rows.append(row)
    return rows


if __name__ == "__main__":
    main()
