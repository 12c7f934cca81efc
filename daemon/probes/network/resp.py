"""Commands to a Redis as its protocol (RESP) writes them."""


def command(*words: bytes) -> bytes:
    """One command."""
    return b"".join([b"*%d\r\n" % len(words), *(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)])
