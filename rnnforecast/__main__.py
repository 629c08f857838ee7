"""main(): what the console script and `python -m rnnforecast` both call."""

from __future__ import annotations


def main() -> None:
    from rnnforecast.cli.app import main as run

    run()


if __name__ == "__main__":
    main()
