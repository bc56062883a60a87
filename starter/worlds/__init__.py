"""Worlds: seeded generators of the small closed data that the starters learn from."""
