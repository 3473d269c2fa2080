"""Garments as shells on a body."""

from __future__ import annotations

import dataclasses

import numpy as np

from posewarp_tf.synthetic.drawn.figure import SIDES, Body
from posewarp_tf.synthetic.drawn.limbs import Foot, LimbTube, Thumb
from posewarp_tf.synthetic.drawn.pieces import GARMENT, PART, Piece, Rule, constant, limb_part, plain, trunk_part
from posewarp_tf.synthetic.drawn.textures import Cloth, Color, Sampler, cloth_colors, folds, luminance
from posewarp_tf.synthetic.drawn.trunk import Collar, Trunk


@dataclasses.dataclass(frozen=True)
class Tailor:
    """Makes garments that fit `body`, their cut drawn from `rng`."""

    body: Body
    rng: np.random.Generator

    def trunk_colors(self, cloth: Cloth, surface: Trunk, placket: Color | None = None) -> Sampler:
        body = self.body

        def colors(u: np.ndarray, theta: np.ndarray) -> np.ndarray:
            out = cloth_colors(cloth, u, theta, 0.078 * body.height, 0.66 * body.torso)
            if cloth.trim is not None:
                out = np.where((u < surface.u[0] + 0.025)[:, None], np.array(cloth.trim), out)
            if placket is not None:
                line = (np.abs(theta) < 0.09) & (np.abs(theta) > 0.05)
                button = (np.abs(theta) < 0.06) & (np.abs((u / 0.09) % 1 - 0.5) < 0.13)
                out = np.where((line | button)[:, None], np.array(placket), out)
            return out * folds(cloth.seed, u, theta)[:, None]

        return colors

    def limb_colors(self, cloth: Cloth, kind: str, stop: float) -> Sampler:
        girth = (0.03 if kind == 'arm' else 0.045) * self.body.height

        def colors(u: np.ndarray, theta: np.ndarray) -> np.ndarray:
            # Chest pictures do not repeat on the sleeves.
            out = cloth_colors(cloth, -u, theta, girth, 9.0)
            if cloth.trim is not None:
                out = np.where((u > stop - 0.022)[:, None], np.array(cloth.trim), out)
            return out * folds(cloth.seed, u + 1.3, theta)[:, None]

        return colors

    def sleeves(self, cloth: Cloth, length: float, ease: float, flare: float, garment: int) -> list[Piece]:
        """`length` in arm lengths to the wrist; none when 0."""
        if length <= 0:
            return []
        body = self.body
        stop = length * (body.upper_arm + body.forearm)
        return [
            Piece(
                LimbTube(body, 'arm', side, 0.0, stop, ease, flare, 0.3 * stop),
                garment,
                limb_part(body, 'arm', side),
                self.limb_colors(cloth, 'arm', stop),
                two_sided=flare > 0.008,
            )
            for side in SIDES
        ]

    def neckline(self, kind: str, sleeveless: bool) -> Rule:
        """Keeps what lies below the neckline ('crew', 'v', 'scoop', 'high') and inside the armholes."""
        torso = self.body.torso
        depth = {'crew': 0.05, 'v': 0.24, 'scoop': 0.16, 'high': 0.0}[kind]
        reach = {'crew': 0.9, 'v': 0.75, 'scoop': 1.0, 'high': 1.0}[kind]
        top = (1.10 if kind == 'high' else 1.015) * torso

        def keep(u: np.ndarray, theta: np.ndarray) -> np.ndarray:
            away = np.clip(1 - np.abs(theta) / reach, 0.0, 1.0)
            drop = away if kind == 'v' else np.sqrt(away)
            kept = u < top - depth * torso * drop
            if sleeveless:
                strap = np.abs(np.sin(theta)) < 0.93 - 0.2 * np.clip((u / torso - 0.72) / 0.25, 0, 1)
                kept &= (u < 0.72 * torso) | strap
            return kept

        return keep

    def top(
        self,
        cloth: Cloth,
        length: float,
        garment: int = GARMENT['upper_clothes'],
        layer: float = 0.008,
    ) -> list[Piece]:
        """A shirt, blouse or jumper reaching `length` metres below the hip line, `layer` metres off the skin."""
        rng, body = self.rng, self.body
        sleeve = float(rng.choice([0.0, 0.34, 0.4, 0.62, 0.97, 1.0], p=[0.12, 0.24, 0.14, 0.08, 0.21, 0.21]))
        straight = rng.uniform(0.1, 0.9)
        neck = str(rng.choice(['crew', 'v', 'scoop', 'high'], p=[0.45, 0.2, 0.2, 0.15]))
        surface = Trunk(body, -length, 1.10 * body.torso, layer, straight, skirt=True, flare=0.05)
        placket = None
        if cloth.pattern not in ('motif', 'blobs', 'flowers') and rng.random() < 0.3:
            placket = _line_color(cloth)
        shell = Piece(
            surface,
            garment,
            trunk_part(body),
            self.trunk_colors(cloth, surface, placket),
            self.neckline(neck, sleeve == 0.0),
            two_sided=True,
        )
        flare = float(rng.choice([0.0, 0.004, 0.02], p=[0.5, 0.35, 0.15])) if sleeve < 0.95 else 0.002
        return [shell, *self.sleeves(cloth, sleeve, layer, flare, garment)]

    def trousers(self, cloth: Cloth, length: float, garment: int = GARMENT['pants']) -> list[Piece]:
        """Trousers reaching `length` leg lengths down; short ones are shorts."""
        rng, body = self.rng, self.body
        wide = float(rng.choice([0.0, 0.35, 0.8], p=[0.45, 0.35, 0.2])) if length > 0.6 else rng.uniform(0.2, 0.9)
        stop = length * (body.thigh + body.shin)
        waist = Trunk(body, -0.21 * body.torso, rng.uniform(0.28, 0.40) * body.torso, 0.006)
        belt = _line_color(cloth)

        def waist_colors(u: np.ndarray, theta: np.ndarray) -> np.ndarray:
            out = cloth_colors(cloth, u, theta, 0.078 * body.height, 9.0)
            out = np.where((u > waist.u[-1] - 0.032)[:, None], np.array(belt), out)
            return out * folds(cloth.seed, u, theta)[:, None]

        pieces = [Piece(waist, garment, constant(PART['torso']), waist_colors)]
        for side in SIDES:
            surface = LimbTube(
                body, 'leg', side, 0.0, stop, 0.006, 0.03 * wide * (length > 0.6), body.thigh, 0.7 * wide
            )
            colors = self.limb_colors(cloth, 'leg', stop)
            pieces.append(Piece(surface, garment, limb_part(body, 'leg', side), colors, two_sided=wide > 0.3))
        return pieces

    def skirt(
        self, cloth: Cloth, length: float, garment: int = GARMENT['skirt'], stop: float | None = None
    ) -> list[Piece]:
        """From the waist (or `stop`) to `length` metres below the hip line."""
        rng, body = self.rng, self.body
        flare = float(rng.choice([0.0, 0.15, 0.35])) if length < 0.6 else rng.uniform(0.05, 0.2)
        pleats = int(rng.choice([0, 10, 14])) if flare > 0.1 else 0
        surface = Trunk(body, -length, stop or 0.42 * body.torso, 0.009, 0.0, True, flare, pleats)
        return [Piece(surface, garment, trunk_part(body), self.trunk_colors(cloth, surface), two_sided=True)]

    def dress(self, cloth: Cloth, length: float) -> list[Piece]:
        """One cloth from the shoulders to the hem, with a belt in half of the cases."""
        rng, body = self.rng, self.body
        sleeve = float(rng.choice([0.0, 0.35, 0.6, 1.0], p=[0.4, 0.3, 0.12, 0.18]))
        neck = str(rng.choice(['crew', 'v', 'scoop'], p=[0.35, 0.3, 0.35]))
        flare = float(rng.choice([0.02, 0.15, 0.3]))
        straight = float(rng.choice([0.0, 0.0, 0.7]))
        pleats = int(rng.choice([0, 12])) if flare > 0.1 else 0
        surface = Trunk(body, -length, 1.03 * body.torso, 0.008, straight, True, flare, pleats)
        colors = self.trunk_colors(cloth, surface)
        garment = GARMENT['dress']
        shell = Piece(surface, garment, trunk_part(body), colors, self.neckline(neck, sleeve == 0.0), two_sided=True)
        pieces = [shell, *self.sleeves(cloth, sleeve, 0.008, 0.003, garment)]
        if straight == 0.0 and rng.random() < 0.5:
            pieces.append(self._belt(_line_color(cloth), garment, 0.015))
        return pieces

    def _belt(self, color: Color, garment: int, ease: float) -> Piece:
        torso = self.body.torso
        surface = Trunk(self.body, 0.37 * torso, 0.45 * torso, ease)
        return Piece(surface, garment, constant(PART['torso']), plain(color), two_sided=True)

    def coat(self, cloth: Cloth) -> list[Piece]:
        """A coat or a jacket, open in most cases so that the layer below shows."""
        rng, body = self.rng, self.body
        length = float(rng.choice([0.04, 0.12, 0.4, 0.6], p=[0.25, 0.25, 0.3, 0.2]))
        surface = Trunk(body, -length, 1.02 * body.torso, 0.022, rng.uniform(0.3, 0.8), True, rng.uniform(0.05, 0.2))
        gap = rng.uniform(0.2, 0.55) if rng.random() < 0.75 else 0.0
        lapel = _line_color(cloth)
        plain_colors = self.trunk_colors(cloth, surface, None if gap else lapel)
        top, torso = 1.0 * body.torso, body.torso

        def opening(u: np.ndarray) -> np.ndarray:
            v_neck = 0.75 * np.clip((u / torso - 0.62) / 0.35, 0.0, 1.0)
            return np.maximum(gap * (1.0 + 0.5 * np.clip(-u / 0.4, 0, 1)) * (1 - 0.3 * (u > 0.9 * torso)), v_neck)

        def keep(u: np.ndarray, theta: np.ndarray) -> np.ndarray:
            return (np.abs(theta) > opening(u)) & (u < top)

        def colors(u: np.ndarray, theta: np.ndarray) -> np.ndarray:
            out = plain_colors(u, theta)
            edge = np.abs(theta) < opening(u) + np.where(u > 0.6 * torso, 0.25, 0.05)
            return np.where(edge[:, None], np.array(lapel), out)

        shell = Piece(surface, GARMENT['coat'], trunk_part(body), colors, keep, two_sided=True)
        return [shell, *self.sleeves(cloth, 1.0, 0.016, 0.006, GARMENT['coat'])]

    def shoes(self, color: Color, sole: Color, boots: float) -> list[Piece]:
        """Shoes, with a shaft of `boots` metres up the leg."""
        body = self.body
        pieces = []
        for side in SIDES:
            surface = Foot(body, side, 0.006, 0.02)

            def colors(u: np.ndarray, theta: np.ndarray) -> np.ndarray:
                is_sole = np.abs(theta) > 2.1
                tip = (u > 0.55 * body.foot) & ~is_sole
                out = np.where(is_sole[:, None], np.array(sole), np.array(color))
                return np.where(tip[:, None], 0.8 * np.array(color) + 0.2 * np.array(sole), out)

            part = constant(PART[f'{side}_lower_leg'])
            pieces.append(Piece(surface, GARMENT['shoes'], part, colors))
            if boots:
                end = body.thigh + body.shin + 0.02
                shaft = LimbTube(body, 'leg', side, end - boots, end, 0.010)
                pieces.append(Piece(shaft, GARMENT['shoes'], part, plain(color), two_sided=True))
        return pieces

    def gloves(self, color: Color) -> list[Piece]:
        body = self.body
        start = body.upper_arm + 0.8 * body.forearm
        pieces = []
        for side in SIDES:
            for surface in (LimbTube(body, 'arm', side, start, None, 0.004), Thumb(body, side, 0.004)):
                pieces.append(Piece(surface, GARMENT['glove'], constant(PART[f'{side}_lower_arm']), plain(color)))
        return pieces

    def socks(self, cloth: Cloth, length: float) -> list[Piece]:
        body = self.body
        end = body.thigh + body.shin + 0.01
        return [
            Piece(
                LimbTube(body, 'leg', side, end - length, end, 0.004),
                GARMENT['socks'],
                limb_part(body, 'leg', side),
                self.limb_colors(cloth, 'leg', 9.0),
            )
            for side in SIDES
        ]

    def scarf(self, cloth: Cloth) -> list[Piece]:
        surface = Collar(self.body, 0.90, 1.06, 0.030)

        def colors(u: np.ndarray, theta: np.ndarray) -> np.ndarray:
            return cloth_colors(cloth, u, theta, 0.09, 9.0) * folds(cloth.seed, 4 * u, theta)[:, None]

        return [Piece(surface, GARMENT['scarf'], constant(PART['torso']), colors, two_sided=True)]


def _line_color(cloth: Cloth) -> Color:
    """Dark on light cloth, light on dark."""
    return (0.10, 0.08, 0.08) if luminance(cloth.colors[0]) > 0.35 else (0.80, 0.76, 0.70)
