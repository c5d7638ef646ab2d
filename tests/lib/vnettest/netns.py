# SPDX-License-Identifier: GPL-2.0
"""Network namespaces, user namespaces, commands, and waiting for devices."""

import errno
import os
import pickle
import select
import signal
import socket
import struct
import subprocess
import time
import traceback

from . import netlink
from .ktap import Failure, defer

_HOME = "/proc/thread-self/ns/net"
_RTMGRP_LINK = 1
_RTM_NEWLINK, _RTM_DELLINK, _RTM_GETLINK, _RTM_NEWADDR, _RTM_NEWNEIGH = 16, 17, 18, 20, 28
_IFLA_IFNAME, _IFLA_OPERSTATE, _IFLA_CARRIER = 3, 16, 33
_IFA_ADDRESS, _IFA_LOCAL, _NDA_DST, _NDA_LLADDR = 1, 2, 1, 2
_IFF_UP, _NUD_PERMANENT, _NLM_F_REPLACE = 1, 0x80, 0x100
_UP = 6


def run(command, check=True, text=None):
    """Runs a command in the present namespace; its output."""
    words = command.split() if isinstance(command, str) else command
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False,
                          close_fds=False)
    if check and done.returncode:
        raise Failure(f"{' '.join(words)}: status {done.returncode}: "
                      f"{done.stderr.strip() or done.stdout.strip()}")
    return done.stdout if check else done


class NetNS:
    """A network namespace, entered by `with`. No IPv6, so that nothing is sent unasked.
    It ends with the case, or with the program if it is `lasting`."""

    def __init__(self, ipv6=False, lasting=False):
        home = os.open(_HOME, os.O_RDONLY)
        try:
            os.unshare(os.CLONE_NEWNET)
            self.fd = os.open(_HOME, os.O_RDONLY | os.O_CLOEXEC)
            if not ipv6:
                for which in ("all", "default"):
                    path = f"/proc/sys/net/ipv6/conf/{which}/disable_ipv6"
                    with open(path, "w", encoding="ascii") as file:
                        file.write("1")
        finally:
            os.setns(home, os.CLONE_NEWNET)
            os.close(home)
        self._homes = []
        if not lasting:
            defer(self.close)

    @classmethod
    def named(cls, name):
        """One that `ip netns` has made."""
        return cls._opened(f"/run/netns/{name}")

    @classmethod
    def of_process(cls, pid):
        """That of a process."""
        return cls._opened(f"/proc/{pid}/ns/net")

    @classmethod
    def _opened(cls, path):
        ns = cls.__new__(cls)
        ns.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        ns._homes = []
        defer(ns.close)
        return ns

    @property
    def inode(self):
        """Its number."""
        return os.fstat(self.fd).st_ino

    def inheritable(self):
        """Its descriptor, for commands as /proc/self/fd/N."""
        os.set_inheritable(self.fd, True)
        return self.fd

    def close(self):
        """Lets go of it; it ends unless something else holds it."""
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None

    def __enter__(self):
        self._homes.append(os.open(_HOME, os.O_RDONLY))
        os.setns(self.fd, os.CLONE_NEWNET)
        return self

    def __exit__(self, *_):
        home = self._homes.pop()
        os.setns(home, os.CLONE_NEWNET)
        os.close(home)

    def run(self, command, check=True, text=None):
        """Runs a command in it."""
        with self:
            return run(command, check, text)

    # What nearly each case needs is asked for without a process of its own, which takes as long
    # as the rest of a short case where the kernel checks itself.

    def up(self, device):
        """Brings a device of it up."""
        with self:
            index = socket.if_nametoindex(device)
            _configure(_RTM_NEWLINK, struct.pack("=BxHiII", 0, 0, index, _IFF_UP, _IFF_UP))

    def address(self, device, address, prefix):
        """Gives a device of it an address of IPv4."""
        octets = socket.inet_aton(address)
        with self:
            index = socket.if_nametoindex(device)
            _configure(_RTM_NEWADDR, struct.pack("=BBBBI", socket.AF_INET, prefix, 0, 0, index)
                       + netlink.attr(_IFA_LOCAL, octets) + netlink.attr(_IFA_ADDRESS, octets))

    def neighbour(self, device, address, mac):
        """Tells it for good who has an address of IPv4."""
        with self:
            index = socket.if_nametoindex(device)
            head = struct.pack("=BxHiHBB", socket.AF_INET, 0, index, _NUD_PERMANENT, 0, 0)
            _configure(_RTM_NEWNEIGH, head + netlink.attr(_NDA_DST, socket.inet_aton(address))
                       + netlink.attr(_NDA_LLADDR, mac), netlink.NLM_F_CREATE | _NLM_F_REPLACE)


def _configure(kind, payload, flags=netlink.NLM_F_CREATE):
    """A request to make or to change something in the present namespace."""
    route = netlink.Socket(netlink.NETLINK_ROUTE, room=1 << 15)
    try:
        route.request(kind, payload, flags)
    finally:
        route.close()


