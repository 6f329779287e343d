#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_thread(const char *name, void *(*body)(void *), void *argument) {
    pthread_t thread;
    // Signals are one thread's affair (signalfd(2)): a new thread that took one would end the
    // process by its default action.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(&thread, NULL, body, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failure != 0) return -failure;
    // A detached thread may be gone, and its memory with it, before it has a name: so detach last.
    pthread_setname_np(thread, name); // A name too long is refused: no harm.
    pthread_detach(thread);
    return 0;
}

int clinux_lower_priority(void) {
    return setpriority(PRIO_PROCESS, 0, 10) < 0 ? -errno : 0;
}

int clinux_available_cores(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return -errno;
    return CPU_COUNT(&set);
}

// The kernel compares 32 bits: of a little-endian word the first half.
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the low half stands first");

void clinux_futex_wait(const uint64_t *word, uint64_t expected) {
    // A signal, a change before the call, a wake-up for nothing: the caller looks again anyway.
    syscall(SYS_futex, word, FUTEX_WAIT, (uint32_t)expected, NULL, NULL, 0);
}

void clinux_futex_wake(const uint64_t *word) {
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
