"""A name server that says whatever it is told to, and servers that are known by name."""

import http.client
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time

from subject import ask, expect

CONFIGURATION = """
version: 1
process: {threads: 2}
log: {access: {to: off}}
admin: {metrics: {listen: "127.0.0.1:9109"}}
frontends:
  main: {bind: "127.0.0.1:8080", routes: [{match: {path: /spy}, backend: spy}, {backend: app}]}
backends:
  app: {resolve_interval: 100ms, servers: {one: {address: "app.internal:9001"}}}
  spy: {resolve_interval: 100ms, servers: {one: {address: "spy.internal:9109"}}}
"""


def use_own_resolver(folder):
    """In a mount namespace of our own."""
    with open(f"{folder}/resolv.conf", "w") as file:
        file.write("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    if subprocess.run(["mount", "--bind", f"{folder}/resolv.conf", "/etc/resolv.conf"]).returncode:
        sys.exit(77)


class NameServer:
    """Says of app.internal what it is told to say; spy.internal is 127.0.0.1 at any time."""

    def __init__(self):
        self.mode, self.addresses = "silent", []
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 53))
        self.tcp = socket.create_server(("127.0.0.1", 53))
        for serve in [self.serve_datagrams, self.serve_streams]:
            threading.Thread(target=serve, daemon=True).start()

    def say(self, mode, *addresses):
        self.addresses, self.mode = list(addresses), mode

    def serve_datagrams(self):
        while True:
            question, client = self.udp.recvfrom(4096)
            answer = self.answer(question, 512)
            if answer is not None:
                self.udp.sendto(answer, client)

    def serve_streams(self):
        while True:
            stream = self.tcp.accept()[0]
            with stream:
                stream.settimeout(2)
                try:
                    with stream.makefile("rb") as reader:
                        while size := reader.read(2):
                            answer = self.answer(reader.read(struct.unpack("!H", size)[0]), 65535)
                            if answer is None or self.mode == "cut":
                                break
                            stream.sendall(struct.pack("!H", len(answer)) + answer)
                except OSError:
                    pass

    def answer(self, message, most):
        end = message.index(b"\0", 12) + 5
        question, kind = message[12:end], struct.unpack("!H", message[end - 4 : end - 2])[0]
        mode, addresses = self.mode, self.addresses
        if question.startswith(b"\x03spy"):
            mode, addresses = "good", ["127.0.0.1"]
        identity, flags = message[:2], 0x8180
        if mode == "silent":
            return None
        if mode == "garbage":
            return identity + os.urandom(60)
        if mode == "forged":
            identity = bytes([identity[0] ^ 1, identity[1]])
        flags |= {"nxdomain": 3, "servfail": 2, "refused": 5}.get(mode, 0)
        records = []
        if mode in ["good", "forged", "cut"] and kind == 1:
            # A TTL of 0: nobody is to keep it.
            records = [
                b"\xc0\x0c\0\x01\0\x01" + struct.pack("!IH", 0, 4) + socket.inet_aton(address)
                for address in addresses
            ]
        if mode == "cut" or 12 + len(question) + sum(map(len, records)) > most:
            flags |= 0x0200
            records = []
        head = identity + struct.pack("!HHHHH", flags, 1, len(records), 0, 0)
        return head + question + b"".join(records)


