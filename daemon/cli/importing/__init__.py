"""`tocsinctl import`: another program's configuration turned into tocsin's. It is loaded only when it is asked for."""
