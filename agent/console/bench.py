"""One PC on the bench: looked at, judged, noted, delivered. All the console's work, and no widget.

Every method may take long (a dying disk, a slow stick, no network) and is called from a thread of its own; what went
wrong is returned or kept as a sentence, never raised for the screens to stumble over.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from agent.checks.lost import with_taken_out
from agent.console.arrivals import Arrivals, Change
from agent.console.checking import Checking
from agent.console.erasing import Erasing
from agent.console.link import Link, link
from agent.console.stick import has_come_late, is_out, set_keyboard, settle, warning
from agent.errors import RebondError, StorageError
from agent.facts import Machine
from agent.home import STICK, Home
from agent.host import Host
from agent.outbox import Outbox, Refused
from agent.probes.block_devices import fixed_disks
from agent.record import ProfileUsed
from agent.rules import Profile, load_profiles
from agent.settings import InventoryAt, Settings, find_settings
from agent.verdict import Verdict, judge
from agent.visit import Desk, Noted, circumstances, clock_evidence, copy_kept, make_known, note_visit, of_this_visit

if TYPE_CHECKING:
    from agent.erasure import Erasure
    from agent.keys import StationKey
    from agent.upload import Delivery, Enrolled

_ADOPT_AGAIN_S = 30.0
_LATER = ("agent.checks.runs", "segno")  # what a screen needs at one key: loaded while the technician scans
_TO_READMIT = (
    "Une ancienne fiche attend en quarantaine à l'inventaire. Le responsable la reprend là-bas : rebond inventory "
    "readmit --forks-of CLÉ. Elle sera livrée au prochain démarrage.",
    "An earlier record waits in quarantine at the inventory. The person in charge takes it back there: rebond "
    "inventory readmit --forks-of KEY. It will be delivered at the next start.",
)
Progress = Callable[[str, str], None]  # probe, "started" | "done" | "failed" | "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What waits for the inventory, as shown at the top of every screen."""

    waiting: int = 0
    refused: int = 0
    is_known: bool = True  # False: the outbox cannot be read (the stick was pulled out)
    has_inventory: bool = False
    refusal: tuple[str, str] | None = None  # why the first refused record was; French, English


