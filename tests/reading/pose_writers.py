"""Writers of the files of depth cameras, pose estimators and data sets, for tests; each takes bodies in metres, y up.

A writer takes the folder and bodies ``(people, frames, J, 3)`` of the layout that `LAYOUTS` names, and returns the
file.
"""

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np

from himpc.reading.formats.cad60 import _ORIENTED
from himpc.reading.formats.florence import _ORDER as FLORENCE_ORDER
from himpc.reading.formats.matlab import _ORDER as UTD_ORDER
from himpc.reading.formats.msr_action3d import _ORDER as MSR_ORDER
from himpc.skeleton import get_layout

DOWN = (1, -1, -1)


def pixels(frame: np.ndarray) -> np.ndarray:
    return np.column_stack([frame[:, 0] * 100 + 500, 900 - frame[:, 1] * 100])


def rows(values: np.ndarray, separator: str = " ") -> str:
    return "\n".join(separator.join(f"{value:.6g}" for value in np.ravel(row)) for row in values) + "\n"


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def azure_kinect(folder: Path, bodies: np.ndarray) -> Path:
    """Write keys in the order of the alphabet, as the offline processor does."""
    names = [joint.upper() for joint in get_layout("azure-kinect").joints]
    names = [
        f"{name.split('_', 1)[1]}_{name.split('_')[0]}" if name[:4] in ("LEFT", "RIGH") else name for name in names
    ]
    names = [{"SPINE": "SPINE_NAVEL", "CHEST": "SPINE_CHEST"}.get(n, n.replace("HAND_TIP", "HANDTIP")) for n in names]
    frames = [
        {
            "bodies": [
                {
                    "body_id": person + 1,
                    "joint_orientations": [[1, 0, 0, 0]] * len(names),
                    "joint_positions": (body[i] * DOWN * 1000).tolist(),
                }
                for person, body in enumerate(bodies)
            ],
            "frame_id": i,
            "num_bodies": len(bodies),
            "timestamp_usec": 33_333 * i,
        }
        for i in range(bodies.shape[1])
    ]
    content = {"bone_list": [["SPINE_CHEST", "SPINE_NAVEL"]], "frames": frames, "joint_names": names}
    return write(folder / "azure.json", {**content, "k4abt_sdk_version": "1.1.2", "source_file": "a.mkv"})


def zed(folder: Path, bodies: np.ndarray) -> Path:
    def body(person: int, points: np.ndarray) -> dict:
        keypoints = {"keypoint": points.tolist(), "keypoint_confidence": [88.0] * len(points)}
        return {"id": person, "tracking_state": "OK", "confidence": 90.0, **keypoints}

    frames = {
        str(1000 + round(i * 1000 / 30)): {
            "is_new": True,
            "is_tracked": True,
            "timestamp": 10**9 + round(i * 1e9 / 30),
            "body_list": [body(person, points[i]) for person, points in enumerate(bodies)],
        }
        for i in range(bodies.shape[1])
    }
    return write(folder / "bodies.json", frames)


def mmpose(folder: Path, bodies: np.ndarray) -> Path:
    frames = [
        {
            "frame_id": i + 1,
            "instances": [
                {
                    "keypoints": pixels(points[i]).tolist(),
                    "keypoint_scores": [0.9] * points.shape[1],
                    "bbox": [[0, 0, 1, 1]],
                    "track_id": person,
                }
                for person, points in enumerate(bodies)
            ],
        }
        for i in range(bodies.shape[1])
    ]
    return write(folder / "results.json", {"meta_info": {"dataset_name": "coco"}, "instance_info": frames})


def ultralytics(folder: Path, bodies: np.ndarray) -> Path:
    def detection(person: int, points: np.ndarray) -> dict:
        x, y = pixels(points).T.tolist()
        box = {"x1": 0.0, "y1": 0.0, "x2": 1.0, "y2": 1.0}
        keypoints = {"x": x, "y": y, "visible": [0.9] * len(x)}
        return {"name": "person", "class": 0, "confidence": 0.9, "box": box, "track_id": person, "keypoints": keypoints}

    frames = [[detection(person, body[i]) for person, body in enumerate(bodies)] for i in range(bodies.shape[1])]
    return write(folder / "poses.json", frames)


def tensorflow_js(folder: Path, bodies: np.ndarray) -> Path:
    names = get_layout("mediapipe-33").joints

    def pose(person: int, points: np.ndarray) -> dict:
        rows = [{"x": x, "y": -y, "z": -z, "score": 0.9} for x, y, z in points.tolist()]
        points_3d = [{**row, "name": name} for row, name in zip(rows, names, strict=True)]
        return {"keypoints": [{"x": 1, "y": 2, "name": names[0]}], "keypoints3D": points_3d, "id": person}

    frames = [[pose(person, body[i]) for person, body in enumerate(bodies)] for i in range(bodies.shape[1])]
    return write(folder / "poses.json", frames)


def nw_ucla(folder: Path, bodies: np.ndarray) -> Path:
    content = {"file_name": "a01_s02_e03_v01", "skeletons": bodies[0].tolist(), "label": 1}
    return write(folder / "a01_s02_e03_v01.json", content)


def gaitgraph(folder: Path, bodies: np.ndarray) -> Path:
    layout = get_layout("coco-17")
    header = ",".join(["image_name", *(f"{joint}_{part}" for joint in layout.joints for part in ("x", "y", "conf"))])
    lines = [
        f"{person + 1:03d}-nm-01-090/{i:06d}.jpg,"
        + rows([np.column_stack([pixels(p[i]), np.full(17, 0.9)])], ",").strip()
        for person, p in enumerate(bodies)
        for i in range(bodies.shape[1])
    ]
    return write(folder / "casia-b_pose.csv", "\n".join([header, *lines]) + "\n")


