"""Reading `etc/tocsin.yml`: typed, every problem at once, each with its file, line and path."""
