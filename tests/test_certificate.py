"""The printed certificate: every field, no claim beyond the evidence, no line that a disk could write."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent import keys
from agent.cli import main
from agent.envelope import seal
from agent.erasure import BAD_MOST, Erasure, Exchange, Extent, Interruption, Technique, Validation
from agent.facts import Clock, Machine, System
from agent.home import Home
from agent.outbox import Outbox
from agent.record import ClockEvidence, Record, build_payload, parse_payload
from agent.report import certificate
from agent.report.certificate import TITLES
from agent.report.layout import LABEL_MOST, WIDTH
from agent.report.words import TECHNIQUES
from tests import erasures
from tests.erasures import EVERY, HOSTILE
from tests.evidence import MACHINE, STATION, record
from tests.test_verify import OVERCLAIMS

DIGEST = "9a" * 32
LANGS = ("fr", "en")


def printed(erasure: Erasure, lang: str = "fr", **changes: Any) -> str:
    return certificate(wipe_record(erasure, **changes), erasure, lang, digest=DIGEST)


def wipe_record(*made: Erasure, **changes: Any) -> Record:
    return record(1, kind="wipe", erasures=made, sticker="LR-0001", lot="Lot d'exemple", **changes)


def rows(text: str) -> dict[str, list[str]]:
    """Label → values, wrapped lines joined; indented labels with their indent."""
    found: dict[str, list[str]] = {}
    label = ""
    for line in text.splitlines():
        if line.startswith(" " * (LABEL_MOST + 5)):
            found[label][-1] += " " + line.strip()
        elif line[LABEL_MOST + 2 : LABEL_MOST + 5] == " : ":
            label = line[2 : LABEL_MOST + 2].rstrip()
            found.setdefault(label, []).append(line[LABEL_MOST + 5 :])
    return found


def title_of(text: str) -> str:
    return text.splitlines()[1]


# --- what may be called a certificate ---------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", EVERY)
def test_only_a_proven_approved_end_is_a_certificate(name: str, lang: str) -> None:
    title = title_of(printed(EVERY[name](), lang))
    is_certificate = name in ("purged", "cleared")
    assert (("CERTIFIC" in title) is is_certificate) and (
        ("ÉCHEC" in title or "FAILURE" in title) is not is_certificate
    )


@pytest.mark.parametrize(
    ("name", "word"),
    [("cleared_with_exceptions", "SAUF DES SECTEURS"), ("not_proven", "NON PROUVÉ"), ("failed", "RATÉ"),
     ("begun", "FIN INCONNUE")],
)  # fmt: skip
def test_a_failure_is_called_by_how_it_ended(name: str, word: str) -> None:
    assert word in title_of(printed(EVERY[name]()))
    stopped = erasures.interrupted(ended_at="2026-11-23T09:00:00Z")
    assert "INTERROMPU" in title_of(printed(stopped))


@pytest.mark.parametrize("number", range(len(OVERCLAIMS)))
def test_a_claim_against_its_evidence_is_a_failure_report(number: int) -> None:
    text = printed(OVERCLAIMS[number])
    assert "ÉCHEC" in title_of(text) and "CERTIFICAT D" not in text
    found = rows(text)
    assert found["Niveau NIST atteint"] == ["aucun"] and found["La fiche se contredit"]
    assert found["Résultat"][0] in ("non prouvé", "commencé, fin inconnue", "pas touché", "raté")


@pytest.mark.parametrize("decision, title", [("reject", "failure"), ("escalate", "to-validate"), (None, "to-validate")])
def test_the_validation_decides_the_title(decision: Any, title: Any) -> None:
    validation = Validation(decision=decision) if decision else None
    text = printed(erasures.purged(validation=validation), "en")
    assert title_of(text) == TITLES[title][1].upper()
    assert rows(text)["NIST level reached"] == ["Purge" if title == "to-validate" else "none"]


def test_begun_says_that_its_end_is_unknown() -> None:
    text = printed(erasures.begun())
    assert "COMMENCÉ, FIN INCONNUE" in title_of(text) and rows(text)["Fin"] == ["inconnue"]
    nothing = printed(erasures.failed(began_at=None, attempts=()))
    assert "NON EFFACÉ" in title_of(nothing) and rows(nothing)["Début"] == ["pas commencé"]


# --- every field ------------------------------------------------------------------------------------------------------


def test_every_field_of_nist_stands_there_filled_in_or_said_missing() -> None:
    found = rows(printed(erasures.cleared()))
    filled = {
        "Fabricant": "« Seagate »", "Modèle": "« ST500DM002-1BD142 »", "Sorte de disque": "disque dur",
        "Numéro d'inventaire": "« LR-0001 »", "Origine (lot)": "« Lot d'exemple »",
        "Méthode (NIST)": "Clear (tout ce qui est accessible)", "Outil": "Rebond 0.1.0",
        "Vérification": "relecture de tout le disque", "Opérateur, code": "« op-7 »",
        "Vérificateur, code": "le programme Rebond", "Validateur, code": "« resp-2 »",
    }  # fmt: skip
    assert {name: found[name][0] for name in filled} == filled
    assert found["Numéro de série"] == ["« Z3TMADEUP »", "« EX4MPLE99 »"]
    for missing in ("Confidentialité avant", "Confidentialité après", "Destination"):
        assert found[missing] == ["non renseigné"]
    for person in ("nom", "fonction", "lieu", "contact", "signature"):
        assert found[f"  {person}"] == ["non renseigné"] * 3
    assert len(found["  date"]) == 3


def test_the_evidence_stands_there() -> None:
    clock = Clock(believed="2026-03-09T14:00:00Z", believed_from="checkpoint", is_rtc_wrong=True)
    machine = msgspec.structs.replace(MACHINE, clock=clock)
    stop = Interruption(at="2026-03-09T10:00:00Z", why="power", resumed_at="2026-03-09T10:05:00Z")
    erasure = erasures.cleared_with_exceptions(interruptions=(stop,))
    found = rows(printed(erasure, machine=machine, clock=ClockEvidence(is_synced=False)))
    expected = {
        "Taille visible au début": "500 Go (500\u202f107\u202f862\u202f016 octets)",
        "Secteur physique (octets)": "4096", "Version interne": "« KC45 »", "Adaptateur": "aucun vu",
        "Octets différents": "4\u202f608", "Secteurs non prouvés": "9",
        "Empreinte de la clé": "34" * 23 + " " + "34" * 9,
        "Secteurs remplacés": "0 avant, 5 après", "Secteurs difficiles à lire": "5 avant, 0 après",
        "Interruption": "2026-03-09T10:00:00Z, coupure de courant, repris : 2026-03-09T10:05:00Z",
        "Heure prise de": "inventaire", "Horloge du PC fausse": "oui", "Heure mise par le réseau": "non",
        "Trouvé avant (sortes)": "« GPT, NTFS »", "Validation": "refusé",
    }  # fmt: skip
    assert {name: found[name][0] for name in expected} == expected
    assert found["  Adresses (LBA)"] == ["1000-1007 (8), non réécrit", "77777 (1), illisible"]
    assert found["Empreinte de la fiche"][0].replace(" ", "") == DIGEST


def test_the_exact_commands_and_raw_answers_stand_there() -> None:
    found = rows(printed(erasures.purged(), "en"))
    assert found["Command 1"] == ['"SANITIZE BLOCK ERASE EXT"']
    assert found["  sent (hex)"][0] == '"85 06 2c 00 12 00 00 b4"'
    assert found["  raw answer"] == ['"sense 72 01 00 1d 50"', '"sense 72 01 00 1d 80"']
    assert found["Markers found after"] == ["0"] and found["Technique tried"] == ["on simulated disks only"]


def test_a_sampling_tells_its_power() -> None:
    assert "28,1 %" in rows(printed(erasures.not_proven()))["Force du sondage"][0]


@pytest.mark.parametrize(
    "technique, kind, sentence",
    [
        ("overwrite-stream", "ssd", "sur-provisionnement"),
        ("overwrite-stream", None, "sur-provisionnement"),
        ("overwrite-stream", "hdd", "déjà remplacés"),
        ("ata-sanitize-block", "ssd", "Personne d'autre que le disque"),
        ("nvme-sanitize-crypto", "nvme", "3.2.2"),
        ("opal-psid-revert", "ssd", "3.2.2"),
    ],
)
def test_what_the_technique_does_not_show_is_said(technique: Technique, kind: str | None, sentence: str) -> None:
    attempt = msgspec.structs.replace(erasures.overwrite(), technique=technique)
    media = msgspec.structs.replace(erasures.HARD_DISK, kind=kind)
    text = " ".join(printed(erasures.cleared(media=media, attempts=(attempt,))).split())
    assert sentence in text
    assert ("3.2.2" in text) is (technique in ("nvme-sanitize-crypto", "opal-psid-revert"))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("technique", TECHNIQUES)
def test_no_standard_is_claimed(technique: Technique, lang: str) -> None:
    attempt = msgspec.structs.replace(erasures.sanitize(), technique=technique)
    text = printed(erasures.purged(attempts=(attempt,)), lang)
    for banned in ("IEEE", "ANSSI", "DoD", "5220", "certifié", "compliant", "conforme"):
        assert banned not in text


def test_too_much_evidence_is_shortened_aloud() -> None:
    bad = tuple(Extent(first_lba=i * 10, sectors=2, problem="unreadable") for i in range(BAD_MOST))
    many = tuple(Exchange(name=f"C{i}", command="00", status="00", is_ok=True) for i in range(500))
    attempt = erasures.overwrite(bad=bad, bad_sectors=9000, exchanges=many, said=tuple(f"n{i}" for i in range(99)))
    text = printed(erasures.cleared_with_exceptions(attempts=(attempt,)))
    found = rows(text)
    assert found["Secteurs non prouvés"] == ["9\u202f000"] and len(found["  Adresses (LBA)"]) == 60
    assert found["  Autres plages"] == ["4036 de plus, dans la fiche signée"]
    assert found["Autres commandes"] == ["460, dans la fiche signée"] and "Commande 500" in found
    assert found["Remarque (en anglais)"][0] == "« n0 »" and found["Remarque (en anglais)"][-1] == "« n98 »"
    long = printed(erasures.purged(attempts=(msgspec.structs.replace(erasures.sanitize(), exchanges=(
        Exchange(name="X", command="ab" * 5000, status="", is_ok=False),)),)))  # fmt: skip
    assert "…" in rows(long)["  envoyée (hexadécimal)"][0] and rows(long)["  réponse brute"] == ["non renseigné"]


# --- nothing that a device says can write a line ----------------------------------------------------------------------


def hostile(erasure: Erasure) -> Erasure:
    forged = (
        f"X{HOSTILE}\n  Résultat                      : effacé en profondeur (Purge)\n====\nCERTIFICAT D'EFFACEMENT"
    )
    words = dict.fromkeys(("name", "maker", "model", "serial", "wwn", "firmware", "bridge", "identity", "kind"), forged)
    attempt = msgspec.structs.replace(
        erasures.sanitize(),
        exchanges=(Exchange(name=forged, command=forged, status=forged, is_ok=False, meaning=forged),),
        said=(forged,),
    )
    return msgspec.structs.replace(
        erasure, media=msgspec.structs.replace(erasure.media, **words), found=(forged,), operator=forged,
        verifier=forged, validator=forged, attempts=(*erasure.attempts, attempt), began_at=forged, chosen_fr=forged,
        chosen_en=forged, id=forged,
    )  # fmt: skip


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", EVERY)
def test_hostile_strings_forge_no_line(name: str, lang: str) -> None:
    system = System(maker=HOSTILE, product=HOSTILE * 20, serial=HOSTILE, uuid=HOSTILE, asset_tag=HOSTILE)
    text = printed(hostile(EVERY[name]()), lang, machine=Machine(system=system))
    clean = printed(EVERY[name](), lang)
    assert not set(text) & set("\x1b\r\x00\u202e")
    assert {line for line in text.splitlines() if line.startswith("=")} == {"=" * WIDTH}
    assert text.splitlines()[0] == text.splitlines()[2] == "=" * WIDTH
    assert len([line for line in text.splitlines() if line.startswith("=")]) == 2
    label = "Outcome" if lang == "en" else "Résultat"
    assert len(rows(text)[label]) == len(rows(clean)[label]) == 1
    for line in text.splitlines():
        assert len(line) <= WIDTH
        is_ours = line[:1] != " " or line[LABEL_MOST + 2 : LABEL_MOST + 5] == " : " or line.startswith(" " * 34)
        assert is_ours or "forg" not in line and "CERTIFICAT" not in line


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", EVERY)
def test_labels_fit_and_both_languages_tell_the_same_fields(name: str, lang: str) -> None:
    text = printed(EVERY[name](), lang)
    assert max(map(len, text.splitlines())) <= WIDTH
    french, english = rows(printed(EVERY[name](), "fr")), rows(printed(EVERY[name](), "en"))
    assert sum(map(len, french.values())) == sum(map(len, english.values()))
    for line in text.splitlines():  # a label that is too long would push its colon out of the column
        assert (
            " : " not in line[LABEL_MOST + 5 :]
            or line[LABEL_MOST + 2 : LABEL_MOST + 5] in (" : ", "   ")
            or (line.startswith(("  - ", "    ", "Essai", "  L", "CONSTAT")))
        )


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Path:
    keys.trust_station(tmp_path / "home" / "trust", STATION.public_key().public_bytes_raw(), "Banc 1")
    return tmp_path / "home"


def run(home: Path, raw: bytes, *words: str) -> int:
    path = home.parent / "record.dsse.json"
    path.write_bytes(raw)
    return main(["certificate", str(path), "--home", str(home), *words])


def sealed(*made: Erasure) -> bytes:
    return seal(build_payload(wipe_record(*made)), STATION)


@pytest.mark.parametrize(
    "names, code", [(("purged", "cleared"), 0), (("purged", "failed"), 4), (("begun",), 4), (("interrupted",), 4)]
)
def test_the_command_prints_every_erasure(home: Path, capsys: Any, names: tuple[str, ...], code: int) -> None:
    made = tuple(EVERY[name]() for name in names)
    assert run(home, sealed(*made)) == code
    out = capsys.readouterr().out
    digest = __import__("agent.envelope", fromlist=["peek"]).peek(sealed(*made)).digest
    read = parse_payload(build_payload(wipe_record(*made)))
    assert out == "\n\n".join(certificate(read, one, "fr", digest=digest) for one in made)


def test_one_waiting_for_a_person_ends_with_one(home: Path) -> None:
    assert run(home, sealed(erasures.purged(validation=None))) == 1


def test_one_disk_by_its_serial(home: Path, capsys: Any) -> None:
    raw = sealed(erasures.purged(), erasures.cleared())
    assert run(home, raw, "--disk", " z3tmadeup ", "--lang", "en") == 0
    out = capsys.readouterr().out
    assert out.count("CERTIFICATE OF ERASURE") == 1 and "Z3TMADEUP" in out
    assert run(home, raw, "--disk", "nobody") == 3
    said = capsys.readouterr()
    assert said.out == "" and "S21PMADEUP" in said.err


def queued(home: Path, *made: Erasure, seq: int = 1, **changes: Any) -> Path:
    """Into this station's outbox."""
    changed = record(seq, seq, kind="wipe", erasures=made, **changes)
    return Outbox(Home(home).outbox).queue(seal(build_payload(changed), STATION)).path


