#!/usr/bin/env python3
"""Run $BROWSER_PROGRAM so that it hears nothing of the machine's network interfaces.

Chromium gives up every request that waits for a connection (ERR_NETWORK_CHANGED) when the address of any
interface changes, and Docker makes an interface for each container that it starts. Chromium takes the network
for unchanging where it can open no netlink socket. Linux only; elsewhere the program runs as it is.
"""

import ctypes
import os
import platform
import struct
import sys

# the number of socket(2); seccomp(2) sees a call as its number at byte 0 and its first argument at byte 16
SOCKET = {"x86_64": 41, "aarch64": 198}
AF_NETLINK, EAFNOSUPPORT = 16, 97
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
REFUSE, ALLOW = 0x0005_0000, 0x7FFF_0000
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


class Program(ctypes.Structure):
    """struct sock_fprog of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def refuse_netlink(socket_call: int) -> None:
    """Let this process and its children open no netlink socket; whoever tries is told EAFNOSUPPORT."""
    instructions = [
        (LOAD, 0, 0, 0),
        (JUMP_IF_EQUAL, 0, 3, socket_call),
        (LOAD, 0, 0, 16),
        (JUMP_IF_EQUAL, 0, 1, AF_NETLINK),
        (RETURN, 0, 0, REFUSE | EAFNOSUPPORT),
        (RETURN, 0, 0, ALLOW),
    ]
    packed = b"".join(struct.pack("HBBI", *instruction) for instruction in instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    program = ctypes.byref(Program(len(instructions), packed))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
        PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0
    ):
        print(f"netlink stays open: {os.strerror(ctypes.get_errno())}", file=sys.stderr)


if __name__ == "__main__":
    if sys.platform == "linux" and platform.machine() in SOCKET:
        refuse_netlink(SOCKET[platform.machine()])
    os.execv(os.environ["BROWSER_PROGRAM"], [os.environ["BROWSER_PROGRAM"], *sys.argv[1:]])
