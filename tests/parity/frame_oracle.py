"""What the comparisons of frames with Polars share."""
import os
import subprocess
import sys

import headrace as hr


def same_frames(ours, theirs, where=""):
    """Asserts equal names, types and values; floats by what they print as, so that NaN and -0.0 count."""
    assert ours.columns == theirs.columns, where
    assert ours.shape == theirs.shape, where
    for name in ours.columns:
        assert ours[name].dtype == hr.Series(name, theirs[name]).dtype, f"{where}: {name}"
        assert repr(ours[name].to_list()) == repr(theirs[name].to_list()), f"{where}: {name}"


def outputs_by_threads(script):
    """What a script prints, run with 1, 2 and 7 threads: one text if they make no difference."""
    answers = set()
    for threads in ("1", "2", "7"):
        ran = subprocess.run([sys.executable, script], env=dict(os.environ, HEADRACE_THREADS=threads), capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        answers.add(ran.stdout)
    return answers
