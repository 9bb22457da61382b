"""Places on a time axis, in percent of its width."""


def place(axis_start_s: float, axis_end_s: float, start_s: float, end_s: float) -> tuple[float, float]:
    """Return left and width of a time span, cut off at the axis's ends; all times in epoch seconds."""
    length_s = max(axis_end_s - axis_start_s, 1e-6)
    left = min(100.0, max(0.0, 100 * (start_s - axis_start_s) / length_s))
    return left, min(100 - left, max(0.0, 100 * (end_s - start_s) / length_s))
