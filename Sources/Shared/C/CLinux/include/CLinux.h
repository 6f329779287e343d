// What Swift cannot express of Linux, and nothing else: epoll, ancillary data, pidfds, sealed
// memory, spawning. Every function returns a value of its call, or a negative errno; none
// allocates, none keeps a pointer. Who owns a descriptor is said by the module Syscalls.
#ifndef CLINUX_H
#define CLINUX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>

#include "CByteScan.h"

// epoll(7)
int clinux_epoll_create(void);
int clinux_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t token);
int clinux_epoll_wait(int epoll, struct epoll_event *events, int capacity, int timeout_ms);

// struct epoll_event is packed on some machines; these two know.
static inline uint64_t clinux_event_token(const struct epoll_event *event) {
    return event->data.u64;
}
static inline uint32_t clinux_event_bits(const struct epoll_event *event) { return event->events; }

// Sockets (socket(7), tcp(7), ip(7), ipv6(7)). Ports and IPv4 words are in host order.
struct clinux_address {
    uint16_t family; // AF_INET, AF_INET6; 0: neither
    uint16_t port;
    uint32_t ipv4;
    uint64_t ipv6_high;
    uint64_t ipv6_low;
};
int clinux_tcp_socket(int family);
int clinux_bind(int fd, const struct clinux_address *address);
int clinux_listen(int fd, int backlog);
// An IPv4 client of an IPv6 socket is told as IPv4.
int clinux_accept(int fd, struct clinux_address *peer);
int clinux_connect(int fd, const struct clinux_address *address);
int clinux_local_address(int fd, struct clinux_address *address);
int clinux_peer_address(int fd, struct clinux_address *address);
int clinux_shutdown(int fd, int how);

enum clinux_option {
    CLINUX_REUSE_ADDRESS,
    CLINUX_REUSE_PORT,
    CLINUX_IPV6_ONLY,
    CLINUX_NO_DELAY,
    CLINUX_QUICK_ACK,
    CLINUX_PENDING_ERROR, // read only; reading clears
    CLINUX_IS_LISTENING,  // read only
    CLINUX_SEND_BUFFER,
    CLINUX_RECEIVE_BUFFER,
    CLINUX_KEEP_ALIVE,
    CLINUX_DEFER_ACCEPT,
    CLINUX_USER_TIMEOUT,
    CLINUX_BIND_NO_PORT,
    CLINUX_TRANSPARENT,
    CLINUX_IPV6_TRANSPARENT,
    CLINUX_INTERFACE_INDEX, // read only; 0: any
};
int clinux_set_option(int fd, enum clinux_option option, int value);
int clinux_get_option(int fd, enum clinux_option option, int *value);
int clinux_bind_to_interface(int fd, const char *name);
int clinux_interface_index(const char *name); // 0: there is none
int clinux_reset_on_close(int fd);
int clinux_drop_new_connections(int listener);
int clinux_take_new_connections(int listener);
int clinux_accept_queue_length(int listener);
int clinux_socket_cookie(int fd, uint64_t *cookie);

// Hot path. Retried on EINTR.
ssize_t clinux_receive(int fd, void *bytes, size_t count);
ssize_t clinux_peek(int fd, void *bytes, size_t count);
// Bytes that the peer has not acknowledged (SIOCOUTQ, tcp(7)).
ssize_t clinux_unacknowledged(int fd);
ssize_t clinux_send(int fd, const void *bytes, size_t count, int more);
ssize_t clinux_send_two(
    int fd, const void *first, size_t first_count, const void *second, size_t second_count);
ssize_t clinux_splice(int from, int to, size_t count);

// Datagrams to a logger (udp(7), unix(7)). A path of a length that does not fit is ENAMETOOLONG.
int clinux_datagram_socket(int family);
// A path, or `@` and a name of the abstract namespace (unix(7)).
int clinux_bind_path(int fd, const char *path);
int clinux_local_path(int fd, char *path, size_t capacity);
int clinux_open_path(const char *path); // a stream socket with a connection
int clinux_connect_path(int fd, const char *path);
int clinux_host_name(char *name, size_t capacity);

