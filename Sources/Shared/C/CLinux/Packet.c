#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

union control {
    struct cmsghdr header; // for its alignment
    char bytes[CMSG_SPACE(sizeof(int) * CLINUX_DESCRIPTORS_MAX)];
};

int clinux_packet_pair(int *first, int *second) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        return -errno;
    *first = pair[0];
    *second = pair[1];
    return 0;
}

int clinux_wait_for_room(int fd, int timeout_ms) {
    struct pollfd entry = {.fd = fd, .events = POLLOUT};
    int count = poll(&entry, 1, timeout_ms);
    return count < 0 && errno != EINTR ? -errno : count > 0;
}

ssize_t clinux_send_packet(
    int fd, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count) {
    if (descriptor_count > CLINUX_DESCRIPTORS_MAX) return -EINVAL;
    struct iovec piece = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    union control control;
    if (descriptor_count > 0) {
        size_t size = sizeof(int) * descriptor_count;
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(header), descriptors, size);
    }
    ssize_t sent;
    do sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

// Keeps what fits, closes the rest: a descriptor is never lost, whoever sent too many.
static void take_descriptors(
    const struct cmsghdr *header, int *descriptors, size_t capacity, struct clinux_packet *packet) {
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    const unsigned char *source = CMSG_DATA(header);
    for (size_t i = 0; i < count; i++) {
        int descriptor;
        memcpy(&descriptor, source + i * sizeof descriptor, sizeof descriptor);
        if (packet->descriptor_count < capacity) {
            descriptors[packet->descriptor_count++] = descriptor;
        } else {
            close(descriptor);
            packet->control_truncated = 1;
        }
    }
}

int clinux_receive_packet(
    int fd, void *bytes, size_t capacity, int *descriptors, size_t descriptor_capacity,
    struct clinux_packet *packet) {
    struct iovec piece = {.iov_base = bytes, .iov_len = capacity};
    union control control;
    struct msghdr message = {
        .msg_iov = &piece,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    memset(packet, 0, sizeof *packet);
    memset(&control, 0, sizeof control);
    ssize_t received;
    do received = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (received < 0 && errno == EINTR);
    if (received < 0) return -errno;

    packet->byte_count = (size_t)received;
    packet->bytes_truncated = (message.msg_flags & MSG_TRUNC) != 0;
    packet->control_truncated = (message.msg_flags & MSG_CTRUNC) != 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
            take_descriptors(header, descriptors, descriptor_capacity, packet);
    }
    return 0;
}
