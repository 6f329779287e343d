// The clients of the proxies that are compared: one thread, many connections, and so little work
// for each request that the proxy is the limit. Prints one JSON object about what it saw.
//
//     cc -O2 -o load load.c -lpthread && ./load -c 64 -d 3 PORT
//
//     -c N   connections (64)            -d S   seconds (3)        -w S   before that, not counted
//     -n N   stop after N requests       -p P   target (/)         -b     a head as browsers send
//     -x     a connection per request    -H L   one more line of the head
//     -r N   requests a second, each timed from the moment it was due, not from when it was sent
//     -i     one request on each connection, then keep all until stdin ends
//     -m     no load: what a cache line costs from core 0 to core 1 and back, in ns
//
// Without -r each connection sends its next request when it has its answer. Loopback only.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, HEAD_MAX = 4096, SLOTS = 200000, CONNECTIONS_MAX = 100000 };

/// A connection, and the answer that it waits for.
struct connection {
    int fd;
    /// `busy` with a request; `waits` for one among the idle.
    int busy, waits, closes, got_head;
    int64_t due;
    size_t used, body_rest;
    char head[HEAD_MAX];
};

static struct {
    int port, connections, browser, per_request, idle;
    double seconds, warm_up, rate;
    long requests_max;
    const char *target, *lines;
} option = {.connections = 64, .seconds = 3, .target = "/", .lines = ""};

static struct {
    long requests, bytes, refused, lost, reopened, not_ok;
    /// Microseconds of each answered request, the last slot for all that took longer.
    unsigned latency[SLOTS];
} seen;

static struct connection *all;
/// Connections without a request, for a fixed rate: a stack.
static struct connection **idle;
static int idle_count, poller;
static char request[8192];
static size_t request_size;
static int counting, finished;

static int64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void make_request(void) {
    static const char browser[] =
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
        "Accept-Language: en-US,en;q=0.5\r\n"
        "Accept-Encoding: gzip, deflate, br\r\n"
        "Referer: https://bench.example/catalogue?page=2\r\n"
        "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n"
        "Upgrade-Insecure-Requests: 1\r\n";
    request_size = (size_t)snprintf(
        request, sizeof request, "GET %s HTTP/1.1\r\nHost: bench.example\r\n%s%s%s\r\n",
        option.target, option.browser ? browser : "", option.lines,
        option.per_request ? "Connection: close\r\n" : "");
}