def msr_action3d(folder: Path, bodies: np.ndarray) -> Path:
    layout = get_layout("kinect-v1")
    body = bodies[0][:, [layout.index(joint) for joint in MSR_ORDER]]
    for side in ("left", "right"):
        body[:, MSR_ORDER.index(f"{side}_foot"), 2] = body[:, MSR_ORDER.index(f"{side}_ankle"), 2] + 0.15
    values = np.concatenate([body, np.ones((*body.shape[:2], 1))], axis=2)
    return write(folder / "a01_s01_e01_skeleton3D.txt", rows(values.reshape(-1, 4), "  "))


def msr_daily(folder: Path, bodies: np.ndarray) -> Path:
    lines = [f"{bodies.shape[1]} 20"]
    for i in range(bodies.shape[1]):
        lines.append(str(40 * len(bodies)))
        for body in bodies:
            for joint in body[i]:
                lines += [rows([[*joint, 1]]).strip(), "0.5 0.4 800 1"]
    return write(folder / "a01_s01_e01_skeleton.txt", "\n".join(lines) + "\n")


def utkinect(folder: Path, bodies: np.ndarray) -> Path:
    values = bodies[0].reshape(len(bodies[0]), -1)
    numbers = 252 + 2 * np.arange(len(values))[:, None]
    return write(folder / "joints_s01_e01.txt", rows(np.hstack([numbers, values]), "  "))


def florence(folder: Path, bodies: np.ndarray) -> Path:
    order = [get_layout("common-15").index(joint) for joint in FLORENCE_ORDER]
    values = [
        [person + 1, person + 1, 3, *np.ravel(frame[order] * 1000)]
        for person, body in enumerate(bodies)
        for frame in body
    ]
    return write(folder / "Florence_dataset_WorldCoordinates.txt", rows(values))


def cad60(folder: Path, bodies: np.ndarray) -> Path:
    lines = []
    for i, frame in enumerate(bodies[0] * 1000):
        cells = [f"{i + 1}"]
        for joint, position in enumerate(frame):
            orientation = "1,0,0,0,1,0,0,0,1,1," if joint < _ORIENTED else ""
            cells.append(orientation + rows([[*position, 1]], ",").strip())
        lines.append(",".join(cells) + ",")
    return write(folder / "0512164529.txt", "\n".join([*lines, "END"]) + "\n")


def mat_matrix(name: str, values: np.ndarray) -> bytes:
    """Return the element of a matrix of doubles of a MAT file of version 5."""

    def element(kind: int, data: bytes) -> bytes:
        return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)

    shape = struct.pack(f"<{values.ndim}i", *values.shape)
    numbers = np.asarray(values, "<f8").tobytes(order="F")
    parts = [element(6, struct.pack("<II", 6, 0)), element(5, shape), element(1, name.encode()), element(9, numbers)]
    return struct.pack("<II", 14, sum(map(len, parts))) + b"".join(parts)


def mat_file(path: Path, *elements: bytes, compress: bool = False) -> Path:
    if compress:
        packed = [zlib.compress(element) for element in elements]
        elements = tuple(struct.pack("<II", 15, len(data)) + data for data in packed)
    header = b"MATLAB 5.0 MAT-file, made by a test".ljust(124) + struct.pack("<H", 0x0100) + b"IM"
    path.write_bytes(header + b"".join(elements))
    return path


def utd_mhad(folder: Path, bodies: np.ndarray) -> Path:
    layout = get_layout("kinect-v1")
    values = bodies[0][:, [layout.index(joint) for joint in UTD_ORDER]].transpose(1, 2, 0)
    return mat_file(folder / "a1_s1_t1_skeleton.mat", mat_matrix("d_skel", values))


def smpl(folder: Path, bodies: np.ndarray) -> Path:
    archive = io.BytesIO()
    np.savez(archive, Jtr=bodies[0].astype(np.float32), mocap_framerate=np.array(120.0), gender=np.array("female"))
    (folder / "a_poses.npz").write_bytes(archive.getvalue())
    return folder / "a_poses.npz"


WRITERS = {
    "azure-kinect": azure_kinect,
    "zed": zed,
    "mmpose": mmpose,
    "ultralytics": ultralytics,
    "tensorflow-js": tensorflow_js,
    "nw-ucla": nw_ucla,
    "gaitgraph": gaitgraph,
    "msr-action3d": msr_action3d,
    "msr-daily": msr_daily,
    "utkinect": utkinect,
    "florence": florence,
    "cad-60": cad60,
    "utd-mhad": utd_mhad,
    "smpl": smpl,
}
LAYOUTS = {
    **dict.fromkeys(WRITERS, "kinect-v1"),
    "azure-kinect": "azure-kinect",
    "zed": "body-38",
    "mmpose": "coco-17",
    "ultralytics": "coco-17",
    "tensorflow-js": "mediapipe-33",
    "gaitgraph": "coco-17",
    "florence": "common-15",
    "cad-60": "openni-15",
    "smpl": "smpl-24",
}
RATES = {"azure-kinect": 30, "zed": 30, "utkinect": 15, "utd-mhad": 30, "smpl": 120}
"""Frames a second that the files state."""

FLAT = {"mmpose", "ultralytics", "gaitgraph"}
"""Formats of 2D poses."""

SEVERAL = {"azure-kinect", "zed", "mmpose", "ultralytics", "tensorflow-js", "gaitgraph", "msr-daily", "florence"}
"""Formats of which a file may hold several people."""
