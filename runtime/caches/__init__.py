"""Cache policies: which rows of a bidirectional model are reused from pass to pass, and for how long."""
