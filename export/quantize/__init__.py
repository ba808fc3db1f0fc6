"""Weights to integers, in numpy."""
