"""What a provider says, later than its yes, of one message: did it reach the telephone?"""

import msgspec


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one number, and how it ended. The same report may come twice, and late ones before early ones."""

    provider_id: str  # the provider's own id of the message, as the receipt of the sending had it
    address: str  # the number: the eleven digits of a mainland China mobile number
    delivered: bool  # it is on the handset; False when it will never be
    code: str  # the provider's word for it
    words: str = ""  # the provider's explanation, which may be empty
    at: float | None = None  # when it ended, None where the provider does not say so legibly
