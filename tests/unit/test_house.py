"""The house stands as it was drawn: floors, sizes, names, and a wheel with everything in it."""

import ast
import re
import subprocess
import tomllib
import zipfile
from contextlib import suppress
from graphlib import TopologicalSorter
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
FLOORS = [
    {"errors", "structured"},
    {"declaration", "choice", "record", "signal"},
    {"cookie", "signed_note", "texts", "catalogue", "settings", "receipt"},
    {"browser", "notice", "log"},
    {"proof"},
    {"pages"},
    {"component"},
    {"audit", "release"},
    {"cli", "testing"},
]
APART = FLOORS[3]  # these do not know each other; on the other floors neighbours may meet
# What a first visit is sent. notice.css is read with a notice alone, on paper too: 400 as any file.
LIMITS = dict.fromkeys(
    ("static/script.js", "static/gates.js", "static/enforce.js", "static/signals.js"), 250
) | {"static/style.css": 200}
MACHINE_PATH = re.compile(r"/(?:root|work|home/[a-z]+|tmp)/[\w.-]+")

# Filter lists hide elements and block addresses by these names; ours must reach every visitor.
HIDDEN = re.compile(
    r"(?<![\w-])(?:cookie-|gdpr|cc-"
    r"|(?:consent-(?:banner|panel|dialog|popup|bar|wrapper|container|message|layer)"
    r"|privacy-banner|privacy-notice|evasteseloste|evaste-container|tietosuojabox)(?![\w-]))",
    re.IGNORECASE,
)
BLOCKED = re.compile(
    r"cookieconsent\.|cookie-banner|cookie-consent/|consent-manager\.|consent-dialog\."
    r"|consent/message\.|consent/manager/",
    re.IGNORECASE,
)


def sources(*folders: str) -> list[str]:
    """Return the files that are tracked or about to be, as paths from the top."""
    command = [
        "git",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "--",
        *folders,
    ]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted({path for path in listed.split("\0") if path and (ROOT / path).is_file()})


def read(path: str) -> str:
    return (ROOT / path).read_text("utf-8", errors="replace")


def hits(pattern: re.Pattern[str], paths: list[str]) -> list[str]:
    """Return path:line: text for every line that the pattern is found in."""
    return [
        f"{path}:{number}: {line.strip()[:120]}"
        for path in paths
        for number, line in enumerate(read(path).splitlines(), 1)
        if pattern.search(line)
    ]


