"""The skeleton under a figure: sampled proportions, and where its joints lie in a given pose."""

from __future__ import annotations

import dataclasses

import numpy as np

from posewarp_tf.synthetic.drawn import geometry
from posewarp_tf.synthetic.drawn.pose import ArmPose, LegPose, Pose

SIDES = ('right', 'left')


@dataclasses.dataclass(frozen=True)
class Body:
    """Proportions; every length but `height` (metres) is a fraction of the height."""

    height: float
    shape: float  # 0 broad shoulders and straight waist .. 1 narrow shoulders, waist and round hips
    weight: float  # thickness of torso and limbs, 1 is average
    leg: float
    shoulder: float
    hip: float
    head: float

    def __post_init__(self) -> None:
        # Metres that several files need.
        lengths = {
            'thigh': 0.52 * self.leg,
            'shin': 0.48 * self.leg,
            'ankle_height': 0.042,
            'torso': 0.84 - self.leg - 0.042,
            'upper_arm': 0.166,
            'forearm': 0.146,
            'hand': 0.098,
            'foot': 0.148,
            'head_height': self.head,
            'shoulder_half': self.shoulder,
            'hip_half': 0.048,
        }
        for name, fraction in lengths.items():
            object.__setattr__(self, name, fraction * self.height)

    thigh: float = dataclasses.field(init=False)
    shin: float = dataclasses.field(init=False)
    ankle_height: float = dataclasses.field(init=False)
    torso: float = dataclasses.field(init=False)  # hip line to the pit of the neck
    upper_arm: float = dataclasses.field(init=False)
    forearm: float = dataclasses.field(init=False)
    hand: float = dataclasses.field(init=False)
    foot: float = dataclasses.field(init=False)
    head_height: float = dataclasses.field(init=False)
    shoulder_half: float = dataclasses.field(init=False)
    hip_half: float = dataclasses.field(init=False)


def sample_body(rng: np.random.Generator) -> Body:
    """A grown-up of any build."""
    shape = rng.uniform(0.0, 1.0)
    return Body(
        height=rng.normal(1.80 - 0.14 * shape, 0.05),
        shape=shape,
        weight=float(np.clip(rng.normal(1.0, 0.1), 0.84, 1.28)),
        leg=rng.uniform(0.478, 0.502),
        shoulder=rng.uniform(0.101, 0.108) - 0.009 * shape,
        hip=rng.uniform(0.088, 0.096) + 0.006 * shape,
        head=rng.uniform(0.128, 0.140),
    )


