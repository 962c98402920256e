"""Runs a model server so that it is reached from this machine alone and ends with its parent.

    python on_loopback.py FOLDER MODULE:FUNCTION [ARGUMENT...]

It runs the entry point in the folder, as pip's own script would.

Two of the servers listen on every address and have no setting for it; and processes that they fork
would outlive them where they are killed.
"""

import ctypes
import importlib
import os
import signal
import socket
import sys

EVERYWHERE = ("", "0.0.0.0", "::", "[::]")
PR_SET_PDEATHSIG = 1


def on_loopback(host):
    return "127.0.0.1" if host in EVERYWHERE else host


def bind_to_loopback():
    plain_bind = socket.socket.bind

    def bind(self, address):
        if self.family == socket.AF_INET:
            address = (on_loopback(address[0]), *address[1:])
        return plain_bind(self, address)

    socket.socket.bind = bind


def serve_grpc_on_loopback():
    import grpc._server
    import grpc.aio._server

    def bound(plain):
        def add(self, address, *rest, **named):
            host, _, port = address.rpartition(":")
            return plain(self, f"{on_loopback(host)}:{port}", *rest, **named)

        return add

    for server in (grpc._server._Server, grpc.aio._server.Server):
        server.add_insecure_port = bound(server.add_insecure_port)


def end_with_parent():
    """Forked processes get SIGKILL when the process that forked them is gone (Linux)."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    os.register_at_fork(
        after_in_child=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    )


bind_to_loopback()
serve_grpc_on_loopback()
end_with_parent()
folder, sys.argv = sys.argv[1], sys.argv[2:]
os.chdir(folder)
sys.path[0] = os.getcwd()
module, _, function = sys.argv[0].partition(":")
sys.exit(getattr(importlib.import_module(module), function)())
