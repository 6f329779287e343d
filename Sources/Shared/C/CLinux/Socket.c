#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

static int result(int value) { return value < 0 ? -errno : value; }

union socket_address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
    struct sockaddr_storage storage;
};

static uint64_t load_big_endian(const unsigned char *bytes) {
    uint64_t word = 0;
    for (int i = 0; i < 8; i++) word = word << 8 | bytes[i];
    return word;
}

static void store_big_endian(unsigned char *bytes, uint64_t word) {
    for (int i = 7; i >= 0; i--, word >>= 8) bytes[i] = (unsigned char)word;
}

static socklen_t to_kernel(const struct clinux_address *address, union socket_address *out) {
    memset(out, 0, sizeof *out);
    if (address->family == AF_INET) {
        out->ipv4.sin_family = AF_INET;
        out->ipv4.sin_port = htons(address->port);
        out->ipv4.sin_addr.s_addr = htonl(address->ipv4);
        return sizeof out->ipv4;
    }
    out->ipv6.sin6_family = AF_INET6;
    out->ipv6.sin6_port = htons(address->port);
    store_big_endian(out->ipv6.sin6_addr.s6_addr, address->ipv6_high);
    store_big_endian(out->ipv6.sin6_addr.s6_addr + 8, address->ipv6_low);
    return sizeof out->ipv6;
}

static void from_kernel(const union socket_address *address, struct clinux_address *out) {
    memset(out, 0, sizeof *out);
    if (address->any.sa_family == AF_INET) {
        out->family = AF_INET;
        out->port = ntohs(address->ipv4.sin_port);
        out->ipv4 = ntohl(address->ipv4.sin_addr.s_addr);
    } else if (address->any.sa_family == AF_INET6) {
        out->family = AF_INET6;
        out->port = ntohs(address->ipv6.sin6_port);
        out->ipv6_high = load_big_endian(address->ipv6.sin6_addr.s6_addr);
        out->ipv6_low = load_big_endian(address->ipv6.sin6_addr.s6_addr + 8);
    }
}

