"""The web console: a plain client of AWS's APIs, the laptop's and an account's alike."""
