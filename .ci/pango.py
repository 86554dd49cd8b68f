"""Sees that WeasyPrint finds Pango, the system's library that it draws PDFs with; apt may bring it.

Runs on the Python of an environment that has WeasyPrint.
"""

import os
import shutil
import subprocess
import sys

from browser import run, say

PACKAGES = ["libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"]
REMEDY = """\
WeasyPrint does not find Pango, and the tests of the notice's PDFs need it.
Install it (Debian and Ubuntu: apt-get install libpango-1.0-0 libpangoft2-1.0-0
libharfbuzz-subset0; Fedora: dnf install pango; macOS: brew install pango).
"""


def works() -> bool:
    """Tell whether WeasyPrint can be loaded, in a process that has not looked for it yet."""
    command = [sys.executable, "-c", "import weasyprint"]
    return subprocess.run(command, capture_output=True).returncode == 0


def installed() -> bool:
    """Install it with apt where that may be done, and tell whether it works then."""
    root = os.geteuid() == 0
    if not (shutil.which("apt-get") and (root or shutil.which("sudo"))):
        return False
    say("No Pango on this machine: trying apt's.")
    apt = ["apt-get", "-qq"] if root else ["sudo", "-n", "apt-get", "-qq"]
    run([*apt, "update"])
    return run([*apt, "install", "-y", "--no-install-recommends", *PACKAGES]) and works()


if __name__ == "__main__" and not (works() or installed()):
    sys.exit(REMEDY)