int clinux_tcp_socket(int family) {
    return result(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int clinux_bind(int fd, const struct clinux_address *address) {
    union socket_address kernel;
    socklen_t length = to_kernel(address, &kernel);
    return result(bind(fd, &kernel.any, length));
}

int clinux_listen(int fd, int backlog) { return result(listen(fd, backlog)); }

int clinux_accept(int fd, struct clinux_address *peer) {
    union socket_address kernel = {0};
    socklen_t length;
    int connection;
    do {
        length = sizeof kernel;
        connection = accept4(fd, &kernel.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (connection < 0 && errno == EINTR);
    if (connection < 0) return -errno;
    from_kernel(&kernel, peer);
    if (peer->family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&kernel.ipv6.sin6_addr)) {
        peer->family = AF_INET;
        peer->ipv4 = (uint32_t)peer->ipv6_low;
        peer->ipv6_high = peer->ipv6_low = 0;
    }
    return connection;
}

int clinux_connect(int fd, const struct clinux_address *address) {
    union socket_address kernel;
    socklen_t length = to_kernel(address, &kernel);
    return result(connect(fd, &kernel.any, length));
}

int clinux_local_address(int fd, struct clinux_address *address) {
    union socket_address kernel = {0};
    socklen_t length = sizeof kernel;
    if (getsockname(fd, &kernel.any, &length) < 0) return -errno;
    from_kernel(&kernel, address);
    return 0;
}

int clinux_peer_address(int fd, struct clinux_address *address) {
    union socket_address kernel = {0};
    socklen_t length = sizeof kernel;
    if (getpeername(fd, &kernel.any, &length) < 0) return -errno;
    from_kernel(&kernel, address);
    return 0;
}

// A path, or `@` and a name of the abstract namespace: the length, or why not.
static int to_unix(const char *path, struct sockaddr_un *out) {
    size_t count = strlen(path);
    if (count == 0 || count >= sizeof out->sun_path) return -ENAMETOOLONG;
    memset(out, 0, sizeof *out);
    out->sun_family = AF_UNIX;
    memcpy(out->sun_path, path, count);
    int is_abstract = path[0] == '@';
    if (is_abstract) out->sun_path[0] = 0;
    return (int)(offsetof(struct sockaddr_un, sun_path) + count + !is_abstract);
}

int clinux_datagram_socket(int family) {
    return result(socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int clinux_connect_path(int fd, const char *path) {
    struct sockaddr_un address;
    int length = to_unix(path, &address);
    if (length < 0) return length;
    return result(connect(fd, (struct sockaddr *)&address, (socklen_t)length));
}

int clinux_open_path(const char *path) {
    int fd = clinux_tcp_socket(AF_UNIX);
    if (fd < 0) return fd;
    int failure = clinux_connect_path(fd, path);
    if (failure == 0) return fd;
    close(fd);
    return failure;
}

int clinux_bind_path(int fd, const char *path) {
    struct sockaddr_un address;
    int length = to_unix(path, &address);
    if (length < 0) return length;
    return result(bind(fd, (struct sockaddr *)&address, (socklen_t)length));
}

int clinux_local_path(int fd, char *path, size_t capacity) {
    struct sockaddr_un address = {0};
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0) return -errno;
    if (address.sun_family != AF_UNIX) return -EAFNOSUPPORT;
    size_t count = length - offsetof(struct sockaddr_un, sun_path);
    if (count > sizeof address.sun_path || count >= capacity) return -ENAMETOOLONG;
    memcpy(path, address.sun_path, count);
    path[count] = 0;
    if (count > 1 && path[0] == 0) path[0] = '@';
    return 0;
}

int clinux_host_name(char *name, size_t capacity) { return result(gethostname(name, capacity)); }

int clinux_shutdown(int fd, int how) { return result(shutdown(fd, how)); }

static const struct {
    int level;
    int name;
} options[] = {
    [CLINUX_REUSE_ADDRESS] = {SOL_SOCKET, SO_REUSEADDR},
    [CLINUX_REUSE_PORT] = {SOL_SOCKET, SO_REUSEPORT},
    [CLINUX_IPV6_ONLY] = {IPPROTO_IPV6, IPV6_V6ONLY},
    [CLINUX_NO_DELAY] = {IPPROTO_TCP, TCP_NODELAY},
    [CLINUX_QUICK_ACK] = {IPPROTO_TCP, TCP_QUICKACK},
    [CLINUX_PENDING_ERROR] = {SOL_SOCKET, SO_ERROR},
    [CLINUX_IS_LISTENING] = {SOL_SOCKET, SO_ACCEPTCONN},
    [CLINUX_SEND_BUFFER] = {SOL_SOCKET, SO_SNDBUF},
    [CLINUX_RECEIVE_BUFFER] = {SOL_SOCKET, SO_RCVBUF},
    [CLINUX_KEEP_ALIVE] = {SOL_SOCKET, SO_KEEPALIVE},
    [CLINUX_DEFER_ACCEPT] = {IPPROTO_TCP, TCP_DEFER_ACCEPT},
    [CLINUX_USER_TIMEOUT] = {IPPROTO_TCP, TCP_USER_TIMEOUT},
    [CLINUX_BIND_NO_PORT] = {IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT},
    [CLINUX_TRANSPARENT] = {IPPROTO_IP, IP_TRANSPARENT},
    [CLINUX_IPV6_TRANSPARENT] = {IPPROTO_IPV6, IPV6_TRANSPARENT},
    [CLINUX_INTERFACE_INDEX] = {SOL_SOCKET, SO_BINDTOIFINDEX},
};

int clinux_set_option(int fd, enum clinux_option option, int value) {
    return result(
        setsockopt(fd, options[option].level, options[option].name, &value, sizeof value));
}

int clinux_get_option(int fd, enum clinux_option option, int *value) {
    socklen_t length = sizeof *value;
    return result(getsockopt(fd, options[option].level, options[option].name, value, &length));
}

int clinux_bind_to_interface(int fd, const char *name) {
    return result(
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name) + 1));
}

int clinux_interface_index(const char *name) { return (int)if_nametoindex(name); }

int clinux_reset_on_close(int fd) {
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    return result(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now));
}

// The filter of a TCP socket sees a packet from its TCP header on; byte 13 holds the flags
// (RFC 9293 §3.1). SYN without ACK opens a connection and is dropped; the client tries again.
int clinux_drop_new_connections(int listener) {
    enum { FLAGS_OFFSET = 13, SYN = 0x02, SYN_AND_ACK = 0x12 };
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS_OFFSET),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SYN_AND_ACK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    struct sock_fprog filter = {.len = sizeof program / sizeof *program, .filter = program};
    return result(setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter));
}

