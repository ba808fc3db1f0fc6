"""Decodings: how each kind of model turns passes into a settled canvas."""
