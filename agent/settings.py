"""A station's settings: one small file, `settings.yaml`, on its stick, or told by the network it was booted from.

A file with mistakes never stops the station: what is wrong in it falls back to what a station without settings does,
and is said with its line and column. No secret stands here: anybody on the network may read what a netbooted PC reads.
"""

import os
import queue
import re
import threading
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import msgspec

from agent.errors import InputRefused, Mistake, StorageError
from agent.home import Home
from agent.host import Host
from agent.keys import parse_pin
from agent.rules import shipped_folder
from agent.rules.source import Items, Mistakes, Node, Pairs, Scalar, quoted, read_source, suggestion
from agent.text import clean

FILE = "settings.yaml"
BYTES_MOST = 64 * 1024
PATIENCE_S = 5
LANGUAGES = ("fr", "en")
KEYBOARDS = ("fr", "be", "ch", "us", "de")  # as scripts/image makes keymaps for
_KEYS = ("station", "inventory", "language", "keyboard", "lot", "operator", "profiles")
_INVENTORY_KEYS = ("url", "pin")
_CODE_MOST = 80  # characters, as records hold them
_NO_SECRET = ("aucun secret ici : tout le réseau peut lire ce fichier", "no secret here: the whole network may read it")
_ELSEWHERE = {
    "wifi": ("le Wi-Fi va dans wifi.conf, à côté de ce fichier", "Wi-Fi goes to wifi.conf, beside this file"),
    "code": ("un code d'inscription se tape sur le poste : rebond enrol CODE", "a code is typed: rebond enrol CODE"),
    **dict.fromkeys(("password", "passphrase", "secret", "token", "key", "psk", "mot-de-passe"), _NO_SECRET),
}


class InventoryAt(msgspec.Struct, frozen=True, kw_only=True):
    """Where to enrol. A hint, as is all that the network tells: the four words are compared all the same."""

    url: str
    pin: str | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    station: str | None = None  # what people call it
    inventory: InventoryAt | None = None
    language: str = LANGUAGES[0]
    keyboard: str = KEYBOARDS[0]
    lot: str | None = None
    operator: str | None = None
    profiles: tuple[str, ...] = ()  # names of shipped profiles; none: all


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The settings to work with, whatever happened, and what to say about it."""

    settings: Settings = Settings()
    source: str | None = None  # file or address they came from
    mistakes: tuple[Mistake, ...] = ()
    problem: tuple[str, str] | None = None  # French, English: why there are none
    is_final: bool = True  # False: the network did not answer yet, asking again makes sense

    def sentences(self, lang: str) -> tuple[str, ...]:
        said = [self.problem[lang == "en"]] if self.problem else []
        return (*said, *(mistake.told(lang) for mistake in self.mistakes))


def find_settings(home: Home, host: Host, fetch: Callable[[str], bytes] | None = None) -> Found:
    """The station's own file, else the one that the kernel's command line names; never raises, never over 5 s."""
    path = home.root / FILE
    try:
        # Not blocking: a pipe of that name must not hold the station up.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            return read_settings(file.read(BYTES_MOST + 1), str(path))
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        return Found(
            source=str(path),
            problem=(
                f"{path} ne peut pas être lu ({error.strerror}). Les réglages d'office sont pris.",
                f"{path} cannot be read ({error.strerror}). The default settings are used.",
            ),
        )
    url = _told_by_network(host)
    if url is None:
        return Found()
    try:
        return read_settings((fetch or fetch_settings)(url), url)
    except InputRefused as error:
        return Found(source=url, problem=(error.fr, error.en))
    except StorageError as error:
        return Found(source=url, problem=(error.fr, error.en), is_final=False)


def read_settings(raw: bytes, source: str) -> Found:
    """Every mistake of a file at once; what is right in it counts all the same."""
    mistakes = Mistakes(source.rpartition("/")[2])
    if len(raw) > BYTES_MOST:
        mistakes.at_line(1, 1, f"fichier trop gros (plus de {BYTES_MOST} octets)", f"file over {BYTES_MOST} bytes")
        return Found(source=source, mistakes=tuple(mistakes.found))
    pairs = read_source(raw, mistakes, holds="inventory:, lot:")
    settings = Settings() if pairs is None else _build(pairs, mistakes)
    return Found(settings=settings, source=source, mistakes=tuple(mistakes.found))


# --- what the file says -----------------------------------------------------------------------------------------------


def _build(pairs: Pairs, mistakes: Mistakes) -> Settings:
    _nothing_else(pairs, _KEYS, mistakes)
    return Settings(
        station=_code(pairs, "station", mistakes),
        inventory=_inventory(pairs.value("inventory"), mistakes),
        language=_one_of(pairs, "language", LANGUAGES, mistakes),
        keyboard=_one_of(pairs, "keyboard", KEYBOARDS, mistakes),
        lot=_code(pairs, "lot", mistakes),
        operator=_code(pairs, "operator", mistakes),
        profiles=_profiles(pairs.value("profiles"), mistakes),
    )


def _nothing_else(pairs: Pairs, known: Sequence[str], mistakes: Mistakes) -> None:
    for name, _ in pairs.entries:
        if name.text in known:
            continue
        word = re.sub("[-_ ]", "-", name.text.casefold())
        fr, en = _ELSEWHERE.get(word, ("", ""))
        if fr:
            mistakes.at(name, fr, en)
            continue
        fr, en = suggestion(name.text, known)
        mistakes.at(name, f"réglage inconnu {quoted(name.text)}{fr}", f"unknown setting {quoted(name.text)}{en}")


def _text(node: Node | None, mistakes: Mistakes) -> str | None:
    if node is None:
        return None
    if isinstance(node, Scalar) and node.text.strip():
        return node.text.strip()
    mistakes.at(node, "il faut un seul mot ou texte ici", "one word or text belongs here")
    return None


def _code(pairs: Pairs, key: str, mistakes: Mistakes) -> str | None:
    node = pairs.value(key)
    text = _text(node, mistakes)
    if node is None or text is None:
        return None
    if len(text) > _CODE_MOST or clean(text) != text:
        mistakes.at(
            node, f"une ligne de 1 à {_CODE_MOST} caractères, sans rien d'invisible",
            f"one line of 1 to {_CODE_MOST} characters, none invisible",
        )  # fmt: skip
        return None
    return text


def _one_of(pairs: Pairs, key: str, choices: Sequence[str], mistakes: Mistakes) -> str:
    node = pairs.value(key)
    text = _text(node, mistakes)
    if node is None or text is None:
        return choices[0]
    if text not in choices:
        fr, en = suggestion(text, choices)
        mistakes.at(node, f"{key} : {quoted(text)} inconnu{fr}", f"{key}: unknown {quoted(text)}{en}")
    return text if text in choices else choices[0]


def _profiles(node: Node | None, mistakes: Mistakes) -> tuple[str, ...]:
    if node is None:
        return ()
    if not isinstance(node, Items):
        mistakes.at(node, "il faut une liste : [famille-linux, windows-11]", "a list: [famille-linux, windows-11]")
        return ()
    known = sorted(path.stem for path in shipped_folder().glob("*.yaml"))
    names = []
    for item in node.nodes:
        text = _text(item, mistakes)
        if text in known:
            names.append(text)
        elif text is not None:
            fr, en = suggestion(text, known)
            mistakes.at(item, f"profil inconnu {quoted(text)}{fr}", f"unknown profile {quoted(text)}{en}")
    return tuple(dict.fromkeys(names))


def _inventory(node: Node | None, mistakes: Mistakes) -> InventoryAt | None:
    """All of it or nothing: an address without its pin would be another inventory."""
    if node is None:
        return None
    if not isinstance(node, Pairs):
        mistakes.at(node, "il faut url: et, en https, pin:", "url: and, for https, pin: belong here")
        return None
    before = len(mistakes.found)
    _nothing_else(node, _INVENTORY_KEYS, mistakes)
    if node.value("url") is None:
        mistakes.at(node, "il manque url:", "url: is missing")
    url, pin = _text(node.value("url"), mistakes), _text(node.value("pin"), mistakes)
    if url is not None and (wrong := wrong_url(url)):
        mistakes.at(node.value("url") or node, *wrong)
    elif pin is not None and url is not None and not url.startswith("https:"):
        mistakes.at(node.value("pin") or node, "une épingle demande https://", "a pin needs https://")
    try:
        pin = None if pin is None else parse_pin(pin)
    except InputRefused as error:
        mistakes.at(node.value("pin") or node, error.fr, error.en)
    return None if url is None or len(mistakes.found) > before else InventoryAt(url=url, pin=pin)


def wrong_url(url: str) -> tuple[str, str] | None:
    """What is wrong with an inventory's address, in French and English; None when nothing is."""
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_good = False
    shown = clean(url, 60)
    if not is_good:
        return (
            f"« {shown} » n'est pas une adresse. Exemple : http://inventaire.lan:8642",
            f'"{shown}" is not an address. Example: http://inventory.lan:8642',
        )
    return _NO_SECRET if "@" in parts.netloc else None


