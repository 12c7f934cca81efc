"""What this machine says of itself, asked so that nothing that hangs takes the asker with it."""