@dataclasses.dataclass(frozen=True)
class Limb:
    """A chain of joints [n, 3] that bends in one plane; `hinge` points to the figure's left at rest."""

    joints: np.ndarray
    hinge: np.ndarray

    def rings(self, at: np.ndarray, rounding: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Centre, side and front [R, 3] of the sections at arc lengths `at` from the first joint."""
        centres, tangents = geometry.rounded_chain(self.joints, at, rounding)
        # A wrist may bend out of the plane: the least turn from the forearm to the hand takes the hinge along.
        forearm = geometry.unit(self.joints[2] - self.joints[1])
        share = (tangents @ self.hinge) / np.maximum(1 + tangents @ forearm, 1e-3)
        hinge = self.hinge - share[:, None] * (tangents + forearm)
        front = geometry.unit(np.cross(tangents, hinge))
        return centres, np.cross(front, tangents), front


@dataclasses.dataclass(frozen=True)
class Skeleton:
    """A posed figure: frames are [3, 3] with columns side (left), up, front."""

    body: Body
    pelvis: np.ndarray
    spine_at: np.ndarray
    spine_points: np.ndarray
    spine_frames: np.ndarray
    head_origin: np.ndarray
    head_frame: np.ndarray
    arms: dict[str, Limb]
    legs: dict[str, Limb]
    feet: dict[str, np.ndarray]

    def spine(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points [R, 3] and frames [R, 3, 3] at heights `at` (metres above the hip line along the spine)."""
        flat = np.concatenate([self.spine_points, self.spine_frames.reshape(-1, 9)], axis=1)
        values = np.stack([np.interp(at, self.spine_at, column) for column in flat.T], axis=1)
        return values[:, :3], geometry.orthonormal(values[:, 3:].reshape(-1, 3, 3))


def pose_skeleton(body: Body, pose: Pose) -> Skeleton:
    """Forward kinematics; the lowest foot stands on y = 0 and the hips are above the origin."""
    pelvis = geometry.tilt(pose.lean, pose.yaw, pose.sway)
    chest = pelvis @ geometry.tilt(pose.bend, pose.twist, pose.side_bend)
    head = chest @ geometry.tilt(pose.head_pitch - 0.5 * (pose.lean + pose.bend), pose.head_yaw, pose.head_roll)
    spine_at, spine_points, spine_frames = _bend_spine(body, pelvis, chest, head)
    chest_point = np.array([np.interp(0.86 * body.torso, spine_at, column) for column in spine_points.T])
    arms, legs, feet = {}, {}, {}
    for side, sign in (('right', -1.0), ('left', 1.0)):
        arms[side] = _pose_arm(body, pose.arms[side], sign, chest, chest_point, pelvis)
        hip = pelvis @ np.array([sign * body.hip_half, 0.0, 0.0])
        legs[side], feet[side] = _pose_leg(body, pose.legs[side], sign, pelvis, hip)
    floor = min(
        min(leg.joints[2, 1] - body.ankle_height, _toe_height(body, leg.joints[2], foot))
        for leg, foot in zip(legs.values(), feet.values())
    )
    lift = np.array([0.0, -floor, 0.0])
    top = spine_points[-1] + lift + head @ np.array([0.0, 0.35 * body.head_height, 0.03 * body.head_height])
    return Skeleton(
        body,
        pelvis,
        spine_at,
        spine_points + lift,
        spine_frames,
        top,
        head,
        {side: Limb(limb.joints + lift, limb.hinge) for side, limb in arms.items()},
        {side: Limb(limb.joints + lift, limb.hinge) for side, limb in legs.items()},
        feet,
    )


def _bend_spine(
    body: Body, pelvis: np.ndarray, chest: np.ndarray, head: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Heights, points and frames along the back: pelvis below, chest above, head at the end of the neck."""
    at = np.linspace(-0.5, 1.16, 84) * body.torso
    t = at / body.torso
    to_chest = np.clip((t - 0.05) / 0.6, 0.0, 1.0)[:, None, None]
    to_chest = to_chest * to_chest * (3 - 2 * to_chest)
    to_head = np.clip((t - 0.97) / 0.19, 0.0, 1.0)[:, None, None]
    frames = pelvis * (1 - to_chest) + chest * to_chest
    frames = geometry.orthonormal(frames * (1 - to_head) + head * to_head)
    # The neck leans a little to the front.
    up = frames[:, :, 1] + 0.22 * np.clip((t - 0.95) / 0.1, 0.0, 1.0)[:, None] * frames[:, :, 2]
    steps = 0.5 * (up[1:] + up[:-1]) * np.diff(at)[:, None]
    points = np.concatenate([np.zeros((1, 3)), np.cumsum(steps, axis=0)])
    origin = np.array([np.interp(0.0, at, column) for column in points.T])
    return at, points - origin, frames


def _pose_arm(
    body: Body, arm: ArmPose, sign: float, chest: np.ndarray, chest_point: np.ndarray, pelvis: np.ndarray
) -> Limb:
    # A raised arm takes the shoulder with it, up and inwards.
    raised = np.clip(np.sin(max(arm.abduction, arm.swing, 0.0) - np.pi / 2), 0.0, 1.0) if arm.reach is None else 0.0
    offset = np.array([sign * (body.shoulder_half - 0.02 * raised), 0.03 * raised, -0.005])
    shoulder = chest_point + chest @ offset
    if arm.reach is not None:
        frame, origin = (pelvis, np.zeros(3)) if arm.reach_from == 'pelvis' else (chest, chest_point)
        mirror = np.array([sign, 1.0, 1.0])
        wrist = origin + frame @ (np.array(arm.reach) * mirror * body.height)
        hand = geometry.unit(frame @ (np.array(arm.hand) * mirror))
        return _reach(body, shoulder, wrist, chest @ (np.array(arm.elbow_towards) * mirror), hand)
    turn = chest @ geometry.tilt(-arm.swing, 0.0, 0.0) @ geometry.rotation(np.array([0, 0, 1.0]), sign * arm.abduction)
    turn = turn @ geometry.rotation(geometry.UP, -sign * arm.inward)
    upper = turn @ np.array([0.0, -1.0, 0.0])
    hinge = turn @ geometry.X_AXIS
    lower = geometry.rotation(hinge, -arm.elbow) @ upper
    return _arm_limb(body, shoulder, upper, lower, geometry.rotation(hinge, -0.12) @ lower, hinge)


def _arm_limb(
    body: Body, shoulder: np.ndarray, upper: np.ndarray, lower: np.ndarray, hand: np.ndarray, hinge: np.ndarray
) -> Limb:
    elbow = shoulder + body.upper_arm * upper
    wrist = elbow + body.forearm * lower
    return Limb(np.stack([shoulder, elbow, wrist, wrist + body.hand * hand]), hinge)


def _reach(body: Body, shoulder: np.ndarray, wrist: np.ndarray, towards: np.ndarray, hand: np.ndarray) -> Limb:
    """Two-bone inverse kinematics: the elbow lies in the plane of shoulder, wrist and `towards`."""
    line = wrist - shoulder
    longest = 0.995 * (body.upper_arm + body.forearm)
    distance = np.clip(np.linalg.norm(line), 0.35 * longest, longest)
    line = geometry.unit(line)
    pole = geometry.unit(towards - line * (towards @ line))
    cosine = (body.upper_arm**2 + distance**2 - body.forearm**2) / (2 * body.upper_arm * distance)
    cosine = np.clip(cosine, -1.0, 1.0)
    upper = cosine * line + np.sqrt(1 - cosine**2) * pole
    lower = geometry.unit(shoulder + distance * line - (shoulder + body.upper_arm * upper))
    hinge = -geometry.unit(geometry.cross(upper, lower))
    # A wrist bends by at most about 65 degrees.
    least = max(np.cos(1.1) - float(hand @ lower), 0.0)
    return _arm_limb(body, shoulder, upper, lower, geometry.unit(hand + 1.6 * least * lower), hinge)


def _pose_leg(body: Body, leg: LegPose, sign: float, pelvis: np.ndarray, hip: np.ndarray) -> tuple[Limb, np.ndarray]:
    turn = pelvis @ geometry.rotation(np.array([0, 0, 1.0]), sign * leg.abduction)
    turn = turn @ geometry.tilt(-leg.swing, 0.0, 0.0) @ geometry.rotation(geometry.UP, sign * leg.outward)
    upper = turn @ np.array([0.0, -1.0, 0.0])
    hinge = turn @ geometry.X_AXIS
    lower = geometry.rotation(hinge, leg.knee) @ upper
    knee = hip + body.thigh * upper
    ankle = knee + body.shin * lower
    # A foot keeps its direction but lies as flat on the floor as its ankle allows.
    shin_front = geometry.cross(lower, hinge)
    flat = geometry.unit(shin_front * np.array([1.0, 0.0, 1.0]))
    pitch = float(np.arcsin(np.clip(shin_front[1], -1.0, 1.0)))
    pitch = pitch + np.clip(-pitch, -0.5, 0.5) if leg.lifted else 0.0
    side = geometry.unit(geometry.cross(geometry.UP, flat))
    frame = np.stack([side, geometry.UP, flat], axis=1)
    return Limb(np.stack([hip, knee, ankle]), hinge), geometry.rotation(side, -pitch) @ frame


def _toe_height(body: Body, ankle: np.ndarray, foot: np.ndarray) -> float:
    return float((ankle + foot @ np.array([0.0, -body.ankle_height, 0.7 * body.foot]))[1])
