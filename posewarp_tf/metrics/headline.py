"""The few numbers of an evaluation that say most, in the order in which things go wrong: motion, outline, picture."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# By name: words, and which way is better.
HEADLINES = {
    'flow_of_zero_flow': ("flow error where the photo shows the content, zero flow's being 1", 'lower'),
    'silhouette_iou': ('intersection over union of the silhouette', 'higher'),
    'foreground_ssim': ('SSIM of the person, Gaussian window', 'higher'),
    'l1_of_copying': ("L1 of the whole picture, the copied source's being 1", 'lower'),
    'detail_of_source': ("detail of the person (energy of the high band), the source's being 1", 'nearer to 1'),
}


def headline(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Those of `HEADLINES` that the metrics of an evaluation (`Scores.result`) have."""
    image = metrics['image']
    l1 = image['whole']['l1']
    finest = [scale for scale in metrics.get('flow', {}) if re.fullmatch(r'scale_-?\d+', scale)][-1:]
    silhouettes = [part['silhouette_iou'] for part in metrics.values() if 'silhouette_iou' in part]
    found = {
        'flow_of_zero_flow': next((metrics['flow'][scale]['visible']['ratio'] for scale in finest), None),
        'silhouette_iou': next((iou.get('model') for iou in silhouettes), None),
        'foreground_ssim': image['foreground']['ssim_gaussian'].get('model'),
        'l1_of_copying': l1['model'] / l1['copy_source'] if l1.get('model') is not None and l1['copy_source'] else None,
        'detail_of_source': metrics.get('detail', {}).get('foreground', {}).get('share_of_source'),
    }
    assert found.keys() == HEADLINES.keys()
    return {name: float(value) for name, value in found.items() if value is not None}
