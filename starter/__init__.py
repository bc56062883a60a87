"""Starters: tiny checkpoints trained here from scratch, so that a clone answers offline."""
