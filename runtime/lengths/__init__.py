"""Length policies: how many slots the canvas has."""
