"""Why an upload or an enrolment is refused: status, a word for programs, a sentence for people."""

from agent.errors import InputRefused

FORK = "chain-fork"  # the station's side knows the word too: agent.joining


class Refusal(InputRefused):
    """An answer other than 2xx. `keep`: the body goes to quarantine; `alarm`: and somebody must look at it."""

    def __init__(
        self, status: int, word: str, *, fr: str, en: str, keep: bool = False, alarm: bool = False, wait_s: int = 0
    ) -> None:
        super().__init__(fr=fr, en=en)
        self.status = status
        self.word = word
        self.keep = keep
        self.alarm = alarm
        self.wait_s = wait_s

    def __reduce__(self) -> tuple[object, ...]:
        told = (self.status, self.word, self.fr, self.en, self.keep, self.alarm, self.wait_s)
        return _rebuilt, told  # it crosses from the checking process

    def body(self) -> dict[str, str]:
        return {"error": self.word, "fr": self.fr, "en": self.en}


def _rebuilt(status: int, word: str, fr: str, en: str, keep: bool, alarm: bool, wait_s: int) -> Refusal:
    return Refusal(status, word, fr=fr, en=en, keep=keep, alarm=alarm, wait_s=wait_s)


def wrong_type(given: str) -> Refusal:
    return Refusal(
        415,
        "wrong-type",
        fr=f"Le type {given[:80]!r} n'est pas accepté. Envoyez une enveloppe DSSE en application/json.",
        en=f"The type {given[:80]!r} is not accepted. Send a DSSE envelope as application/json.",
    )


def compressed() -> Refusal:
    return Refusal(
        415,
        "compressed",
        fr="Le contenu est compressé. Envoyez-le sans compression.",
        en="The body is compressed. Send it without compression.",
    )


def too_large(limit_bytes: int) -> Refusal:
    return Refusal(
        413,
        "too-large",
        fr=f"La fiche est trop grosse. La limite est de {limit_bytes // 1024} Kio.",
        en=f"The record is too large. The limit is {limit_bytes // 1024} KiB.",
    )


def too_slow() -> Refusal:
    return Refusal(
        408,
        "too-slow",
        fr="L'envoi est trop lent. Réessayez.",
        en="The upload is too slow. Try again.",
    )


def busy(wait_s: int = 2) -> Refusal:
    return Refusal(
        503,
        "busy",
        fr="L'inventaire est occupé. L'envoi reprendra tout seul.",
        en="The inventory is busy. The delivery will resume by itself.",
        wait_s=wait_s,
    )


def not_stored() -> Refusal:
    return Refusal(
        503,
        "not-stored",
        fr="L'inventaire n'a pas pu enregistrer la fiche. Vérifiez la place libre sur son disque.",
        en="The inventory could not store the record. Check the free space on its disk.",
        wait_s=30,
    )


def over_quota(wait_s: int) -> Refusal:
    return Refusal(
        429,
        "over-quota",
        fr="Ce poste envoie trop de fiches à la fois. L'envoi reprendra tout seul.",
        en="This station sends too many records at once. The delivery will resume by itself.",
        wait_s=wait_s,
    )


def not_a_digest() -> Refusal:
    return Refusal(
        400,
        "not-a-digest",
        fr="L'adresse ne contient pas une empreinte SHA-256 (64 chiffres hexadécimaux minuscules).",
        en="The address holds no SHA-256 digest (64 lower-case hexadecimal digits).",
    )


def not_an_envelope(error: InputRefused) -> Refusal:
    return Refusal(400, "not-an-envelope", fr=error.fr, en=error.en)


def wrong_digest() -> Refusal:
    return Refusal(
        422,
        "wrong-digest",
        fr="La fiche reçue n'est pas celle annoncée. Son empreinte est différente.",
        en="The record received is not the one announced. Its digest differs.",
    )


def unknown_key() -> Refusal:
    return Refusal(
        401,
        "unknown-key",
        fr="Ce poste n'est pas inscrit. Sa fiche attend en quarantaine. Inscrivez le poste avec un code.",
        en="This station is not enrolled. Its record waits in quarantine. Enrol the station with a code.",
        keep=True,
    )


def wrong_signature() -> Refusal:
    return Refusal(
        401,
        "wrong-signature",
        fr="La signature n'est pas bonne. La fiche a été modifiée, ou un autre poste se fait passer pour celui-ci.",
        en="The signature does not hold. The record was altered, or another station claims to be this one.",
        keep=True,
        alarm=True,
    )


def revoked_key() -> Refusal:
    return Refusal(
        403,
        "revoked-key",
        fr="La clé de ce poste est révoquée. Sa fiche est en quarantaine. Prévenez le responsable.",
        en="This station's key is revoked. Its record is in quarantine. Tell the person in charge.",
        keep=True,
        alarm=True,
    )


def session_over() -> Refusal:
    return Refusal(
        403,
        "session-over",
        fr="La séance de ce poste est finie. Sa fiche est en quarantaine à l'inventaire. "
        "Redémarrez ce PC et inscrivez-le à une nouvelle séance.",
        en="This station's session is over. Its record is in quarantine at the inventory. "
        "Restart this PC and enrol it in a new session.",
        keep=True,
        alarm=True,
    )


def session_code() -> Refusal:
    return Refusal(
        403,
        "session-code",
        fr="Ce code est celui d'une séance : il n'inscrit que des PC démarrés par le réseau, jusqu'à sa fin. "
        "Pour une clé ou un poste fixe, demandez un code à part.",
        en="This code is a session's: it only enrols PCs booted from the network, until its end. "
        "For a stick or a fixed station, ask for a code of its own.",
    )


def wrong_record(error: InputRefused) -> Refusal:
    """Authentic, but not a record this version reads: kept, since a newer inventory may admit it."""
    return Refusal(422, "wrong-record", fr=error.fr, en=error.en, keep=True)


def same_id() -> Refusal:
    return Refusal(
        409,
        "same-id",
        fr="Une autre fiche porte déjà ce numéro. Celle-ci est en quarantaine. Prévenez le responsable.",
        en="Another record already has this id. This one is in quarantine. Tell the person in charge.",
        keep=True,
        alarm=True,
    )


def chain_fork() -> Refusal:
    return Refusal(
        409,
        FORK,
        fr="Un autre poste signe comme celui-ci (clé USB copiée ?). Cette fiche est gardée, en quarantaine à "
        "l'inventaire. Demandez un code au responsable, puis inscrivez ce poste de nouveau.",
        en="Another station signs as this one does (a copied stick?). This record is kept, in quarantine at the "
        "inventory. Ask the person in charge for a code, then enrol this station again.",
        keep=True,
        alarm=True,
    )


def no_such_record() -> Refusal:
    return Refusal(
        404, "no-such-record", fr="Cette fiche n'est pas dans l'inventaire.", en="This record is not in the inventory."
    )


def wrong_code() -> Refusal:
    return Refusal(
        403,
        "wrong-code",
        fr="Ce code n'est pas valable : mal tapé, déjà utilisé, ou trop vieux. Demandez un nouveau code.",
        en="This code is not valid: mistyped, used up, or too old. Ask for a new one.",
    )


def wrong_request(fr: str, en: str) -> Refusal:
    return Refusal(400, "wrong-request", fr=fr, en=en)
