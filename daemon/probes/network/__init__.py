"""What is spoken over the network, below any one kind: names, addresses, TLS, words and packets, each bounded."""
