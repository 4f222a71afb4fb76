"""Whom PostgreSQL runs as where we are root, and that this user can reach its files.

PostgreSQL refuses to run as root. A data directory below `/root`, say, is then out of its user's reach: that one user is
let through each closed directory (not to list it, not to read in it) by an access control list entry (acl(5)).
"""

import os
import pwd
import shutil
import stat
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

from ecrm.embedded.processes import User

# The user that the wheel makes too, so that a data directory of an earlier version goes on working.
USER = "pgserver"

ACCESS = "system.posix_acl_access"
# linux/posix_acl_xattr.h: a version, then entries of tag, permissions, id.
VERSION = struct.Struct("<I")
ENTRY = struct.Struct("<HHI")
OWNER, NAMED_USER, GROUP, MASK, OTHERS = 0x01, 0x02, 0x04, 0x10, 0x20
NO_ID = 0xFFFFFFFF
PASS = 1  # the x bit of a directory: go through it


def postgres_user(data: Path) -> User | None:
    """Whom to run PostgreSQL as: nobody else, unless we are root; then the owner of `data`, or a user made for it."""
    if os.geteuid() != 0:
        return None
    owner = data.stat().st_uid if data.exists() else 0
    try:
        found = pwd.getpwuid(owner) if owner else existing_or_new()
    except KeyError:
        raise RuntimeError(
            f"{data} belongs to user {owner}, who does not exist here. Choose another --data-dir."
        ) from None
    return User(found.pw_name, found.pw_uid, found.pw_gid)


def existing_or_new() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        pass
    try:
        program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin") or "useradd"
        subprocess.run([program, "--system", "--shell", "/bin/false", USER], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise RuntimeError(
            f"PostgreSQL does not run as root, and making a user {USER} for it failed. Start eCRM as another user."
        ) from error
    return pwd.getpwnam(USER)


def may(user: User, action: str, path: Path) -> bool:
    """Whether `user` passes test(1)'s `action` on `path`: asked as that user, whatever decides it."""
    command = ["/bin/sh", "-c", f'test {action} "$1"', "sh", str(path)]
    return subprocess.run(command, user=user.uid, group=user.gid, extra_groups=[], check=False, cwd="/").returncode == 0


def open_the_way(user: User, target: Path, say: Callable[[str], None]) -> None:
    """Let `user` pass through every directory above `target`; raises RuntimeError where the file system cannot."""
    if may(user, "-x", target):
        return
    for directory in [*reversed(target.parents), target]:
        if may(user, "-x", directory):
            continue
        try:
            grant_passage(directory, user.uid)
        except OSError:
            raise cannot_reach(user, target) from None
        say(f"PostgreSQL's user {user.name} may now pass through {directory} (not list it).")
    if not may(user, "-x", target):
        raise cannot_reach(user, target)


def cannot_reach(user: User, target: Path) -> RuntimeError:
    return RuntimeError(
        f"PostgreSQL does not run as root, and its user {user.name} cannot reach {target}. "
        "Start eCRM as another user, or choose a --data-dir and a checkout that everyone may enter."
    )


def grant_passage(directory: Path, uid: int) -> None:
    """Add the entry `user:<uid>:--x` to the directory's list; raises OSError where there are no such lists."""
    entries = entries_of(directory)
    entries[NAMED_USER, uid] = entries.get((NAMED_USER, uid), 0) | PASS
    entries[MASK, NO_ID] = entries.get((MASK, NO_ID), entries[GROUP, NO_ID]) | PASS
    packed = [ENTRY.pack(tag, permissions, identity) for (tag, identity), permissions in sorted(entries.items())]
    os.setxattr(directory, ACCESS, VERSION.pack(2) + b"".join(packed))


def entries_of(directory: Path) -> dict[tuple[int, int], int]:
    """The list's permissions by tag and id; of a directory without one, what its mode says."""
    if ACCESS in os.listxattr(directory):
        raw = os.getxattr(directory, ACCESS)[VERSION.size :]
        return {(tag, identity): permissions for tag, permissions, identity in ENTRY.iter_unpack(raw)}
    mode = stat.S_IMODE(directory.stat().st_mode)
    return {(OWNER, NO_ID): mode >> 6 & 7, (GROUP, NO_ID): mode >> 3 & 7, (OTHERS, NO_ID): mode & 7}
