"""`python -m export.training`."""

from export.training.cli import main

main()
