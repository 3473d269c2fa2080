"""How near flows are to the exact flow, which only synthetic people have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from posewarp_tf.conventions import VISIBILITY_OCCLUDED, VISIBILITY_VISIBLE
from posewarp_tf.models.outputs import titled

FLOW_REGIONS = {'visible': VISIBILITY_VISIBLE, 'occluded': VISIBILITY_OCCLUDED}

FLOW_PROTOCOL = (
    'mean over all foreground pixels of all pairs of |flow - exact flow|; each flow is resized bilinearly to the full '
    'picture, in its pixels; visible: the surface point is also seen in the source; occluded: it is not; '
    'zero_flow: the error of a flow that is 0 everywhere; ratio: model / zero_flow'
)


class FlowErrors:
    """Mean end-point errors of every scale over a data set, batch by batch."""

    def __init__(self) -> None:
        # {(family, scale): {region: [sum of the model's errors, sum of zero flow's errors, pixels]}}
        self._sums: dict[tuple[str, int], dict[str, np.ndarray]] = {}

    def add(
        self, flows: Sequence[np.ndarray], exact_flow: np.ndarray, visibility: np.ndarray, family: str = 'source'
    ) -> None:
        """Adds a batch.

        Args:
            flows: the model's flows [B, h, w, 2], one for each scale, in pixels of their own maps.
            exact_flow: [B, H, W, 2] in pixels.
            visibility: uint8 [B, H, W], one of conventions.VISIBILITY_*.
            family: the role whose pixels they move.
        """
        from posewarp_tf import ops

        height, width = exact_flow.shape[1:3]
        zero_error = end_point_error(np.zeros_like(exact_flow), exact_flow)
        for flow in flows:
            scale = round(np.log2(height / flow.shape[1]))
            error = end_point_error(np.asarray(ops.resize_flow(flow, (height, width))), exact_flow)
            for region, value in FLOW_REGIONS.items():
                inside = visibility == value
                sums = np.array([error[inside].sum(), zero_error[inside].sum(), inside.sum()], np.float64)
                regions = self._sums.setdefault((family, scale), {})
                regions[region] = regions.get(region, 0.0) + sums

    def result(self) -> dict[str, dict[str, dict[str, float | None]]]:
        """{'scale_2': {'visible': {'model': ..., 'zero_flow': ..., 'ratio': ...}, 'occluded': ...}}, coarse first.

        Values are None for a region without pixels, and the ratio where zero flow is exact.
        """
        return {
            titled(family, f'scale_{scale}'): {region: _means(*sums) for region, sums in regions.items()}
            for (family, scale), regions in sorted(self._sums.items(), key=lambda item: -item[0][1])
        }


def end_point_error(flow: np.ndarray, exact_flow: np.ndarray) -> np.ndarray:
    """Length of the difference of two flows [..., 2], in their unit: [...]."""
    return np.linalg.norm(np.asarray(flow, np.float64) - exact_flow, axis=-1)


def _means(model: float, zero_flow: float, num_pixels: float) -> dict[str, float | None]:
    if not num_pixels:
        return {'model': None, 'zero_flow': None, 'ratio': None}
    ratio = float(model / zero_flow) if zero_flow else None
    return {'model': float(model / num_pixels), 'zero_flow': float(zero_flow / num_pixels), 'ratio': ratio}
