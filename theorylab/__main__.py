"""The `theorylab` command, which `python -m theorylab` is too."""

from . import stop


def main() -> None:
    """Listens for Ctrl-C before anything takes long to import."""
    stop.listen()
    from .cli import app

    app()


if __name__ == "__main__":
    main()
