"""Independent oracles: what another program, or a maker's own table, says of the same input.

Each module here has `agreement(corpus: Path) -> Agreement`; `scripts/bench corpus` prints them, tests bound them.
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Agreement:
    """How often our fields equal the oracle's over one kind of file; `residues` explains each difference."""

    kind: str
    oracle: str
    files: int = 0
    fields: int = 0
    equal: int = 0
    residues: list[str] = field(default_factory=list)

    @property
    def permille(self) -> int:
        return 1000 * self.equal // self.fields if self.fields else 0

    def compare(self, where: str, field_name: str, ours: object, theirs: object) -> None:
        self.fields += 1
        if ours == theirs:
            self.equal += 1
        else:
            self.residues.append(f"{where}: {field_name}: ours {ours!r}, oracle {theirs!r}")