// SOCK_SEQPACKET with SCM_RIGHTS (unix(7), cmsg(3)).
enum { CLINUX_DESCRIPTORS_MAX = 253 }; // SCM_MAX_FD
int clinux_packet_pair(int *first, int *second);
int clinux_wait_for_room(int fd, int timeout_ms); // 1: there is some, or an error waits
ssize_t clinux_send_packet(
    int fd, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count);
struct clinux_packet {
    size_t byte_count;
    size_t descriptor_count;
    int bytes_truncated;
    int control_truncated;
};
// Descriptors beyond `descriptor_capacity` are closed, and control_truncated is set.
int clinux_receive_packet(
    int fd, void *bytes, size_t capacity, int *descriptors, size_t descriptor_capacity,
    struct clinux_packet *packet);

// Descriptors that stand for events.
int clinux_pipe(int *reader, int *writer); // non-blocking, close-on-exec
int clinux_eventfd(void);
int clinux_eventfd_signal(int fd);
int clinux_eventfd_clear(int fd, uint64_t *count);
int clinux_timerfd(void);
int clinux_timerfd_arm(int fd, int64_t monotonic_ns); // 0 disarms
int clinux_timerfd_clear(int fd, uint64_t *count);
int clinux_signalfd(const int *signals, size_t count); // blocks them in the calling thread
int clinux_signalfd_read(int fd, int *signal, int *sender);
int clinux_block_signals(const int *signals, size_t count);
int clinux_ignore_signal(int signal);

// Processes (pidfd_open(2), waitid(2)).
int clinux_pidfd_open(pid_t pid);
int clinux_pidfd_signal(int pidfd, int signal);
struct clinux_exit {
    int is_signal;
    int value;
    int core_dumped;
};
int clinux_pidfd_reap(int pidfd, int block, struct clinux_exit *status); // 1: reaped, 0: runs
enum clinux_spawn_step {
    CLINUX_SPAWN_STACK,
    CLINUX_SPAWN_CLONE,
    CLINUX_SPAWN_DEV_NULL,
    CLINUX_SPAWN_DESCRIPTORS,
    CLINUX_SPAWN_PROCESS_GROUP,
    CLINUX_SPAWN_SIGNALS,
    CLINUX_SPAWN_EXEC,
};
struct clinux_spawn {
    const char *path;
    char *const *arguments;
    char *const *environment;
    const int *sources; // child's targets[i] becomes a copy of sources[i]
    const int *targets; // distinct
    size_t map_count;
    int new_process_group;
};
// 0, or a negative errno with `step`. On success the caller owns `pidfd` and must reap.
int clinux_spawn(
    const struct clinux_spawn *request, pid_t *pid, int *pidfd, enum clinux_spawn_step *step);
int clinux_set_subreaper(void);

// Whom the process runs as (credentials(7)), for good; all its threads. Each looks afterwards whether
// it is so: -EPERM if not.
int clinux_set_groups(const uint32_t *groups, size_t count); // the supplementary ones
int clinux_set_group(uint32_t group);                        // real, effective and saved
int clinux_set_user(uint32_t user);                          // the same; no capability but root's
int clinux_cannot_become_root(void);                         // 0, or -EPERM: it is again
int clinux_no_new_privileges(void);                          // prctl(2)

// Memory (memfd_create(2), fcntl(2) file seals).
int clinux_memfd(const char *name);
int clinux_seal_contents(int fd); // write, shrink, grow, seal
int clinux_seal_size(int fd);     // shrink, grow, seal
int clinux_is_size_sealed(int fd);
int clinux_is_contents_sealed(int fd);
int clinux_map_shared(int fd, size_t size, int writable, void **memory);
int clinux_unmap(void *memory, size_t size);

