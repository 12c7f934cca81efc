"""Proof of life: canaries over each channel, when each was last seen to work, and a sign for somebody outside."""
