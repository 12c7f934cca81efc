"""What people read: the built-in texts in English and Chinese, and the operators' own in their place."""
