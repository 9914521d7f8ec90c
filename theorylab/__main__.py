"""The `theorylab` command, which `python -m theorylab` is too."""

import gc

from . import stop

# Formulas and traces are many small objects that live long; to look through them every 700 new ones takes a twentieth of a run.
COLLECT_EVERY = 50_000


def main() -> None:
    """Listens for Ctrl-C before anything takes long to import."""
    stop.listen()
    gc.set_threshold(COLLECT_EVERY)
    from .cli import app

    app()


if __name__ == "__main__":
    main()
