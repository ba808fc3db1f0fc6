"""Constraints: which candidate tokens a slot may take."""
