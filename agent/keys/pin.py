"""The pin of an inventory's certificate: the one it must show, whatever a clock or an authority says about it.

A bench has no authority that signs for it, and a PC on a bench has no clock to trust. The pin says neither when nor by
whom: it is the SHA-256 of the certificate's own bytes, told beside the address, never by the server that it is about.
"""

import hashlib
import re

from agent.errors import InputRefused
from agent.text import clean

_PIN = re.compile(r"sha-?256[/:]([0-9a-f]{2}(?::?[0-9a-f]{2}){31})")


def pin_of(certificate: bytes) -> str:
    """ "sha256/…" of a certificate in DER."""
    return f"sha256/{hashlib.sha256(certificate).hexdigest()}"


def parse_pin(text: str) -> str:
    """The pin as `pin_of` writes it; capitals and openssl's colons are understood. InputRefused for anything else."""
    found = _PIN.fullmatch(text.strip().lower())
    if found is None:
        raise InputRefused(
            fr=f"« {clean(text, 40)} » n'est pas une épingle : « sha256/ » puis 64 chiffres hexadécimaux. "
            "L'inventaire la dit : rebond inventory pin.",
            en=f'"{clean(text, 40)}" is not a pin: "sha256/" and 64 hexadecimal digits. '
            "The inventory tells it: rebond inventory pin.",
        )
    return f"sha256/{found[1].replace(':', '')}"
