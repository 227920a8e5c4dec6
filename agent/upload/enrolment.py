"""Making a station known to an inventory, with a one-time code."""

import base64

import msgspec

from agent.envelope import from_base64, load_json, public_key
from agent.errors import EnvelopeError, InputRefused, NotDelivered
from agent.keys import StationKey
from agent.text import clean
from agent.upload.answers import AGAIN, PORTAL, Client, Later, ask, busy, error_said, open_session, portal


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    station: str
    tenant: str
    origin: str
    log_public_key: bytes
    name: str = ""  # as the inventory lists it: "poste volant 7"
    session: str | None = None  # after whose end this key counts no more


def enrol(
    url: str, code: str, key: StationKey, name: str, client: Client | None = None, *, is_flying: bool = False
) -> Enrolled:
    """Make this station known with a code. NotDelivered without an answer, InputRefused when refused.

    `is_flying`: the key lives in memory, and goes with the power; only such stations may use a session's code.
    """
    body = {"code": code, "public_key": base64.b64encode(key.public).decode(), "name": name, "flying": is_flying}
    try:
        status, _, answer = ask(
            client or open_session(), "POST", url.rstrip("/") + "/api/v1/enrol", msgspec.json.encode(body)
        )
    except Later as error:
        raise NotDelivered(fr=error.fr, en=error.en) from error
    said = error_said(answer)
    if status not in (200, 201):
        if said and 400 <= status < 500 and status not in AGAIN:
            raise InputRefused(fr=said[1], en=said[2])
        if status == PORTAL:
            raise _portal()
        fr, en = said[1:] if said else busy(status)
        raise NotDelivered(fr=fr, en=en)
    try:
        found = load_json(answer)
        log_key = from_base64(found["log_public_key"])
        public_key(log_key)
        return Enrolled(
            station=clean(found["station"]),
            tenant=clean(found["tenant"]),
            origin=clean(found["origin"]),
            log_public_key=log_key,
            name=clean(found.get("name") or ""),
            session=clean(found.get("session") or "") or None,
        )
    except (EnvelopeError, KeyError, TypeError) as error:
        raise _portal() from error


def _portal() -> NotDelivered:
    page = portal()
    return NotDelivered(fr=page.fr, en=page.en)
