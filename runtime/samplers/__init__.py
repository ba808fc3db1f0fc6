"""Samplers: what to commit, keep as draft, or re-mask after a pass."""
