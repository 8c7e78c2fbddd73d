"""Kills the launcher of the npm package, and the program that started it, and looks for processes that are left.

    orphans.py NODE LAUNCHER EASEL_HOME
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

NODE, LAUNCHER, EASEL_HOME = sys.argv[1:]
SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL]
# A binary that outlives the launcher for longer than this many seconds is an orphan.
GRACE = 1.0
# The launcher may wait this many seconds longer if a terminal can have sent the signal to the binary too.
TERMINAL_GRACE = 1.0
INITIALIZE = {"id": 1, "method": "initialize", "params": {"clientInfo": {"name": "orphans", "version": "1"}}}
# A program that starts a server, as an editor does, prints its response, and waits.
HOST = """
import subprocess, sys, time
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
server.stdin.write(sys.stdin.buffer.readline())
server.stdin.flush()
sys.stdout.buffer.write(server.stdout.readline())
sys.stdout.flush()
time.sleep(60)
"""


def processes():
    """Returns the processes of this home."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if f"EASEL_HOME={EASEL_HOME}".encode() in environment and state != "Z":
            found.append(int(folder.name))
    return found


def start(*command, stderr):
    """Starts a server and waits until it answers."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr,
                               env={"PATH": "", "EASEL_HOME": EASEL_HOME})
    process.stdin.write(json.dumps(INITIALIZE).encode() + b"\n")
    process.stdin.flush()
    response = json.loads(process.stdout.readline())
    assert response["id"] == 1 and "result" in response, response
    return process


def kill(name, number, *command, stderr=subprocess.DEVNULL, grace=GRACE, status):
    """Kills a process that has started a server. Nothing may be left of it, and `status` is that of its exit."""
    process = start(*command, stderr=stderr)
    before = processes()
    assert process.pid in before, before
    process.send_signal(number)
    deadline = time.monotonic() + grace
    while processes() and time.monotonic() < deadline:
        time.sleep(0.01)
    left = processes()
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    found = process.wait()
    assert not left, f"{name} killed by {number.name}: {len(left)} of {len(before)} processes are left"
    assert found == status, f"{name} killed by {number.name}: status {found} instead of {status}"
    print(f"{name} killed by {number.name}: {len(before)} processes, none is left, status {found}")


# A shell starts programs in the background with SIGINT ignored, and nohup with SIGHUP, and they pass that on.
for number in [signal.SIGINT, signal.SIGHUP]:
    signal.signal(number, signal.SIG_DFL)
# A host that was started from a terminal gives its server the terminal for its log.
_, terminal = os.openpty()
for number in SIGNALS:
    # The server ends in order, so the launcher does too, unless it is killed itself.
    status = -number if number == signal.SIGKILL else 0
    kill("launcher", number, NODE, LAUNCHER, "app-server", status=status)
    kill("launcher with a terminal", number, NODE, LAUNCHER, "app-server", stderr=terminal,
         grace=GRACE + TERMINAL_GRACE, status=status)
    kill("host", number, sys.executable, "-c", HOST, NODE, LAUNCHER, "app-server", status=-number)
