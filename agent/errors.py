"""Every error a person can meet, one tree; imports nothing of ours.

    RebondError
    ├── UsageError        the command line asks for something that does not exist        exit 2
    ├── InputRefused      a file or record cannot be accepted as it is                   exit 3
    │   ├── ProfileError  one or more located mistakes in a profile
    │   ├── CaptureError  a folder or file is not a capture we can read
    │   ├── EnvelopeError a signature, digest or shape does not hold
    │   └── RecordError   a record has the wrong shape, version or size
    ├── NotDelivered      the inventory did not take the record (it stays in the outbox) exit 5
    └── StorageError      the outbox, key folder or database cannot be written           exit 1

A message says what, which, and what to do now, in French and in English: `RebondError(fr=…, en=…)`.
An error is for the caller; what is wrong with a machine is a `Gap`; what is wrong for its use is a `Reason`.
"""

from dataclasses import dataclass


class RebondError(Exception):
    """Base of all: a bilingual sentence and the exit code the command line ends with."""

    exit_code = 1

    def __init__(self, *, fr: str, en: str) -> None:
        super().__init__(en)
        self.fr = fr
        self.en = en

    def told(self, lang: str) -> str:
        return self.en if lang == "en" else self.fr


class UsageError(RebondError):
    exit_code = 2


class InputRefused(RebondError):
    exit_code = 3


class CaptureError(InputRefused):
    pass


class EnvelopeError(InputRefused):
    pass


class RecordError(InputRefused):
    pass


class NotDelivered(RebondError):
    exit_code = 5


class StorageError(RebondError):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One located mistake in a profile; `line` and `column` count from 1."""

    file: str
    line: int
    column: int
    fr: str
    en: str

    def told(self, lang: str) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.en if lang == 'en' else self.fr}"


class ProfileError(InputRefused):
    """All the mistakes of the profiles read, at once."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__(
            fr="\n".join(mistake.told("fr") for mistake in mistakes),
            en="\n".join(mistake.told("en") for mistake in mistakes),
        )
        self.mistakes = mistakes
