"""Simulated time: the waits of AWS's services are shortened; programs run at their own speed."""

import time
from dataclasses import dataclass

DEFAULT_SCALE = 60.0
MOST_SCALE = 600.0


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock on which `scale` simulated seconds pass in each real second."""

    scale: float = DEFAULT_SCALE

    def real_s(self, simulated_s: float) -> float:
        """Convert a simulated duration to real seconds."""
        return simulated_s / self.scale

    def now(self) -> float:
        """Return the real time in epoch seconds."""
        return time.time()

    def scale_note(self) -> str:
        """Say how fast simulated time passes, for people; empty at a scale of 1, which is AWS's own time."""
        if self.scale == 1:
            return ""
        return f"time scale {self.scale:g}: a minute passes in {60 / self.scale:.3g} s"
