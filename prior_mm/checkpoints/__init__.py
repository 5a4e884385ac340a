"""Checkpoints are data, never code: reading and writing them, and fitting weights of other sources to our models."""
