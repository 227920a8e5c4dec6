"""How often our facts equal an independent oracle's, per kind of file, and every file that differs.

Usage: scripts/bench corpus [--residues]
"""

import importlib
import pkgutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def main() -> int:
    import tests.oracles

    corpus = ROOT.parent / "shared" / "corpus"
    if not corpus.is_dir():
        print("no corpus beside this checkout (../shared/corpus)")
        return 1
    print(f"{'kind':<22}{'oracle':<44}{'files':>7}{'fields':>9}{'equal':>9}{'agree':>9}{'s':>6}")
    for found in pkgutil.iter_modules(tests.oracles.__path__):
        module = importlib.import_module(f"tests.oracles.{found.name}")
        started = time.monotonic()
        answers = module.agreement(corpus)
        for answer in answers if isinstance(answers, (list, tuple)) else [answers]:
            percent = f"{100 * answer.equal / answer.fields:.2f} %" if answer.fields else "-"
            print(
                f"{answer.kind:<22}{answer.oracle[:42]:<44}{answer.files:>7}{answer.fields:>9}{answer.equal:>9}"
                f"{percent:>9}{time.monotonic() - started:>6.1f}"
            )
            shown = answer.residues if "--residues" in sys.argv else answer.residues[:3]
            for line in shown:
                print(f"    {line[:160]}")
            if len(shown) < len(answer.residues):
                print(f"    … {len(answer.residues) - len(shown)} more (--residues)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
