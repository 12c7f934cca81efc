"""What the offsets of consumer groups mean, whoever tells them."""
