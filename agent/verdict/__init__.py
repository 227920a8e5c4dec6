"""What a machine is good for: outcome, reasons, cheapest fixes, proof on demand."""

from agent.verdict.choose import Change, best_fitting, differences, tell_differences
from agent.verdict.explain import explain
from agent.verdict.judge import Reason, Verdict, judge
from agent.verdict.proof import Proof, prove

__all__ = [
    "Change", "Proof", "Reason", "Verdict", "best_fitting", "differences", "explain", "judge", "prove",
    "tell_differences",
]  # fmt: skip