# --- from the network -------------------------------------------------------------------------------------------------


def _told_by_network(host: Host) -> str | None:
    words = (host.text("/proc/cmdline") or "").split()
    told = [word.partition("=")[2] for word in words if word.startswith("rebond.settings=")]
    return told[-1] if told else None


def fetch_settings(url: str) -> bytes:
    """The file at `url`, plain HTTP, within 5 s in all. InputRefused: not there; StorageError: no answer yet."""
    wrong = wrong_url(url)
    if wrong or not url.startswith("http://"):
        raise _refused(url, *(wrong or ("il faut une adresse en http://", "an http:// address is needed")))
    heard: queue.SimpleQueue[tuple[int, bytes] | Exception] = queue.SimpleQueue()
    # In a thread of its own: neither a slow name server nor a server that drips can hold the station up.
    threading.Thread(target=lambda: heard.put(_ask(url)), daemon=True).start()
    try:
        answer = heard.get(timeout=PATIENCE_S)
    except queue.Empty:
        answer = TimeoutError()
    if isinstance(answer, Exception):
        raise StorageError(
            fr=f"Les réglages ne sont pas arrivés : {clean(url, 80)} ne répond pas. Le câble est-il branché ?",
            en=f"The settings did not come: {clean(url, 80)} does not answer. Is the cable plugged in?",
        ) from answer
    status, body = answer
    if status != 200:
        raise _refused(url, f"réponse {status}", f"answer {status}")
    if body.lstrip()[:1] == b"<":
        raise _refused(url, "une page web a répondu (portail ?)", "a web page answered (a portal?)")
    return body


def _ask(url: str) -> tuple[int, bytes] | Exception:
    import http.client

    parts = urlsplit(url)
    # http.client follows no redirection and asks no proxy.
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE_S)
    try:
        connection.request("GET", parts.path or "/")
        answer = connection.getresponse()
        return answer.status, answer.read(BYTES_MOST + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return error
    finally:
        connection.close()


def _refused(url: str, fr: str, en: str) -> InputRefused:
    return InputRefused(
        fr=f"Pas de réglages à {clean(url, 80)} : {fr}. Les réglages d'office sont pris.",
        en=f"No settings at {clean(url, 80)}: {en}. The default settings are used.",
    )
