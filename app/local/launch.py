"""Die with the parent, drop root when told to, become the command. A script, never imported.

    python -I -S launch.py PARENT_PID DEATH_SIGNAL USER COMMAND...

A supervisor that gets SIGKILL cannot tidy up, so on Linux the kernel does it: every child asks for
DEATH_SIGNAL at the death of its parent. (The kernel means the parent's *thread*: start children
from the main thread.) USER is `-` to stay who we are.

PostgreSQL refuses to run as root, but the files of a root user often lie in a folder that nobody
else may enter (`/root` is 0700). Opening such folders to everybody would change what is not ours;
instead the command keeps one capability: to read and search. All others are given up.
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1  # all that a container's root has by default
CAP_DAC_READ_SEARCH = 2  # the narrower one
CAPABILITY_VERSION_3 = 0x20080522


def become(user: str, *, on_linux: bool) -> None:
    """Change to `user` for good."""
    entry = pwd.getpwnam(user)
    libc = ctypes.CDLL(None)
    if on_linux:
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
        # Else access(2), by which PostgreSQL looks for its own files, would ignore capabilities.
        libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    if on_linux and not _keep(libc, CAP_DAC_READ_SEARCH):
        _keep(libc, CAP_DAC_OVERRIDE)  # without either the command works where paths are open


def _keep(libc: ctypes.CDLL, capability: int) -> bool:
    """Hold `capability`, and no other, across exec."""
    bit = 1 << capability
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)  # effective, permitted, inheritable
    if libc.capset(header, data) != 0:
        return False
    return bool(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0)


def main(arguments: list[str]) -> None:
    """Prepare this process and replace it by the command."""
    parent, death_signal, user, *command = arguments
    on_linux = sys.platform == "linux"
    if user != "-":
        become(user, on_linux=on_linux)
    if on_linux:  # after the change of user, which would clear it
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != int(parent):  # it died before we could ask
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606  no shell is what we want


if __name__ == "__main__":
    main(sys.argv[1:])