def imported(path: str) -> set[str]:
    """Return the dotted names inside `consent` that a module imports, wherever it does so."""
    package = Path(path).with_suffix("").parts[:-1]  # of both a module and an __init__
    names = set()
    for node in ast.walk(ast.parse(read(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base += tuple((node.module or "").split("."))
            names |= {".".join(filter(None, (*base, alias.name))) for alias in node.names}
    return {name.removeprefix("consent.") for name in names if name.split(".")[0] == "consent"}


def rooms() -> dict[str, dict[str, str]]:
    """Return room → the other rooms it imports from, each with the file that does."""
    found: dict[str, dict[str, str]] = {}
    for path in sources("consent/*.py"):
        if path in ("consent/__init__.py", "consent/__main__.py"):  # the doors, on every floor
            continue
        room = Path(path).parts[1].removesuffix(".py")
        others = {name.split(".")[0] for name in imported(path)} - {room}
        found.setdefault(room, {}).update(dict.fromkeys(others, path))
    return found


def test_imports_go_only_downwards():
    """A room imports from floors below, and from next door where neighbours may meet."""
    floor = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    wrong = [
        f"{path} imports {other}, which is "
        + ("no room" if other not in floor else "not below" if other in APART else "above")
        for room, others in rooms().items()
        for other, path in others.items()
        if floor.get(other, 99) > floor[room] or {room, other} <= APART
    ]
    assert wrong == []


def test_every_room_has_a_floor_and_no_two_import_each_other():
    """The drawing knows all rooms there are, and no imports run in a circle."""
    assert set(rooms()) <= set.union(*FLOORS)
    TopologicalSorter(rooms()).prepare()


def test_no_file_is_long():
    """Above 400 lines a file has two duties."""
    code = [path for path in sources() if path.endswith((".py", ".js", ".css"))]
    code = [path for path in code if "/assets/" not in path]  # an example site's own looks
    lengths = {path: len(read(path).splitlines()) for path in code}
    assert {path: length for path, length in lengths.items() if length > 400} == {}


@pytest.mark.parametrize("path", LIMITS)
def test_what_every_visitor_is_sent_is_short(path):
    """The script has at most 250 lines and the stylesheet 200, none longer than 100 characters."""
    lines = read(path).splitlines()
    assert len(lines) <= LIMITS[path]
    assert [line for line in lines if len(line) > 100] == []


def test_no_path_of_a_machine_is_written_down():
    """Nothing refers to a place that only one machine has."""
    assert hits(MACHINE_PATH, [path for path in sources() if not path.endswith(".lock")]) == []


def test_the_locks_name_no_registry():
    """Packages are pinned by name and version; where they come from is the machine's business."""
    assert "://" not in read("requirements.lock")
    assert '"resolved"' not in read(".ci/npm/package-lock.json")


def test_the_lock_pins_every_package_that_is_installed():
    """Point 1: what the project needs, and what that needs in turn, has one version, this one."""
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)$", read("requirements.lock"), re.M))
    pinned = {re.sub(r"[._]", "-", name).lower(): version for name, version in pinned.items()}
    project = tomllib.loads(read("pyproject.toml"))
    groups = project["dependency-groups"].values()
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    wanted += [each for group in groups for each in group if isinstance(each, str)]
    requirements = [(Requirement(text), "") for text in wanted]
    seen = {}
    while requirements:
        requirement, extra = requirements.pop()
        name = re.sub(r"[._]", "-", requirement.name).lower()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        extras = {"", *requirement.extras} - seen.get(name, set())
        seen.setdefault(name, set()).update(extras)
        assert name in pinned, f"{name} is not in requirements.lock: run make lock"
        with suppress(PackageNotFoundError):  # of another group than this environment's
            found = distribution(name)
            assert found.version == pinned[name], name
            requirements += [(Requirement(r), e) for r in found.requires or () for e in extras]
    assert len(seen) > len(wanted)


def test_no_name_is_used_that_filter_lists_hide_or_block():
    """No class, id or address in what we send is one of those that block lists go by."""
    sent = sources("static", "consent/templates")
    assert hits(HIDDEN, sent) == []
    assert hits(BLOCKED, sent) == []
    assert [path for path in sent if BLOCKED.search(path)] == []


def test_a_page_on_a_foreign_site_is_asked_for_no_storage():
    """R122: there the choice could only be kept by the Storage Access API, which is not used."""
    sent = [*sources("static", "consent")]
    assert [path for path in sent if re.search("storage-?access", read(path), re.I)] == []


def test_the_wheel_holds_every_source_and_nothing_else(tmp_path):
    """The package, static/ and notices/ are in the wheel, as they are in the checkout."""
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    names = zipfile.ZipFile(wheel).namelist()
    inside = {name for name in names if not name.split("/")[0].endswith(".dist-info")}
    mapped = {
        f"consent/{path}" for path in sources("static/*.*", "notices") if "/readme/" not in path
    }
    assert inside == mapped | set(sources("consent"))
    assert {"static", "notices", "py.typed"} <= {name.split("/")[1] for name in inside}


def test_every_trap_of_injection_cookies_and_log_has_a_test_of_its_own_name():
    """The traps are numbered 1 to 20; a test says which one it is about."""
    named = re.findall(r"^def test_trap_(\d+)_", "\n".join(map(read, sources("tests"))), re.M)
    assert set(map(int, named)) == set(range(1, 21))
