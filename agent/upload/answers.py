"""One request and what its answer means. Every sentence here is for a technician who waits."""

import email.utils
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, cast

from agent.envelope import load_json
from agent.errors import EnvelopeError, InputRefused, RebondError
from agent.merkle import RECEIPT_MOST
from agent.text import clean
from agent.upload.secure import pinned_session, why_not_secure

RETRY_AFTER_MOST_S = 3600
TIMEOUT_S = (5, 30)  # to connect, between two bytes
AGAIN = (408, 425, 429)  # 4xx that say "later"
PORTAL = 511  # "network authentication required" (RFC 6585): only a portal says so


class Answer(Protocol):
    """What we use of requests.Response."""

    status_code: int

    @property
    def headers(self) -> Mapping[str, str]: ...
    def iter_content(self, chunk_size: int) -> Iterable[bytes]: ...
    def close(self) -> None: ...


class Client(Protocol):
    """What we use of requests.Session."""

    def request(self, method: str, url: str, **options: Any) -> Answer: ...


class Later(RebondError):
    """Not now: keep the record and try again. `ends_pass`: the next record would meet the same wall."""

    def __init__(self, *, fr: str, en: str, after_s: int = 0, ends_pass: bool = True) -> None:
        super().__init__(fr=fr, en=en)
        self.after_s = after_s
        self.ends_pass = ends_pass


def open_session(pin: str | None = None) -> Client:
    """A real client; with the pin of an inventory, it speaks HTTPS to no other."""
    import requests

    return cast(Client, pinned_session(pin) if pin else requests.Session())  # its stub spells out every option


def ask(client: Client, method: str, url: str, data: bytes | None = None) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and the first 64 KiB of the answer; Later when there is none."""
    try:
        answer = client.request(
            method,
            url,
            data=data,
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            timeout=TIMEOUT_S,
            allow_redirects=False,  # a portal answers 302, and a PUT would become a GET
            stream=True,
        )
        try:
            body = bytearray()
            for chunk in answer.iter_content(16384):
                body += chunk
                if len(body) > RECEIPT_MOST:
                    break
            return answer.status_code, answer.headers, bytes(body)
        finally:
            answer.close()
    except OSError as error:  # of which every exception of requests is one
        raise _no_answer(error, url) from error


# --- reading answers --------------------------------------------------------------------------------------------------


def error_said(body: bytes) -> tuple[str, str, str] | None:
    """(code, French, English) when the inventory itself speaks; None for anybody else's page."""
    try:
        found = load_json(body)
        code, fr, en = (clean(found[name], 400) for name in ("error", "fr", "en"))
    except (EnvelopeError, KeyError, TypeError, AttributeError):
        return None
    return (code, fr, en) if code and fr and en else None


def retry_after_s(headers: Mapping[str, str], now: datetime) -> int:
    """Seconds, or an HTTP date; at most an hour, for a wrong clock must not silence a stick."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return min(int(text), RETRY_AFTER_MOST_S)
    at = _http_date(text)
    return max(0, min(int((at - now).total_seconds()), RETRY_AFTER_MOST_S)) if at else 0


def offset_s(headers: Mapping[str, str], now: datetime) -> int | None:
    at = _http_date(headers.get("Date", ""))
    return round((at - now).total_seconds()) if at else None


def _http_date(text: str) -> datetime | None:
    try:
        at = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def busy(status: int) -> tuple[str, str]:
    return (
        f"L'inventaire ne peut pas répondre maintenant (code {status}). L'envoi reprendra tout seul.",
        f"The inventory cannot answer now (status {status}). The delivery will resume by itself.",
    )


def portal() -> Later:
    return Later(
        fr="Une autre page répond à la place de l'inventaire (portail Wi-Fi ?). Branchez le câble du réseau, ou "
        "vérifiez l'adresse. La fiche attend.",
        en="Another page answers in the inventory's place (a Wi-Fi portal?). Plug in the network cable, or check the "
        "address. The record waits.",
    )


def not_a_receipt(body: bytes, error: EnvelopeError) -> Later:
    if b'"record_digest"' not in body:
        return portal()
    return Later(
        fr=f"L'inventaire a répondu sans preuve valable. {error.fr} La fiche attend. Prévenez le responsable.",
        en=f"The inventory answered without valid proof. {error.en} The record waits. Tell the person in charge.",
        ends_pass=False,
    )


def split_log() -> InputRefused:
    return InputRefused(
        fr="L'inventaire montre un autre journal que la dernière fois. Les fiches attendent. Prévenez le responsable.",
        en="The inventory shows another log than last time. The records wait. Tell the person in charge.",
    )


def _no_answer(error: OSError, url: str) -> Later:
    where = "/".join(url.split("/", 3)[:3])
    told = why_not_secure(error, where)
    if told is not None:
        return Later(fr=told[0], en=told[1])
    return Later(
        fr=f"L'inventaire {where} ne répond pas. Est-il démarré ? Vérifiez le câble ou le Wi-Fi. L'envoi reprendra "
        "tout seul.",
        en=f"The inventory {where} does not answer. Is it started? Check the cable or the Wi-Fi. The delivery will "
        "resume by itself.",
    )
