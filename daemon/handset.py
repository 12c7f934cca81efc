"""What a provider says, later, about a message that it had taken: did it reach the handset?"""

import msgspec


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery report: about one message to one number, found by the provider's own id for it.

    `address` is as the provider's numbers are compared: eleven digits in mainland China, else E.164 with its `+`.
    `at` is when it is said to have arrived or failed, in seconds since the epoch; None where that cannot be read.
    """

    provider_id: str
    address: str
    delivered: bool
    code: str  # the provider's or the carrier's own word
    words: str = ""
    at: float | None = None
