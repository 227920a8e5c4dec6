"""Before anything is erased, at a keyboard or a pipe: the plan is shown, then the operator is led through a `Roll`.

Over five functions, so that a keyboard, a scanner, a pipe and a test are the same thing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.bulk.roll import Armed, NotArmed, Roll
from agent.bulk.session import Chosen
from agent.bulk.showing import plan_text

Ask = Callable[[str], str | None]  # the prompt → one line without its end, or None at the end of the input
Tell = Callable[[str], None]
Waited = Callable[[int], bool]  # seconds left → True when something was typed during this second
Forget = Callable[[], None]  # whatever was typed ahead: no question was heard by it


@dataclass(frozen=True, slots=True)
class Console:
    """How the operator is spoken to and heard."""

    ask: Ask
    tell: Tell
    show: Tell  # a long text: a page at a time where a person reads it on a screen
    waited: Waited
    forget: Forget
    lang: str = "fr"

    def say(self, fr: str, en: str) -> str:
        return en if self.lang == "en" else fr


def arm(
    chosen: Sequence[Chosen], console: Console, *, operator: str | None, approved_count: int | None = None,
    is_unattended: bool = False,
) -> Armed | NotArmed:  # fmt: skip
    """As `Roll`; the countdown runs by the console's seconds."""
    console.show(plan_text(chosen, console.lang))
    roll = Roll(chosen, operator=operator, approved_count=approved_count, is_unattended=is_unattended)
    asked = ""
    while roll.asks not in ("countdown", "nothing"):
        if roll.asks != asked or roll.asks in ("member", "plug"):
            console.forget()  # a scanner's second line end, or keys of before, must not answer the next question
        asked = roll.asks
        answer = roll.hear(console.ask(console.say(*roll.question)))
        if answer.kind not in ("blank", "over"):
            console.tell(f"  {console.say(answer.fr, answer.en)}")
    if roll.asks == "countdown":
        console.tell(console.say(*roll.question))
    while roll.asks == "countdown":
        roll.tick(typed=console.waited(roll.left_s))
    armed = roll.armed
    if armed is not None:
        return armed
    assert roll.refused is not None
    return roll.refused
