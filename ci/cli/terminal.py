# SPDX-License-Identifier: MIT
"""Runs a command on a terminal of its own, for tests of what it shows there."""
import os, pty


def run(command, env=None, heed=None):
    """(exit code, all that it wrote, as text).  env: what its environment has besides; heed(text so far, its process, its
    terminal): called after each piece, as long as it gives nothing that is true."""
    pid, terminal = pty.fork()
    if not pid:
        os.execvpe(command[0], command, {**os.environ, **(env or {})})
    text = b""
    while True:
        try:
            more = os.read(terminal, 65536)
        except OSError:  # Linux: the other end is closed
            more = b""
        if not more:
            break
        text += more
        if heed and heed(text, pid, terminal):
            heed = None
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text.decode(errors="replace")
