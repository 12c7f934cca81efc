"""statsd and DogStatsD: numbers, events and service checks in datagrams."""
