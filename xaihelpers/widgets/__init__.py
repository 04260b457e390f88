"""Sliders for one technique, and the playground for all of them."""
