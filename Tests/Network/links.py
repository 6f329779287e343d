"""Links to clients and servers that are far away, lose packets and change their order."""

import concurrent.futures
import hashlib
import http.client
import http.server
import random
import socket
import threading
import time

import link
from subject import ask, expect

# Bodies that go over a bad link at a time, and their bytes.
MIRRORS, MIRRORED = 4, 256 << 10
CROSSED = 6
CONFIGURATION = f"""
version: 1
process: {{threads: 2}}
log: {{access: {{to: off}}}}
frontends: {{main: {{bind: "*:8080", backend: only}}}}
backends: {{only: {{servers: {{one: {{address: "{link.THERE}:9001"}}}}}}}}
"""


class Mirror(http.server.BaseHTTPRequestHandler):
    """Answers with the body of the request."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def mirrored(number):
    """Sends a body over the link and takes it back; the longest time without a byte of it."""
    body = random.Random(number).randbytes(MIRRORED)
    client = socket.create_connection((link.HERE, 8080), timeout=60)
    client.sendall(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body))
    client.sendall(body)
    answer, silence, last = client.recv(65536), 0.0, time.monotonic()
    while len(answer.partition(b"\r\n\r\n")[2]) < len(body):
        piece = client.recv(65536)
        if not piece:
            break
        silence, last = max(silence, time.monotonic() - last), time.monotonic()
        answer += piece
    head, _, got = answer.partition(b"\r\n\r\n")
    is_same = hashlib.sha256(got).digest() == hashlib.sha256(body).digest()
    return head.split(b"\r\n")[0], is_same, silence


def mirror_work(words):
    """At the far end: a server, and clients that reach it through Apus, over the link twice."""
    server = http.server.ThreadingHTTPServer((link.THERE, 9001), Mirror)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    words.recv(1)
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(MIRRORS) as pool:
        for status, is_same, silence in pool.map(mirrored, range(MIRRORS)):
            words.sendall(b"%s, %s, %.1f\n" % (status, b"same" if is_same else b"other", silence))
    words.sendall(b"done %.1f\n" % (time.monotonic() - start))


def lossy(apus, far):
    """N4: loss, delay and packets that overtake each other, between Apus and both its peers."""
    far.begin()
    silences = []
    for line in far.words:
        if line.startswith("done"):
            seconds = float(line.split()[1])
            break
        status, what, silence = line.strip().split(", ")
        expect(status == "HTTP/1.1 200 OK" and what == "same", line)
        silences.append(float(silence))
    expect(len(silences) == MIRRORS, f"{len(silences)} answers")
    lost, late, carried = (sum(getattr(way, name) for way in far.directions) for name in ("lost", "late", "carried"))
    print(
        f"figure: {MIRRORS} times {MIRRORED >> 10} KB each way in {seconds:.1f} s over 40 ms, of"
        f" {carried + lost} packets {lost} lost, {late} overtaken; silent for {max(silences):.1f} s at most"
    )
    expect(lost > 20 and late > 20, "the link was good")
    # The kernel's time-out doubles from 0.2 s on: a packet that is lost four times.
    expect(max(silences) < 7, "it stalled")


def answer_twice(connection):
    """The second answer to `/one` is sent while the next request is on its way."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    rest = b""
    while True:
        while b"\r\n\r\n" not in rest:
            piece = connection.recv(65536)
            if not piece:
                return
            rest += piece
        head, _, rest = rest.partition(b"\r\n\r\n")
        rest = rest[len("body") :] if head.startswith(b"POST") else rest
        path = head.split(b" ")[1]
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path))
        if path.startswith(b"/one"):
            # A quarter of a second for whoever is late, on both sides.
            time.sleep(0.25)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale")


def answer_twice_work(_):
    with socket.create_server((link.THERE, 9001)) as listener:
        while True:
            threading.Thread(target=answer_twice, args=(listener.accept()[0],), daemon=True).start()


def crossed(apus, number):
    """A request while the second answer to the one before it is on its way."""
    client = http.client.HTTPConnection("127.0.0.1", apus.port, timeout=30)
    expect(ask(client, f"/one/{number}")[2] == f"/one/{number}".encode(), "the first answer")
    if number % 2 == 0:
        status, _, body, _ = ask(client, f"/two/{number}")
        expect(status == 200 and body == f"/two/{number}".encode(), f"{status} {body}")
    else:
        # What cannot be repeated has no answer.
        client.request("POST", "/two", body="body")
        answer = client.getresponse()
        expect(answer.status == 502, f"{answer.status} {answer.read()}")
    client.close()


def crossing(apus, far):
    """H3: bytes that come sooner than the request can have arrived are no answer to it."""
    far.begin()
    with concurrent.futures.ThreadPoolExecutor(CROSSED) as pool:
        list(pool.map(lambda number: crossed(apus, number), range(CROSSED)))
    expect(apus.metric("apus_server_desyncs_total") == CROSSED, "not all were counted")


def far(case):
    """The other end, where a case has one."""
    if case == "lossy":
        return link.Link(mirror_work, delay=0.02, loss=0.05, reordered=0.05)
    if case == "crossing":
        return link.Link(answer_twice_work, delay=0.3)
    return None
