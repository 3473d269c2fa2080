"""A pinhole camera that looks at a standing person."""

from __future__ import annotations

import dataclasses

import numpy as np

from posewarp_tf.synthetic.rendered.mesh import bounds


@dataclasses.dataclass(frozen=True, eq=False)
class Camera:
    """position [3] in metres; turn [3, 3]: rows are the camera's right, down and forward; focal and centre in pixels.

    A point at camera coordinates (X, Y, Z) is seen at (centre_x + focal X / Z, centre_y + focal Y / Z); pixel centres
    lie on whole numbers.
    """

    position: np.ndarray
    turn: np.ndarray
    focal: float
    centre: tuple[float, float]

    def project(self, points: np.ndarray) -> np.ndarray:
        """World points [..., 3] to (x, y) in pixels and the distance Z along the camera's axis in metres."""
        local = (points - self.position) @ self.turn.T
        depth = np.maximum(local[..., 2], 1e-3)
        x = self.centre[0] + self.focal * local[..., 0] / depth
        y = self.centre[1] + self.focal * local[..., 1] / depth
        return np.stack([x, y, depth], axis=-1)

    def rays(self, size: tuple[int, int], samples: int) -> np.ndarray:
        """Directions [H * samples, W * samples, 3] through the samples of a picture; not of unit length (Z is 1)."""
        height, width = size
        y = (np.arange(height * samples) - (samples - 1) / 2) / samples
        x = (np.arange(width * samples) - (samples - 1) / 2) / samples
        local = np.empty((len(y), len(x), 3))
        local[..., 0] = (x - self.centre[0])[None, :] / self.focal
        local[..., 1] = (y - self.centre[1])[:, None] / self.focal
        local[..., 2] = 1.0
        return local @ self.turn


def look_at(position: np.ndarray, target: np.ndarray, focal: float, centre: tuple[float, float]) -> Camera:
    """The camera at `position` whose axis goes through `target`, held upright."""
    forward = (target - position) / np.linalg.norm(target - position)
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    return Camera(position, np.stack([right, np.cross(forward, right), forward]), focal, centre)


@dataclasses.dataclass(frozen=True)
class View:
    """How a picture is taken: distance and height of the camera in metres, and how the person lies in the frame.

    fill: part of the picture's height that the person takes, more than 1 crops the legs; shift: the person's way to
    the right and down in picture heights.
    """

    distance: float = 3.4
    height: float = 1.3
    fill: float = 0.88
    shift: tuple[float, float] = (0.0, 0.0)


def sample_view(rng: np.random.Generator, is_whole: bool = False) -> View:
    """Eye to chest height, two to six metres away; unless `is_whole`, every seventh shows the upper part only."""
    fill = rng.uniform(1.15, 1.6) if rng.random() < 0.14 and not is_whole else rng.uniform(0.8, 0.93)
    return View(
        distance=float(rng.uniform(2.4, 5.5)),
        height=float(rng.uniform(0.95, 1.65)),
        fill=float(fill),
        shift=(float(np.clip(rng.normal(0, 0.02), -0.05, 0.05)), float(rng.uniform(-0.012, 0.012))),
    )


def frame(view: View, points: np.ndarray, size: tuple[int, int]) -> Camera:
    """The camera for which the body's `points` [N, 3] lie in a picture of `size` as `view` wants."""
    height, width = size
    middle = sum(bounds(points)) / 2
    position = np.array([0.0, view.height, view.distance])
    camera = look_at(position, np.array([0.0, 0.45 * view.height + 0.5 * middle[1], 0.0]), 1.0, (0.0, 0.0))
    seen = camera.project(points)
    low, high = bounds(seen[:, :2])
    tall, wide = high[1] - low[1], high[0] - low[0]
    focal = view.fill * height / tall
    if view.fill <= 1.0:
        focal = min(focal, 0.96 * width / wide)
    # The middle of the frame; a cropped picture begins a little above the head, and is not pushed aside by knees.
    middle_x, top, margin = (low[0] + high[0]) / 2, (low[1] + high[1]) / 2 - 0.5 * height / focal, 0.0
    if view.fill > 1.0:
        above = seen[seen[:, 1] < low[1] + 0.3 * tall, 0]
        middle_x, top, margin = (above.min() + above.max()) / 2, low[1], 0.06 * height
    centre_x = (width - 1) / 2 - focal * middle_x + view.shift[0] * height
    return dataclasses.replace(
        camera, focal=focal, centre=(centre_x, margin - focal * top - 0.5 + view.shift[1] * height)
    )
