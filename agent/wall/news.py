"""What a person should see of the disks now, in one line. Pure: events in, text out."""

from dataclasses import dataclass

from agent.text import clean
from agent.wipe.job import Answered, Ended, Event, Looked, NotClaimed, Rehearsed, Trouble
from agent.wipe.supervisor import Seat

Heard = tuple[Seat, Event]


def told_of(event: Event, lang: str) -> str:
    """What this event says to a person; "" for all that only the disk's own line shows."""
    said = event.reason if isinstance(event, NotClaimed) else event if isinstance(event, Trouble | Answered) else None
    if said is None:
        return ""
    return clean(said.en if lang == "en" else said.fr, 300)


@dataclass(frozen=True, slots=True)
class News:
    """Each disk that does not answer, as long as it does not; and the last other thing. Replaced whole."""

    silent: tuple[Heard, ...] = ()
    last: Heard | None = None

    def after(self, seat: Seat, event: Event) -> "News":
        told = told_of(event, "fr")
        is_silence = isinstance(event, Trouble) and event.is_silence
        ends_silence = isinstance(event, Answered | Ended | Looked | Rehearsed | NotClaimed)
        if not told and not ends_silence:
            return self
        others = tuple(one for one in self.silent if one[0] is not seat)
        if is_silence:  # what this disk's own earlier news said is over: it may be that it answers again
            kept = self.last if self.last is not None and self.last[0] is not seat else None
            return News((*others, (seat, event)), kept)
        return News(others if ends_silence else self.silent, (seat, event) if told else self.last)

    def told(self, turn: int, lang: str) -> str:
        """The disk is named. One at a time, each in its turn: none is lost because another came later."""
        heard = [*self.silent, *([self.last] if self.last is not None else [])]
        if not heard:
            return ""
        seat, event = heard[turn % len(heard)]
        colon = ":" if lang == "en" else " :"
        return f"{clean(seat.media.serial or seat.media.name, 20)}{colon} {told_of(event, lang)}"
