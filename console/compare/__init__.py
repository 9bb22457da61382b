"""Two traces side by side: /compare."""
