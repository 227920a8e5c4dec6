"""The architecture as a test: layers, cycles, sizes, the single door, banned names, heavy imports."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
AGENT = ROOT / "agent"
MODULES = sorted(AGENT.rglob("*.py"))

# Imports go to a lower number only; names of one number never import each other. Files of one package may.
LAYERS = {
    "errors": 0, "facts": 0, "text": 0, "units": 0, "erasure": 0.3,
    "labels": 0.5, "claims": 0.5, "fitting": 0.5, "summed": 0.5, "hidden": 0.5, "oneline": 0.7,
    "rules": 1, "envelope": 1, "host": 1, "durable": 1, "scanner": 1, "merkle": 1.5, "keys": 1.5, "archive": 1.5,
    "verdict": 2, "probes": 2, "wipe": 2.5, "checks": 2.5,
    "record": 3, "scrub": 3, "foreign": 3, "recheck": 3, "report": 3.2, "manifest": 3.2,
    "capture": 3.5, "verify": 3.5, "lost": 3.5,
    "recording": 4, "outbox": 4, "connectors": 4,
    "upload": 4.5, "home": 4.7, "settings": 4.8,
    "visit": 5, "joining": 5, "fleet": 5, "bulk": 5.2,
    "screen": 5.5, "wall": 5.5, "sheet": 5.7, "console": 5.9, "commands": 6, "cli": 7, "__main__": 8,
}  # fmt: skip
INVENTORY_MAY = {
    "errors", "facts", "text", "units", "erasure", "labels", "oneline", "rules", "verdict", "record", "envelope",
    "merkle", "report", "durable", "keys", "claims", "fitting", "checks",
}  # fmt: skip
INVENTORY_MAY_OF_CHECKS = {"results", "registry", "parts", "gate"}  # the pure part: no device, no Host
MAY_LOAD_INVENTORY = {"commands"}  # its own entry point, lazily
BANNED = {"util", "utils", "helper", "helpers", "common", "manager", "handler", "processor", "base", "misc", "legacy",
          "new"}  # fmt: skip
LINES_MOST, MEDIAN_MOST, FUNCTION_MOST = 400, 150, 60
# Who may reach the machine past the Host: the Host itself, and what writes our own folders.
# The supervisor starts our own workers and nothing else: one process per disk, so that a hung disk hangs only its own.
DOORS = {"host.py", "supervisor.py"}
FORBIDDEN_IN_PROBES = {"subprocess", "glob", "platform", "socket", "shutil"}
ALLOWED = {"cpuinfo_text.py": {"platform"}}  # there it keeps py-cpuinfo's import from asking about this machine
HEAVY = {"requests", "rich", "textual", "pySMART", "cpuinfo", "psutil", "sqlalchemy", "starlette", "uvicorn", "jinja2"}


def name_of(path: Path) -> str:
    """The layer's name: "probes" for agent/probes/cpu.py, "host" for agent/host.py."""
    parts = path.relative_to(AGENT).parts
    return parts[0] if len(parts) > 1 else path.stem


def imports_of(path: Path, *, top_only: bool = False) -> list[str]:
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_only else list(ast.walk(tree))
    found = []
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def ours(path: Path) -> set[str]:
    """First part of each of our own modules that this one imports."""
    names = {name.split(".")[1] for name in imports_of(path) if name.startswith("agent.")}
    known = {name_of(module) for module in MODULES}
    return names & known


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(AGENT)))
def test_imports_go_downward(path: Path) -> None:
    here = name_of(path)
    for name in ours(path) - {here, "__init__"}:
        if here == "inventory":
            assert name in INVENTORY_MAY, f"inventory may not import agent.{name}"
        elif name == "inventory":
            assert here in MAY_LOAD_INVENTORY, f"{here} may not import the inventory"
        else:
            assert here in LAYERS, f"agent/{here} has no place in LAYERS"
            assert LAYERS[name] < LAYERS[here], f"agent/{here} (level {LAYERS[here]}) imports agent.{name}"


def test_what_reads_records_loads_no_check_that_opens_a_device() -> None:
    """record, verify and the inventory know what was found, never how: the device readers stay on the station."""
    for path in MODULES:
        if (
            name_of(path) in ("record", "verify", "inventory")
            or path.stem in INVENTORY_MAY_OF_CHECKS
            and (name_of(path) == "checks")
        ):
            parts = {name.split(".")[2] for name in imports_of(path) if name.startswith("agent.checks.")}
            assert parts <= INVENTORY_MAY_OF_CHECKS, f"{path}: {parts - INVENTORY_MAY_OF_CHECKS}"


def test_no_cycle_between_modules() -> None:
    graph = {}
    for path in MODULES:
        dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        graph[dotted] = {name for name in imports_of(path) if name.startswith("agent")}
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " → ".join((*way, name))
        if name in done or name not in graph:
            return
        for other in graph[name]:
            # "from agent.probes import Findings" names a thing in a package, not the package's other modules.
            if other in graph and way[-1:] != (other,) and other != name:
                visit(other, (*way, name))
        done.add(name)

    for name in graph:
        visit(name, ())


def test_sizes() -> None:
    sizes = sorted((len(path.read_text().splitlines()), path.name) for path in MODULES)
    long = [f"{name}: {lines}" for lines, name in sizes if lines > LINES_MOST]
    assert not long, long
    assert sizes[len(sizes) // 2][0] <= MEDIAN_MOST
    assert len((AGENT / "cli.py").read_text().splitlines()) <= 300


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(AGENT)))
def test_functions_are_short(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= FUNCTION_MOST, f"{path.name}: {node.name} has {lines} lines"


def test_no_banned_names() -> None:
    named = [path for path in AGENT.rglob("*") if path.stem in BANNED and "__pycache__" not in path.parts]
    assert not named


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(AGENT)))
def test_only_the_host_reaches_the_machine(path: Path) -> None:
    found = set(imports_of(path))
    if path.name not in DOORS and name_of(path) not in ("inventory", "commands"):
        assert "subprocess" not in found, "programs are asked through Host.run"
    if name_of(path) != "probes":
        return
    assert not found & (FORBIDDEN_IN_PROBES - ALLOWED.get(path.name, set())), "a probe reads nothing but a Host"
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "open", "a probe reads nothing but a Host"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            assert node.attr in ("environ",), f"os.{node.attr} in a probe"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(AGENT)))
def test_heavy_imports_are_lazy(path: Path) -> None:
    if name_of(path) in ("inventory", "console"):  # programs of their own, imported by nobody else at the top
        return
    at_top = {name.split(".")[0] for name in imports_of(path, top_only=True)}
    assert not at_top & HEAVY, "import inside the function that needs it: the agent starts on a Core 2"
