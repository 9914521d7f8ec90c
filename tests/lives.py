"""Short lives of the `theorylab` command: each is a fork of one process that has imported everything, and may end before its time.

`Lives` starts that process. What may befall a life is done from outside theorylab: by an audit hook, which Python calls before each
step on files, by the limits of the process, or by signals. None of that needs a clock.
"""

import contextlib
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import warnings
from pathlib import Path

STEPS = ("tempfile.mkstemp", "os.rename", "os.remove", "os.mkdir")


class Lives:
    """The process that the lives are forked from. Its folder has a project; the reports of an undisturbed run are made first."""

    def __init__(self, folder: Path):
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "NO_COLOR": "1", "COLUMNS": "200"}
        command = [sys.executable, __file__, str(folder)]
        self._server = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, folder: Path, *arguments: str, times: int = 1, **fate) -> list[dict]:
        """Runs `theorylab verify` in a folder, so many times at once: its exit status (negative for a signal), CPU time and output.

        `step` counts steps on files until what `then` says: kill, full (from then on nothing can be written), or interrupt. `cpu` is
        the CPU time until it is killed, `largest` the size beyond which no file can be written. `steps` of the answer counts them.
        """
        asked = {"folder": str(folder), "arguments": arguments, "times": times, "fate": fate}
        self._server.stdin.write(json.dumps(asked) + "\n")
        self._server.stdin.flush()
        return json.loads(self._server.stdout.readline())

    def close(self):
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()


def serve(folder: str) -> None:
    """Answers what is asked on standard input. Before, one life and one report, which needs no JAX, have everything imported."""
    warnings.filterwarnings("ignore", "os.fork", RuntimeWarning)
    import theorylab.simulate  # noqa: F401
    from theorylab.report import figures

    # More than half of a life would go into drawing.
    figures.figures = lambda result: []
    os.chdir(folder)
    together([], {}, 1)
    shutil.rmtree("reports")
    with contextlib.redirect_stdout(io.StringIO()):
        command([])
    for line in sys.stdin:
        asked = json.loads(line)
        os.chdir(asked["folder"])
        print(json.dumps(together(asked["arguments"], asked["fate"], asked["times"])), flush=True)


def together(arguments: list[str], fate: dict, times: int) -> list[dict]:
    """Lives that begin together, each in a child."""
    began = []
    for _ in range(times):
        said, says = os.pipe()
        child = os.fork()
        if not child:
            os.dup2(says, 1)
            os.dup2(says, 2)
            live(arguments, fate)
        os.close(says)
        began.append((child, said))
    lives = []
    for child, said in began:
        with os.fdopen(said, encoding="utf-8") as output:
            text, _, steps = output.read().partition("steps on files: ")
        _, status, used = os.wait4(child, 0)
        code = os.waitstatus_to_exitcode(status)
        lives.append({"code": code, "cpu": used.ru_utime + used.ru_stime, "said": text, "steps": int(steps or 0)})
    return lives


def live(arguments: list[str], fate: dict) -> None:
    """Runs the command in this process, and ends it."""
    from theorylab import stop

    steps = befall(fate)
    stop.listen()
    code = command(arguments)
    sys.stdout.flush()
    os.write(1, f"steps on files: {steps()}".encode())
    os._exit(code)


def befall(fate: dict):
    """Has happen what a life is fated to; returns what counts its steps on files."""
    count = 0

    def hook(event, told):
        nonlocal count
        if event not in STEPS:
            return
        count += 1
        if count == fate.get("step") and fate["then"] == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if count == fate.get("step") and fate["then"] == "interrupt":
            os.kill(os.getpid(), signal.SIGINT)
        if count >= fate.get("step", count + 1) and fate["then"] == "full" and event != "os.remove":
            raise OSError(28, "No space left on device")

    if "cpu" in fate:
        signal.setitimer(signal.ITIMER_PROF, fate["cpu"])
    if "largest" in fate:
        resource.setrlimit(resource.RLIMIT_FSIZE, (fate["largest"], fate["largest"]))
    # What a signal should have ended would never end.
    resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
    sys.addaudithook(hook)
    return lambda: count


def command(arguments: list[str]) -> int:
    """`theorylab verify` in this process; its exit code."""
    from theorylab.cli import app

    try:
        app(["verify", *arguments])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


if __name__ == "__main__":
    serve(sys.argv[1])
