"""XML as recorders of Kinect skeletons write it: the same walk under many tags comes back as the same joints."""

import numpy as np
import pytest

import himpc
from himpc.errors import FormatError

V1 = (
    *("HipCenter", "Spine", "ShoulderCenter", "Head", "ShoulderLeft", "ElbowLeft", "WristLeft", "HandLeft"),
    *("ShoulderRight", "ElbowRight", "WristRight", "HandRight", "HipLeft", "KneeLeft", "AnkleLeft", "FootLeft"),
    *("HipRight", "KneeRight", "AnkleRight", "FootRight"),
)
"""The joints of Kinect v1, by the names of its SDK."""

ASIDE = np.array([1.5, 0, 0])


def attributes(at, names=("x", "y", "z")):
    return " ".join(f'{name}="{value:.6f}"' for name, value in zip(names, at, strict=True))


def elements(at, names="XYZ"):
    return "".join(f"<{name}>{value:.6f}</{name}>" for name, value in zip(names, at, strict=True))


def joints_of(frame, joint):
    return "".join(joint(name, at) for name, at in zip(V1, frame, strict=True))


def inner(name, at):
    return f'<Joint Type="{name}" State="Tracked"><Position {attributes(at, ("posx", "posy", "posz"))}/></Joint>'


def serialized(name, at):
    return f'<Joint ID="{name}" TrackingState="Tracked"><Position>{elements((*at, 1), "XYZW")}</Position></Joint>'


def attributed(name, at):
    return f'<Joint name="{name}" {attributes(at)} />'


DIALECTS = {
    "skeletons": lambda x: tag(
        "Skeletons", *(f'<Skeleton Id="1"><Joints>{joints_of(f, inner)}</Joints></Skeleton>' for f in x)
    ),
    "serialized objects": lambda x: tag(
        "ArrayOfSkeletonData",
        *(
            f"<SkeletonData><Joints>{joints_of(f, serialized)}</Joints><TrackingID>3</TrackingID></SkeletonData>"
            for f in x
        ),
    ),
    "frames": lambda x: tag(
        "KinectData",
        *(
            f'<Frame Time="{i / 30:.5f}"><Skeleton>{joints_of(f, attributed)}</Skeleton></Frame>'
            for i, f in enumerate(x)
        ),
    ),
    "decimal commas": lambda x: tag(
        "Recording", *(f"<Frame>{joints_of(f, attributed)}</Frame>".replace(".", ",") for f in x)
    ),
    "joints as tags": lambda x: tag(
        "Recording", *(f"<Frame>{joints_of(f, lambda name, at: f'<{name}>{elements(at)}</{name}>')}</Frame>" for f in x)
    ),
    "joints as text": lambda x: tag(
        "Recording",
        *(f"<Frame>{joints_of(f, lambda n, at: f'<{n}>{at[0]:.6f} {at[1]:.6f} {at[2]:.6f}</{n}>')}</Frame>" for f in x),
    ),
    "one stream": lambda x: tag(
        "frames",
        *(
            f"<FrameNum>{i}</FrameNum>{joints_of(f, lambda n, at: f'<{n}>{elements(at)}</{n}>')}"
            for i, f in enumerate(x)
        ),
    ),
    "rows of joints": lambda x: tag(
        "data",
        *(
            f'<joint frame="{i}" name="{n}" {attributes(at)}/>'
            for i, f in enumerate(x)
            for n, at in zip(V1, f, strict=True)
        ),
    ),
}


def tag(root, *children):
    return f'<?xml version="1.0"?>\n<{root} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{"".join(children)}</{root}>'


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_the_same_walk_is_read_from_every_dialect(tmp_path, walking, name, encoding):
    joints, _ = walking("kinect-v1")
    (tmp_path / "a.xml").write_bytes(DIALECTS[name](joints).encode(encoding))
    (recording,) = himpc.read(tmp_path / "a.xml", clean=False)
    assert recording.layout.name == "kinect-v1"
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert recording.fps == (pytest.approx(30, abs=0.1) if name == "frames" else None)


def test_bodies_are_told_apart_by_their_ids(tmp_path, walking):
    joints, _ = walking("kinect-v1")
    bodies = [
        "".join(
            f'<Body TrackingId="{7 + k}"><Joints>{joints_of(f + k * ASIDE, inner)}</Joints></Body>' for k in range(2)
        )
        for f in joints
    ]
    text = tag("Recording", *(f'<Frame number="{i}"><Bodies>{body}</Bodies></Frame>' for i, body in enumerate(bodies)))
    (tmp_path / "a.xml").write_text(text)
    _, second = himpc.read(tmp_path / "a.xml", clean=False)
    np.testing.assert_allclose(second.joints, joints + ASIDE, atol=1e-5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<a><b>1</b><c x='2'/></a>", "is XML in which no poses are found"),
        ("<a><b></a>", "is not valid XML: mismatched tag"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "declares a document type"),
        ("<a>" * 100 + "</a>" * 100, "nested too deeply"),
    ],
)
def test_other_xml_is_refused(tmp_path, text, message):
    (tmp_path / "a.xml").write_text('<?xml version="1.0"?>' + text)
    with pytest.raises(FormatError, match=message):
        himpc.read(tmp_path / "a.xml")
