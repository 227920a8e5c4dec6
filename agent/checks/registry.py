"""The list of checks, as data. What each needs of the PC is decided in `parts`, what each blocks in `gate`.

Which ones gate the word *reconditionné* follows the decree 2022-190 (tests of all functions) as a workshop can obey it:
a part that is built into the PC gates; the clock's cell, the look and the optical drive are told, and do not gate.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["automatic", "guided", "question"]  # guided: measured, and a person has to act or to answer
Need = Literal[
    "any", "panel", "portable", "keys", "battery", "camera", "sound", "network", "optical", "clock", "lost-disk"
]  # fmt: skip
Absent = Literal["never", "in-towers", "anywhere"]
Gates = Literal["always", "built-in", "no"]  # built-in: in a laptop, a tablet, an all-in-one; a tower may go without


@dataclass(frozen=True, slots=True)
class Words:
    """Both languages; agent.rules has the like, but reading a record must not load the rules."""

    fr: str
    en: str

    def told(self, lang: str) -> str:
        return self.en if lang == "en" else self.fr


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    name: str
    kind: Kind
    title: Words
    do: Words  # what to do, before it starts
    ask: Words | None = None  # the question at the end, for guided checks and questions
    needs: Need = "any"
    gates: Gates = "always"
    absent: Absent = "never"  # may a person say that there is none: towers come without a mouse, laptops do not
    about_seconds: int = 10
    disturbs_wipe: bool = False  # pulls the mains: never beside a wipe


def _check(
    name: str, kind: Kind, title: tuple[str, str], do: tuple[str, str], ask: tuple[str, str] | None = None, *,
    needs: Need = "any", gates: Gates = "always", absent: Absent = "never", about_seconds: int = 10,
    disturbs_wipe: bool = False,
) -> Check:  # fmt: skip
    return Check(
        name=name, kind=kind, title=Words(*title), do=Words(*do), ask=Words(*ask) if ask else None,
        needs=needs, gates=gates, absent=absent, about_seconds=about_seconds,
        disturbs_wipe=disturbs_wipe,
    )  # fmt: skip


CHECKS: tuple[Check, ...] = (
    _check("lost-disks", "question", ("Disque disparu", "Lost disk"),
           ("Éteignez, ouvrez le PC. Retirez ce disque, ou rebranchez-le et effacez-le.",
            "Switch off, open the PC. Take this disk out, or plug it in and erase it."),
           ("Ce disque est-il sorti du PC ?", "Is this disk out of the PC?"), needs="lost-disk", disturbs_wipe=True),
    _check("power-on", "question", ("Démarrage", "Start-up"),
           ("Pensez au moment où vous avez allumé le PC.", "Think of the moment when you switched the PC on."),
           ("A-t-il démarré sans bip d'erreur et sans message ?", "Did it start with no error beep and no message?")),
    _check("cmos-clock", "automatic", ("Pile de l'horloge", "Clock cell"),
           ("Rien à faire : l'heure gardée par le PC est lue.", "Nothing to do: the time that the PC kept is read."),
           needs="clock", gates="no", about_seconds=1),
    _check("network", "automatic", ("Réseau", "Network"),
           ("Branchez le câble du réseau, ou ouvrez le Wi-Fi.", "Plug in the network cable, or switch on the Wi-Fi."),
           needs="network", about_seconds=10),
    _check("camera", "automatic", ("Caméra", "Camera"),
           ("Ouvrez le cache de la caméra. Laissez la lumière.", "Open the camera's cover. Leave the light on."),
           needs="camera", gates="built-in", about_seconds=5),
    _check("memory", "automatic", ("Mémoire", "Memory"),
           ("Rien à faire : la mémoire est écrite et relue.", "Nothing to do: the memory is written and read back."),
           about_seconds=300),
    _check("cooling", "automatic", ("Chaleur", "Heat"),
           ("Posez le PC à plat. Ne bouchez pas les grilles.", "Lay the PC flat. Do not block its grilles."),
           about_seconds=600),
    _check("screen", "guided", ("Écran", "Screen"),
           ("Cinq couleurs vont remplir l'écran. Cherchez les points et les traits.",
            "Five colours will fill the screen. Look for dots and stripes."),
           ("L'écran est-il sans point mort, sans trait, bien éclairé ?", "No dead dot, no stripe, evenly lit?"),
           needs="panel", about_seconds=30),
    _check("keyboard", "guided", ("Clavier", "Keyboard"),
           ("Appuyez une fois sur chaque touche.", "Press every key once."),
           ("Toutes les touches marchent-elles, sans se coincer ?", "Does every key work, without sticking?"),
           needs="keys", absent="in-towers", about_seconds=60),
    _check("pointer", "guided", ("Pavé tactile, souris", "Touchpad or mouse"),
           ("Bougez dans les quatre sens. Cliquez à gauche, puis à droite.",
            "Move all four ways. Click left, then right."),
           ("Le pavé (ou la souris) et les clics marchent-ils bien ?", "Do touchpad (or mouse) and clicks work well?"),
           absent="in-towers", about_seconds=30),
    _check("speakers", "guided", ("Haut-parleurs", "Speakers"),
           ("Un son va sortir à gauche, puis à droite.", "A sound will come from the left, then from the right."),
           ("Avez-vous entendu les deux sons, bien nets ?", "Did you hear both sounds, clearly?"),
           needs="sound", gates="built-in", absent="anywhere"),
    _check("microphone", "guided", ("Micro", "Microphone"),
           ("Taisez-vous deux secondes. Puis parlez près du PC.", "Be quiet for two seconds. Then speak near the PC."),
           ("Avez-vous bien parlé près du micro ?", "Did you speak near the microphone?"),
           needs="sound", gates="built-in", absent="anywhere"),
    _check("headphones", "question", ("Prise casque", "Headphone socket"),
           ("Branchez un casque. Refaites le son.", "Plug in headphones. Play the sound again."),
           ("Le son sort-il bien dans le casque ?", "Does the sound come out of the headphones?"),
           needs="sound", gates="built-in", absent="anywhere"),
    _check("usb-ports", "guided", ("Prises USB", "USB ports"),
           ("Branchez une clé USB dans chaque prise, l'une après l'autre.", "Plug a stick into each port, one by one."),
           ("Chaque prise USB a-t-elle réagi ?", "Did every USB port react?"), about_seconds=60),
    _check("video-outputs", "question", ("Sorties vidéo", "Video outputs"),
           ("Branchez un écran sur chaque prise : HDMI, VGA, DisplayPort.",
            "Plug a monitor into each socket: HDMI, VGA, DisplayPort."),
           ("L'image s'affiche-t-elle sur chaque prise ?", "Does each socket give a picture?"), absent="anywhere"),
    _check("card-reader", "question", ("Lecteur de cartes", "Card reader"),
           ("Mettez une carte mémoire.", "Put in a memory card."), ("La carte est-elle vue ?", "Is the card seen?"),
           absent="anywhere"),
    _check("optical", "question", ("Lecteur de disques", "Optical drive"),
           ("Ouvrez le tiroir. Mettez un disque.", "Open the tray. Put in a disc."),
           ("Le disque tourne-t-il ?", "Does the disc spin?"), needs="optical", gates="no"),
    _check("fan", "question", ("Ventilateur", "Fan"),
           ("Écoutez le PC pendant qu'il chauffe.", "Listen to the PC while it heats."),
           ("Le ventilateur tourne-t-il sans bruit anormal ?", "Does the fan turn with no odd noise?"),
           absent="anywhere"),
    _check("power-supply", "question", ("Alimentation, cordon", "Power supply, cord"),
           ("Regardez le bloc, le cordon et la prise. Bougez-les un peu.",
            "Look at supply, cord and socket. Move them a little."),
           ("Le cordon est-il entier, la prise tient-elle bien ?", "Is the cord whole, does the socket hold well?"),
           disturbs_wipe=True),
    _check("battery", "guided", ("Batterie", "Battery"),
           ("Débranchez le chargeur. Laissez le PC sur sa batterie.", "Unplug the charger. Let the PC run on battery."),
           needs="battery", about_seconds=1200, disturbs_wipe=True),
    _check("swelling", "question", ("Batterie gonflée", "Swollen battery"),
           ("Posez le PC à plat. Regardez le dessous et le pavé tactile.",
            "Lay the PC flat. Look below and at the touchpad."),
           ("Est-il bien plat, sans bosse ni pavé soulevé ?", "Is it flat, with no bulge and no lifted touchpad?"),
           needs="battery"),
    _check("hinges", "question", ("Charnières", "Hinges"),
           ("Ouvrez et fermez l'écran.", "Open and close the lid."),
           ("Les charnières tiennent-elles sans casse ?", "Do the hinges hold, with nothing broken?"),
           needs="portable", gates="no"),
    _check("case", "question", ("Boîtier", "Case"),
           ("Faites le tour du PC. Comptez les vis.", "Look all around the PC. Count the screws."),
           ("Le boîtier est-il entier et propre, avec ses vis ?", "Is the case whole and clean, with its screws?"),
           gates="no"),
    _check("stickers", "question", ("Étiquettes enlevées", "Labels removed"),
           ("Cherchez les étiquettes de l'ancien propriétaire, le nom d'un élève.",
            "Look for labels of the former owner, a pupil's name."),
           ("Toutes ces étiquettes sont-elles enlevées ?", "Are all those labels gone?"), gates="no"),
)  # fmt: skip

BY_NAME: dict[str, Check] = {check.name: check for check in CHECKS}