// Files.
enum clinux_open_mode { CLINUX_OPEN_READ, CLINUX_OPEN_APPEND, CLINUX_OPEN_LOCK };
int clinux_open(const char *path, enum clinux_open_mode how, uint32_t permissions);
int clinux_close(int fd);
int clinux_duplicate(int fd);
int clinux_duplicate_at_least(int fd, int minimum);
int clinux_resize(int fd, int64_t size);
ssize_t clinux_read(int fd, void *bytes, size_t count);
ssize_t clinux_read_at(int fd, void *bytes, size_t count, int64_t offset);
ssize_t clinux_write(int fd, const void *bytes, size_t count);
int clinux_lock(int fd); // flock(2), exclusive, does not wait
struct clinux_file {
    uint64_t device;
    uint64_t inode;
    int64_t size;
    int64_t modified_ns; // of the contents, since 1970
    int64_t changed_ns;  // of the contents or of what is said of them here
    uint32_t owner;
    uint32_t mode;
    int is_directory;
    int is_regular;
};
int clinux_stat(const char *path, struct clinux_file *file);
int clinux_fstat(int fd, struct clinux_file *file);
int clinux_socket_file(const char *path, struct clinux_file *file); // -ENOTSOCK: another thing
int clinux_make_directory(const char *path, uint32_t permissions);
int clinux_chmod(const char *path, uint32_t permissions);
// Of a socket, never of what a symbolic link leads to (-ENOTSOCK).
int clinux_chmod_socket(const char *path, uint32_t permissions);
int clinux_chown(const char *path, uint32_t user, uint32_t group); // UINT32_MAX: as it is
int clinux_chgrp(const char *path, const char *group); // -ENOENT: no such group
uint32_t clinux_umask(uint32_t mask);
uint32_t clinux_effective_user(void);
int clinux_rename(const char *from, const char *to);
int clinux_unlink(const char *path);
int clinux_open_descriptors(int *descriptors, size_t capacity); // of this process; the count

// The names of an errno; never NULL.
const char *clinux_error_name(int code);
const char *clinux_error_text(int code);

// Time (clock_gettime(2)), in nanoseconds.
int64_t clinux_monotonic_ns(void);
int64_t clinux_monotonic_coarse_ns(void);
int64_t clinux_wall_ms(void);

// Words in shared memory. One writer each, so a plain load and store is an addition.
static inline uint64_t clinux_load(const uint64_t *word) {
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}
static inline void clinux_store(uint64_t *word, uint64_t value) {
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}
// Adds where several threads do; relaxed, for counts that nothing else depends on.
static inline void clinux_add(uint64_t *word, uint64_t amount) {
    __atomic_fetch_add(word, amount, __ATOMIC_RELAXED);
}
static inline void clinux_add_ordered(uint64_t *word, uint64_t amount) {
    __atomic_fetch_add(word, amount, __ATOMIC_SEQ_CST);
}
static inline uint64_t clinux_fetch_add_release(uint64_t *word, uint64_t amount) {
    return __atomic_fetch_add(word, amount, __ATOMIC_RELEASE);
}
static inline uint64_t clinux_load_acquire(const uint64_t *word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}
static inline void clinux_store_release(uint64_t *word, uint64_t value) {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

// Sequentially consistent, for words whose order among each other matters: who sets one and then
// looks at another meets who does the reverse.
static inline uint64_t clinux_load_ordered(const uint64_t *word) {
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}
static inline void clinux_store_ordered(uint64_t *word, uint64_t value) {
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}
static inline uint64_t clinux_exchange(uint64_t *word, uint64_t value) {
    return __atomic_exchange_n(word, value, __ATOMIC_SEQ_CST);
}
static inline int clinux_compare_exchange(uint64_t *word, uint64_t expected, uint64_t desired) {
    return __atomic_compare_exchange_n(
        word, &expected, desired, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}
static inline void clinux_set_bits(uint64_t *word, uint64_t bits) {
    __atomic_fetch_or(word, bits, __ATOMIC_SEQ_CST);
}
static inline void clinux_clear_bits(uint64_t *word, uint64_t bits) {
    __atomic_fetch_and(word, ~bits, __ATOMIC_SEQ_CST);
}
static inline void clinux_increment(uint64_t *word) {
    __atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST);
}

// The low half of a word in shared memory, waited for across processes (futex(2)).
void clinux_futex_wait(const uint64_t *word, uint64_t expected);
void clinux_futex_wake(const uint64_t *word);

// Threads (pthreads(7)). The thread is detached and takes no signal; `body` runs once on it.
int clinux_thread(const char *name, void *(*body)(void *), void *argument);
// Cores the process may run on (sched_getaffinity(2)).
int clinux_available_cores(void);
// The calling thread becomes nicer by ten (setpriority(2)). 0 or -errno.
int clinux_lower_priority(void);

#endif
