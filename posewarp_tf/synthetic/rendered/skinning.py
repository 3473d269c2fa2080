"""Bones that turn about their heads, and skin that follows them as blended dual quaternions.

Linear blends thin out bent shoulders and knees; blended dual quaternions are rigid motions and do not.
"""

from __future__ import annotations

import numpy as np

from posewarp_tf.synthetic.rendered.compiled import compiled


@compiled
def bone_motions(parents: np.ndarray, heads: np.ndarray, rotations: np.ndarray, root: np.ndarray) -> np.ndarray:
    """float64 [B, 3, 4]: the rigid motion of each bone from rest to pose.

    parents [B], -1 for the first bone, always before their children; heads [B, 3] at rest; rotations [B, 3, 3] about
    the head, in the axes of the world as the parent has turned them; root [3] moves everything.
    """
    motions = np.zeros((len(parents), 3, 4))
    for bone in range(len(parents)):
        parent = parents[bone]
        for i in range(3):
            place = heads[bone, i] + root[i]
            if parent >= 0:
                place = motions[parent, i, 3]
                for k in range(3):
                    place += motions[parent, i, k] * heads[bone, k]
            for j in range(3):
                if parent < 0:
                    motions[bone, i, j] = rotations[bone, i, j]
                else:
                    total = 0.0
                    for k in range(3):
                        total += motions[parent, i, k] * rotations[bone, k, j]
                    motions[bone, i, j] = total
            motions[bone, i, 3] = place
            for k in range(3):
                motions[bone, i, 3] -= motions[bone, i, k] * heads[bone, k]
    return motions


@compiled
def dual_quaternions(motions: np.ndarray) -> np.ndarray:
    """float64 [B, 8] of rigid motions [B, 3, 4]: the unit quaternion (w, x, y, z) and half its product with the way."""
    out = np.zeros((len(motions), 8))
    for bone in range(len(motions)):
        m = motions[bone]
        # The largest component first: the others are then found without cancellation.
        squares = np.array(
            [
                1 + m[0, 0] + m[1, 1] + m[2, 2],
                1 + m[0, 0] - m[1, 1] - m[2, 2],
                1 - m[0, 0] + m[1, 1] - m[2, 2],
                1 - m[0, 0] - m[1, 1] + m[2, 2],
            ]
        )
        largest = np.argmax(squares)
        s = 0.5 / np.sqrt(squares[largest])
        wx, wy, wz = m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]
        xy, xz, yz = m[0, 1] + m[1, 0], m[0, 2] + m[2, 0], m[1, 2] + m[2, 1]
        own = squares[largest]
        if largest == 0:
            w, x, y, z = own * s, wx * s, wy * s, wz * s
        elif largest == 1:
            w, x, y, z = wx * s, own * s, xy * s, xz * s
        elif largest == 2:
            w, x, y, z = wy * s, xy * s, own * s, yz * s
        else:
            w, x, y, z = wz * s, xz * s, yz * s, own * s
        a, b, c = 0.5 * m[0, 3], 0.5 * m[1, 3], 0.5 * m[2, 3]
        out[bone] = np.array(
            [
                w, x, y, z,
                -a * x - b * y - c * z,
                a * w + b * z - c * y,
                b * w + c * x - a * z,
                c * w + a * y - b * x,
            ]
        )  # fmt: skip
    return out


@compiled
def skin(vertices: np.ndarray, bones: np.ndarray, weights: np.ndarray, duals: np.ndarray) -> np.ndarray:
    """float64 [N, 3]: rest vertices [N, 3] moved by the blend of the motions `duals` [B, 8].

    bones int [N, K] with weights [N, K] that sum to 1; the heaviest comes first, and the others count in its half of
    the double cover.
    """
    out = np.empty((len(vertices), 3))
    for n in range(len(vertices)):
        first = duals[bones[n, 0]]
        q = np.zeros(8)
        for k in range(bones.shape[1]):
            weight = weights[n, k]
            if weight == 0.0:
                continue
            d = duals[bones[n, k]]
            if d[0] * first[0] + d[1] * first[1] + d[2] * first[2] + d[3] * first[3] < 0:
                weight = -weight
            for i in range(8):
                q[i] += weight * d[i]
        norm = np.sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3])
        w, x, y, z = q[0] / norm, q[1] / norm, q[2] / norm, q[3] / norm
        e, f, g, h = q[4] / norm, q[5] / norm, q[6] / norm, q[7] / norm
        vx, vy, vz = vertices[n, 0], vertices[n, 1], vertices[n, 2]
        tx, ty, tz = 2 * (y * vz - z * vy), 2 * (z * vx - x * vz), 2 * (x * vy - y * vx)
        out[n, 0] = vx + w * tx + y * tz - z * ty + 2 * (w * f - e * x + y * h - z * g)
        out[n, 1] = vy + w * ty + z * tx - x * tz + 2 * (w * g - e * y + z * f - x * h)
        out[n, 2] = vz + w * tz + x * ty - y * tx + 2 * (w * h - e * z + x * g - y * f)
    return out
