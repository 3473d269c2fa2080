"""A person: one dressed body to be photographed in any stance."""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np

from posewarp_tf.synthetic.rendered import dressing, head, lights, photograph, scenery
from posewarp_tf.synthetic.rendered.body import Body
from posewarp_tf.synthetic.rendered.glasses import glasses
from posewarp_tf.synthetic.rendered.joints import face_vertices
from posewarp_tf.synthetic.rendered.mesh import Material, Mesh, join
from posewarp_tf.synthetic.rendered.phenotypes import Phenotype, sample_phenotype
from posewarp_tf.synthetic.rendered.rig import GARMENT, part_weights
from posewarp_tf.synthetic.rendered.wardrobe import Wardrobe

_WITH_GLASSES = 0.16
_SKIRTS = (GARMENT['skirt'], GARMENT['dress'], GARMENT['coat'])


@dataclasses.dataclass(frozen=True, eq=False)
class Person:
    """A fixed appearance, the place that it is photographed in, and the light there.

    vertices float32 [M, 3]: the body at rest, with all helper meshes; heads, tails [B, 3]: its bones; face: vertices of
    the body by the names of joints; part_weights float32 [N, 11]: of the mesh.
    """

    phenotype: Phenotype
    body: Body
    vertices: np.ndarray
    heads: np.ndarray
    tails: np.ndarray
    height: float
    mesh: Mesh
    part_weights: np.ndarray
    face: dict[str, int]
    scene: scenery.Scene
    lights: lights.Lights
    film: photograph.Film

    @property
    def wears_skirt(self) -> bool:
        return any(material.garment in _SKIRTS for material in self.mesh.materials)


def sample_person(
    rng: np.random.Generator,
    body: Body,
    wardrobe: Wardrobe,
    white_background: bool = False,
    photos: list[pathlib.Path] | None = None,
) -> Person:
    """Anybody from teenage on: body, skin, face, hair, outfit and setting, all drawn from `rng`."""
    phenotype = sample_phenotype(rng)
    vertices = body.shape(phenotype)
    heads = body.bone_heads(vertices)
    tone = head.sample_tone(rng, phenotype)
    outfit = dressing.sample_outfit(rng, body, vertices, heads, wardrobe, phenotype)
    skin = head.skin_layer(rng, body, vertices, wardrobe, phenotype, tone, outfit.hidden)
    layers = [skin, *head.head_layers(rng, body, vertices, wardrobe, phenotype, tone), *outfit.layers]
    if rng.random() < _WITH_GLASSES:
        layers += glasses(rng, body, vertices)
    mesh = join(layers)
    bare = head.body_layer(body, vertices, Material('bare', 0), 'body').vertices
    scene = scenery.sample_scene(rng, white_background, photos)
    return Person(
        phenotype,
        body,
        vertices,
        heads,
        body.bone_tails(vertices),
        float(np.ptp(bare[:, 1])),
        mesh,
        part_weights(body, mesh.bones, mesh.weights),
        face_vertices(body),
        scene,
        lights.sample_lights(rng, scene.wall, scene.floor),
        photograph.sample_film(rng),
    )
