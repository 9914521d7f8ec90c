"""`python -m theorylab` is the `theorylab` command."""

from .cli import main

main()
