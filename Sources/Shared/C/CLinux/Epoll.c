#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

static int result(int value) { return value < 0 ? -errno : value; }

int clinux_epoll_create(void) { return result(epoll_create1(EPOLL_CLOEXEC)); }

int clinux_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return result(epoll_ctl(epoll, operation, fd, &event));
}

int clinux_epoll_wait(int epoll, struct epoll_event *events, int capacity, int timeout_ms) {
    int count = result(epoll_wait(epoll, events, capacity, timeout_ms));
    // A signal ends the wait early; the caller looks at its clock again anyway.
    return count == -EINTR ? 0 : count;
}

int clinux_pipe(int *reader, int *writer) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return -errno;
    *reader = ends[0];
    *writer = ends[1];
    return 0;
}

int clinux_eventfd(void) { return result(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

int clinux_eventfd_signal(int fd) {
    uint64_t one = 1;
    // EAGAIN: the counter is full, so the reader is awake or will be.
    if (write(fd, &one, sizeof one) < 0 && errno != EAGAIN) return -errno;
    return 0;
}

static int read_count(int fd, uint64_t *count) {
    *count = 0;
    if (read(fd, count, sizeof *count) < 0 && errno != EAGAIN) return -errno;
    return 0;
}

int clinux_eventfd_clear(int fd, uint64_t *count) { return read_count(fd, count); }

int clinux_timerfd(void) {
    return result(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
}

int clinux_timerfd_arm(int fd, int64_t monotonic_ns) {
    struct itimerspec when = {
        .it_value = {.tv_sec = monotonic_ns / 1000000000, .tv_nsec = monotonic_ns % 1000000000}};
    return result(timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL));
}

int clinux_timerfd_clear(int fd, uint64_t *count) { return read_count(fd, count); }