@dataclass
class Bench:
    """`host` is this PC, or a capture (then there is nothing to wipe). Fields are replaced whole, never changed."""

    home: Home
    host: Host
    profiles: Sequence[Profile]
    home_option: str | None = None  # --home
    lang: str = "fr"
    settings: Settings = Settings()
    taken_at: datetime | None = None  # of a capture
    desk: Desk = Desk()
    machine: Machine | None = None
    verdicts: tuple[Verdict, ...] = ()
    noted: Noted | None = None
    is_settled: bool = False  # False: the network may still tell the settings
    delivered: frozenset[str] = frozenset()
    _adopt_at_s: float = 0.0  # not before
    _key: "StationKey | None" = None
    _was_out: bool = False  # the stick
    _arrivals: Arrivals = field(default_factory=Arrivals)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.erasing, self.checking = Erasing(self), Checking(self)

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.home.outbox)

    def key(self) -> "StationKey":
        """The station's key, read once: a stick that is pulled out later takes the file away, not the key."""
        with self._lock:
            if self._key is None:
                self._key = self.home.key()
            return self._key

    def tell(self, error: RebondError) -> str:
        return self.told(error)[self.lang == "en"]

    def told(self, error: RebondError) -> tuple[str, str]:
        """A folder without its stick is read-only: the cure is the stick, not the folder."""
        if isinstance(error, StorageError) and self.is_stick_out:
            return "La clé est retirée. Rebranchez-la.", "The stick was pulled out. Plug it in again."
        return error.fr, error.en

    # --- the station --------------------------------------------------------------------------------------------------

    def settle(self) -> tuple[str, ...]:
        """Find the stick and the settings on it, or from the network; sentences about what is wrong with them."""
        if self.host.is_live:
            self.home = settle(self.host, self.home_option)
        told = self.read_settings()
        self._try_forks_again()
        for name in _LATER:
            import_module(name)
        return told

    def _try_forks_again(self) -> None:
        """Refused because its old key signed elsewhere too: the person in charge may have readmitted it since."""
        from agent.joining import FORK, is_copied

        with suppress(RebondError, OSError):  # told when the record is kept, or by the top bar
            if not is_copied(self.key(), self.outbox):
                self.outbox.reconsider(FORK)

    def read_settings(self) -> tuple[str, ...]:
        found = find_settings(self.home, self.host)
        self.settings = found.settings
        self.name(lot=self.desk.lot or found.settings.lot, operator=self.desk.operator or found.settings.operator)
        if found.source is not None:
            self.lang = found.settings.language
            set_keyboard(self.host, found.settings.keyboard)
        if found.settings.profiles:
            self.profiles = load_profiles(None, only=found.settings.profiles)
        self.is_settled = found.is_final
        return found.sentences(self.lang)

    @property
    def is_in_memory(self) -> bool:
        """No stick: what is not delivered is lost with this PC's power."""
        return self.home.lives_in_memory(Host())

    @property
    def is_stick_out(self) -> bool:
        return self.host.is_live and is_out(self.host, self.home)

    def adopt_stick(self) -> tuple[str, str] | None:
        """A stick was plugged in after the start: what memory holds is copied to it, and it is the station now.

        Not while disks are erased: their journals and records stay together. A stick that does not take it all changes
        nothing; it is tried again later. French and English: what came of it.
        """
        if not self.host.is_live or self.erasing.is_running or self.checking.is_running:
            return None
        if time.monotonic() < self._adopt_at_s or not has_come_late(self.host, self.home):
            return None
        after = Home(STICK)
        if self.machine is not None:
            self.checking.keep_all()  # what another window has added is known too
        try:
            copy_kept(self.home, after)
            after.key()
        except (RebondError, OSError) as error:
            self._adopt_at_s = time.monotonic() + _ADOPT_AGAIN_S
            fr, en = (error.fr, error.en) if isinstance(error, RebondError) else (str(error), str(error))
            return f"La clé ne prend pas ce qui attend en mémoire. {fr}", f"The stick does not take what waits. {en}"
        self.home, self._key = after, None
        if self.machine is not None:
            self.checking.keep_all()
            self.recall()
        self.read_settings()
        return "La clé est là : tout y est gardé.", "The stick is here: all is kept on it."

    def recall(self) -> None:
        """What the stick knows of this PC: erasures of other days, and their disks that answer no more."""
        assert self.machine is not None
        told = self._with_what_is_known(self.machine)
        if told != self.machine:
            self.take(told)

    def _with_what_is_known(self, machine: Machine) -> Machine:
        """Also what was answered meanwhile, or what the stick did not take."""
        told, kept = of_this_visit(self.home, machine, self.host, datetime.now(UTC))
        self.checking.recall(told, kept)
        return with_taken_out(told, self.checking.results)

    def stick_warning(self) -> str:
        told = warning(self.host, self.home) if self.host.is_live else None
        return told[self.lang == "en"] if told else ""

    def words(self) -> str:
        try:
            return " ".join(self.key().words)
        except RebondError as error:
            return error.told(self.lang)

    def join(self, inventory: InventoryAt, code: str) -> "Enrolled":
        """NotDelivered or InputRefused when it did not work."""
        from agent.joining import join

        name = self.settings.station
        try:
            return join(self.home, Host(), code, url=inventory.url, pin=inventory.pin, name=name)
        finally:
            self._key = None  # it may be another now

    # --- looking and judging ------------------------------------------------------------------------------------------

    def inspect(self, progress: Progress) -> None:
        """Look at the PC and judge it. What the hardware does becomes gaps, never an error."""
        from agent.probes.inspect import inspect

        try:
            key = self.key()
        except RebondError:  # told when the record is to be kept; looking needs no key
            key = None
        if self.host.is_live:
            self._arrivals.looked_at(fixed_disks(self.host))  # before: what comes while it is looked at may be missed
        now = self.taken_at or datetime.now(UTC)
        machine = inspect(self.host, circumstances(self.home, key, now, is_live=self.host.is_live), progress)
        if self.host.is_live:
            machine = self._with_what_is_known(machine)
        self.take(machine)

    def disks_changed(self) -> Change | None:
        """Disks came or went since this PC was looked at, which is then to be done again. Never amid other work."""
        if not self.host.is_live or self.erasing.is_armed or self.checking.is_running:
            return None
        return self._arrivals.glance(fixed_disks(self.host), time.monotonic())

    def take(self, machine: Machine) -> None:
        """These facts count from now on; the record of earlier ones stays what it is."""
        self.verdicts = tuple(judge(machine, profile) for profile in self.profiles)
        self.machine, self.noted = machine, None

    def take_after_wipe(self, erasures: "Sequence[Erasure]") -> None:
        """The same PC, its disks as they are now: judged again."""
        from agent.recheck import after_wipe

        if self.machine is not None:
            self.machine, self.verdicts = after_wipe(self.machine, erasures, self.profiles)
            self.noted = None

    @property
    def lacks_record(self) -> bool:
        """Something that is known of this PC is in no record."""
        return self.machine is not None and (self.noted is None or self.checking.has_new)

    # --- the record ---------------------------------------------------------------------------------------------------

    def note(self) -> StorageError | None:
        """Write, sign and queue the record of this look; None when it is safe, else why it is not."""
        try:
            try:
                self._note()
            except StorageError:
                if not self.outbox.make_room():  # what the inventory holds leaves a full stick
                    raise
                self._note()
        except StorageError as error:
            return error
        except RebondError as error:
            return StorageError(fr=error.fr, en=error.en)
        return None

    def _note(self) -> None:
        assert self.machine is not None
        now, machine, desk, checks = datetime.now(UTC), self.machine, self.desk, self.checking.results
        used = [ProfileUsed(name=one.name, version=one.version, digest=one.digest) for one in self.profiles]
        noted = note_visit(
            machine, self.verdicts, used, key=self.key(), outbox=self.outbox, now=now, desk=desk,
            clock=clock_evidence(Host(), machine, now), checks=checks,
        )  # fmt: skip
        self.checking.has_new = self.checking.results != checks
        if self.machine is machine and self.desk == desk:  # else it says less than is known by now: another follows
            self.noted = noted

    def name(self, *, sticker: str | None = None, lot: str | None = None, operator: str | None = None) -> None:
        """What was scanned; None leaves what is known."""
        told = {"sticker": sticker, "lot": lot, "operator": operator}
        self.desk = replace(self.desk, **{name: code for name, code in told.items() if code is not None})

    # --- delivery -----------------------------------------------------------------------------------------------------

    def queue(self) -> Queue:
        if self.is_stick_out:  # its records are on it, not gone
            self._was_out = True
            return Queue(is_known=False)
        if self._was_out:  # perhaps another stick came, with a key of its own
            self._was_out, self._key = False, None
        try:
            outbox = self.outbox
            refused = outbox.refused()
            return Queue(
                waiting=len(outbox.waiting()), refused=len(refused),
                has_inventory=self.home.connection() is not None, refusal=self._refusal(refused),
            )  # fmt: skip
        except (RebondError, OSError):
            return Queue(is_known=False)

    def link(self) -> Link:
        return link(self.host) if self.host.is_live else "up"

    def _refusal(self, refused: "Sequence[Refused]") -> tuple[str, str] | None:
        from agent.joining import FORK, is_copied

        reason = next((one.reason for one in refused if one.reason is not None), None)
        if reason is None:
            return None
        if reason.code == FORK and not is_copied(self.key(), self.outbox):
            return _TO_READMIT
        return reason.fr, reason.en

    def deliver(self) -> "Delivery | None":
        """One pass over what waits; None without an inventory. Its `problem_*` says why something still waits."""
        from agent.upload import Delivery, open_session
        from agent.visit import hand_over

        try:
            inventory = self.home.connection()
            if inventory is None:
                return None
            done = hand_over(self.outbox, inventory, open_session(inventory.pin))
        except RebondError as error:
            return Delivery(waiting=self.queue().waiting, problem_fr=error.fr, problem_en=error.en)
        self.delivered |= frozenset(done.delivered)
        return done

    def announce(self, digest: str) -> None:
        """The beginning of an erasure is safe; StorageError if it is not."""
        self.delivered |= frozenset(make_known(self.home, Host(), digest))

    # --- a PC that Rebond does not understand -------------------------------------------------------------------------

    def capture(self) -> Path:
        """Keep this PC's raw sources in the station's folder, serials replaced; RebondError when it cannot be kept."""
        from agent.recording import capture_this_pc

        now = datetime.now(UTC)
        folder = self.home.root / "captures"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                fr=f"La capture ne peut pas être gardée ({error.strerror}). La clé est-elle branchée ?",
                en=f"The capture cannot be kept ({error.strerror}). Is the stick plugged in?",
            ) from error
        place = folder / f"{now:%Y%m%d-%H%M%S}.zip"
        capture_this_pc(place, now)
        return place
