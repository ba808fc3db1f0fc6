"""Where draft tokens come from. A draft costs time when wrong, never quality."""
