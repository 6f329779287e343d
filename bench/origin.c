// The server behind the proxies that are compared: answers each request head from memory, on one
// thread, with as little work as a server can do, so that the proxy is the limit.
//
//     cc -O2 -o origin origin.c && ./origin PORT
//
// 1 KB, or as much as the target says (`?b=1048576`); the body of a large answer is sent from a
// file in memory, without a copy. `GET /slow` gets the beginning of a long body that never goes
// on, which pins the proxy's process. Heads only, not pipelined; loopback only.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SMALL = 1024, LARGEST = 16 << 20, EVENTS = 256, DESCRIPTORS = 1 << 17, HEAD_END = 4 };

/// What a connection is in the middle of.
struct connection {
    /// How much of the blank line that ends a head was seen, across reads.
    unsigned char matched;
    /// The first bytes of a head are behind us: its size is known.
    unsigned char in_head;
    size_t asked;
    /// Of the present answer: what the socket has not taken.
    size_t rest;
};

static struct connection connections[DESCRIPTORS];
static char small_answer[SMALL + 256];
static size_t small_size;
static int body_file;
static const char slow_head[] = "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\nslow";

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int write_head(char *into, size_t room, size_t body) {
    return snprintf(
        into, room, "HTTP/1.1 200 OK\r\nServer: origin\r\nContent-Length: %zu\r\n"
        "Content-Type: text/plain\r\nX-Powered-By: C\r\n\r\n", body);
}

static void make_answers(void) {
    int head = write_head(small_answer, sizeof small_answer, SMALL);
    memset(small_answer + head, 'x', SMALL);
    small_size = (size_t)head + SMALL;
    body_file = memfd_create("body", 0);
    if (body_file < 0 || ftruncate(body_file, LARGEST))
        fail("memfd_create");
    char *body = mmap(NULL, LARGEST, PROT_READ | PROT_WRITE, MAP_SHARED, body_file, 0);
    if (body == MAP_FAILED)
        fail("mmap");
    memset(body, 'x', LARGEST);
    munmap(body, LARGEST);
}

static size_t asked_size(const char *bytes, size_t count) {
    const char *line = memchr(bytes, '\r', count);
    const char *found = memmem(bytes, line ? (size_t)(line - bytes) : count, "?b=", 3);
    size_t size = found ? strtoul(found + 3, NULL, 10) : SMALL;
    return size > LARGEST ? LARGEST : size;
}

/// Whether a head ends with these bytes.
static int ends_head(struct connection *it, const char *bytes, size_t count) {
    static const char end[] = "\r\n\r\n";
    if (count >= HEAD_END && memcmp(bytes + count - HEAD_END, end, HEAD_END) == 0)
        return 1;
    for (size_t at = 0; at < count; at++)
        it->matched = bytes[at] == end[it->matched] ? it->matched + 1 : bytes[at] == '\r';
    return it->matched == HEAD_END;
}

/// Sends what is left of the body; the rest when the socket has room again.
static void send_body(int fd) {
    struct connection *it = &connections[fd];
    while (it->rest > 0) {
        // Each answer is the end of the file, so that the rest says where to go on.
        off_t from = LARGEST - (off_t)it->rest;
        ssize_t count = sendfile(fd, body_file, &from, it->rest);
        if (count < 0 && errno == EAGAIN)
            return;
        it->rest = count > 0 ? it->rest - (size_t)count : 0;
    }
}

static void answer(int fd) {
    struct connection *it = &connections[fd];
    // Sockets hold far more than a head or a small answer: they are sent whole.
    if (it->asked == SMALL) {
        send(fd, small_answer, small_size, MSG_NOSIGNAL);
        return;
    }
    char head[256];
    int size = write_head(head, sizeof head, it->asked);
    send(fd, head, (size_t)size, MSG_NOSIGNAL | MSG_MORE);
    it->rest = it->asked;
    send_body(fd);
}

static void serve(int fd) {
    static char bytes[65536];
    struct connection *it = &connections[fd];
    send_body(fd);
    ssize_t count = recv(fd, bytes, sizeof bytes - 1, MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN)) {
        close(fd);
        return;
    }
    if (count < 0)
        return;
    bytes[count] = 0;
    if (!it->in_head && memcmp(bytes, "GET /slow", 9) == 0) {
        send(fd, slow_head, sizeof slow_head - 1, MSG_NOSIGNAL);
        return;
    }
    if (!it->in_head)
        it->asked = asked_size(bytes, (size_t)count);
    it->in_head = 1;
    if (!ends_head(it, bytes, (size_t)count))
        return;
    it->in_head = it->matched = 0;
    answer(fd);
}

static int listen_on(int port) {
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((unsigned short)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    // Accepted sockets inherit it.
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096))
        fail("listen");
    return listener;
}

int main(int count, char **words) {
    if (count != 2)
        return fprintf(stderr, "usage: origin PORT\n"), 2;
    signal(SIGPIPE, SIG_IGN);
    make_answers();
    int listener = listen_on(atoi(words[1])), poller = epoll_create1(0);
    struct epoll_event ready[EVENTS], wish = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &wish);
    wish.events = EPOLLIN | EPOLLOUT | EPOLLET;
    for (;;) {
        int found = epoll_wait(poller, ready, EVENTS, -1);
        for (int number = 0; number < found; number++) {
            if (ready[number].data.fd != listener) {
                serve(ready[number].data.fd);
                continue;
            }
            int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
            if (client < 0)
                continue;
            if (client >= DESCRIPTORS) {
                close(client);
                continue;
            }
            connections[client] = (struct connection){0};
            wish.data.fd = client;
            epoll_ctl(poller, EPOLL_CTL_ADD, client, &wish);
        }
    }
}
