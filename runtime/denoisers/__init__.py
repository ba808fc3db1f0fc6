"""Denoisers of masked models: slots in, predictions for those same slots out."""