def names(apus):
    """What a name server can say, and that servers stay where they were last found."""
    dns = NameServer()
    client = http.client.HTTPConnection("127.0.0.1", apus.port, timeout=10)

    def server(backend="app"):
        return json.loads(apus.admin(f"/v1/backends/{backend}/servers/one")[1])

    def eventually(holds, what):
        deadline = time.monotonic() + 15
        while not holds():
            expect(time.monotonic() < deadline, f"{what}: {server()}")
            time.sleep(0.02)

    def asked():
        status, _, body, _ = ask(client, "/")
        return body.decode() if status == 200 else status

    def looked_up():
        return apus.metric('apus_server_lookups_total{backend="app"')

    def look_up_again(count=3):
        before = looked_up()
        eventually(lambda: looked_up() >= before + count, "nobody looks any more")

    # Started while nobody answers: it serves, and says what is missing.
    expect(asked() == 503, "there is an answer from nowhere")
    expect(server()["address"] is None, "an address from nowhere")
    expect(server()["operational_state"] == "UNRESOLVED", "it is not said that it is missing")
    expect(apus.metric('apus_server_up{backend="app"') == 0, "up without an address")
    dns.say("good", "127.0.0.2")
    eventually(lambda: asked() == "127.0.0.2", "not found")
    before = json.loads(apus.admin("/v1/status")[1])

    # No answer of no use changes anything but what is said of it.
    failures = {
        "nxdomain": "NOT_FOUND", "servfail": "UNAVAILABLE", "silent": "UNAVAILABLE",
        "forged": "UNAVAILABLE", "cut": None, "refused": None, "garbage": None,
    }
    for mode, failure in failures.items():
        dns.say(mode, "127.0.0.3")
        eventually(lambda: server()["resolution"]["failure"], f"{mode} is not said")
        look_up_again(1)
        found = server()
        expect(found["address"] == "127.0.0.2:9001", f"{mode}: {found}")
        if failure:
            expect(found["resolution"]["failure"] == failure, f"{mode}: {found}")
        print(f"figure: {mode}: {found['resolution']['failure']}")
        expect(asked() == "127.0.0.2", f"{mode}: it was not asked")
        # Back by itself.
        dns.say("good", "127.0.0.2")
        eventually(lambda: not server()["resolution"]["failure"], f"not back after {mode}")
        expect(asked() == "127.0.0.2", f"after {mode}")

    # Where no server may be.
    for address in ["169.254.169.254", "0.0.0.0"]:
        dns.say("good", address)
        eventually(lambda: server()["resolution"]["failure"] == "REFUSED", f"{address} is taken")
        expect(asked() == "127.0.0.2", f"gone to {address}")
    spy = server("spy")
    expect(spy["resolution"]["failure"] == "REFUSED" and not spy["address"], f"{spy}")
    expect(ask(client, "/spy")[0] == 503, "a client has reached the admin API")
    dns.say("good", "169.254.169.254", "127.0.0.2")
    eventually(lambda: not server()["resolution"]["failure"], "the good one is refused")

    # One of many: it stays as long as it is among them, wherever.
    dns.say("good", "127.0.0.3", "127.0.0.2")
    look_up_again()
    expect(asked() == "127.0.0.2", "it moved without need")
    many = [f"127.1.{place // 250}.{place % 250 + 1}" for place in range(1000)]
    dns.say("good", *many[:700], "127.0.0.2", *many[700:])
    look_up_again()
    expect(not server()["resolution"]["failure"], f"a thousand: {server()}")
    expect(asked() == "127.0.0.2", "it moved among a thousand")
    dns.say("good", "127.0.0.3")
    eventually(lambda: asked() == "127.0.0.3", "it does not move")
    expect(server()["address"] == "127.0.0.3:9001", f"{server()}")
    after = json.loads(apus.admin("/v1/status")[1])
    expect(before.get("generation") == after.get("generation"), "a new generation for an address")

    # A new generation begins with what was known, though nobody says anything.
    dns.say("silent")
    reload = subprocess.run(
        [apus.program, "--socket", apus.socket, "reload"], capture_output=True, text=True
    )
    expect(reload.returncode == 0, f"{reload}")
    expect(asked() == "127.0.0.3", "lost by a reload")
    client.close()
    expect(asked() == "127.0.0.3", "lost by a reload, with a new connection")

    # What an operator says goes before, and can be taken back.
    path = "/v1/backends/app/servers/one"
    status, body = apus.admin(path, "PATCH", '{"address": "127.0.0.2:9001"}')
    expect(status == 200 and json.loads(body)["address"] == "127.0.0.2:9001", body)
    eventually(lambda: asked() == "127.0.0.2", "the operator is not heard")
    for address in ["169.254.169.254:80", "127.0.0.1:9109", "0.0.0.0:1", "app.internal:1"]:
        status, body = apus.admin(path, "PATCH", json.dumps({"address": address}))
        expect(status == 422 and "/address" in body, f"{address}: {status} {body}")
    status, body = apus.admin(path, "PATCH", '{"address": null}')
    expect(status == 200 and json.loads(body)["address"] == "127.0.0.3:9001", body)
    eventually(lambda: asked() == "127.0.0.3", "what was said is not taken back")
    client.close()
