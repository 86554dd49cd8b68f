"""The settings of one site: `consent.toml` and the secrets of its environment, read once at start.

All the faults of a file are found in one reading, each with key and remedy; a site with a faulty
file does not start.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..choice import Memory
from ..declaration import Declaration
from ..errors import Problem, SettingsError
from .checkpoints import Checkpoints, read_checkpoints
from .metrics import read_metrics
from .reader import Reader, show
from .secrets import checkpoint_keys, cookie_keys
from .services import read_declaration
from .site import LANGUAGES, Site, read_site
from .theme import Theme, read_theme

# Segments that begin with a dot are left to browsers and servers, which fold them away.
_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9_~.-]*)+")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True)
class Controller:
    """Who answers for the processing (GDPR art. 4(7))."""

    name: str
    business_id: str = ""
    address: str = ""
    email: str = ""
    country: str = "FI"


@dataclass(frozen=True)
class Banner:
    """`position` from 640 px on; `settings_link` inserted in the flow, fixed, or the site's own.

    `style` tells whether styles may stand in the page (`auto` reads the response's policy) or are
    linked, for a site whose policy is set outside the application.
    """

    position: str = "left"
    settings_link: str = "inserted"
    style: str = "auto"


@dataclass(frozen=True)
class Enforcement:
    """How strictly the server keeps to what is declared.

    - `undeclared`: a cookie of the host app that nobody declared is dropped, or passed on and
      reported (`drop`, `report`).
    - `hosts`: a third-party host that no service declares is passed on and reported, or blocked
      (`declared`, `strict`).
    - `policy`: the content security policy is left alone, only reports, or holds (`off`, `report`,
      `enforce`).
    - `clear_site_data`: whether a full withdrawal also sends `Clear-Site-Data`.
    - `cacheable`: whether pages are the same bytes for everybody, so that a shared cache can keep
      them.
    """

    undeclared: str = "drop"
    hosts: str = "declared"
    policy: str = "off"
    clear_site_data: bool = False
    cacheable: bool = False


@dataclass(frozen=True)
class Notices:
    """Where the notice lies and at which path each language reads it.

    `paths` are those of the site's languages, `kept` of languages that it has given up and whose
    versions stay; `former` are paths that the notice had before, each with its language (R77).
    With `approval` a version is published only when somebody else has approved it.
    """

    folder: Path
    document: str
    paths: Mapping[str, str]
    drafts: bool = False
    approval: bool = False
    kept: Mapping[str, str] = field(default_factory=dict)
    former: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """Everything that a site sets, checked.

    `retention_months` is how long a record is kept after its consent has ended (R127).
    """

    file: Path
    site: Site
    controller: Controller
    declaration: Declaration
    banner: Banner
    theme: Theme
    notices: Notices | None
    log: str
    spool: str
    prefix: str
    cookie: str
    memory: Memory
    templates: Path | None
    enforcement: Enforcement = Enforcement()
    checkpoints: Checkpoints = field(default_factory=Checkpoints)
    retention_months: int = 36
    keys: tuple[str, ...] = field(repr=False, default=())
    checkpoint_keys: tuple[str, ...] = field(repr=False, default=())
    metrics_token: str = field(repr=False, default="")


def load(
    path: str | os.PathLike[str],
    environ: Mapping[str, str] | None = None,
    *,
    signing: bool = True,
    folder: Path | None = None,
) -> Settings:
    """Read a settings file and the secrets of the environment.

    `environ` stands in for `os.environ`; without `signing` no keys are needed; relative paths begin
    at `folder`, or else where the file is. Raises `SettingsError` with every fault at once.
    """
    file = Path(path)
    try:
        text = file.read_bytes().decode("utf-8-sig")
        table = tomllib.loads(text)
    except FileNotFoundError:
        raise _stop(file, "is not there", "write one with: consent init") from None
    except (OSError, UnicodeDecodeError) as error:
        raise _stop(file, f"cannot be read: {error}", "it must be a UTF-8 text file") from None
    except (ValueError, RecursionError) as error:
        # A `ValueError` that is no `TOMLDecodeError`: a number of thousands of digits.
        raise _stop(file, f"is not TOML: {error}", "mend the line it names") from None
    file = (folder or file.parent) / file.name
    return parse(table, file, os.environ if environ is None else environ, signing=signing)


def _stop(file: Path, message: str, remedy: str) -> SettingsError:
    return SettingsError([Problem(file.name, "", message, remedy)])


def parse(
    table: object, file: Path, environ: Mapping[str, str], *, signing: bool = True
) -> Settings:
    """Read an already parsed table; relative paths are taken from the folder of `file`."""
    problems: list[Problem] = []
    root = Reader(table, file.name, "", problems)
    site = read_site(root.inner("site"))
    memory, cookie = _cookie(root.inner("cookie"))
    name = f"__Host-{cookie}" if site.secure else cookie
    settings = Settings(
        file=file,
        site=site,
        controller=_controller(root.inner("controller")),
        declaration=read_declaration(root, site.languages, name, max(memory.grant, memory.refusal)),
        banner=_banner(root.inner("banner")),
        theme=read_theme(root.inner("theme")),
        notices=_notices(root, file.parent, site.languages),
        log=(log := _log(root, file.parent, environ)),
        spool=_spool(root, file.parent, log),
        prefix=_prefix(root),
        cookie=cookie,
        memory=memory,
        templates=_folder(root, "templates", file.parent),
        enforcement=_enforcement(root.inner("enforcement")),
        checkpoints=read_checkpoints(root.inner("checkpoints"), file.parent),
        # As long as claims can be defended, and no longer: downwards only.
        retention_months=root.number("retention_months", 36, 1, 36),
        keys=cookie_keys(environ, problems) if signing else (),
        checkpoint_keys=checkpoint_keys(environ, problems) if signing else (),
        metrics_token=read_metrics(root.inner("metrics"), environ, signing=signing),
    )
    _no_collision(root, settings)
    root.close()
    if problems:
        raise SettingsError(problems)
    return settings


def _no_collision(root: Reader, settings: Settings) -> None:
    notices = settings.notices
    if notices is None:
        return
    named = [(f"paths.{la}", path) for la, path in {**notices.paths, **notices.kept}.items()]
    named += [(f"former.{la}", path) for path, la in notices.former.items()]
    for key, path in named:
        if f"{path}/".startswith(f"{settings.prefix}/"):
            remedy = f"keep the notice outside of {settings.prefix}/, where our own pages stand"
            root.fault(f"notices.{key}", f"is {show(path)}", remedy)


def _cookie(entry: Reader) -> tuple[Memory, str]:
    name = entry.text("name", "choices")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,31}", name):
        entry.fault("name", f"is {show(name)}", "use letters, digits and _, and no prefix")
        name = "choices"
    refusal = entry.number("refusal_days", 365, 183, 395)
    grant = entry.number("grant_days", 183, 1, 395)
    if refusal < grant:
        entry.fault(
            "refusal_days",
            f"is {refusal}, shorter than the {grant} days of a grant",
            "a refusal must be remembered at least as long as a grant",
        )
    entry.close()
    return Memory(grant=grant, refusal=refusal), name


def _controller(entry: Reader) -> Controller:
    controller = Controller(
        name=entry.text("name", longest=120),
        business_id=entry.text("business_id", ""),
        address=entry.text("address", ""),
        email=entry.text("email"),
        country=entry.text("country", "FI"),
    )
    if controller.email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", controller.email):
        entry.fault(
            "email", f"is {show(controller.email)}", "write an address that people can reach"
        )
    entry.close()
    return controller


def _banner(entry: Reader) -> Banner:
    banner = Banner(
        position=entry.text("position", "left", one_of=("left", "right", "bar")),
        settings_link=entry.text("settings_link", "inserted", one_of=("inserted", "fixed", "own")),
        style=entry.text("style", "auto", one_of=("auto", "linked")),
    )
    entry.close()
    return banner


def _enforcement(entry: Reader) -> Enforcement:
    enforcement = Enforcement(
        undeclared=entry.text("undeclared", "drop", one_of=("drop", "report")),
        hosts=entry.text("hosts", "declared", one_of=("declared", "strict")),
        policy=entry.text("policy", "off", one_of=("off", "report", "enforce")),
        clear_site_data=entry.flag("clear_site_data", False),
        cacheable=entry.flag("cacheable", False),
    )
    entry.close()
    return enforcement


def _notices(root: Reader, base: Path, languages: tuple[str, ...]) -> Notices | None:
    if not root.has("notices"):
        root.fault("notices", "is missing", "name the privacy notice under [notices]")
        return None
    entry = root.inner("notices")
    paths_entry = entry.inner("paths")
    paths = {language: paths_entry.text(language) for language in languages}
    # One that this site does not use may stand ready, or have been used before.
    others = [la for la in LANGUAGES if la not in languages and paths_entry.has(la)]
    kept = {language: paths_entry.text(language) for language in others}
    paths_entry.close()
    for language, path in (paths | kept).items():
        if path and not _PATH.fullmatch(path):
            paths_entry.fault(language, f"is {show(path)}", 'write it as "/tietosuojaseloste"')
    given = [path for path in (*paths.values(), *kept.values()) if path]
    if len(set(given)) < len(given):
        paths_entry.fault("", "gives two languages the same path", "give each one its own")
    former = _former(entry.inner("former"), paths | kept)
    document = entry.text("document", "privacy")
    if not _SLUG.fullmatch(document):
        entry.fault("document", f"is {show(document)}", "use lower-case letters and hyphens")
        document = "privacy"
    notices = Notices(
        folder=(base / entry.text("folder", "notices")).resolve(),
        document=document,
        paths=paths,
        drafts=entry.flag("drafts", False),
        approval=entry.flag("approval", False),
        kept=kept,
        former=former,
    )
    # Not `Path.is_dir`, which raises for a name that is too long.
    if not os.path.isdir(notices.folder / notices.document):
        entry.fault(
            "folder",
            f"has no document {notices.document!r} in {notices.folder.name}/",
            f"make it (mkdir -p {notices.folder.name}/{notices.document}) and begin the notice"
            " with: consent notice new; or name the right one",
        )
    entry.close()
    return notices


def _former(entry: Reader, paths: Mapping[str, str]) -> dict[str, str]:
    former: dict[str, str] = {}
    for language in paths:
        for path in entry.words(language):
            if not _PATH.fullmatch(path):
                entry.fault(language, f"holds {show(path)}", 'write it as "/tietosuoja"')
            elif path in paths.values() or path in former:
                entry.fault(language, f"names {path}, which leads elsewhere", "name it once")
            else:
                former[path] = language
    entry.close()
    return former


def _log(root: Reader, base: Path, environ: Mapping[str, str]) -> str:
    written = root.text("log", "")
    address = environ.get("CONSENT_LOG_URL") or written
    if not address:
        root.fault("log", "is missing", 'write log = "consent-log.sqlite3" above the first table')
    if re.search(r"//[^/@]*:[^/@]*@|[?&]password=", written):
        root.fault("log", "holds a password", "give the address in CONSENT_LOG_URL instead")
    if "://" in address:
        return address
    return str((base / address).resolve())


def _spool(root: Reader, base: Path, log: str) -> str:
    """Where refusals wait while the log is down: beside a file, else beside the settings."""
    beside = "consent-log.spool" if "://" in log else f"{log}.spool"
    return str((base / root.text("spool", beside)).resolve())


def _prefix(root: Reader) -> str:
    prefix = root.text("prefix", "/choices")
    if not _PATH.fullmatch(prefix):
        root.fault("prefix", f"is {show(prefix)}", 'write a path such as "/choices"')
        return "/choices"
    return prefix


def _folder(root: Reader, name: str, base: Path) -> Path | None:
    value = root.text(name, "")
    if not value:
        return None
    folder = (base / value).resolve()
    if not os.path.isdir(folder):
        root.fault(name, f"names {show(value)}, which is not a folder", "make it or remove the key")
    return folder
