"""Keys: this station's own (`station`), those it believes (`trust`, `pin`), how people compare them (`fingerprint`)."""

from agent.keys.fingerprint import fingerprint_words
from agent.keys.pin import parse_pin, pin_of
from agent.keys.station import Rotation, StationKey, create, load, load_or_create, open_rotation, rotate
from agent.keys.trust import (
    Trust,
    load_trust,
    read_public_key,
    revoke,
    trust_log,
    trust_rotation,
    trust_station,
)

__all__ = [
    "Rotation",
    "StationKey",
    "Trust",
    "create",
    "fingerprint_words",
    "load",
    "load_or_create",
    "load_trust",
    "open_rotation",
    "parse_pin",
    "pin_of",
    "read_public_key",
    "revoke",
    "rotate",
    "trust_log",
    "trust_rotation",
    "trust_station",
]
