"""Every reason not to touch a disk, by name: what is wrong, with which disk, and what to do now, in plain words.

`{disk}` is the kernel's name of the disk, `{who}` what stands in the way: kernel names, never labels or folders.
"""

import errno

from agent.erasure import Reason
from agent.errors import InputRefused

# rule | French | English
_TABLE = """
not-a-whole-disk | {disk} n'est qu'une partie d'un disque. Choisissez le disque entier. | {disk} is only a part of a disk. Choose the whole disk.
optical | {disk} est un lecteur de CD ou de disquettes : Rebond n'efface pas ce qu'on y met. | {disk} is a CD or floppy drive: Rebond does not wipe what is put in it.
not-a-disk | {disk} n'est pas un disque, mais un montage de plusieurs ou de la mémoire. Choisissez les disques dessous. | {disk} is no disk but built on disks, or memory. Choose the disks beneath.
virtual-disk | {disk} est un disque virtuel. Ajoutez --virtual si c'est bien lui que vous voulez. | {disk} is a virtual disk. Add --virtual if it is the one you want.
loops-only | Ici, seuls les disques d'essai (loop) peuvent être effacés, et {disk} n'en est pas un. | Here only test disks (loop) can be wiped, and {disk} is none.
no-medium | Le lecteur {disk} est vide. Mettez-y la carte, puis recommencez. | The drive {disk} is empty. Put the card in, then try again.
no-size | {disk} annonce une taille nulle. Il s'efface peut-être encore lui-même : attendez la fin et redémarrez le PC. Sinon débranchez-le et rebranchez-le ; s'il reste ainsi, il est à détruire. | {disk} says that its size is zero. It may still be erasing itself: wait for the end and start the PC again. Otherwise unplug it and plug it in again; if it stays so, destroy it.
no-identity | {disk} ne donne ni numéro de série ni WWN : on ne peut pas être sûr que c'est lui. S'il est dans un boîtier, branchez-le directement. | {disk} tells neither serial number nor WWN: nothing makes sure that it is the one. If it is in a dock, connect it directly.
serial-shared | {disk} et {who} donnent le même numéro de série. Débranchez l'un des deux. | {disk} and {who} tell the same serial number. Unplug one of the two.
wwn-shared | {disk} et {who} donnent le même WWN. Débranchez l'un des deux. | {disk} and {who} tell the same WWN. Unplug one of the two.
namespaces-alike | {disk} et {who} sont deux espaces d'un même disque NVMe, que rien ne distingue. Utilisez l'outil du fabricant. | {disk} and {who} are two namespaces of one NVMe drive that nothing tells apart. Use its maker's tool.
multipath | {disk} et {who} sont deux chemins vers un même disque. Gardez un seul câble. | {disk} and {who} are two paths to one disk. Keep one cable only.
boot-medium | {disk} porte le système Rebond qui tourne maintenant. Il n'est pas à effacer. | {disk} holds the Rebond system that is running. It is not to be wiped.
rebond-stick | {disk} est une clé Rebond : le système ou les données d'une station. Débranchez-la, elle n'est pas à effacer. | {disk} is a Rebond stick: the system or a station's data. Unplug it, it is not to be wiped.
boot-unknown | On ne sait pas d'où ce PC a démarré : {disk} est peut-être la clé Rebond. Démarrez sur une clé Rebond, et débranchez les autres. | Where this PC booted from is not known: {disk} may be the Rebond stick. Boot from a Rebond stick and unplug the others.
station-home | Le dossier de la station (clé, fiches, journaux) est sur {disk}. Mettez-le ailleurs avec --home. | The station's folder (key, records, journals) is on {disk}. Put it elsewhere with --home.
mounted | {disk} est utilisé : {who} est monté. Démontez-le avec « umount », puis recommencez. | {disk} is in use: {who} is mounted. Unmount it with "umount", then try again.
swap | {disk} sert de mémoire d'échange ({who}). Lancez « swapoff /dev/{who} », puis recommencez. | {disk} is used as swap ({who}). Run "swapoff /dev/{who}", then try again.
btrfs-member | {disk} fait partie d'un système btrfs monté ({who}). Démontez-le, puis recommencez. | {disk} is part of a mounted btrfs ({who}). Unmount it, then try again.
held | {disk} est tenu par {who}, construit dessus. Arrêtez-le, puis recommencez. | {disk} is held by {who}, which is built on it. Stop it, then try again.
raid-in-use | {disk} fait partie du RAID {who}, en marche. Lancez « mdadm --stop » sur {who}, puis recommencez. | {disk} is part of the RAID {who}, which is running. Run "mdadm --stop" on {who}, then try again.
fake-raid-in-use | {disk} fait partie d'un RAID du BIOS (Intel RST, DDF…), en marche ({who}). Lancez « mdadm --stop --scan » ou « dmraid -an », puis recommencez. | {disk} is part of a RAID of the BIOS (Intel RST, DDF…), which is running ({who}). Run "mdadm --stop --scan" or "dmraid -an", then try again.
lvm-in-use | {disk} porte des volumes LVM ouverts ({who}). Lancez « vgchange -an », puis recommencez. | {disk} holds open LVM volumes ({who}). Run "vgchange -an", then try again.
crypt-in-use | {disk} porte un volume chiffré ouvert ({who}). Fermez-le avec « cryptsetup close », puis recommencez. | {disk} holds an open encrypted volume ({who}). Close it with "cryptsetup close", then try again.
bcache-in-use | {disk} fait partie du cache {who}, en marche. Arrêtez-le (echo 1 > /sys/block/{who}/bcache/stop), puis recommencez. | {disk} is part of the cache {who}, which is running. Stop it (echo 1 > /sys/block/{who}/bcache/stop), then try again.
zfs-in-use | {disk} fait partie d'un ensemble ZFS ouvert. Lancez « zpool export -a », puis recommencez. | {disk} is part of an open ZFS pool. Run "zpool export -a", then try again.
network-disk | {disk} vient du réseau ({who}) : ce n'est pas un disque de ce PC. Débranchez-le de ce PC. | {disk} comes over the network ({who}): it is no disk of this PC. Disconnect it from this PC.
slaves | {disk} est construit sur {who}. Choisissez les disques dessous. | {disk} is built on {who}. Choose the disks beneath.
loop-on-it | {disk} sert de support à {who}. Lancez « losetup -d /dev/{who} », puis recommencez. | {disk} is what {who} lies on. Run "losetup -d /dev/{who}", then try again.
zram-on-it | {disk} reçoit le débordement de la mémoire compressée {who}. Arrêtez {who}, puis recommencez. | {disk} takes the overflow of compressed memory {who}. Stop {who}, then try again.
read-only | {disk} est protégé en écriture. Déplacez son verrou ou changez d'adaptateur. | {disk} is write protected. Move its lock or change the adapter.
read-only-unknown | {disk} ne dit pas s'il est protégé en écriture. Débranchez-le et rebranchez-le. | {disk} does not tell whether it is write protected. Unplug it and plug it in again.
zoned | {disk} est un disque à zones (SMR géré par l'hôte), que Rebond ne sait pas effacer. Utilisez l'outil du fabricant. | {disk} is a zoned disk (host-managed SMR), which Rebond cannot wipe. Use its maker's tool.
raid-volume | {disk} est un volume d'une carte RAID ({who}), pas un disque. Effacez depuis la carte, ou branchez les disques sans elle. | {disk} is a volume of a RAID card ({who}), not a disk. Wipe from the card, or connect the disks without it.
path-only | {disk} n'est qu'un chemin vers un disque NVMe. Choisissez le disque lui-même. | {disk} is only a path to an NVMe drive. Choose the drive itself.
namespace-busy | {disk} partage sa puce avec {who}, qui ne peut pas être effacé : {why} | {disk} shares its drive with {who}, which cannot be wiped: {why}
namespaces-changed | Le disque NVMe de {disk} n'a plus les espaces du plan (maintenant, à côté : {who}). Rien n'a été touché. Refaites un plan d'effacement. | The NVMe drive of {disk} no longer has the namespaces of the plan (beside it now: {who}). Nothing was touched. Make a new wipe plan.
array-member | {disk} fait partie d'un ensemble de disques ({who}). L'effacer peut détruire les données des autres : confirmez une seconde fois. | {disk} is part of a set of disks ({who}). Wiping it can destroy the data of the others: confirm a second time.
in-use | {disk} est utilisé par un autre programme. Fermez ce programme, puis recommencez. | {disk} is in use by another program. End that program, then try again.
two-operators | {disk} est déjà pris par un autre effacement en cours. Attendez sa fin. | {disk} is already taken by another running wipe. Wait for its end.
looked-at | {disk} est examiné en ce moment par un autre programme. Attendez quelques secondes, puis recommencez. | {disk} is being looked at by another program. Wait a few seconds, then try again.
not-found | Le disque prévu ({disk}) n'est plus là, ou il a changé. Refaites un plan d'effacement. | The planned disk ({disk}) is no longer there, or has changed. Make a new wipe plan.
found-twice | Deux disques répondent à la description de {disk} : {who}. Débranchez-en un. | Two disks answer to the description of {disk}: {who}. Unplug one of them.
named-less | {disk} ne redit plus tout ce qui le nomme ({who}) : numéro de série ou WWN. Débranchez-le et rebranchez-le, puis refaites un plan. | {disk} no longer tells all that names it ({who}): serial number or WWN. Unplug it and plug it in again, then make a new plan.
size-changed | {disk} n'a plus la taille du plan (octets : {who}). Rien n'a été touché. Refaites un plan d'effacement. | {disk} no longer has the size of the plan (bytes: {who}). Nothing was touched. Make a new wipe plan.
changed | Sous le nom {disk}, il y a maintenant un autre disque ({who}). Rien n'a été touché. Refaites un plan d'effacement. | Under the name {disk} there is another disk now ({who}). Nothing was touched. Make a new wipe plan.
replugged | {disk} a été débranché ou échangé depuis le plan. Rien n'a été touché. Refaites un plan d'effacement. | {disk} was unplugged or exchanged since the plan. Nothing was touched. Make a new wipe plan.
other-in-dock | Dans le boîtier {disk}, il y a maintenant un autre disque ({who}). Rien n'a été touché. Refaites un plan d'effacement. | In the dock {disk} there is another disk now ({who}). Nothing was touched. Make a new wipe plan.
dock-silent | Le disque du boîtier {disk} ne redit plus son numéro ({who}) : on ne peut pas être sûr que c'est lui. Branchez-le directement, sans boîtier. | The disk in the dock {disk} no longer tells its serial ({who}): nothing makes sure that it is the one. Connect it directly, without a dock.
plug-serial | {who} est le numéro de la prise de {disk}, le même pour tout disque qu'on y met. Confirmez une seconde fois que le bon disque y est. | {who} is the number of the plug of {disk}, the same for any disk put in. Confirm a second time that the right disk is in it.
does-not-identify | {disk} s'ouvre, mais ne dit pas qui il est ({who}). Débranchez-le et rebranchez-le, puis recommencez. | {disk} opens, but does not say which disk it is ({who}). Unplug it and plug it in again, then try again.
cannot-open | {disk} ne s'ouvre pas ({who}). Vérifiez son câble, puis recommencez. | {disk} cannot be opened ({who}). Check its cable, then try again.
no-permission | Il faut les droits d'administration pour ouvrir {disk}. Lancez Rebond avec sudo. | Administrator's rights are needed to open {disk}. Run Rebond with sudo.
look-failed | {disk} s'ouvre, mais on n'a pas pu le lire ({who}). Débranchez-le et rebranchez-le, puis recommencez. | {disk} opens, but could not be looked at ({who}). Unplug it and plug it in again, then try again.
no-answer | {disk} ne répond plus depuis {who} s. Débranchez-le ; s'il recommence, il est à détruire. | {disk} has not answered for {who} s. Unplug it; if it does so again, destroy it.
replayed | Ceci est une capture, pas un PC : rien ne peut y être effacé. | This is a capture, not a PC: nothing can be wiped in it.
loop-over-device | {disk} n'est qu'une vue d'un autre disque ({who}). Choisissez ce disque lui-même. | {disk} is only a view of another device ({who}). Choose that disk itself.
open-for-writing | {disk} est ouvert en écriture par un autre programme ({who}). Fermez ce programme, puis recommencez. | {disk} is open for writing in another program ({who}). End that program, then try again.
no-power | {disk} va s'effacer lui-même : le courant ne doit pas manquer. Branchez le chargeur, puis recommencez. | {disk} is going to erase itself: the power must not fail. Plug the charger in, then try again.
no-method | Aucune méthode d'effacement de Rebond ne convient à {disk}. {why} | None of Rebond's techniques suits {disk}. {why}
"""  # noqa: E501 - one rule, one line

