"""`verify`, `keys`, `outbox`: what is proven, by whom, and what still waits."""

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from agent.commands.say import Say, note, tell, tell_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.home import Home
    from agent.keys import Trust
    from agent.verify import Explanation


def add_verify(parser: argparse.ArgumentParser, say: Say) -> None:
    add_signed_file(parser, say)
    parser.add_argument(
        "--record",
        type=Path,
        action="append",
        metavar="FILE",
        help=say("fiche nommée par un bordereau d'effacement", "a record that a wipe session's manifest names"),
    )
    parser.add_argument("--json", action="store_true", help=say("pour programmes", "for programs"))
    parser.set_defaults(run=run_verify)


def add_signed_file(parser: argparse.ArgumentParser, say: Say, *, is_optional: bool = False) -> None:
    """The signed file and whom to believe: shared by all that read one."""
    parser.add_argument(
        "file", type=Path, metavar="FILE", nargs="?" if is_optional else None,
        help=say("la fiche signée", "the signed record"),
    )  # fmt: skip
    parser.add_argument("--receipt", type=Path, metavar="FILE", help=say("son reçu", "its receipt"))
    parser.add_argument(
        "--key", type=Path, action="append", metavar="FILE", help=say("clé publique à croire", "public key to believe")
    )
    parser.add_argument(
        "--trust", type=Path, metavar="DIR", help=say("dossier des clés à croire", "folder of keys to believe")
    )


def add_keys(parser: argparse.ArgumentParser, say: Say) -> None:
    parser.add_argument(
        "action",
        nargs="?",
        choices=("show", "create", "rotate", "export"),
        default="show",
        help=say(
            "montrer, créer, changer la clé, ou écrire sa partie publique", "show, make, change the key, or write it"
        ),
    )
    parser.set_defaults(run=run_keys)


def add_outbox(parser: argparse.ArgumentParser, say: Say) -> None:
    parser.add_argument(
        "action",
        nargs="?",
        choices=("list", "send", "retry", "prune"),
        default="list",
        help=say(
            "lister, livrer, reprendre les refusées, ou faire de la place",
            "list, deliver, take back the refused, make room",
        ),
    )
    parser.add_argument("--json", action="store_true", help=say("pour programmes", "for programs"))
    parser.set_defaults(run=run_outbox)


def run_verify(options: argparse.Namespace, say: Say) -> int:
    explanation = explained(options)
    if options.json:
        tell_json({"holds": explanation.holds, "digest": explanation.digest, "findings": explanation.findings})
    else:
        tell("\n".join(explanation.lines(say.lang)))
    return 0 if explanation.holds else 3


def explained(options: argparse.Namespace) -> "Explanation":
    """What the signed file of `add_signed_file` proves, by the keys that the options or the station believe."""
    from agent.home import find_home
    from agent.verify import explain_document

    home = find_home(options.home)
    raw = bytes_of(options.file)
    receipt = bytes_of(options.receipt) if options.receipt else _kept(home, raw)
    given = getattr(options, "record", None) or []
    find = _records_near(options.file, given, home)
    return explain_document(raw, trust_of(options, home), receipt, find)


def _records_near(file: Path, given: list[Path], home: "Home") -> "Callable[[str], bytes | None]":
    """Where a record that a manifest names may be: given, beside the manifest, or in this station's outbox."""
    from agent.envelope import peek
    from agent.errors import RebondError
    from agent.outbox import Outbox

    outbox = Outbox(home.outbox)
    known = {}
    for path in given:
        raw = bytes_of(path)
        known[peek(raw).digest] = raw

    def find(digest: str) -> bytes | None:
        beside = file.parent / f"{digest}.json"
        try:
            return known.get(digest) or (bytes_of(beside) if beside.is_file() else outbox.read(digest))
        except (RebondError, OSError):
            return None

    return find


def trust_of(options: argparse.Namespace, home: "Home") -> "Trust":
    import msgspec

    from agent.envelope import key_id_of
    from agent.keys import load_trust, read_public_key
    from agent.keys.trust import Entry

    trust = load_trust(options.trust or home.trust)
    if not options.key:
        return trust
    from base64 import b64encode

    found = {path.stem: read_public_key(path) for path in options.key}
    stations = {
        key_id_of(key): Entry(kind="station", name=name, public_key=b64encode(key).decode())
        for name, key in found.items()
    }
    return msgspec.structs.replace(trust, stations=stations)


