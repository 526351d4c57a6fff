"""A virtual environment for each rival, made once."""
import subprocess
import sys


def python_of(folder, name, packages):
    """The interpreter of the environment of this name, which has the packages and NumPy."""
    home = folder / "environments" / name.replace(" ", "-")
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "numpy", *packages], check=True)
        (home / "ready").touch()
    return python