int clinux_take_new_connections(int listener) {
    int unused = 0;
    return result(setsockopt(listener, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused));
}

int clinux_accept_queue_length(int listener) {
    struct tcp_info information;
    socklen_t length = sizeof information;
    memset(&information, 0, sizeof information);
    if (getsockopt(listener, IPPROTO_TCP, TCP_INFO, &information, &length) < 0) return -errno;
    return (int)information.tcpi_unacked; // of a listener: connections waiting for accept(2)
}

int clinux_socket_cookie(int fd, uint64_t *cookie) {
    socklen_t length = sizeof *cookie;
    return result(getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie, &length));
}

// recv(3) and send(3) are cancellation points: in a process with threads they cost two atomic
// exchanges a call, four calls a request. No thread here is ever cancelled, so the system call is
// made directly, except for a sanitizer, which has to see the memory that is read and written.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CLINUX_SANITIZED
#endif
#endif

static ssize_t receive(int fd, void *bytes, size_t count, int flags) {
#if defined(SYS_recvfrom) && !defined(CLINUX_SANITIZED)
    return syscall(SYS_recvfrom, fd, bytes, count, flags, NULL, NULL);
#else
    return recv(fd, bytes, count, flags);
#endif
}

static ssize_t transmit(int fd, const void *bytes, size_t count, int flags) {
#if defined(SYS_sendto) && !defined(CLINUX_SANITIZED)
    return syscall(SYS_sendto, fd, bytes, count, flags, NULL, 0);
#else
    return send(fd, bytes, count, flags);
#endif
}

ssize_t clinux_receive(int fd, void *bytes, size_t count) {
    ssize_t received;
    do received = receive(fd, bytes, count, MSG_DONTWAIT);
    while (received < 0 && errno == EINTR);
    return received < 0 ? -errno : received;
}

ssize_t clinux_peek(int fd, void *bytes, size_t count) {
    ssize_t received;
    do received = recv(fd, bytes, count, MSG_PEEK | MSG_DONTWAIT);
    while (received < 0 && errno == EINTR);
    return received < 0 ? -errno : received;
}

ssize_t clinux_unacknowledged(int fd) {
    int count = 0;
    return ioctl(fd, SIOCOUTQ, &count) < 0 ? -errno : count;
}

ssize_t clinux_send(int fd, const void *bytes, size_t count, int more) {
    int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0);
    ssize_t sent;
    do sent = transmit(fd, bytes, count, flags);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

ssize_t clinux_splice(int from, int to, size_t count) {
    ssize_t moved;
    do moved = splice(from, NULL, to, NULL, count, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    while (moved < 0 && errno == EINTR);
    return moved < 0 ? -errno : moved;
}

ssize_t clinux_send_two(
    int fd, const void *first, size_t first_count, const void *second, size_t second_count) {
    struct iovec pieces[2] = {
        {.iov_base = (void *)first, .iov_len = first_count},
        {.iov_base = (void *)second, .iov_len = second_count},
    };
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};
    ssize_t sent;
    do sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}
