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

    def pace(self) -> str:
        """What is said wherever times are shown; nothing where they are AWS's."""
        return (
            ""
            if self.scale == 1
            else f"time scale {self.scale:g}: a minute passes in {60 / self.scale:.3g} s"
        )
