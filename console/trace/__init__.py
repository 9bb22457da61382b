"""One trace as a waterfall: /traces/<trace id>."""
