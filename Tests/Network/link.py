"""A network namespace at the other end of a link that delays, loses and reorders.

The link is a pair of TUN devices (Linux's Documentation/networking/tuntap.rst), one in each
namespace, and threads that carry packets between them. Needs root.
"""

import ctypes
import fcntl
import heapq
import os
import random
import socket
import struct
import threading
import time

HERE, THERE = "10.9.0.1", "10.9.0.2"
CLONE_NEWNET = 0x40000000


def set_up(name, address=None, peer=None):
    """Addresses and flags of an interface (netdevice(7))."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for call, text in ((0x8916, address), (0x8918, peer)):
            if text:
                place = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(text))
                fcntl.ioctl(any_socket, call, struct.pack("16s16s8x", name, place))
        request = struct.pack("16sH22x", name, 0)
        flags = struct.unpack("16sH22x", fcntl.ioctl(any_socket, 0x8913, request))[1]
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH22x", name, flags | 1))


def open_tunnel(name, address, peer):
    tunnel = os.open("/dev/net/tun", os.O_RDWR)
    # IFF_TUN and IFF_NO_PI by TUNSETIFF.
    fcntl.ioctl(tunnel, 0x400454CA, struct.pack("16sH22x", name, 0x1001))
    set_up(name, address, peer)
    return tunnel


class Direction:
    """Carries packets one way."""

    def __init__(self, source, target, delay, loss, reordered, seed):
        self.source, self.target = source, target
        self.delay, self.loss, self.reordered = delay, loss, reordered
        self.random = random.Random(seed)
        self.waiting, self.number, self.newest = [], 0, 0
        self.carried = self.lost = self.late = 0
        self.changed = threading.Condition()
        for work in (self.take, self.give):
            threading.Thread(target=work, daemon=True).start()

    def take(self):
        while True:
            packet = os.read(self.source, 65536)
            if self.random.random() < self.loss:
                self.lost += 1
                continue
            # What is reordered overtakes whatever came up to a delay before it.
            wait = self.delay
            if self.random.random() < self.reordered:
                wait *= self.random.random()
            with self.changed:
                self.number += 1
                heapq.heappush(self.waiting, (time.monotonic() + wait, self.number, packet))
                self.changed.notify()

    def give(self):
        while True:
            with self.changed:
                while not self.waiting:
                    self.changed.wait()
                rest = self.waiting[0][0] - time.monotonic()
                if rest > 0:
                    self.changed.wait(rest)
                    continue
                _, number, packet = heapq.heappop(self.waiting)
            os.write(self.target, packet)
            self.carried += 1
            self.late += number < self.newest
            self.newest = max(self.newest, number)


class Link:
    """Runs `work(socket)` in a process of its own at the other end; `words` is what it says there."""

    def __init__(self, work, delay, loss=0.0, reordered=0.0):
        ours, theirs = socket.socketpair()
        self.child = os.fork()
        if self.child == 0:
            try:
                ours.close()
                if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "unshare")
                set_up(b"lo")
                tunnel = open_tunnel(b"far0", THERE, HERE)
                socket.send_fds(theirs, [b"t"], [tunnel])
                work(theirs)
            finally:
                os._exit(0)
        theirs.close()
        near = open_tunnel(b"near0", HERE, THERE)
        passed = socket.recv_fds(ours, 1, 1)[1]
        if not passed:
            raise OSError("the other end did not come up")
        far = passed[0]
        self.socket, self.words = ours, ours.makefile("r")
        self.directions = [
            Direction(near, far, delay, loss, reordered, 1),
            Direction(far, near, delay, loss, reordered, 2),
        ]

    def begin(self):
        self.socket.send(b"b")

    def end(self):
        os.kill(self.child, 9)
        os.waitpid(self.child, 0)