class LinkWatch:
    """Sees devices of the present namespace come, change and go."""

    def __init__(self):
        self.socket = netlink.Socket(netlink.NETLINK_ROUTE)
        self.socket.join(_RTMGRP_LINK)
        self.devices = {}       # name: (index, flags, attributes)
        # By another socket: replies and events would mix.
        query = netlink.Socket(netlink.NETLINK_ROUTE)
        self._take(query.request(_RTM_GETLINK, bytes(16), netlink.NLM_F_DUMP))
        query.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _take(self, messages):
        for message in messages:
            if message.kind not in (_RTM_NEWLINK, _RTM_DELLINK) or not message.payload:
                continue
            index, flags = struct.unpack_from("=iI", message.payload, 4)
            attributes = netlink.attrs_of(message.payload[16:])
            name = attributes[_IFLA_IFNAME].rstrip(b"\0").decode()
            if message.kind == _RTM_DELLINK:
                self.devices.pop(name, None)
            else:
                self.devices[name] = (index, flags, attributes)

    def until(self, holds, what, timeout=10):
        """Waits until holds(self) is true."""
        end = time.monotonic() + timeout
        while not holds(self):
            left = end - time.monotonic()
            if left <= 0:
                raise Failure(f"{what}: not within {timeout} s")
            self._take(self.socket.events(left))

    def is_up(self, name):
        """Whether a device is up and has carrier, as far as its queues."""
        if name not in self.devices:
            return False
        self._ask(name)
        return name in self.devices and self.devices[name][2][_IFLA_OPERSTATE][0] == _UP

    def _ask(self, name):
        """Has the kernel tell of one device.

        Dumps and events may tell the state before carrier went and came, while queues still
        drop; an answer about one device is given after the pending work (`rtnl_getlink`).
        """
        query = netlink.Socket(netlink.NETLINK_ROUTE)
        try:
            index = self.devices[name][0]
            self._take(query.request(_RTM_GETLINK, struct.pack("=BxHiII", 0, 0, index, 0, 0)))
        except netlink.NetlinkError as error:
            if error.errno != errno.ENODEV:
                raise
            self.devices.pop(name, None)
        finally:
            query.close()

    def has_carrier(self, name):
        """Whether a device has carrier."""
        return name in self.devices and self.devices[name][2][_IFLA_CARRIER][0] == 1


def wait_up(ns, *names):
    """Waits until packets can be sent through devices."""
    with ns, LinkWatch() as watch:
        watch.until(lambda w: all(w.is_up(name) for name in names), f"{names} up")


class Child:
    """Runs a function in a child, in new namespaces (CLONE_*) if asked.

    With CLONE_NEWUSER the child is root in its user namespace, mapped to nobody outside.
    """

    def __init__(self, function, *args, flags=0):
        results, out = os.pipe()
        mapped, go = os.pipe()
        unshared, tell = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(go)
            self._run(function, args, flags, tell, mapped, out)
        for fd in (out, mapped, tell):
            os.close(fd)
        os.read(unshared, 1)
        os.close(unshared)
        if flags & os.CLONE_NEWUSER:
            for name, text in (("setgroups", "deny"), ("uid_map", "0 65534 1"),
                               ("gid_map", "0 65534 1")):
                with open(f"/proc/{self.pid}/{name}", "w", encoding="ascii") as file:
                    file.write(text)
        os.close(go)
        self._results = results
        defer(self.kill)

    @staticmethod
    def _run(function, args, flags, tell, mapped, out):
        try:
            if flags & os.CLONE_NEWUSER:
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
                _dumpable()
            if flags:
                os.unshare(flags)
            os.write(tell, b"x")
            os.read(mapped, 1)
            if flags & os.CLONE_NEWUSER:
                os.setresgid(0, 0, 0)
                os.setresuid(0, 0, 0)
            answer = (True, function(*args))
        except BaseException as error:  # pylint: disable=broad-exception-caught
            if not _can_pickle(error):
                error = Failure(traceback.format_exc())
            answer = (False, error)
        with os.fdopen(out, "wb") as file:
            pickle.dump(answer, file)
        os._exit(0)

    def running(self):
        """Whether its function has not returned yet."""
        return not select.select([self._results], [], [], 0)[0]

    def kill(self):
        """Ends the child, if it has not ended."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            self._wait()

    def _wait(self):
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self.pid = None
        os.close(self._results)
        return status

    def result(self):
        """What the function gave back, or raises what it raised."""
        data = b""
        while part := os.read(self._results, 1 << 16):
            data += part
        status = self._wait()
        if not data:
            name = signal.Signals(-status).name if status < 0 else status
            raise Failure(f"the child ended with {name}")
        passed, value = pickle.loads(data)
        if not passed:
            raise value
        return value


def child(function, *args, flags=0):
    """The result of a function that is run in a child."""
    return Child(function, *args, flags=flags).result()


def _dumpable():
    # After a change of ids /proc/self belongs to root until this is said.
    import ctypes  # pylint: disable=import-outside-toplevel
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)


def _can_pickle(value):
    try:
        pickle.loads(pickle.dumps(value))
        return True
    except Exception:  # pylint: disable=broad-exception-caught
        return False
