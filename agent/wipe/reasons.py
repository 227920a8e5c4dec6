"""Every reason of an outcome or a validation, by name: one sentence in plain French, one in English."""

from agent.erasure import Reason

REFUSED = Reason(
    rule="command-refused",
    fr="Le disque a refusé la commande : rien n'a commencé.",
    en="The disk refused the command: nothing was started.",
)
FAILED = Reason(
    rule="erase-failed",
    fr="L'effacement a commencé, puis a échoué.",
    en="The erasure began, then failed.",
)
STALLED = Reason(
    rule="no-progress",
    fr="Le disque n'avance plus depuis trop longtemps.",
    en="The disk has made no progress for too long.",
)
BLOCKED = Reason(
    rule="disk-blocked",
    fr="Un effacement interne a échoué et le disque reste bloqué : rien ne s'y lit ni ne s'y écrit. "
    "Éteignez-le puis rallumez-le, et recommencez ; s'il reste bloqué, il est à détruire.",
    en="An internal erase failed and the disk stays blocked: nothing is read from it or written to it. "
    "Power it off and on, then try again; if it stays blocked, destroy it.",
)
LIED = Reason(
    rule="disk-lied",
    fr="Le disque a dit oui, mais la relecture montre le contraire. Ne lui faites plus confiance.",
    en="The disk said yes, but reading shows otherwise. Do not trust it any more.",
)
LIED_BEFORE = Reason(
    rule="lied-before",
    fr="Ce disque a déjà menti à ce poste lors d'un effacement : rien de ce qu'il dit n'est une preuve. Détruisez-le.",
    en="This disk has lied to this station in an erasure before: nothing it says is proof. Destroy it.",
)
NO_END = Reason(
    rule="end-not-seen",
    fr="La fin de l'effacement n'a pas été vue.",
    en="The end of the erasure was not seen.",
)
NO_MARKERS = Reason(
    rule="no-markers",
    fr="Aucun repère n'a pu être posé et cherché : une disparition ne peut pas être montrée.",
    en="No marker could be planted and looked for: nothing can be shown to have gone.",
)
MARKERS_LEFT = Reason(
    rule="markers-left",
    fr="Des repères posés avant l'effacement sont encore là : le disque n'a pas effacé.",
    en="Markers planted before the erasure are still there: the disk did not erase.",
)
UNREADABLE_AFTER = Reason(
    rule="unreadable-after-erase",
    fr="Le disque s'est effacé lui-même, mais ce qu'il rend ensuite ne prouve rien tant qu'il n'est pas réécrit.",
    en="The disk erased itself, but what it gives back afterwards proves nothing until it is written again.",
)
NOT_READ = Reason(
    rule="not-read-back",
    fr="Le disque n'a pas été relu en entier.",
    en="The disk was not read back as a whole.",
)
REMAINS = Reason(
    rule="remains-found",
    fr="Des traces de fichiers ou de systèmes sont encore lisibles.",
    en="Traces of files or systems can still be read.",
)
MIXED = Reason(
    rule="mixed-content",
    fr="La relecture trouve un contenu mélangé : des zones n'ont peut-être pas été effacées.",
    en="Reading finds mixed content: some areas were perhaps not erased.",
)
NOT_UNIFORM = Reason(
    rule="not-uniform",
    fr="La relecture ne trouve pas un contenu uniforme : la commande seule ne prouve rien.",
    en="Reading does not find uniform content: the command alone proves nothing.",
)
HIDDEN_KEPT = Reason(
    rule="hidden-area-kept",
    fr="Une zone cachée du disque n'a pas pu être ouverte.",
    en="A hidden area of the disk could not be opened.",
)
UNREADABLE = Reason(
    rule="unreadable-after",
    fr="Des secteurs ne peuvent plus être lus : leur contenu n'est pas connu.",
    en="Some sectors can no longer be read: what they hold is not known.",
)
TOO_MANY_BAD = Reason(
    rule="too-many-bad-sectors",
    fr="Trop de secteurs du disque sont abîmés : il est à détruire.",
    en="Too many sectors of the disk are damaged: destroy it.",
)
OLD_UNCHANGED = Reason(
    rule="old-places-unchanged",
    fr="D'anciens secteurs se relisent comme avant l'effacement : le disque ne les a pas effacés.",
    en="Old sectors read as they did before the erasure: the disk did not erase them.",
)
DROPPED = Reason(
    rule="writes-dropped",
    fr="Le disque a accepté des écritures et rendu autre chose : il perd des données ou il ment.",
    en="The disk took writes and gave back something else: it loses data or lies.",
)
SAMPLED = Reason(
    rule="sampled-only",
    fr="Relecture par sondage seulement : le reste du disque n'est pas prouvé.",
    en="Read back by sampling only: the rest of the disk is not proven.",
)
EXCEPTIONS = Reason(
    rule="bad-sectors",
    fr="Tout est prouvé, sauf les secteurs abîmés de la liste.",
    en="All is proven but for the damaged sectors listed.",
)
UNFINISHED = Reason(
    rule="not-finished",
    fr="L'effacement n'est pas allé au bout.",
    en="The erasure did not reach its end.",
)
TOO_HOT = Reason(
    rule="too-hot",
    fr="Le disque est resté trop chaud. Laissez-le refroidir ou ventilez-le, puis reprenez l'effacement.",
    en="The disk stayed too hot. Let it cool or give it air, then resume the erasure.",
)
NO_METHOD = Reason(
    rule="no-method",
    fr="Aucune méthode n'a pu commencer.",
    en="No technique could begin.",
)
ATTESTED = Reason(
    rule="attested-and-read",
    fr="Le disque s'est effacé lui-même jusqu'au bout ; repères disparus, disque relu en entier.",
    en="The disk carried out its own erasure to its end; markers gone, disk read as a whole.",
)
ATTESTED_SAMPLED = Reason(
    rule="attested-and-sampled",
    fr="Le disque s'est effacé lui-même jusqu'au bout ; repères disparus, disque relu par sondage.",
    en="The disk carried out its own erasure to its end; markers gone, read by sampling.",
)
ALL_UNIFORM = Reason(
    rule="all-read-uniform",
    fr="Le disque entier a été relu : il ne contient plus qu'un même motif.",
    en="The whole disk was read: it holds one pattern only.",
)
ALL_READ = Reason(
    rule="all-read-back",
    fr="Chaque octet accessible a été réécrit, puis relu et comparé.",
    en="Every addressable byte was overwritten, then read back and compared.",
)
MARKERS_DOUBTFUL = Reason(
    rule="markers-doubtful",
    fr="Le courant a manqué entre les repères et leur recherche : leur disparition ne prouve plus rien.",
    en="The power failed between planting and seeking the markers: that they are gone proves nothing any more.",
)
RANDOM_CONTENT = Reason(
    rule="random-content",
    fr="Le disque se lit comme du hasard : d'anciennes données chiffrées ne s'en distinguent pas.",
    en="The disk reads as random bytes: old encrypted data cannot be told from them.",
)
SPARE_AREA = Reason(
    rule="spare-area-not-reached",
    fr="Mémoire flash : la réserve interne n'est pas atteinte par une réécriture. Une personne doit décider.",
    en="Flash memory: overwriting does not reach its spare area. A person must decide.",
)
HIDDEN_UNKNOWN = Reason(
    rule="hidden-area-unknown",
    fr="On ne sait pas si le disque cache une zone : son boîtier ou son contrôleur ne le dit pas.",
    en="Whether the disk hides an area is not known: its bridge or controller does not tell.",
)
UNTESTED = Reason(
    rule="untested-on-hardware",
    fr="Cette méthode n'a été essayée par Rebond que sur des disques simulés.",
    en="Rebond has tried this technique on simulated disks only.",
)
READ_BY_SAMPLING = Reason(
    rule="read-by-sampling",
    fr="Après l'effacement, le disque n'a été relu que par sondage.",
    en="After the erasure the disk was read by sampling only.",
)
HEALTH_WORSE = Reason(
    rule="health-got-worse",
    fr="Les compteurs d'erreurs du disque ont augmenté pendant l'effacement.",
    en="The disk's error counters grew during the erasure.",
)
NO_SERIAL = Reason(
    rule="no-serial",
    fr="Le disque ne donne pas de numéro de série.",
    en="The disk tells no serial number.",
)
NOT_BEGUN = Reason(
    rule="given-back",
    fr="Arrêté avant le début : pas un octet n'a été touché.",
    en="Stopped before it began: not one byte was touched.",
)
NOT_RESUMED = Reason(
    rule="not-gone-on-with",
    fr="Cet effacement avait commencé avant. Il n'a pas été repris cette fois.",
    en="This erasure had begun before. It was not gone on with this time.",
)
DIED = Reason(
    rule="worker-died",
    fr="Le programme qui effaçait ce disque s'est arrêté d'un coup.",
    en="The program that was erasing this disk ended all at once.",
)
BEFORE_THE_FIRST_BYTE = (NOT_BEGUN.rule, DIED.rule)  # of a disk that was not claimed: nobody refused it
JOURNAL_LOST = Reason(
    rule="journal-lost",
    fr="Le journal de cet effacement est illisible : rien n'est prouvé. Effacez ce disque de nouveau.",
    en="The journal of this erasure cannot be read: nothing is proven. Erase this disk again.",
)
HIDDEN_BY_SANITIZE = Reason(
    rule="hidden-area-by-sanitize",
    fr="Le disque a une zone illisible pour nous. Sa commande d'effacement doit l'atteindre : ce n'est pas vérifié.",
    en="The disk has an area that cannot be read. Its sanitize command is to reach it; that is not checked.",
)
PASSWORD_LEFT = Reason(
    rule="password-may-remain",
    fr="Le mot de passe « rebond » est peut-être resté sur le disque. Lancez « rebond wipe --resume » pour l'ôter.",
    en='The password "rebond" may still be on the disk. Run "rebond wipe --resume" to take it off.',
)
