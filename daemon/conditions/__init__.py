"""What must hold of a reading: one small language, read when the configuration is, asked at every look."""
