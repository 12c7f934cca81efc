"""The settings of TLS of what connects to a server: whom it believes, and as whom it comes."""

from daemon.config.keys import doc

VERIFY = doc("whether the server's certificate must be valid, and for its host")
CA_FILE = doc("PEM file of the authorities to trust instead of the system's", here=True)
CERT_FILE = doc("PEM file of our own certificate, where the server wants one", here=True)
KEY_FILE = doc("PEM file of its key, where it is not in `cert_file`", here=True)


def check_key(cert_file: str, key_file: str) -> None:
    """Refuse a key to nothing. Raises ValueError."""
    if key_file and not cert_file:
        raise ValueError("key_file is the key to a cert_file, which is missing")
