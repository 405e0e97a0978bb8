"""The methods of anonymization as one table, and chains of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from himpc.anonymization.bodies import retarget, standard_body
from himpc.anonymization.gait import normalise_gait
from himpc.anonymization.perturbation import add_noise, add_offset, drop_joints, resample, smooth
from himpc.errors import ConfigError, suggest_name
from himpc.recordings import Recording

__all__ = ["METHODS", "Chain", "Method", "Step"]

_DROP = "drop"


@dataclass(frozen=True)
class Method:
    """A method with a strength: ``apply(recording, strength, rng)``; strength 0 changes nothing."""

    apply: Callable[[Recording, float, np.random.Generator], Recording]
    summary: str
    unit: str
    default: float | None
    limit: float
    """Largest strength."""


METHODS: dict[str, Method] = {
    "standard-body": Method(
        standard_body, "set segment lengths to a standard body", "share of the way, 0 to 1", 1.0, 1.0
    ),
    "retarget": Method(retarget, "give the motion to a body drawn at random", "share of the way, 0 to 1", 1.0, 1.0),
    "gait": Method(normalise_gait, "normalise cadence and stride", "share of the way, 0 to 1", 1.0, 1.0),
    "noise": Method(add_noise, "perturb each coordinate in each frame", "mm, standard deviation", None, 10_000.0),
    "offset": Method(add_offset, "displace each joint for a whole recording", "mm, standard deviation", None, 10_000.0),
    "smooth": Method(smooth, "smooth over time", "s, standard deviation", None, 60.0),
    "resample": Method(resample, "reduce the frame rate", "frames a second", None, 10_000.0),
}
"""The methods with a number as strength; ``drop`` has names of joints or parts instead."""


@dataclass(frozen=True)
class Step:
    """One method with its strength, or the joints that it drops."""

    method: str
    strength: float = 0.0
    joints: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.method}:{','.join(self.joints) if self.method == _DROP else f'{self.strength:g}'}"

    def apply(self, recording: Recording, rng: np.random.Generator) -> Recording:
        """Apply the step to a recording, which stays as it is."""
        if self.method == _DROP:
            return drop_joints(recording, self.joints)
        return METHODS[self.method].apply(recording, self.strength, rng)

    @classmethod
    def parse(cls, text: str) -> Step:
        """Parse ``NAME``, ``NAME:STRENGTH`` or ``drop:JOINT,PART``."""
        name, colon, value = (part.strip() for part in text.partition(":"))
        if name == _DROP:
            joints = tuple(joint.strip() for joint in value.split(",") if joint.strip())
            if not joints:
                raise ConfigError("method drop needs joints or parts, such as 'drop:left_wrist,right_wrist'")
            return cls(name, joints=joints)
        if name not in METHODS:
            known = [*METHODS, _DROP]
            raise ConfigError(f"unknown method {suggest_name(name, known)}, expected one of {', '.join(known)}")
        method = METHODS[name]
        if not colon and method.default is not None:
            return cls(name, method.default)
        try:
            strength = float(value)
        except ValueError:
            strength = math.nan
        if not 0 <= strength <= method.limit:
            raise ConfigError(
                f"method {text!r} needs a strength from 0 to {method.limit:g} ({method.unit}), found {value!r}",
                hint=f"write it as '{name}:NUMBER'",
            )
        return cls(name, strength)


@dataclass(frozen=True)
class Chain:
    """Methods that are applied one after the other.

    Examples
    --------
    >>> chain = Chain.parse("standard-body + noise:20")
    >>> str(chain), chain.steps[1].strength
    ('standard-body:1+noise:20', 20.0)
    """

    steps: tuple[Step, ...] = ()

    def __str__(self) -> str:
        return "+".join(map(str, self.steps)) or "none"

    def apply(self, recording: Recording, rng: np.random.Generator) -> Recording:
        """Apply all steps to a recording, which stays as it is.

        Raises
        ------
        DataError, LayoutError, ConfigError
            If the recording lacks what a method needs.
        """
        for step in self.steps:
            recording = step.apply(recording, rng)
        return recording

    @classmethod
    def parse(cls, text: str | Chain) -> Chain:
        """Parse steps joined by ``+``; ``none`` is a chain without steps, and a chain is returned as it is.

        Raises
        ------
        ConfigError
            If a method is unknown, or its strength out of range.
        """
        if isinstance(text, Chain):
            return text
        if not isinstance(text, str):
            raise ConfigError(f"a method should be a text such as 'standard-body+noise:20', found {text!r}")
        if text.strip() == "none":
            return cls()
        return cls(tuple(Step.parse(part) for part in text.split("+")))
