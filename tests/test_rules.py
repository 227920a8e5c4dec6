"""The profile format: what is read, and where and how each mistake is told."""

import hashlib
from pathlib import Path

import pytest

from agent.errors import ProfileError, UsageError
from agent.rules import Profile, check_file, explain_profile, list_profiles, load_profiles
from agent.rules.compile import test_value as value_test
from agent.rules.paths import Scope, machine_scope
from agent.rules.source import BYTES_MOST
from agent.rules.tree import AllOf, Compare, Every, Not, Operator, Some

HEAD = "profile: mine\nversion: 1\ntitle: {fr: À moi, en: Mine}\nrules:\n"
TAIL = "    else: review\n    because: {fr: Parce que., en: Because.}\n"


def write(folder: Path, text: str, name: str = "mine") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text, "utf-8")
    return path


def load(folder: Path, text: str) -> Profile:
    return check_file(write(folder, text))


def rule(text: str, tail: str = TAIL) -> str:
    return HEAD + "  - id: one\n" + "".join(f"    {line}\n" for line in text.splitlines()) + tail


def mistakes(folder: Path, text: str) -> list[tuple[int, int, str, str]]:
    with pytest.raises(ProfileError) as caught:
        load(folder, text)
    return [(one.line, one.column, one.fr, one.en) for one in caught.value.mistakes]


# --- what is read -----------------------------------------------------------------------------------------------------


def test_a_rule_reads_as_the_tree_it_writes(tmp_path: Path) -> None:
    profile = load(
        tmp_path,
        rule("every: disks\nwhere: {fact: removable, is: false}\nall:\n  - {fact: size_bytes, at_least: 60 GB}\n"
             "  - not: {fact: kind, one_of: [hdd, sd-card]}"),
    )  # fmt: skip
    assert profile.rules[0].condition == Every(
        path="disks",
        where=Compare(path="removable", operator="is", values=(False,)),
        part=AllOf(
            parts=(
                Compare(path="size_bytes", operator="at_least", values=(60 * 10**9,)),
                Not(part=Compare(path="kind", operator="one_of", values=("hdd", "sd-card"))),
            )
        ),
    )


def test_any_is_a_group_or_a_list_by_what_follows(tmp_path: Path) -> None:
    assert load(tmp_path, rule("any: disks")).rules[0].condition == Some(path="disks")
    flags = load(tmp_path, rule("any: cpu.flags\nfact: it\nis: popcnt")).rules[0].condition
    assert flags == Some(path="cpu.flags", part=Compare(path="it", operator="is", values=("popcnt",)))


@pytest.mark.parametrize("text", ["NO", "012", "1.10", "null", "2014-05-20", "1e3", "0x10", "~", "yes"])
def test_scalars_are_text_until_the_fact_types_them(tmp_path: Path, text: str) -> None:
    profile = load(tmp_path, rule(f"fact: system.product\nis: {text}"))
    assert profile.rules[0].condition == Compare(path="system.product", operator="is", values=(text,))


@pytest.mark.parametrize(
    "fact, bound, value",
    [
        ("memory.fitted_bytes", "4 GiB", 4 << 30), ("memory.fitted_bytes", "4 Gio", 4 << 30),
        ("cpu.cores", "012", 12), ("system.age_years", "10 years", 10), ("system.age_years", "10 ans", 10),
        ("cpu.max_mhz", "1.6 GHz", 1600), ("clock.rtc_offset_seconds", "-5 s", -5),
    ],
)  # fmt: skip
def test_quantities_carry_their_unit(tmp_path: Path, fact: str, bound: str, value: int) -> None:
    assert load(tmp_path, rule(f"fact: {fact}\nat_least: {bound}")).rules[0].condition == Compare(
        path=fact, operator="at_least", values=(value,)
    )


@pytest.mark.parametrize(
    "operator, values, passing, failing",
    [
        ("at_least", (4,), 4, 3), ("at_most", (4,), 4, 5), ("is", (4,), 4, 5), ("one_of", (4, 6), 6, 5),
        ("between", (4, 6), 4, 3), ("between", (4, 6), 6, 7), ("matches", ("core.*i5",), "Intel Core i5", "Core i3"),
        ("is", (True,), True, False),
    ],
)  # fmt: skip
def test_a_bound_is_met_exactly(operator: Operator, values: tuple[int, ...], passing: object, failing: object) -> None:
    test = value_test(Compare(path="x", operator=operator, values=values))
    assert (test(passing), test(failing), test(None)) == (True, False, None)


