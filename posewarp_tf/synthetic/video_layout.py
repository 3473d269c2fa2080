"""How videos of persons lie on disk, by whomever they are made: names of folders, files and columns."""

from __future__ import annotations

VIDEO_LAYOUTS = ('fashion_video', 'iper')

# In the folder of a phase, each with a folder for every video: frames; joints as an estimator finds them; clean ones;
# masks of the person; exact flows.
FRAMES, FOUND, CLEAN, MASKS, FLOWS = 'train_A', 'train_alphapose', 'train_video2d', 'train_C', 'flows'

# Of lists of what to test: frames, joints as found, clean joints. Cells are dicts {'gen': [paths], 'ref': [paths]}.
LIST_COLUMNS = ('A_paths', 'B_paths_noise', 'B_paths_clean')

# The reference is one of so many first frames of a video.
NUM_REFERENCES = 20


def phase_folder(phase: str) -> str:
    """The folder of 'train', 'test' or 'val'."""
    return f'{phase}_256'


def list_name(phase: str) -> str:
    """The list of what to test of a phase."""
    return f'{phase}_list.csv'


def flow_name(source: str, target: str) -> str:
    """The file of the exact flow from one frame of a video to another, given their names without suffix."""
    return f'{source}__{target}.npz'
