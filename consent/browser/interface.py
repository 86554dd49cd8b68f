"""The templates, styles and script that visitors see, made ready once at start.

A folder of the site's own comes before ours, so that it can replace one template or one block.
What was ready is kept by its hash, for records to name (R37).
"""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..record import canonical

PACKAGE = Path(__file__).parent.parent


def static_folder() -> Path:
    """The folder of styles and script: inside an installed package, beside it in a checkout."""
    installed = PACKAGE / "static"
    return installed if installed.is_dir() else PACKAGE.parent / "static"


class Interface:
    """Templates and static files of one site.

    `templates` is the site's own folder of templates, or None; `theme` is CSS that comes after the
    stylesheet's own.
    """

    def __init__(self, templates: Path | None, theme: str) -> None:
        folders = [*([templates] if templates else []), PACKAGE / "templates"]
        self._environment = Environment(
            loader=FileSystemLoader(folders),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # Sites override a block of ours by {% extends "original/banner.html" %}.
        self._environment.loader = _Loader(folders)
        files = {file.name: file.read_bytes() for file in sorted(static_folder().glob("*.*"))}
        names = self._environment.list_templates(filter_func=lambda name: "original/" not in name)
        for name in names:
            assert self._environment.loader is not None
            source, *_ = self._environment.loader.get_source(self._environment, name)
            files[f"templates/{name}"] = source.encode()
        files["theme.css"] = theme.encode()
        self.files = files
        sheet = files["style.css"].decode()
        self.critical = _css(sheet.partition("/* critical ends */")[0]) + theme
        self.assets = {
            "style.css": ("text/css; charset=utf-8", (_css(sheet) + theme).encode("ascii")),
            **{
                name: ("text/css; charset=utf-8", (_css(_text(files, name)) + theme).encode())
                for name in ("notice.css", "redline.css")
            },
            **{
                name: ("text/javascript; charset=utf-8", _js(_text(files, name)))
                for name in ("script.js", "gates.js", "signals.js", "enforce.js", "cacheable.js")
            },
        }
        self.versions = {name: sha256(a[1]).hexdigest()[:10] for name, a in self.assets.items()}
        manifest = {name: sha256(body).hexdigest() for name, body in files.items()}
        self.body = canonical({"type": "interface", "files": manifest})
        self.hash = sha256(self.body).hexdigest()

    def artifacts(self) -> dict[str, tuple[str, bytes]]:
        """Everything that a record's interface hash stands for."""
        kept = {sha256(body).hexdigest(): ("text/plain", body) for body in self.files.values()}
        return kept | {self.hash: ("application/json", self.body)}

    def render(self, template: str, **context: object) -> str:
        """Render a template of the site, or ours."""
        return self._environment.get_template(template).render(**context)


class _Loader(FileSystemLoader):
    """Finds a template in the site's folder, then ours; `original/…` is always ours."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, object]:  # type: ignore[override]
        if template.startswith("original/"):
            return FileSystemLoader(PACKAGE / "templates").get_source(
                environment, template.removeprefix("original/")
            )
        return super().get_source(environment, template)


def _text(files: dict[str, bytes], name: str) -> str:
    return files[name].decode() if name in files else ""


def _css(sheet: str) -> str:
    """The stylesheet without comments and needless space; its strings stay as they are."""
    sheet = re.sub(r"/\*.*?\*/", "", sheet, flags=re.S)
    parts = re.split(r"""("[^"]*"|'[^']*')""", sheet)
    # Before a colon a space can mean a descendant; after one, in a declaration, it means nothing.
    parts[::2] = [
        re.sub(r" ?([{};,>]) ?|(?<=\w)(:) ", r"\1\2", re.sub(r"\s+", " ", part)).replace(";}", "}")
        for part in parts[::2]
    ]
    return "".join(parts).strip()


def _js(script: str) -> bytes:
    """The script without indentation, empty lines and lines that are all comment."""
    script = re.sub(r"^\s*/\*.*?\*/\s*$", "", script, flags=re.S | re.M)
    lines = (line.strip() for line in script.splitlines())
    return "\n".join(ln for ln in lines if ln and not ln.startswith("//")).encode("ascii")
