"""How Kafka's brokers are asked for offsets. It is loaded where a probe wants it: its library is a large one."""
