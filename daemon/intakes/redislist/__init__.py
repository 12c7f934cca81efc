"""What applications push to lists in Redis, counted into the series: none of it twice, and none of it lost."""
