"""Does this PC have the part that a check is about? Yes, no (and why), or unknown: unknown is checked like yes."""

from dataclasses import dataclass

from agent.checks.registry import Check
from agent.facts import Machine

BUILT_IN = ("laptop", "tablet", "all-in-one")
PORTABLE = ("laptop", "tablet")


@dataclass(frozen=True, slots=True)
class Part:
    """`is_there` is None when nothing tells; the sentences say why a check does not apply."""

    is_there: bool | None
    fr: str = ""
    en: str = ""


_YES, _UNKNOWN = Part(True), Part(None)


def part_of(machine: Machine, check: Check) -> Part:
    chassis = machine.system.chassis
    match check.needs:
        case "portable":
            return _of_chassis(chassis, PORTABLE, "Ce n'est pas un portable.", "This is no laptop.")
        case "panel":
            if any(display.is_internal for display in machine.displays or ()):
                return _YES
            return _of_chassis(chassis, BUILT_IN, "Ce PC n'a pas d'écran à lui.", "This PC has no screen of its own.")
        case "keys":
            if chassis == "tablet":
                return Part(False, "Une tablette n'a pas de clavier à elle.", "A tablet has no keyboard of its own.")
            return _YES
        case "battery":
            present = None if machine.batteries is None else [b for b in machine.batteries if b.is_present is not False]
            return _listed(present, "Le système ne voit pas de batterie.", "The system sees no battery.")
        case "camera":
            return _listed(machine.cameras, "Le système ne voit pas de caméra.", "The system sees no camera.")
        case "sound":
            return _listed(machine.audio, "Le système ne voit pas de carte son.", "The system sees no sound card.")
        case "optical":
            return _listed(machine.optical, "Ce PC n'a pas de lecteur de disques.", "This PC has no optical drive.")
        case "lost-disk":
            return Part(bool(machine.lost_disks), "Aucun disque n'a disparu.", "No disk is lost.")
        case "any" | "network" | "clock":  # a PC with no network card at all is not usable: it fails, it is not excused
            return _YES


def gates(machine: Machine, check: Check) -> bool:
    """Must it be passed before the word *reconditionné*? The kind of PC decides; an unknown kind excuses nothing."""
    if check.gates == "built-in":
        return machine.system.chassis is None or machine.system.chassis in BUILT_IN
    return check.gates == "always" and (check.needs != "lost-disk" or bool(machine.lost_disks))


def may_be_absent(machine: Machine, check: Check) -> bool:
    """May a person say that this PC has no such part?"""
    if check.absent == "in-towers":
        return machine.system.chassis is not None and machine.system.chassis not in PORTABLE
    return check.absent == "anywhere"


def is_portable(machine: Machine) -> bool:
    return machine.system.chassis in PORTABLE


def _of_chassis(chassis: str | None, wanted: tuple[str, ...], fr: str, en: str) -> Part:
    if chassis is None:
        return _UNKNOWN
    return _YES if chassis in wanted else Part(False, fr, en)


def _listed(found: object, fr: str, en: str) -> Part:
    """None: not looked at. Empty: looked, none there."""
    if found is None:
        return _UNKNOWN
    return _YES if found else Part(False, fr, en)
