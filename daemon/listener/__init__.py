"""The HTTP door: what comes in from the network as requests, and what goes back."""