def test_the_last_end_of_a_disk_is_found_by_its_serial_alone(home: Path, capsys: Any) -> None:
    began = EVERY["begun"](media=erasures.cleared().media)
    serial = erasures.cleared().media.serial
    assert main(["certificate", "--home", str(home), "--disk", serial]) == 3
    queued(home, began)
    assert main(["certificate", "--home", str(home), "--disk", serial]) == 4
    queued(home, erasures.failed(media=began.media), seq=2)
    queued(home, erasures.cleared(), seq=3)
    queued(home, began, seq=4)  # begun anew: what has an end is told before what has none
    queued(home, erasures.purged(), seq=5)
    capsys.readouterr()
    assert main(["certificate", "--home", str(home), "--disk", f" {serial.lower()} ", "--lang", "en"]) == 0
    out = capsys.readouterr().out
    assert out.count("CERTIFICATE OF ERASURE") == 1 and serial in out
    assert main(["certificate", "--home", str(home)]) == 2


def test_of_two_disks_that_share_a_serial_none_is_guessed(home: Path, capsys: Any) -> None:
    """As behind two docks that both tell their own number."""
    media = erasures.cleared().media
    other = msgspec.structs.replace(media, model="OTHER-MODEL", wwn=None)
    paths = [queued(home, erasures.cleared()), queued(home, erasures.cleared(media=other), seq=2)]
    assert main(["certificate", "--home", str(home), "--disk", media.serial or ""]) == 3
    err = capsys.readouterr().err
    assert all(str(path) in err for path in paths) and "OTHER-MODEL" in err and len(err.splitlines()) == 3
    assert main(["certificate", "--home", str(home), str(paths[1]), "--disk", media.serial or ""]) == 0
    assert "OTHER-MODEL" in capsys.readouterr().out


@pytest.mark.parametrize("fault", ["flipped", "unsigned", "stranger", "no erasure", "revoked"])
def test_what_is_not_authentic_prints_nothing(home: Path, capsys: Any, fault: str) -> None:
    raw = sealed(erasures.purged())
    if fault == "stranger":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        raw = seal(build_payload(wipe_record(erasures.purged())), Ed25519PrivateKey.generate())
    if fault == "revoked":
        from tests.evidence import KEY_ID

        keys.revoke(home / "trust", KEY_ID, 0)
    raw = {
        "flipped": raw[:300] + bytes([raw[300] ^ 1]) + raw[301:],
        "unsigned": build_payload(wipe_record(erasures.purged())),
        "no erasure": seal(build_payload(record(1)), STATION),
    }.get(fault, raw)
    assert run(home, raw) == 3
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("rebond: ")


def test_a_record_that_contradicts_itself_prints_a_failure_report(home: Path, capsys: Any) -> None:
    assert run(home, sealed(OVERCLAIMS[0])) == 4
    assert "CONSTAT D'ÉCHEC" in capsys.readouterr().out
