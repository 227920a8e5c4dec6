"""`certificate`: the readable text of each erasure in a signed record; the signature is checked first."""

import argparse
from typing import TYPE_CHECKING

from agent.commands.evidence import add_signed_file, explained
from agent.commands.finding import record_of_disk
from agent.commands.say import Say, note, refused, tell

if TYPE_CHECKING:
    from agent.erasure import Erasure
    from agent.verify import Explanation

NOT_PROVEN_EXIT = 4


def add_certificate(parser: argparse.ArgumentParser, say: Say) -> None:
    add_signed_file(parser, say, is_optional=True)
    parser.add_argument(
        "--disk",
        metavar="SERIAL",
        help=say(
            "le disque de ce numéro de série ; sans fiche, sa dernière sur ce poste",
            "the disk of this serial number; without a record, its last one on this station",
        ),
    )
    parser.set_defaults(run=run_certificate)


def run_certificate(options: argparse.Namespace, say: Say) -> int:
    """Exit 0 when each text is a certificate, 1 when one waits for a person, 4 when one is a failure report."""
    from agent.claims import standing_of
    from agent.errors import InputRefused, UsageError
    from agent.home import find_home
    from agent.report import certificate

    if options.file is None:
        if options.disk is None:
            raise UsageError(fr="Donnez une fiche, ou --disk NUMÉRO.", en="Give a record, or --disk SERIAL.")
        try:
            options.file = record_of_disk(find_home(options.home), options.disk, say)
        except InputRefused as error:
            return refused(error, say)
    explanation = explained(options)
    record, digest = explanation.record, explanation.digest
    if not explanation.is_authentic or record is None or digest is None:
        raise _refused(explanation)
    if record.kind == "check":
        raise InputRefused(
            fr="C'est la fiche d'un contrôle : une relecture ne prouve pas un effacement. Il n'y a pas de certificat.",
            en="This is the record of a check: reading proves no erasure. There is no certificate.",
        )
    erasures = _asked(record.erasures, options.disk)
    tell("\n\n".join(certificate(record, erasure, say.lang, digest=digest) for erasure in erasures))
    standings = {standing_of(erasure) for erasure in erasures}
    if standings <= {"certificate", "to-validate"}:
        return 1 if "to-validate" in standings else 0
    note(say("Au moins un effacement n'est pas prouvé.", "At least one erasure is not proven."))
    return NOT_PROVEN_EXIT


def _refused(explanation: "Explanation") -> Exception:
    from agent.errors import InputRefused

    if explanation.is_authentic:
        return InputRefused(
            fr="C'est le bordereau d'une session. Donnez la fiche d'un disque.",
            en="This is a session's manifest. Give the record of a disk.",
        )
    broken = [finding for finding in explanation.findings if finding.state == "broken"]
    return InputRefused(
        fr=f"Pas de certificat : {' '.join(finding.fr for finding in broken) or 'la fiche est illisible.'}",
        en=f"No certificate: {' '.join(finding.en for finding in broken) or 'the record cannot be read.'}",
    )


def _asked(erasures: tuple["Erasure", ...], serial: str | None) -> tuple["Erasure", ...]:
    """All of them, or those of one disk; InputRefused when there is none."""
    from agent.bulk.session import bare
    from agent.errors import InputRefused
    from agent.text import clean

    if not erasures:
        raise InputRefused(fr="Cette fiche ne parle d'aucun effacement.", en="This record tells of no erasure.")
    if serial is None:
        return erasures
    wanted = bare(serial)
    found = tuple(one for one in erasures if wanted in (bare(one.media.serial or ""), bare(one.media.wwn or "")))
    if not found:
        known = ", ".join(clean(one.media.serial or "?", 40) for one in erasures)
        raise InputRefused(
            fr=f"Aucun disque de cette fiche n'a ce numéro de série. Elle connaît : {known}.",
            en=f"No disk of this record has this serial number. It knows: {known}.",
        )
    return found
