"""Fillers: from a request to a finished text, for each kind of model."""
