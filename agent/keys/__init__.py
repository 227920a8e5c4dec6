"""Keys: this station's own (`station`), those it believes (`trust`), and how people compare them (`fingerprint`)."""

from agent.keys.fingerprint import fingerprint_words
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
    "read_public_key",
    "revoke",
    "rotate",
    "trust_log",
    "trust_rotation",
    "trust_station",
]
