"""Simulated time: what AWS waits in minutes passes here in seconds; how programs run is never hurried."""

import time
from dataclasses import dataclass

DEFAULT_SCALE = 60.0
MOST = 600.0


@dataclass(frozen=True, slots=True)
class Clock:
    """`scale` simulated seconds pass in one real second."""

    scale: float = DEFAULT_SCALE

    def real_s(self, simulated_s: float) -> float:
        """How long a simulated time takes, in real seconds."""
        return simulated_s / self.scale

    def now(self) -> float:
        """Epoch seconds, real."""
        return time.time()

    def note(self, simulated_s: float) -> str:
        """Both times, for whoever reads: `5 min in 5.0 s`."""
        minutes = simulated_s / 60
        said = f"{minutes:g} min" if minutes >= 1 else f"{simulated_s:g} s"
        return f"{said} in {self.real_s(simulated_s):.3g} s" if self.scale != 1 else said
