#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int result(int value) { return value < 0 ? -errno : value; }

static void fill(sigset_t *set, const int *signals, size_t count) {
    sigemptyset(set);
    for (size_t i = 0; i < count; i++) sigaddset(set, signals[i]);
}

int clinux_block_signals(const int *signals, size_t count) {
    sigset_t set;
    fill(&set, signals, count);
    return -pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int clinux_signalfd(const int *signals, size_t count) {
    sigset_t set;
    fill(&set, signals, count);
    int failure = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (failure != 0) return -failure;
    return result(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

int clinux_signalfd_read(int fd, int *signal, int *sender) {
    struct signalfd_siginfo event;
    ssize_t count = read(fd, &event, sizeof event);
    if (count < 0) return -errno;
    if (count != sizeof event) return -EIO;
    *signal = (int)event.ssi_signo;
    *sender = (int)event.ssi_pid;
    return 0;
}

int clinux_ignore_signal(int signal) {
    struct sigaction action = {.sa_handler = SIG_IGN};
    return result(sigaction(signal, &action, NULL));
}

int clinux_pidfd_open(pid_t pid) { return result((int)syscall(SYS_pidfd_open, pid, 0)); }

int clinux_pidfd_signal(int pidfd, int signal) {
    return result((int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

int clinux_pidfd_reap(int pidfd, int block, struct clinux_exit *status) {
    siginfo_t event;
    int failure;
    memset(&event, 0, sizeof event);
    do failure = waitid(P_PIDFD, (id_t)pidfd, &event, WEXITED | (block ? 0 : WNOHANG));
    while (failure < 0 && errno == EINTR);
    if (failure < 0) return -errno;
    if (event.si_pid == 0) return 0;
    status->is_signal = event.si_code != CLD_EXITED;
    status->value = event.si_status;
    status->core_dumped = event.si_code == CLD_DUMPED;
    return 1;
}

int clinux_set_subreaper(void) { return result(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)); }

int clinux_set_groups(const uint32_t *groups, size_t count) {
    if (setgroups(count, groups) < 0) return -errno;
    return result(getgroups(0, NULL)) == (int)count ? 0 : -EPERM;
}

int clinux_set_group(uint32_t group) {
    gid_t real, effective, saved;
    if (setresgid(group, group, group) < 0) return -errno;
    if (getresgid(&real, &effective, &saved) < 0) return -errno;
    return real == group && effective == group && saved == group ? 0 : -EPERM;
}

// Also the inheritable set, which changing the user leaves alone, and whatever the securebits of who
// started us have kept (capabilities(7)). Not where there is nothing to drop: a filter of system calls
// may not know the one that does it.
static int drop_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3], had[_LINUX_CAPABILITY_U32S_3];
    memset(none, 0, sizeof none);
    if (syscall(SYS_capget, &header, had) == 0 && memcmp(had, none, sizeof none) == 0) return 0;
    return result((int)syscall(SYS_capset, &header, none));
}

int clinux_set_user(uint32_t user) {
    uid_t real, effective, saved;
    int failure;
    // What would be kept beside the user goes with the root in it (capabilities(7)).
    prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (setresuid(user, user, user) < 0) return -errno;
    if (user != 0 && (failure = drop_capabilities()) < 0) return failure;
    if (getresuid(&real, &effective, &saved) < 0) return -errno;
    return real == user && effective == user && saved == user ? 0 : -EPERM;
}

int clinux_cannot_become_root(void) {
    if (setresuid((uid_t)-1, 0, (uid_t)-1) == 0) return -EPERM;
    return setresgid((gid_t)-1, 0, (gid_t)-1) == 0 && getegid() != getgid() ? -EPERM : 0;
}

int clinux_no_new_privileges(void) { return result(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }

// Spawning. The child shares the parent's memory until it executes (CLONE_VM | CLONE_VFORK), as
// posix_spawn(3) does it: so it calls nothing but system calls, and a failure is told by a word.
struct child {
    const struct clinux_spawn *request;
    enum clinux_spawn_step step;
    int failure;
};

static int is_target(const struct clinux_spawn *request, int fd) {
    for (size_t i = 0; i < request->map_count; i++)
        if (request->targets[i] == fd) return 1;
    return 0;
}

static int highest_number(const struct clinux_spawn *request) {
    int highest = STDERR_FILENO;
    for (size_t i = 0; i < request->map_count; i++) {
        if (request->sources[i] > highest) highest = request->sources[i];
        if (request->targets[i] > highest) highest = request->targets[i];
    }
    return highest;
}

// Copies every source above all numbers in use first, so that no target overwrites a source.
static int place_descriptors(const struct clinux_spawn *request) {
    int highest = highest_number(request);
    int copies[CLINUX_DESCRIPTORS_MAX];
    for (size_t i = 0; i < request->map_count; i++) {
        copies[i] = fcntl(request->sources[i], F_DUPFD_CLOEXEC, highest + 1);
        if (copies[i] < 0) return -1;
    }
    for (size_t i = 0; i < request->map_count; i++)
        if (dup2(copies[i], request->targets[i]) < 0) return -1;
    for (int fd = STDERR_FILENO + 1; fd <= highest; fd++)
        if (!is_target(request, fd)) close(fd);
    return (int)syscall(SYS_close_range, (unsigned)highest + 1, ~0U, 0);
}

static int place_dev_null(const struct clinux_spawn *request) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (is_target(request, fd)) continue;
        close(fd);
        // The lowest free number is taken, and all below are in use by now.
        if (open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY) != fd) return -1;
    }
    return 0;
}

static int default_signals(void) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;
    for (int signal = 1; signal < NSIG; signal++)
        sigaction(signal, &action, NULL); // SIGKILL, SIGSTOP and glibc's own refuse: as wanted
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

static int run_child(void *argument) {
    struct child *child = argument;
    const struct clinux_spawn *request = child->request;

    child->step = CLINUX_SPAWN_PROCESS_GROUP;
    if (request->new_process_group && setpgid(0, 0) < 0) goto failed;
    child->step = CLINUX_SPAWN_DESCRIPTORS;
    if (place_descriptors(request) < 0) goto failed;
    child->step = CLINUX_SPAWN_DEV_NULL;
    if (place_dev_null(request) < 0) goto failed;
    child->step = CLINUX_SPAWN_SIGNALS;
    if (default_signals() < 0) goto failed;
    child->step = CLINUX_SPAWN_EXEC;
    execve(request->path, request->arguments, request->environment);
failed:
    child->failure = errno;
    _exit(127);
}

int clinux_spawn(
    const struct clinux_spawn *request, pid_t *pid, int *pidfd, enum clinux_spawn_step *step) {
    enum { STACK_SIZE = 64 * 1024 };
    struct child child = {.request = request, .step = CLINUX_SPAWN_STACK};
    *step = child.step;
    if (request->map_count > CLINUX_DESCRIPTORS_MAX) return -EINVAL;

    char *stack = mmap(
        NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) return -errno;

    // No handler of the parent may run in the child, whose memory is the parent's.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int descriptor = -1;
    int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
    pid_t child_pid = clone(run_child, stack + STACK_SIZE, flags, &child, &descriptor);
    int failure = child_pid < 0 ? errno : child.failure;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(stack, STACK_SIZE);

    if (child_pid < 0) {
        *step = CLINUX_SPAWN_CLONE;
        return -failure;
    }
    if (failure != 0) {
        struct clinux_exit ignored;
        clinux_pidfd_reap(descriptor, 1, &ignored);
        close(descriptor);
        *step = child.step;
        return -failure;
    }
    *pid = child_pid;
    *pidfd = descriptor;
    return 0;
}
