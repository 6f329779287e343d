// The server behind the proxies that are compared: answers each request head with 1 KB from
// memory, on one thread, with as little work as a server can do, so that the proxy is the limit.
//
//     cc -O2 -o origin origin.c && ./origin PORT
//
// It reads heads only (no bodies), and answers `GET /slow` with the beginning of a long body that
// never goes on, which pins the proxy's process. Loopback only.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BODY = 1024, EVENTS = 256, MATCHED_MAX = 4, DESCRIPTORS = 1 << 20 };

static char answer[64 * (BODY + 256)];
static size_t answer_size;
static const char slow_head[] = "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\nslow";
// How much of the blank line that ends a head each connection has seen, across reads.
static unsigned char matched[DESCRIPTORS];

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void make_answer(void) {
    int head = snprintf(
        answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n"
        "Content-Type: text/plain\r\n\r\n", BODY);
    memset(answer + head, 'x', BODY);
    answer_size = (size_t)head + BODY;
    for (int copy = 1; copy < 64; copy++)
        memcpy(answer + copy * answer_size, answer, answer_size);
}

static int heads_in(int fd, const char *bytes, ssize_t count) {
    static const char end[] = "\r\n\r\n";
    int heads = 0;
    unsigned char seen = matched[fd];
    for (ssize_t at = 0; at < count; at++) {
        seen = bytes[at] == end[seen] ? seen + 1 : bytes[at] == '\r';
        if (seen == MATCHED_MAX) {
            heads++;
            seen = 0;
        }
    }
    matched[fd] = seen;
    return heads;
}

static void serve(int fd) {
    char bytes[16384];
    ssize_t count = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN)) {
        close(fd);
        return;
    }
    if (count < 0)
        return;
    if (count > 9 && memcmp(bytes, "GET /slow", 9) == 0) {
        send(fd, slow_head, sizeof slow_head - 1, MSG_NOSIGNAL);
        matched[fd] = 0;
        return;
    }
    int heads = heads_in(fd, bytes, count);
    // Sockets hold far more than 64 answers: what is sent is sent whole.
    if (heads > 0 && heads <= 64 && send(fd, answer, heads * answer_size, MSG_NOSIGNAL) < 0)
        close(fd);
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
    make_answer();
    int listener = listen_on(atoi(words[1])), poller = epoll_create1(0);
    struct epoll_event ready[EVENTS], wish = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &wish);
    for (;;) {
        int found = epoll_wait(poller, ready, EVENTS, -1);
        for (int number = 0; number < found; number++) {
            if (ready[number].data.fd != listener) {
                serve(ready[number].data.fd);
                continue;
            }
            int client = accept(listener, NULL, NULL);
            if (client < 0)
                continue;
            if (client >= DESCRIPTORS) {
                close(client);
                continue;
            }
            matched[client] = 0;
            wish.data.fd = client;
            epoll_ctl(poller, EPOLL_CTL_ADD, client, &wish);
        }
    }
}
