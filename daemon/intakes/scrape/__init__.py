"""Pages of numbers in Prometheus' text format, read into the same series as everything else."""
