"""Listeners of one interface, of both families, and of addresses that are not ours."""

import http.client
import os
import select
import socket
import struct
import tempfile

import link
from subject import Apus, ask, expect

NEAR, PEER = "10.9.1.1", "10.9.1.2"
FOREIGN = "192.0.2.1"
MAIN = '{address: "*:8080", interface: lo}'
NEAR_ONLY = '{address: "*:8081", interface: near1}'
BOTH = '{address: "[::]:8082-8083", v6only: false}'


def configuration(main=MAIN, near=NEAR_ONLY, both=BOTH, more=""):
    near = f"near: {{bind: {near}, routes: [{{respond: {{body: near}}}}]}}" if near else ""
    return f"""
version: 1
process: {{threads: 2, max_reloads: 5}}
log: {{access: {{to: off}}}}
frontends:
  main: {{bind: {main}, routes: [{{respond: {{body: main}}}}]}}
  both:
    bind: {both}
    routes:
    - {{match: {{client_ip: 127.0.0.0/8}}, respond: {{body: "IPv4 %{{client_ip}}"}}}}
    - {{respond: {{body: "IPv6 %{{client_ip}}"}}}}
  {near}
  {more}
"""


CONFIGURATION = configuration(near="")


def checksum(words):
    total = sum(struct.unpack(f"!{len(words) // 2}H", words))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def answer(tunnel, port, turn):
    """What a SYN that comes by the tunnel is answered with (RFC 9293 3.1): `SYN`, `RST` or nothing."""
    source, target = socket.inet_aton(PEER), socket.inet_aton(NEAR)

    def segment(check):
        return struct.pack("!HHIIBBHHH", 40000 + turn, port, turn, 0, 5 << 4, 2, 65535, check, 0)

    check = checksum(source + target + struct.pack("!HH", 6, 20) + segment(0))
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, 6, 0, source, target)
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    os.write(tunnel, head + segment(check))
    while select.select([tunnel], [], [], 2)[0]:
        packet = os.read(tunnel, 65536)
        # Others than TCP, of the other family, or of an earlier turn.
        if packet[0] != 0x45 or packet[9] != 6 or packet[22:24] != struct.pack("!H", 40000 + turn):
            continue
        return "RST" if packet[33] & 4 else "SYN"
    return "nothing"


def text(port, host="127.0.0.1"):
    client = http.client.HTTPConnection(host, port, timeout=10)
    try:
        return ask(client, "/")[2].decode()
    except ConnectionRefusedError:
        return "refused"
    finally:
        client.close()


def binds(apus):
    families(apus)
    interfaces(apus)
    foreign(apus)
    without_privilege(apus)


def families(apus):
    for port in [8082, 8083]:
        expect(text(port) == "IPv4 127.0.0.1", text(port))
        expect(text(port, "::1") == "IPv6 ::1", text(port, "::1"))
    done, said = apus.reload(configuration(near="", both='"[::]:8082-8083"'))
    expect(not done and "apus itself holds [::]:8082 with IPv4" in said, said)
    done, said = apus.reload(configuration(near="", more="""x: {bind: "*:8083", backend: none}"""))
    expect(not done and "0.0.0.0:8083 is taken by [::]:8083 with IPv4" in said, said)
    expect(text(8082) == "IPv4 127.0.0.1", "a reload that failed has changed something")


def interfaces(apus):
    tunnel = link.open_tunnel(b"near1", NEAR, PEER)
    done, said = apus.reload(configuration())
    expect(done, said)
    expect(text(8080) == "main" and text(8081) == "refused", "the interface is not minded")
    expect(answer(tunnel, 8081, 1) == "SYN", "not reached by its interface")
    expect(answer(tunnel, 8080, 2) == "RST", "reached by another interface")
    expect(answer(tunnel, 8082, 3) == "SYN", "not reached by any interface")

    # One port of two interfaces.
    two = f'[{NEAR_ONLY}, {{address: "*:8080", interface: near1}}]'
    done, said = apus.reload(configuration(near=two))
    expect(done and text(8080) == "main" and answer(tunnel, 8080, 4) == "SYN", said)
    # From one interface to the other, and not to all of them.
    done, said = apus.reload(configuration(near='{address: "*:8081", interface: lo}'))
    expect(done and text(8081) == "near" and answer(tunnel, 8081, 5) == "RST", said)
    done, said = apus.reload(configuration(near='"*:8081"'))
    expect(not done and "apus itself holds 0.0.0.0:8081 on lo" in said, said)
    expect(text(8081) == "near", "a reload that failed has changed something")

    # An interface that goes, and comes back as another one of its name.
    done, said = apus.reload(configuration())
    expect(done and answer(tunnel, 8081, 6) == "SYN", said)
    os.close(tunnel)
    done, said = apus.reload(configuration())
    # Nothing else has to wait for it.
    expect(done and text(8080) == "main", said)
    tunnel = link.open_tunnel(b"near1", NEAR, PEER)
    expect(answer(tunnel, 8081, 7) == "RST", "the old socket is not deaf")
    done, said = apus.reload(configuration())
    expect(done and answer(tunnel, 8081, 8) == "SYN", said)
    done, said = apus.reload(configuration(near=""))
    expect(done and answer(tunnel, 8081, 9) == "RST", said)
    os.close(tunnel)


def foreign(apus):
    def bound(rest):
        routes = "routes: [{respond: {body: foreign}}]"
        return configuration(near="", more=f'x: {{bind: {{address: "{FOREIGN}:8084"{rest}}}, {routes}}}')

    done, said = apus.reload(bound(""))
    expect(not done and "EADDRNOTAVAIL" in said, said)
    done, said = apus.reload(bound(", transparent: true"))
    expect(done, said)
    link.set_up(b"lo:1", FOREIGN)
    expect(text(8084, FOREIGN) == "foreign", "the address of somebody else")
    # On and off of a socket that lives on.
    for rest in ["", ", transparent: true"]:
        kept = socket.create_connection((FOREIGN, 8084), timeout=10)
        done, said = apus.reload(bound(rest))
        expect(done, said)
        kept.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        expect(b"foreign" in kept.makefile("rb").read(), "a connection was lost")


def without_privilege(apus):
    wrapper = ["setpriv", "--bounding-set", "-net_admin,-net_raw", "--inh-caps", "-net_admin,-net_raw"]
    plain = configuration('"127.0.0.1:8090"', "", '"[::1]:8090"')
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        poor = Apus(apus.program, apus.worker, folder, plain, wrapper)
        try:
            for place in ['"127.0.0.1:8090"', '"127.0.0.1:8091"']:
                wanted = f"{{address: {place}, transparent: true}}"
                done, said = poor.reload(plain.replace('"127.0.0.1:8090"', wanted))
                expect(not done and "listener-bind-failed" in said and "NET_ADMIN" in said, said)
            expect(text(8090) == "main", "a reload that failed has changed something")
        finally:
            poor.stop()
