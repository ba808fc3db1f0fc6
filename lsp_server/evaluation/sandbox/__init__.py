"""Runs code that nobody has read, where it can do no harm: the parent's side and the child's.

The child's modules (`child`, `confinement`, `syscalls`, `file_rules`, `guard`) use the standard library
alone.
"""
