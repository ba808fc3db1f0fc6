"""Trains the small bidirectional denoiser that spanfill's samplers are measured on.

Knows packages, tokens and torch; knows nothing of graphs or of serving. Run it with
`python -m export.training prepare | train | evaluate`.
"""
