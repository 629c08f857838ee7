"""What a cron line costs: CPU seconds and memory of fresh processes, beside importing torch.

    python benchmarks/light_path.py [RUNS]

Every command runs RUNS times (9), in turn; printed are minimum and median of user + system seconds, the median of the
largest resident memory, and the ratio to `import torch` of the same round. Names loaded are checked, not assumed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
WEATHER = ROOT / "sample_data" / "weather_jfk_2013_hourly.csv"
ROWS = 2000
COMMAND = [sys.executable, "-m", "rnnforecast"]


def measured(command: list[str], folder: str) -> tuple[float, float]:
    """CPU seconds and MB of one run."""
    child = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000


def loaded(command: list[str], folder: str) -> str:
    """Which of torch and pandas a command imports."""
    arguments = command[3:]
    code = (
        "import atexit, sys\n"
        "told = lambda: sys.stderr.write('loaded:' + ','.join({'torch', 'pandas'} & set(sys.modules)) + ';')\n"
        "atexit.register(told)\n"
        f"sys.argv = ['rnnforecast', *{arguments!r}]\n"
        "from rnnforecast.__main__ import main\nmain()"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    return ran.stderr.rpartition("loaded:")[2].partition(";")[0] or "neither"


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    with tempfile.TemporaryDirectory() as folder:
        lines = WEATHER.read_text().splitlines(keepends=True)
        (Path(folder) / "new.csv").write_text("".join(lines[: ROWS + 1]))
        train = ["train", str(WEATHER), "-t", "temp_c", "--max-epochs", "1", "-q"]
        subprocess.run([*COMMAND, *train], cwd=folder, check=True)
        commands = {
            "import torch": [sys.executable, "-c", "import torch"],
            "import numpy": [sys.executable, "-c", "import numpy"],
            "--help": [*COMMAND, "--help"],
            "info": [*COMMAND, "info"],
            "predict (rows kept in the model)": [*COMMAND, "predict", "-q"],
            f"predict new.csv ({ROWS} rows)": [*COMMAND, "predict", "new.csv", "-q"],
            "inspect new.csv": [*COMMAND, "inspect", "new.csv", "-t", "temp_c"],
        }
        for command in commands.values():
            measured(command, folder)  # warm the file cache
        rounds = [{name: measured(command, folder) for name, command in commands.items()} for _ in range(runs)]
        print(f"{'':34} {'CPU s min':>9} {'median':>7} {'MB':>6} {'of torch':>9}  loads")
        for name, command in commands.items():
            cpu = [r[name][0] for r in rounds]
            memory = median(r[name][1] for r in rounds)
            ratio = median(r[name][0] / r["import torch"][0] for r in rounds)
            names = loaded(command, folder) if command[1] == "-m" else ""
            print(f"{name:34} {min(cpu):9.3f} {median(cpu):7.3f} {memory:6.0f} {ratio:9.3f}  {names}")


if __name__ == "__main__":
    main()
