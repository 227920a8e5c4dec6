"""HTTPS to an inventory: its pinned certificate, or one that an authority signed; and why it failed, for a technician.

With a pin nothing else is asked of the certificate: its dates, its names and who signed it do not matter, and any other
certificate ends the connection before a byte of ours is sent.
"""

import ssl
from collections.abc import Iterator
from datetime import datetime
from typing import Any

_SELF_SIGNED = (18, 19, 20, 21)  # X509_V_ERR_*: self-signed, unknown issuer
_DATES = (9, 10)  # not yet valid, expired
_OTHER_NAME = (62, 63, 64)
_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE")


def pinned_session(pin: str) -> Any:
    """A requests.Session that accepts only the certificate of this pin, from anybody."""
    import requests
    from requests.adapters import HTTPAdapter

    class Pinned(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **options: Any) -> None:
            super().init_poolmanager(*args, **options, assert_fingerprint=pin.removeprefix("sha256/"))

        def send(self, request: Any, **options: Any) -> Any:  # type: ignore[override] # its five options go through
            # No authority is asked, whatever REQUESTS_CA_BUNDLE says; urllib3 compares the fingerprint all the same.
            return super().send(request, **(options | {"verify": False}))

    session = requests.Session()
    session.mount("https://", Pinned())
    return session


def why_not_secure(error: BaseException, url: str) -> tuple[str, str] | None:
    """What an error says of the secure connection to `url`, in French and English; None when it is another matter."""
    causes = list(_causes(error))
    if any(type(one).__name__ == "SSLError" and "ingerprint" in str(one) for one in causes):
        return _wrong_certificate(url)
    for one in causes:
        if isinstance(one, ssl.SSLCertVerificationError):
            return _not_believed(one, url)
    for one in causes:
        if isinstance(one, ssl.SSLError) and getattr(one, "reason", None) in _NOT_TLS:
            return (
                f"À {url}, on répond sans chiffrement (adresse en http:// ? portail Wi-Fi ?). Rien n'a été envoyé.",
                f"The answer at {url} is not encrypted (an http:// address? a Wi-Fi portal?). Nothing was sent.",
            )
    if any(type(one).__name__ == "SSLError" for one in causes):
        return (
            f"La connexion sécurisée à {url} a échoué. Vérifiez l'heure de ce PC et l'adresse.",
            f"The secure connection to {url} failed. Check this PC's clock and the address.",
        )
    if url.startswith("http:") and any(type(one).__name__ in ("BadStatusLine", "RemoteDisconnected") for one in causes):
        return (
            f"À {url}, on raccroche sans répondre. Si l'inventaire est chiffré, son adresse commence par https://",
            f"{url} hangs up without an answer. If the inventory is encrypted, its address begins with https://",
        )
    return None


def _wrong_certificate(url: str) -> tuple[str, str]:
    return (
        f"{url} montre un autre certificat que celui de l'épingle : ce n'est pas votre inventaire (portail Wi-Fi ?), "
        "ou il a changé de certificat. Rien n'a été envoyé. Prévenez le responsable.",
        f"{url} shows another certificate than the pinned one: it is not your inventory (Wi-Fi portal?), "
        "or it has a new certificate. Nothing was sent. Tell the person in charge.",
    )


def _not_believed(error: ssl.SSLCertVerificationError, url: str) -> tuple[str, str]:
    if error.verify_code in _SELF_SIGNED:
        return (
            f"Aucune autorité connue n'a signé le certificat de {url}. Si c'est votre inventaire, inscrivez de nouveau "
            "ce poste avec son épingle (--pin sha256/…) : « rebond inventory pin » l'affiche là-bas.",
            f"No known authority signed the certificate of {url}. If it is your inventory, enrol this station again "
            'with its pin (--pin sha256/…): "rebond inventory pin" shows it over there.',
        )
    if error.verify_code in _DATES:
        today = datetime.now()
        return (
            f"Le certificat de {url} n'est pas valable le {today:%d/%m/%Y}, date de ce PC. Si l'heure de ce PC est "
            "fausse, réglez-la dans le BIOS. Sinon, inscrivez ce poste avec l'épingle de l'inventaire (--pin).",
            f"The certificate of {url} is not valid on {today:%Y-%m-%d}, this PC's date. If this PC's clock is wrong, "
            "set it in the BIOS. If not, enrol the station with the inventory's pin (--pin).",
        )
    if error.verify_code in _OTHER_NAME:
        return (
            f"Le certificat de {url} est celui d'une autre adresse (portail Wi-Fi ?). Vérifiez l'adresse.",
            f"The certificate of {url} is another address's (Wi-Fi portal?). Check the address.",
        )
    return (
        f"Le certificat de {url} n'est pas accepté ({error.verify_message}). Prévenez le responsable.",
        f"The certificate of {url} is not accepted ({error.verify_message}). Tell the person in charge.",
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all it wraps: requests and urllib3 put the cause into `args` or `reason`."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = (*one.args, getattr(one, "reason", None), one.__cause__, one.__context__)
        waiting += [cause for cause in inner if isinstance(cause, BaseException)]
