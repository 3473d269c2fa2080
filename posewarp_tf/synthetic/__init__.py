"""Synthetic people: drawn figures with exact joints, part maps, garment maps, flows and visibility."""

from posewarp_tf.synthetic.dataset import write_dataset
from posewarp_tf.synthetic.drawn.person import Person, sample_person
from posewarp_tf.synthetic.drawn.pose import Pose, sample_pose
from posewarp_tf.synthetic.drawn.render import Picture, exact_flow, render
from posewarp_tf.synthetic.settings import Settings

__all__ = [
    'Person',
    'Picture',
    'Pose',
    'Settings',
    'exact_flow',
    'render',
    'sample_person',
    'sample_pose',
    'write_dataset',
]