def bytes_of(path: Path) -> bytes:
    from agent.envelope import SIZE_MOST
    from agent.errors import InputRefused

    if path.exists() and not path.is_dir() and not path.is_file():  # a pipe or a device might never end
        raise InputRefused(
            fr=f"{path} n'est pas un fichier ordinaire. Copiez-le d'abord dans un fichier.",
            en=f"{path} is no ordinary file. Copy it into a file first.",
        )
    try:
        with path.open("rb") as file:
            return file.read(SIZE_MOST + 1)
    except OSError as error:
        raise InputRefused(
            fr=f"{path} ne peut pas être lu ({error.strerror}). Vérifiez le nom du fichier.",
            en=f"{path} cannot be read ({error.strerror}). Check the file's name.",
        ) from error


def _kept(home: "Home", raw: bytes) -> bytes | None:
    """The receipt this station itself keeps for the record, if it was delivered from here."""
    from agent.envelope import peek
    from agent.errors import RebondError
    from agent.outbox import Outbox

    try:
        return Outbox(home.outbox).receipt(peek(raw).digest)
    except (RebondError, OSError):
        return None


def run_keys(options: argparse.Namespace, say: Say) -> int:
    from agent.home import find_home, passphrase
    from agent.keys import create, load, rotate, trust_rotation
    from agent.record import moment

    home = find_home(options.home)
    if options.action == "create":
        create(home.keys, passphrase())
    if options.action == "rotate":
        _, statement = rotate(home.keys, moment(datetime.now(UTC)), passphrase())
        trust_rotation(home.trust, statement)
    if options.action == "export":
        tell(load(home.keys, passphrase()).public.hex())
        return 0
    key = home.key() if options.action == "create" else load(home.keys, passphrase())
    tell(
        say(
            f"Station : {key.station}\nClé :     {key.key_id}\nMots :    {' '.join(key.words)}",
            f"Station: {key.station}\nKey:     {key.key_id}\nWords:   {' '.join(key.words)}",
        )
    )
    return 0


def run_outbox(options: argparse.Namespace, say: Say) -> int:
    from agent.home import find_home
    from agent.outbox import Outbox

    home = find_home(options.home)
    outbox = Outbox(home.outbox)
    if options.action == "retry":
        count = outbox.reconsider()
        note(say(f"Fiches reprises : {count}", f"Records taken back: {count}"))
    if options.action in ("send", "retry"):
        return send(home, outbox, say)
    if options.action == "prune":
        count = outbox.make_room()
        tell(say(f"Fiches livrées retirées : {count}", f"Delivered records removed: {count}"))
        return 0
    waiting, refused, damaged = outbox.waiting(), outbox.refused(), outbox.damaged()
    if options.json:
        tell_json({"waiting": waiting, "refused": refused, "damaged": damaged, "archived": outbox.archived()})
    else:
        lines = [say(f"En attente : {len(waiting)}", f"Waiting: {len(waiting)}")]
        lines += [f"  {one.digest[:16]}…  {one.size_bytes} {say('octets', 'bytes')}" for one in waiting]
        lines.append(say(f"Livrées : {len(outbox.archived())}", f"Delivered: {len(outbox.archived())}"))
        lines.append(say(f"Refusées : {len(refused)}", f"Refused: {len(refused)}"))
        for each in refused:
            why = (say(each.reason.fr, each.reason.en)) if each.reason else "?"
            lines.append(f"  {each.digest[:16]}…  {why}")
        if damaged:
            lines.append(say(f"Abîmées, mises de côté : {len(damaged)}", f"Damaged, set aside: {len(damaged)}"))
        tell("\n".join(lines))
    return 1 if refused or damaged else 0


def send(home: "Home", outbox: object, say: Say) -> int:
    """Deliver what waits; says what happened. Exit 5 while something still waits."""
    from agent.errors import NotDelivered
    from agent.outbox import Outbox
    from agent.upload import open_session
    from agent.visit import hand_over

    assert isinstance(outbox, Outbox)
    inventory = home.connection()
    if inventory is None:
        raise NotDelivered(
            fr="Aucun inventaire n'est connu. Inscrivez cette station : rebond enrol ADRESSE CODE.",
            en="No inventory is known. Enrol this station: rebond enrol URL CODE.",
        )
    done = hand_over(outbox, inventory, open_session(inventory.pin), attempts=3)
    tell(
        say(
            f"Livrées : {len(done.delivered)}. Refusées : {len(done.refused)}. En attente : {done.waiting}.",
            f"Delivered: {len(done.delivered)}. Refused: {len(done.refused)}. Waiting: {done.waiting}.",
        )
    )
    done.check_nothing_waits()
    return 1 if done.refused else 0