# --- what is refused, and where ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, line, column, words",
    [
        ("fact: memory.fited_bytes\nat_least: 4 GiB", 6, 11, "did you mean 'memory.fitted_bytes'"),
        ("fact: fitted_bytes\nat_least: 4 GiB", 6, 11, "did you mean 'memory.fitted_bytes'"),
        ("fact: disks.health.hours\nat_most: 3 h", 6, 11, "disks' is a list: write every: disks"),
        ("fact: memory.fitted_bytes\nat_lest: 4 GiB", 7, 5, "did you mean 'at_least'"),
        ("fact: memory.fitted_bytes\nat_least: 4", 7, 15, "unit missing"),
        ("fact: memory.fitted_bytes\nat_least: 4 GHz", 7, 15, "unit 'GHz' unknown here"),
        ("fact: cpu.cores\nat_least: 2 GiB", 7, 15, "on a bare count"),
        ("fact: cpu.cores\nat_least: two", 7, 15, "not a number"),
        ("fact: cpu.cores\nat_least: 2\nat_most: 4", 6, 11, "exactly one operator"),
        ("fact: cpu.cores", 6, 11, "exactly one operator"),
        ("at_least: 2", 5, 5, "without fact"),
        ("fact: cpu.is_64_bit\nat_least: 1", 7, 15, "does not suit this fact; possible: is, present"),
        ("fact: cpu.is_64_bit\nis: yes", 7, 9, "true or false"),
        ("fact: system.chassis\nis: latop", 7, 9, "did you mean 'laptop'"),
        ("fact: system.chassis\none_of: [desktop, latop]", 7, 23, "did you mean 'laptop'"),
        ("fact: system.chassis\none_of: laptop", 7, 13, "a list"),
        ("fact: cpu.cores\nbetween: [4, 2]", 7, 14, "above the high end"),
        ("fact: cpu.cores\nbetween: [4]", 7, 14, "two values"),
        ("fact: disks\npresent: true", 7, 14, "use every: or any:"),
        ("fact: cpu.cores\npresent: false", 7, 14, "never makes a rule pass"),
        ("every: memory\nfact: size_bytes\nat_least: 1 GiB", 6, 12, "unknown fact 'memory'"),
        ("every: disks\nfact: pending_sectors\nat_most: 0", 7, 11, "did you mean 'health.pending_sectors'"),
        ("every: disks", 5, 5, "exactly one of fact, all, any, not, every"),
        ("fact: cpu.cores\nat_least: 2\nwhere: {fact: cpu.cores, at_least: 1}", 8, 12, "only goes with"),
        ("fact: cpu.model_name\nmatches: '('", 7, 14, "pattern refused"),
        ("fact: cpu.model_name\nmatches: '(a+)+b'", 7, 14, "may not be repeated"),
        ("fact: cpu.model_name\nmatches: '(a|a)*b'", 7, 14, "may not be repeated"),
        ("fact: cpu.model_name\nmatches: '.*a.*b.*c'", 7, 14, "more than 2 repetitions"),
        ("fact: cpu.model_name\nmatches: '(?=a)'", 7, 14, "not allowed"),
        ("fact: cpu.model_name\nmatches: '(a)\\1'", 7, 14, "backreferences"),
        ("fact: cpu.cores\nat_least: 2\nfix: {part: x, cost_eur: a lot, fr: A., en: A.}", 8, 30, "whole euros"),
        ("fact: cpu.cores\nat_least: 2\nfix: {part: x, cost_eur: 1, fr: A.}", 8, 10, "English text (en:) is missing"),
        ("fact: memory.fitted_bytes\nat_least: 4 GiB\nfix: {part: ram, to: 2 GiB, cost_eur: 1, fr: A., en: A.}", 8, 26,
         "does not satisfy the rule itself"),
        ("fact: cpu.cores\nat_least: 2\nunknown: note", 8, 14, "never passes without a reason"),
        ("fact: cpu.cores\nat_least: 2\nunknown: refurbish", 8, 14, "unknown value 'refurbish'"),
        ("fact: cpu.cores\nat_least: 2\nrecheck: later", 8, 14, "after-wipe"),
        ("fact: cpu.cores\nat_least: 2\nfact: cpu.threads", 8, 5, "already on line 6"),
        ("fact: &a cpu.cores\nat_least: 2", 6, 11, "anchors and aliases"),
        ("fact: !!str cpu.cores\nat_least: 2", 6, 11, "tags"),
        ("all: []", 6, 10, "a list of conditions"),
        ("fact: [cpu.cores]\nat_least: 2", 6, 11, "the name of a fact"),
        ("fact: it\nis: x", 6, 11, "unknown fact 'it'"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_place(tmp_path: Path, text: str, line: int, column: int, words: str) -> None:
    found = mistakes(tmp_path, rule(text))
    assert any((one[0], one[1]) == (line, column) and words in one[3] for one in found), found
    assert all(one[2] and one[2] != one[3] for one in found)


@pytest.mark.parametrize(
    "text, line, words",
    [
        ("", 1, "must hold"),
        ("- a\n", 1, "must hold"),
        ("profile: mine\n", 1, "no rule"),
        ("a: [\n", 2, "malformed YAML"),
        ("a: \x07\n", 1, "malformed YAML"),
        ("a: b\n---\na: c\n", 2, "one document"),
        (HEAD.replace("version: 1", "version: 1.10") + "  []\n", 2, "whole number"),
        (HEAD.replace("profile: mine", "profile: My Profile") + "  []\n", 1, "name refused"),
        (HEAD.replace(", en: Mine", "") + "  []\n", 3, "English text (en:) is missing"),
        (HEAD.replace("rules:", "ruels:") + "  []\n", 4, "did you mean 'rules'"),
        (HEAD.replace("profile: mine", "profile: other") + "  []\n", 1, "the file is called 'mine'"),
        (HEAD.replace("rules:", "for: {chassis: [latop]}\nrules:") + "  []\n", 4, "did you mean 'laptop'"),
        (HEAD.replace("rules:", "include: [disk-heath]\nrules:") + "  []\n", 4, "did you mean 'disk-health'"),
        (HEAD.replace("rules:", "include: [mine]\nrules:") + "  []\n", 4, "circular include: mine → mine"),
        ("a: " + "[" * 100 + "]" * 100, 1, "levels deep"),
        ("a: &x [1]\nb: *x\n", 1, "anchors and aliases"),
        (rule("fact: cpu.cores\nat_least: 2", "    because: {fr: A., en: A.}\n"), 5, "else: is missing"),
        (rule("fact: cpu.cores\nat_least: 2", "    else: refurbish\n    because: {fr: A., en: A.}\n"), 8, "write note"),
        (rule("fact: cpu.cores\nat_least: 2", "    else: repair\n    because: {fr: A., en: A.}\n"), 5, "wants a fix"),
        (rule("fact: cpu.cores\nat_least: 2", "    else: review\n    because: Oui.\n"), 9, "wants both"),
        (rule("fact: cpu.cores\nat_least: 2") + "  - id: one\n    fact: cpu.cores\n    at_least: 2\n" + TAIL, 10,
         "already written on line 5"),
    ],
)  # fmt: skip
def test_mistakes_of_the_whole_file(tmp_path: Path, text: str, line: int, words: str) -> None:
    found = mistakes(tmp_path, text)
    assert any(one[0] == line and words in one[3] for one in found), found


def test_all_mistakes_of_all_files_at_once(tmp_path: Path) -> None:
    write(tmp_path, rule("fact: cpu.coress\nat_least: two", "    else: revue\n"))
    write(tmp_path, HEAD.replace("mine", "other").replace("version: 1\n", ""), "other")
    with pytest.raises(ProfileError) as caught:
        load_profiles(tmp_path)
    found = caught.value.mistakes
    assert [one.file for one in found].count("mine.yaml") >= 3 and found[-1].file == "other.yaml"
    assert "mine.yaml:6:11: fait inconnu 'cpu.coress' ; vouliez-vous dire 'cpu.cores' ?" in caught.value.told("fr")


def test_a_bomb_is_refused_before_it_grows(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60)]
    assert len(mistakes(tmp_path, "\n".join(lines))) == 1
    assert "over 262144 bytes" in mistakes(tmp_path, "#" * (BYTES_MOST + 1))[0][3]
    assert "UTF-8" in _bytes_mistake(tmp_path, b"profile: \xff\n")


def _bytes_mistake(folder: Path, raw: bytes) -> str:
    (folder / "mine.yaml").write_bytes(raw)
    with pytest.raises(ProfileError) as caught:
        check_file(folder / "mine.yaml")
    return caught.value.mistakes[0].en


# --- folders and includes ---------------------------------------------------------------------------------------------


def test_includes_bring_their_rules_once_and_their_bytes_into_the_digest(tmp_path: Path) -> None:
    def text(name: str, includes: str, rules: str) -> str:
        return rule(rules).replace("mine", name).replace("id: one", f"id: {name}").replace(
            "rules:", f"include: [{includes}]\nrules:" if includes else "rules:"
        )  # fmt: skip

    body = "fact: cpu.cores\nat_least: 2"
    write(tmp_path, text("a", "b, c", body), "a")
    write(tmp_path, text("b", "c", body), "b")
    last = write(tmp_path, text("c", "", body), "c")
    (one,) = load_profiles(tmp_path, only=["a"])
    assert [rule.id for rule in one.rules] == ["a", "b", "c"]
    last.write_text(last.read_text() + "# a comment\n")
    (other,) = load_profiles(tmp_path, only=["a"])
    assert other.rules == one.rules and other.digest != one.digest


def test_the_digest_is_told_in_the_docstring_way(tmp_path: Path) -> None:
    text = rule("fact: cpu.cores\nat_least: 2")
    inner = hashlib.sha256(text.encode()).hexdigest()
    assert load(tmp_path, text).digest == hashlib.sha256(f"mine {inner}".encode()).hexdigest()


def test_own_profiles_may_include_the_shipped_parts(tmp_path: Path) -> None:
    text = rule("fact: cpu.cores\nat_least: 2").replace("rules:", "include: [disk-health]\nrules:")
    path = write(tmp_path, text)
    assert len(check_file(path).rules) > 10 and check_file(path) == load_profiles(tmp_path)[0]


def test_the_same_rule_id_from_two_files_is_a_mistake(tmp_path: Path) -> None:
    text = rule("fact: cpu.cores\nat_least: 2").replace("rules:", "include: [disk-health]\nrules:")
    assert "already in mine.yaml:6" in mistakes(tmp_path, text.replace("id: one", "id: disque-avis"))[0][3]


def test_shipped_profiles_default_first_parts_on_demand() -> None:
    names = [profile.name for profile in load_profiles()]
    assert names[0] == "famille-linux"
    assert set(names) == {
        "famille-linux",
        "famille-linux-leger",
        "windows-11",
        "chromeos-flex",
        "primtux",
        "emmabuntus",
    }
    assert load_profiles(only=["battery"])[0].is_part
    with pytest.raises(UsageError, match="famille-linux"):
        load_profiles(only=["famile-linux"])
    with pytest.raises(UsageError):
        load_profiles(Path("nowhere"))


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_a_profile_is_told_in_words(lang: str) -> None:
    (profile,) = load_profiles(only=["famille-linux"])
    told = explain_profile(profile, lang)
    assert ("Mémoire : au moins 3,5 Gio." if lang == "fr" else "Memory: at least 3.5 GiB.") in told
    assert all(f"[{rule.id}]" in told for rule in profile.rules)
    assert "famille-linux" in list_profiles([profile], lang)


# --- the table of facts -----------------------------------------------------------------------------------------------


def test_every_list_that_cannot_say_unknown_is_read_as_unknown_when_empty() -> None:
    """facts.py gives these lists no None; `compile.read_list` must know each of them."""
    import msgspec

    from agent import facts
    from agent.rules.compile import EMPTY_IS_UNKNOWN

    never_none = {
        field.name
        for struct in vars(facts).values()
        if isinstance(struct, type) and issubclass(struct, msgspec.Struct)
        for field in msgspec.structs.fields(struct)
        if field.default == () and field.name != "gaps"
    }
    assert never_none == {*EMPTY_IS_UNKNOWN, "failing_now", "failed_past"}


def test_every_fact_has_a_label_in_both_languages() -> None:
    from agent.labels import label

    def walk(scope: Scope, prefix: str = "") -> list[str]:
        found = []
        for path, fact in scope.facts.items():
            found.append(prefix + path)
            if fact.item is not None and "it" not in fact.item.facts:
                found += walk(fact.item, f"{prefix}{path}.")
        return found

    missing = [path for path in walk(machine_scope()) for lang in ("fr", "en") if label(path, lang) == path]
    assert not missing
