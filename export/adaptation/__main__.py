"""`python -m export.adaptation`."""

from export.adaptation.cli import main

main()
