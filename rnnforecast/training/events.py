"""Events: an observer that draws TensorBoard's curves, one per number of an epoch."""

from __future__ import annotations

from rnnforecast.errors import MissingExtra, OutputFailed
from rnnforecast.training.observer import Epoch, Silent


class Events(Silent):
    """Writes event files into a folder. Raises MissingExtra where TensorBoard is not installed, OutputFailed."""

    def __init__(self, folder: str) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            hint = "pip install 'rnnforecast[tensorboard]'"
            raise MissingExtra("--tensorboard needs the package tensorboard", hint) from error
        if not folder or "://" in folder:
            raise OutputFailed(f"--tensorboard names a folder of this machine, got {folder!r}", "--tensorboard runs")
        try:
            self.writer = SummaryWriter(folder)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise OutputFailed(f"{folder}: could not be written: {reason}", "--tensorboard FOLDER") from error

    def epoch(self, epoch: Epoch) -> None:
        for name, value in epoch.numbers().items():
            if isinstance(value, float):
                self.writer.add_scalar(f"network {epoch.network + 1}/{name}", value, epoch.number)
        self.writer.flush()

    def close(self) -> None:
        self.writer.close()
