"""Pose Flow Learning: flow, garment map, picture. A reimplementation; pfl.py says after what."""
