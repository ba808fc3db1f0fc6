"""Samplers of masked models: which slots to commit, or to mask again, after a pass."""
