"""Rules and profiles: YAML → checked, frozen trees → closures. See `tree.py` for what a profile is.

Loading either gives whole profiles or one ProfileError with every mistake, located, in both languages.
"""

from agent.rules.compile import Judge, compile_profile
from agent.rules.load import check_file, load_profiles, shipped_folder
from agent.rules.tell import explain_profile, list_profiles
from agent.rules.tree import Profile, Rule

__all__ = [
    "Judge", "Profile", "Rule", "check_file", "compile_profile", "explain_profile", "list_profiles", "load_profiles",
    "shipped_folder",
]  # fmt: skip
