"""How papers on re-posing score their pictures: what the scripts that they published do, and what nobody said.

docs/evaluating.md has the same as a table. Facts are from the papers' repositories and from what their authors answered
there; where nothing is known, `unknown` says what was taken instead.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

Size = tuple[int, int]

_MARKET: tuple[Size, ...] = ((128, 64),)
_WHICH_INCEPTION = (
    'which Inception: the script asks for a file that is not published with it; by its names it is of pytorch-fid, '
    "whose first versions had torchvision's weights and later ones those of FID"
)


@dataclasses.dataclass(frozen=True)
class Protocol:
    """One way to score pictures.

    Attributes:
        sizes: by layout of the data, (height, width) of the pictures that are compared; where there are several, that
            of the answers counts, or else the first. Pillow's bicubic filter resizes true pictures, and answers of
            another size.
        jpeg_quality: true pictures that were resized went through JPEG of this quality; None: PNG, which keeps all.
        network_sizes: by layout, the size that FID and LPIPS see, resized once more, bilinear without smoothing.
        inception: the variants (torch_inception.py) that FID may be of.
        transforms_input: whether Inception gets pictures as `transform_input` makes them.
        sigma: of the Gaussian window of ssim_256.
        batch: FID and LPIPS leave out what does not fill a last batch of so many; None: they take all.
        unknown: what is not known, and what was taken.
    """

    sizes: Mapping[str, tuple[Size, ...]]
    jpeg_quality: int | None = None
    network_sizes: Mapping[str, Size] = dataclasses.field(default_factory=dict)
    inception: tuple[str, ...] = ('fid', 'torchvision')
    transforms_input: bool = False
    sigma: float = 1.5
    batch: int | None = None
    unknown: tuple[str, ...] = ()

    def size_for(self, layout: str, answer: Size) -> Size:
        """The size to compare pictures at, for answers of a size."""
        return answer if answer in self.sizes[layout] else self.sizes[layout][0]


# Ren et al., CVPR 2020; Ren et al., CVPR 2022; Bhunia et al., CVPR 2023; Lu et al., CVPR 2024.
PROTOCOLS = {
    'gfla': Protocol(
        sizes={'deepfashion': ((256, 256),), 'market': _MARKET},
        jpeg_quality=75,
        batch=64,
        unknown=('the quality of the JPEG files: Pillow\'s 75 is taken', _WHICH_INCEPTION),
    ),
    'nted': Protocol(
        sizes={'deepfashion': ((256, 176), (512, 352)), 'market': _MARKET},
        batch=64,
        unknown=(
            'the script: none was published; that the rest is as of GFLA, by the same author, is a guess',
            'the files of the true pictures: PNG is taken, as of the training data',
            _WHICH_INCEPTION,
        ),
    ),
    'pidm': Protocol(
        sizes={'deepfashion': ((256, 256),), 'market': _MARKET},
        network_sizes={'deepfashion': (256, 176)},
        sigma=1.2,
        batch=64,
        unknown=('which of the two SSIM the paper prints; others found ssim_256 to agree', _WHICH_INCEPTION),
    ),
    'cfld': Protocol(
        sizes={'deepfashion': ((256, 176), (512, 352)), 'market': _MARKET},
        inception=('torchvision',),
        transforms_input=True,
        unknown=('the names of the files in the published archive',),
    ),
}  # fmt: skip