static void open_connection(struct connection *it) {
    int one = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((unsigned short)option.port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event wish = {.events = EPOLLIN, .data.ptr = it};
    it->busy = it->got_head = it->closes = 0;
    it->used = it->body_rest = 0;
    it->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(it->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (it->fd < 0 || connect(it->fd, (struct sockaddr *)&address, sizeof address)) {
        seen.refused++;
        if (it->fd >= 0)
            close(it->fd);
        it->fd = -1;
        return;
    }
    epoll_ctl(poller, EPOLL_CTL_ADD, it->fd, &wish);
}

static void send_request(struct connection *it, int64_t due) {
    it->busy = it->fd >= 0;
    it->due = due;
    // Where the proxy has gone, the next event says so.
    if (it->busy)
        send(it->fd, request, request_size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/// Another request where the load is as fast as its answers; otherwise a place among the idle.
static void go_on(struct connection *it) {
    if (option.rate > 0 && !it->waits) {
        it->waits = 1;
        idle[idle_count++] = it;
    } else if (option.rate == 0 && !option.idle && !finished) {
        send_request(it, now_ns());
    }
}

static void reopen(struct connection *it) {
    if (it->fd >= 0)
        close(it->fd);
    open_connection(it);
    go_on(it);
}

/// The head is complete: what follows. Bytes behind the head are of the body.
static int read_head(struct connection *it, size_t head_size) {
    size_t length = 0;
    if (memcmp(it->head, "HTTP/1.1 2", 10) != 0 && counting)
        seen.not_ok++;
    for (char *line = it->head; line < it->head + head_size;) {
        char *end = memchr(line, '\n', it->head + head_size - line);
        if (!end)
            break;
        if (end - line > 16 && strncasecmp(line, "content-length:", 15) == 0)
            length = strtoul(line + 15, NULL, 10);
        else if (end - line > 16 && strncasecmp(line, "connection: close", 17) == 0)
            it->closes = 1;
        line = end + 1;
    }
    size_t had = it->used - head_size;
    it->got_head = 1;
    it->body_rest = length > had ? length - had : 0;
    return length >= had;
}

static void did_answer(struct connection *it) {
    it->busy = it->got_head = 0;
    it->used = 0;
    if (counting) {
        int64_t took = (now_ns() - it->due) / 1000;
        seen.latency[took < SLOTS ? took : SLOTS - 1]++;
        seen.requests++;
        if (option.requests_max && seen.requests >= option.requests_max)
            finished = 1;
    }
    // A connection that ends is opened again when its end is here.
    if (!it->closes && !option.per_request)
        go_on(it);
}

static void did_end(struct connection *it) {
    if (it->busy && counting)
        seen.lost++;
    if (!option.per_request && counting)
        seen.reopened++;
    if (!finished && !option.idle)
        reopen(it);
}

static void receive(struct connection *it) {
    ssize_t count;
    if (it->got_head) {
        // Thrown away by the kernel, not copied (tcp(7), MSG_TRUNC).
        count = recv(it->fd, NULL, it->body_rest, MSG_DONTWAIT | MSG_TRUNC);
    } else {
        count = recv(it->fd, it->head + it->used, HEAD_MAX - it->used, MSG_DONTWAIT);
    }
    if (count < 0 && errno == EAGAIN)
        return;
    if (count <= 0) {
        did_end(it);
        return;
    }
    if (counting)
        seen.bytes += count;
    if (it->got_head) {
        it->body_rest -= (size_t)count;
    } else {
        it->used += (size_t)count;
        char *end = memmem(it->head, it->used, "\r\n\r\n", 4);
        if (!end && it->used < HEAD_MAX)
            return;
        if (!it->busy || !end || !read_head(it, (size_t)(end + 4 - it->head))) {
            did_end(it);
            return;
        }
    }
    if (it->body_rest == 0)
        did_answer(it);
}

static void send_due(int64_t start, long *sent) {
    int64_t now = now_ns();
    while (idle_count > 0) {
        int64_t due = start + (int64_t)((double)*sent * 1e9 / option.rate);
        if (due > now)
            return;
        struct connection *it = idle[--idle_count];
        it->waits = 0;
        if (it->fd < 0)
            open_connection(it);
        send_request(it, due);
        ++*sent;
    }
}

static long percentile(double share) {
    long rest = (long)((double)seen.requests * share);
    for (int slot = 0; slot < SLOTS; slot++)
        if ((rest -= seen.latency[slot]) < 0)
            return slot;
    return SLOTS - 1;
}

static double own_cpu(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void report(double elapsed, double cpu) {
    printf(
        "{\"requests\": %ld, \"seconds\": %.4f, \"bytes\": %ld, \"refused\": %ld, \"lost\": %ld, "
        "\"reopened\": %ld, \"not_ok\": %ld, \"cpu_share\": %.3f, \"p50_us\": %ld, "
        "\"p99_us\": %ld, \"p999_us\": %ld}\n",
        seen.requests, elapsed, seen.bytes, seen.refused, seen.lost, seen.reopened, seen.not_ok,
        cpu / elapsed, percentile(0.5), percentile(0.99), percentile(0.999));
    fflush(stdout);
}

/// Says on stdout when counting begins, so that others can begin to count with it.
static void begin_counting(void) {
    memset(&seen, 0, sizeof seen);
    counting = 1;
    puts("counting");
    fflush(stdout);
}

static void run(void) {
    poller = epoll_create1(0);
    all = calloc((size_t)option.connections, sizeof *all);
    idle = calloc((size_t)option.connections, sizeof *idle);
    for (int number = 0; number < option.connections; number++) {
        open_connection(&all[number]);
        if (option.rate > 0)
            go_on(&all[number]);
        else
            send_request(&all[number], now_ns());
    }
    struct epoll_event ready[EVENTS];
    int64_t start = now_ns(), begun = start + (int64_t)(option.warm_up * 1e9);
    int64_t end = begun + (int64_t)(option.seconds * 1e9);
    double cpu = 0;
    long sent = 0;
    while (!finished) {
        struct timespec wait = {.tv_sec = 0, .tv_nsec = 20000000};
        if (option.rate > 0) {
            send_due(start, &sent);
            int64_t rest = start + (int64_t)((double)sent * 1e9 / option.rate) - now_ns();
            if (idle_count > 0 && rest < wait.tv_nsec)
                wait.tv_nsec = rest > 0 ? rest : 0;
        }
        int found = epoll_pwait2(poller, ready, EVENTS, &wait, NULL);
        for (int number = 0; number < found; number++)
            receive(ready[number].data.ptr);
        int64_t now = now_ns();
        if (!counting && now >= begun) {
            begin_counting();
            begun = now;
            cpu = own_cpu();
        }
        if (now >= end)
            finished = 1;
    }
    report((double)(now_ns() - begun) / 1e9, own_cpu() - cpu);
}

/// One after another, so that the proxy never has many requests at once.
static void hold(void) {
    poller = epoll_create1(0);
    all = calloc((size_t)option.connections, sizeof *all);
    counting = 1;
    for (int number = 0; number < option.connections; number++) {
        struct epoll_event ready;
        open_connection(&all[number]);
        send_request(&all[number], now_ns());
        while (all[number].busy && epoll_wait(poller, &ready, 1, 5000) == 1)
            receive(ready.data.ptr);
    }
    report(1, 0);
    char byte;
    while (read(0, &byte, 1) > 0)
        continue;
}

static atomic_int turn;
enum { BOUNCES = 20000 };

static void *bounce(void *place) {
    int mine = *(int *)place;
    cpu_set_t core;
    CPU_ZERO(&core);
    CPU_SET(mine, &core);
    sched_setaffinity(0, sizeof core, &core);
    for (int count = 0; count < BOUNCES; count++) {
        while (atomic_load_explicit(&turn, memory_order_acquire) != mine)
            continue;
        atomic_store_explicit(&turn, !mine, memory_order_release);
    }
    return NULL;
}

static void measure_cache_line(void) {
    int places[2] = {0, 1};
    pthread_t threads[2];
    int64_t start = now_ns();
    for (int core = 0; core < 2; core++)
        pthread_create(&threads[core], NULL, bounce, &places[core]);
    for (int core = 0; core < 2; core++)
        pthread_join(threads[core], NULL);
    printf("%.1f\n", (double)(now_ns() - start) / BOUNCES);
}

int main(int count, char **words) {
    for (int word; (word = getopt(count, words, "c:d:w:n:p:bxH:r:im")) != -1;) {
        switch (word) {
        case 'c': option.connections = atoi(optarg); break;
        case 'd': option.seconds = atof(optarg); break;
        case 'w': option.warm_up = atof(optarg); break;
        case 'n': option.requests_max = atol(optarg); break;
        case 'p': option.target = optarg; break;
        case 'b': option.browser = 1; break;
        case 'x': option.per_request = 1; break;
        case 'H': asprintf((char **)&option.lines, "%s%s\r\n", option.lines, optarg); break;
        case 'r': option.rate = atof(optarg); break;
        case 'i': option.idle = 1; break;
        case 'm': measure_cache_line(); return 0;
        default: return 2;
        }
    }
    if (optind + 1 != count || option.connections < 1 || option.connections > CONNECTIONS_MAX)
        return fprintf(stderr, "usage: load [options] PORT\n"), 2;
    option.port = atoi(words[optind]);
    signal(SIGPIPE, SIG_IGN);
    // Waits of a few microseconds are meant (prctl(2): the default adds 50).
    prctl(PR_SET_TIMERSLACK, 1);
    make_request();
    option.idle ? hold() : run();
    return 0;
}
