"""`python -m kenbaar` is `kenbaar`."""

from kenbaar.cli import main

main()
