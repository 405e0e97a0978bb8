"""Strides are those of walking adults."""

import numpy as np
import pytest

from himpc.simulation.kinematics import PHASES
from himpc.simulation.landmarks import LANDMARKS

NAMES = tuple(LANDMARKS)


def joint(step, name):
    return step.joints[:, NAMES.index(name)]


def test_speed_cadence_and_step_length_are_those_of_adults(population):
    speeds = np.array([step.speed for _, step in population])
    cadences = np.array([w.gait.cadence for w, _ in population])
    steps = np.array([step.advance[-1] / 2 / w.body.stature for w, step in population])
    assert speeds.mean() == pytest.approx(1.33, abs=0.06)
    assert np.quantile(speeds, [0.03, 0.97]) == pytest.approx([1.3, 1.3], abs=0.35)
    assert 110 < cadences.mean() < 119
    assert steps.mean() == pytest.approx(0.415, abs=0.02)
    knees = [np.degrees(w.gait.styles["knee"][0].angles("knee", np.arange(100) / 100)).max() for w, _ in population]
    assert np.mean(knees) == pytest.approx(63, abs=4)


def test_standing_foot_stays_on_the_floor_without_sliding(population):
    phase = np.arange(PHASES) / PHASES
    for side, name in enumerate(("left", "right")):
        flat = ((phase - 0.5 * side) % 1 > 0.12) & ((phase - 0.5 * side) % 1 < 0.34)
        for _, step in population:
            foot = joint(step, f"{name}_ankle")
            way = foot[:, 2] + step.advance[:-1]
            sliding = np.abs(np.diff(way[flat])) * PHASES / step.seconds
            assert np.median(sliding) < 0.1 * step.speed
            assert np.ptp(foot[flat, 1]) < 0.03
    lowest = np.array(
        [min(joint(s, "left_heel")[:, 1].min(), joint(s, "left_big_toe")[:, 1].min()) for _, s in population]
    )
    assert lowest.min() > -0.035
    assert np.quantile(lowest, 0.05) > -0.02
    assert lowest.max() < 0.04


def test_pelvis_moves_evenly_and_rises_a_few_centimetres(population):
    rise = np.array([np.ptp(joint(step, "pelvis")[:, 1]) for _, step in population])
    assert 0.025 < rise.mean() < 0.055
    surge = np.array([np.diff(step.advance).min() / np.diff(step.advance).mean() for _, step in population])
    assert surge.min() > 0.3


def test_stride_is_smooth(population):
    for _, step in population:
        bend = np.roll(step.joints, 1, axis=0) + np.roll(step.joints, -1, axis=0) - 2 * step.joints
        assert np.linalg.norm(bend, axis=2).max() / 8 < 0.0025  # metres that interpolation between phases is wrong by


def test_knees_bend_one_way_and_arms_swing_against_legs(population):
    for _, step in population:
        hip, knee, ankle = (joint(step, f"left_{name}") for name in ("hip", "knee", "ankle"))
        ahead = np.cross(knee - hip, ankle - knee)[:, 0]  # flexion turns about the axis to the left
        assert (ahead > -1e-3).all()
        arms = joint(step, "left_wrist")[:, 2] - joint(step, "right_wrist")[:, 2]
        legs = joint(step, "left_ankle")[:, 2] - joint(step, "right_ankle")[:, 2]
        assert np.corrcoef(arms, legs)[0, 1] < -0.5
