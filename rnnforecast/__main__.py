"""main(): what the console script and `python -m rnnforecast` both call."""

from __future__ import annotations

import os


def main() -> None:
    # Before numpy is imported: starting a second BLAS thread costs 25 ms on every call, and two are slower than one
    # on arrays as small as a window.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from rnnforecast.cli.app import main as run

    run()


if __name__ == "__main__":
    main()
