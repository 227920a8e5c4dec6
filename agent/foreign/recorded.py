"""A Host made of recorded answers: what each program printed, and files laid out under a temporary root."""

from collections.abc import Mapping
from pathlib import Path

from agent.archive import Scratch
from agent.host import READ_LIMIT, Host, Output

# Asked with these words a program answers about one thing that a loose file does not name, or about itself.
_NOT_RECORDED = ("--scan", "--scan-open", "-V", "--version", "--help")


class Recorded:
    """Answers by program name: a loose `lscpu.txt` does not say which arguments gave it."""

    def __init__(self, outputs: Mapping[str, tuple[Output, ...]]) -> None:
        self._outputs = dict(outputs)

    def run(self, argv: tuple[str, ...], timeout_s: float) -> Output:
        """The program's single recorded answer, when it can be the answer to these arguments."""
        answers = self._outputs.get(argv[0].rpartition("/")[2], ())
        is_about_one = any(word in _NOT_RECORDED or word.startswith("/dev/") for word in argv[1:])
        if len(answers) == 1 and not is_about_one and _wants_json(argv) == _is_json(answers[0].stdout):
            return answers[0]
        return Output(argv=argv, why="absent")

    def outputs(self, program: str) -> tuple[Output, ...]:
        return self._outputs.get(program, ())


def _wants_json(argv: tuple[str, ...]) -> bool:
    return any(word == "-J" or word.startswith("--json") for word in argv[1:])


def _is_json(raw: bytes) -> bool:
    return raw.lstrip()[:1] in (b"{", b"[")


class Gathering:
    """Collects answers and files while a layout is read, then becomes a Host."""

    def __init__(self) -> None:
        self._answers: dict[str, list[Output]] = {}
        self._files: dict[str, bytes] = {}
        self._links: dict[str, str] = {}

    @property
    def is_empty(self) -> bool:
        return not any(output.stdout for outputs in self._answers.values() for output in outputs) and not self._files

    @property
    def programs(self) -> tuple[str, ...]:
        return tuple(sorted(self._answers))

    def answers(self, program: str) -> tuple[Output, ...]:
        return tuple(self._answers.get(program, ()))

    def answer(self, program: str, output: Output) -> None:
        """Keep one answer; the same bytes twice (a copy of a file) are one answer."""
        kept = self._answers.setdefault(program, [])
        if not output.stdout or all(other.stdout != output.stdout for other in kept):
            kept.append(output)

    def replace(self, program: str, outputs: tuple[Output, ...]) -> None:
        self._answers[program] = list(outputs)

    def file(self, path: str, raw: bytes) -> None:
        """A file of the PC, at its own path ("/proc/cpuinfo"). The first one stays."""
        self._files.setdefault(path, raw[:READ_LIMIT])

    def link(self, path: str, target: str) -> None:
        self._links.setdefault(path, target)

    def host(self) -> Host:
        keep = Scratch()
        root = keep.path
        for path, raw in self._files.items():
            _write(root, path, raw)
        # Links after all files: nothing is ever written through one.
        for path, target in self._links.items():
            _link(root, path, target)
        answers = {program: _told_first(outputs) for program, outputs in self._answers.items()}
        host = Host(root, Recorded(answers))
        host.keep(keep)
        return host


def _told_first(outputs: list[Output]) -> tuple[Output, ...]:
    """Answers without the empty ones, unless all are: then one empty answer says that the program was asked."""
    told = tuple(output for output in outputs if output.stdout)
    return told or tuple(outputs[:1])


def _parts(path: str) -> list[str] | None:
    parts = [part for part in path.split("/") if part not in ("", ".")]
    is_safe = bool(parts) and ".." not in parts and all(len(part) < 200 and "\0" not in part for part in parts)
    return parts if is_safe else None


def _write(root: Path, path: str, raw: bytes) -> None:
    parts = _parts(path)
    if parts is None:
        return
    place = root.joinpath(*parts)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(raw)
    except OSError:
        return  # a path that is both file and folder: the first one stays


def _link(root: Path, path: str, target: str) -> None:
    """A link inside the root only, and the folder it leads to, so that `driver -> …/ahci` resolves."""
    parts = _parts(path)
    if parts is None or "\0" in target or target.startswith("/"):
        return
    place = root.joinpath(*parts)
    leads = (place.parent / target).resolve()
    if not leads.is_relative_to(root.resolve()) or not place.parent.resolve().is_relative_to(root.resolve()):
        return
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        leads.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)
    except OSError:
        return
