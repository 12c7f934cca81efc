"""Following files that others write, across rotation and restart."""