_SENTENCES = {
    rule: (fr, en)
    for rule, fr, en in (
        (part.strip() for part in line.split(" | ")) for line in _TABLE.strip().splitlines()
    )
}  # fmt: skip
RULES = frozenset(_SENTENCES)


def reason(rule: str, disk: str, who: str = "", why: Reason | None = None) -> Reason:
    """The named reason about this disk; an unknown rule is a KeyError, in tests."""
    fr, en = _SENTENCES[rule]
    return Reason(
        rule=rule,
        fr=fr.format(disk=disk, who=who, why=why.fr if why else ""),
        en=en.format(disk=disk, who=who, why=why.en if why else ""),
    )


def why_not_open(error: OSError) -> str:
    """The rule's name for what the kernel answered to opening a disk."""
    return _OPENING.get(error.errno or 0, "cannot-open")


_OPENING = {
    errno.ENOMEDIUM: "no-medium", errno.EROFS: "read-only", errno.EACCES: "no-permission", errno.EPERM: "no-permission",
    errno.ENOENT: "not-found", errno.ENXIO: "not-found", errno.ENODEV: "not-found",
}  # fmt: skip


class ClaimRefused(InputRefused):
    """The disk may not be touched, and was not."""

    def __init__(self, why: Reason) -> None:
        super().__init__(fr=why.fr, en=why.en)
        self.reason = why
