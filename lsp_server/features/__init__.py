"""Thin handlers, one file for each part of the protocol: parameters in, a pure function's answer out."""
