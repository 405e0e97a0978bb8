"""Names of joints and markers in files, as a side and words: ``LeftUpLeg``, ``thigh_l``, ``L_Hip``, ``lShldr``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Side = Literal["left", "right", ""]

_SIDES: dict[str, Side] = {
    **dict.fromkeys(("l", "left", "lft", "lt", "lx", "sx", "左"), "left"),
    **dict.fromkeys(("r", "right", "rgt", "rt", "rx", "dx", "右"), "right"),
}

_IS_CENTRE = re.compile(r"(?:^|[^a-z])(?:[lr]_?)?[hkasew]?jc(?![a-z])|joint[ _.-]?cent(?:re|er)", re.IGNORECASE)
"""Names of joint centres: ``LHJC``, ``V_R.Hip_JC``, ``knee joint centre``."""

# Words that occur in names without a separator, such as "lfemur" and "LHIPJOINT".
_WORDS = frozenset(
    word
    for words in (
        "left right up upper low lower mid middle center centre big small little top base tip end joint",
        "lat lateral med medial inner outer front",
        "head neck face nose eye ear mouth jaw skull",
        "torso trunk spine back chest thorax abdomen lumbar waist navel sternum sacrum pelvis hip hips root",
        "shoulder shldr clavicle collar scapula acromion arm fore elbow humerus radius ulna wrist hand palm",
        "finger fingers thumb index pinky",
        "leg thigh femur knee shin shank calf tibia fibula ankle talus foot heel toe toes ball",
        "hjc kjc ajc sjc ejc wjc",
    )
    for word in words.split()
)

# One word for several; the first letters of a joint before "JC" are its joint centre.
_SYNONYMS = {
    "upper": "up",
    "lower": "low",
    "middle": "mid",
    "center": "centre",
    "toes": "toe",
    "hjc": "hip",
    "kjc": "knee",
    "ajc": "ankle",
    "sjc": "shoulder",
    "ejc": "elbow",
    "wjc": "wrist",
}

# Words that say what a name is for, and not which joint it names; "C" is the middle, as in C_Hips of VRM.
_IGNORED = frozenset({"joint", "jnt", "bone", "jc", "j", "def", "c", "stretch"})
_CORNERS = {"fl": "left front", "fr": "right front", "bl": "left back", "br": "right back"}
"""The corners of pelvis and head: ``Hip_FL`` is the left front of the hips."""

_PROTOCOLS = frozenset({"cgm", "ior", "cast", "study"})
"""Protocols that labels name beside the marker, as ``IOR_L_TAM``."""

_IGNORED_OF_CENTRES = frozenset({"v", "virtual", "centre"})
"""Words of a joint centre that do not say which joint it is of."""

_MAX_RUN = 24
"""Longer runs of letters are not split into words."""


@dataclass(frozen=True)
class Name:
    """A name of a file: its side, and its other words in lower case, without separators.

    Examples
    --------
    >>> parse_name("LeftUpLeg") == parse_name("upper_leg.L") == parse_name("lupleg") == Name("left", ("up", "leg"))
    True
    """

    side: Side
    words: tuple[str, ...]

    @property
    def mirrored(self) -> Name:
        """The name of the other side; itself if it has no side."""
        return Name(_OTHER[self.side], self.words)


_OTHER: dict[Side, Side] = {"left": "right", "right": "left", "": ""}


def mirror_joint(joint: str) -> str:
    """Return the name of a joint on the other side, such as ``right_knee`` for ``left_knee``."""
    for side, other in (("left_", "right_"), ("right_", "left_")):
        if joint.startswith(side):
            return other + joint.removeprefix(side)
    return joint


@lru_cache(maxsize=4096)
def parse_name(text: str) -> Name:
    """Split a name into its side and words: at separators, digits and capitals, else at the words that it consists of.

    A letter that is a side may come first or last. A number is one word (``spine_01`` is ``spine`` and ``1``), but
    stays with a single letter: ``T10``, ``C7`` and ``C_7`` are one word.
    """
    plain = re.sub(r"_?4x4$", "", text.strip(), flags=re.IGNORECASE)  # a matrix, as Theia names poses
    plain = re.sub(r"(?<![A-Za-z])([CTct])[ _.-]([0-9]{1,2})$", r"\1\2", plain)  # a vertebra
    plain = re.sub("([左右])", r" \1 ", plain)
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", plain)
    spaced = re.sub(r"(?<=[A-Za-z]{2})(?=[0-9])|(?<=[0-9])(?=[A-Za-z]{2})", " ", spaced)
    tokens = re.sub(r"[\W_]+", " ", spaced.lower()).split()
    has_side = any(token in _SIDES for token in tokens)
    words = [word for token in tokens for word in _split_run(token, has_side)]
    sides = {_SIDES[word] for word in words if word in _SIDES}
    side: Side = sides.pop() if len(sides) == 1 else ""
    rest = [_SYNONYMS.get(word, word) for word in words if not (side and word in _SIDES)]
    kept = tuple(str(int(word)) if word.isdecimal() else word for word in rest)
    # The middle of the hips is a "hip centre"; that of a side is the hip.
    ignored = _IGNORED | {"centre"} if side else _IGNORED | {"m", "x"}  # Head_M and head.x are in the middle
    if kept[:1] in (("m",), ("p",)):  # mHipLeft of Second Life, pLeftAcromion of Xsens
        ignored |= set(kept[:1])
    if is_joint_centre(text):
        ignored |= _IGNORED_OF_CENTRES
    return Name(side, tuple(word for word in kept if word not in ignored) or kept)


def is_joint_centre(text: str) -> bool:
    """Return whether a name says that it is a joint centre, and not a marker on the joint.

    >>> is_joint_centre("LKJC"), is_joint_centre("V_R.Hip_JC"), is_joint_centre("LKNE")
    (True, True, False)
    """
    return bool(_IS_CENTRE.search(text))


@lru_cache(maxsize=4096)
def marker_names(text: str) -> tuple[Name, ...]:
    """Return the names that a label of a marker may have: as words, and as a side and a code.

    A joint centre has the word ``jc``, which tells it from the marker on the joint.

    >>> marker_names("LLFC")
    (Name(side='', words=('llfc',)), Name(side='left', words=('lfc',)))
    """
    text = text.partition("__")[0]  # the first of several names, each of a protocol: SIPS_left__IOR_L_IPS__CGM_LPSI
    corner = text.lower()[-2:] if re.search("[^A-Za-z][A-Za-z]{2}$", text) else ""
    name = parse_name(text[:-2] + _CORNERS[corner] if corner in _CORNERS else text)
    name = Name(name.side, tuple(word for word in name.words if word not in _PROTOCOLS))
    if is_joint_centre(text):
        name = Name(name.side, (*name.words, "jc"))
    first = name.words[0] if name.words else text.strip().lower()  # "RGT" is also the right GT
    side, code = _SIDES.get(first[:1], ""), first[1:]
    if (name.side and name.words) or not side or not code or first in _WORDS:
        return (name,)
    return name, Name(side, (code, *name.words[1:]))


@lru_cache(maxsize=4096)
def _split_run(token: str, has_side: bool) -> tuple[str, ...]:
    """Split a run of letters into words, the fewest possible; a side may be first or last, unless the name has one."""
    if token in _WORDS or token in _SIDES or not token.isalpha() or len(token) > _MAX_RUN:
        return (token,)
    if len(token) == 2 and token[0] in "lr" and not has_side:  # LUArm
        return (token[0], token[1])
    ends = [("", token, "")]
    if not has_side:
        ends += [(side, token.removeprefix(side), "") for side in _SIDES if token.startswith(side)]
        ends += [("", token.removesuffix(side), side) for side in _SIDES if token.endswith(side)]
    splits = [(first, *words, last) for first, run, last in ends if (words := _split_words(run))]
    best = min(splits, key=len, default=(token,))
    return tuple(word for word in best if word)


def _split_words(run: str) -> tuple[str, ...]:
    """Split a run into words of the vocabulary, the fewest possible; nothing if it has others."""
    best: list[tuple[str, ...] | None] = [()]
    for end in range(1, len(run) + 1):
        heads = ((start, best[start]) for start in range(end))
        found = [(*head, run[start:end]) for start, head in heads if head is not None and run[start:end] in _WORDS]
        best.append(min(found, key=len, default=None))
    return best[-1] or ()


def is_body_word(text: str) -> bool:
    """Return whether a text names a side or a part of a body, as in ``L``, ``Left`` and ``Head``, or has no letters.

    >>> is_body_word("L"), is_body_word("UpLeg"), is_body_word("Walker")
    (True, True, False)
    """
    name = parse_name(text)
    return bool(name.side) or text.lower() in _SIDES or all(word in _WORDS or word.isdecimal() for word in name.words)
