"""The web console: map, traces, logs, metrics, sampling. A plain client of AWS's APIs, laptop or account alike."""
