"""Denoisers, one for each kind of attention: slots in, predictions for those same slots out."""
