// Failures to connect that say nothing of the server.

internal import Glibc
internal import Syscalls

extension SystemError {
    /// We have no descriptor, port, memory or place in a poll set left (connect(2), epoll_ctl(2)).
    var isOurShortage: Bool {
        [EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, ENOSPC].contains(errno)
    }
}
