"""`spanfill verify`: how far a model folder's graph is from the checkpoint it was made from."""

from export.verification.report import Report, verify

__all__ = ["Report", "verify"]
