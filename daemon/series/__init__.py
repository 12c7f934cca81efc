"""Numbers over time: what programs, probes of others and tocsin itself count and measure, by name and labels."""
