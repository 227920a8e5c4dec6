"""The commands of `rebond`, one module per group; each `add_…` fills one argparse parser and sets `run`.

Modules here import light: what a command needs is imported inside it, so that `--help` and the first screen are quick.
"""

from agent.commands.certificate import add_certificate
from agent.commands.checks import add_checks
from agent.commands.console import add_console
from agent.commands.disks import add_disks
from agent.commands.enrol import add_enrol
from agent.commands.evidence import add_keys, add_outbox, add_verify
from agent.commands.look import add_capture, add_inspect, add_judge
from agent.commands.profiles import add_profiles
from agent.commands.say import Say
from agent.commands.serve import add_inventory, add_serve
from agent.commands.settings import add_settings
from agent.commands.triage import add_triage
from agent.commands.wipe import add_wipe

__all__ = ["COMMANDS", "Say"]

# Name, French, English, and the function that fills its parser; in the order of `--help`.
COMMANDS = (
    ("triage", "le travail principal : inspecter, juger, signer, livrer", "the main job: inspect, judge, sign, deliver",
     add_triage),
    ("console", "la vue en plein écran du technicien", "the technician's full-screen view", add_console),
    ("inspect", "montrer ce qu'est ce PC", "show what this PC is", add_inspect),
    ("judge", "juger ce PC, ou une capture, selon les profils", "judge this PC, or a capture, against profiles",
     add_judge),
    ("capture", "garder les données brutes de ce PC", "keep this PC's raw sources", add_capture),
    ("profiles", "lister, montrer, vérifier, expliquer, comparer les profils",
     "list, show, check, explain, compare profiles", add_profiles),
    ("checks", "tester les fonctions du PC, avant le mot « reconditionné »",
     "test the PC's functions, before the word “refurbished”", add_checks),
    ("disks", "les disques : ce qui peut être effacé, et comment", "the disks: which can be wiped, and how", add_disks),
    ("wipe", "effacer des disques, avec preuve", "erase disks, with proof", add_wipe),
    ("outbox", "voir et livrer les fiches en attente", "see and deliver waiting records", add_outbox),
    ("verify", "dire ce que prouve une fiche signée", "say what a signed record proves", add_verify),
    ("certificate", "le certificat d'effacement d'une fiche signée", "the erasure certificate of a signed record",
     add_certificate),
    ("keys", "la clé de cette station", "this station's key", add_keys),
    ("enrol", "inscrire cette station à un inventaire", "enrol this station with an inventory", add_enrol),
    ("settings", "les réglages de cette station", "this station's settings", add_settings),
    ("serve", "démarrer l'inventaire", "start the inventory", add_serve),
    ("inventory", "s'occuper de l'inventaire", "look after the inventory", add_inventory),
)  # fmt: skip
