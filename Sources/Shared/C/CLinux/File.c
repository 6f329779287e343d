#define _GNU_SOURCE
#include "CLinux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int result(int value) { return value < 0 ? -errno : value; }

int clinux_memfd(const char *name) {
    return result(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
}

enum {
    SIZE_SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL,
    CONTENTS_SEALS = SIZE_SEALS | F_SEAL_WRITE,
};

int clinux_seal_contents(int fd) { return result(fcntl(fd, F_ADD_SEALS, CONTENTS_SEALS)); }

int clinux_seal_size(int fd) { return result(fcntl(fd, F_ADD_SEALS, SIZE_SEALS)); }

static int has_seals(int fd, int wanted) {
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0) return -errno;
    return (seals & wanted) == wanted;
}

int clinux_is_size_sealed(int fd) { return has_seals(fd, F_SEAL_SHRINK | F_SEAL_GROW); }

int clinux_is_contents_sealed(int fd) {
    return has_seals(fd, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
}

int clinux_map_shared(int fd, size_t size, int writable, void **memory) {
    int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    void *mapped = mmap(NULL, size, protection, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) return -errno;
    *memory = mapped;
    return 0;
}

int clinux_unmap(void *memory, size_t size) { return result(munmap(memory, size)); }

int clinux_open(const char *path, enum clinux_open_mode how, uint32_t permissions) {
    static const int flags[] = {
        [CLINUX_OPEN_READ] = O_RDONLY,
        [CLINUX_OPEN_APPEND] = O_WRONLY | O_CREAT | O_APPEND,
        [CLINUX_OPEN_LOCK] = O_RDWR | O_CREAT | O_NOFOLLOW,
    };
    int fd;
    do fd = open(path, flags[how] | O_CLOEXEC, (mode_t)permissions);
    while (fd < 0 && errno == EINTR);
    return result(fd);
}

// close(2): Linux frees the number even where it reports an error, so it is never repeated.
int clinux_close(int fd) { return result(close(fd)); }

int clinux_duplicate(int fd) { return result(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

int clinux_duplicate_at_least(int fd, int minimum) {
    return result(fcntl(fd, F_DUPFD_CLOEXEC, minimum));
}

int clinux_resize(int fd, int64_t size) { return result(ftruncate(fd, size)); }

ssize_t clinux_read(int fd, void *bytes, size_t count) {
    ssize_t done;
    do done = read(fd, bytes, count);
    while (done < 0 && errno == EINTR);
    return done < 0 ? -errno : done;
}

ssize_t clinux_read_at(int fd, void *bytes, size_t count, int64_t offset) {
    ssize_t done;
    do done = pread(fd, bytes, count, offset);
    while (done < 0 && errno == EINTR);
    return done < 0 ? -errno : done;
}

ssize_t clinux_write(int fd, const void *bytes, size_t count) {
    ssize_t done;
    do done = write(fd, bytes, count);
    while (done < 0 && errno == EINTR);
    return done < 0 ? -errno : done;
}

int clinux_lock(int fd) { return result(flock(fd, LOCK_EX | LOCK_NB)); }

static void describe(const struct stat *from, struct clinux_file *file) {
    file->device = from->st_dev;
    file->inode = from->st_ino;
    file->size = from->st_size;
    file->modified_ns = from->st_mtim.tv_sec * INT64_C(1000000000) + from->st_mtim.tv_nsec;
    file->changed_ns = from->st_ctim.tv_sec * INT64_C(1000000000) + from->st_ctim.tv_nsec;
    file->owner = from->st_uid;
    file->mode = from->st_mode & 07777;
    file->is_directory = S_ISDIR(from->st_mode);
    file->is_regular = S_ISREG(from->st_mode);
}

int clinux_stat(const char *path, struct clinux_file *file) {
    struct stat found;
    if (stat(path, &found) < 0) return -errno;
    describe(&found, file);
    return 0;
}

int clinux_socket_file(const char *path, struct clinux_file *file) {
    struct stat found;
    if (lstat(path, &found) < 0) return -errno;
    if (!S_ISSOCK(found.st_mode)) return -ENOTSOCK;
    describe(&found, file);
    return 0;
}

int clinux_fstat(int fd, struct clinux_file *file) {
    struct stat found;
    if (fstat(fd, &found) < 0) return -errno;
    describe(&found, file);
    return 0;
}

int clinux_make_directory(const char *path, uint32_t permissions) {
    return result(mkdir(path, (mode_t)permissions));
}

int clinux_chmod(const char *path, uint32_t permissions) {
    return result(chmod(path, (mode_t)permissions));
}

int clinux_chmod_socket(const char *path, uint32_t permissions) {
    int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return -errno;
    // fchmod(2) refuses such a descriptor; by this name it is the file that was opened (proc(5)).
    char name[32];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    struct stat found;
    int failure = fstat(fd, &found) < 0 ? -errno : S_ISSOCK(found.st_mode) ? 0 : -ENOTSOCK;
    if (failure == 0) failure = result(chmod(name, (mode_t)permissions));
    close(fd);
    return failure;
}

int clinux_chown(const char *path, uint32_t user, uint32_t group) {
    return result(lchown(path, user, group));
}

int clinux_chgrp(const char *path, const char *group) {
    enum { RECORD_SIZE = 64 * 1024 };
    char *record = malloc(RECORD_SIZE);
    if (record == NULL) return -ENOMEM;
    struct group entry, *found = NULL;
    int failure = getgrnam_r(group, &entry, record, RECORD_SIZE, &found);
    gid_t gid = found != NULL ? found->gr_gid : 0;
    free(record);
    if (failure != 0) return -failure;
    if (found == NULL) return -ENOENT;
    return result(chown(path, (uid_t)-1, gid));
}

uint32_t clinux_umask(uint32_t mask) { return umask((mode_t)mask); }

uint32_t clinux_effective_user(void) { return geteuid(); }

int clinux_rename(const char *from, const char *to) { return result(rename(from, to)); }

int clinux_unlink(const char *path) { return result(unlink(path)); }

int clinux_open_descriptors(int *descriptors, size_t capacity) {
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL) return -errno;
    int own = dirfd(directory);
    size_t count = 0;
    for (struct dirent *entry = readdir(directory); entry != NULL && count < capacity;
         entry = readdir(directory)) {
        if (entry->d_name[0] == '.') continue;
        int fd = atoi(entry->d_name);
        if (fd != own) descriptors[count++] = fd;
    }
    closedir(directory);
    return (int)count;
}

const char *clinux_error_name(int code) {
    const char *name = strerrorname_np(code);
    return name != NULL ? name : "unknown";
}

const char *clinux_error_text(int code) {
    const char *text = strerrordesc_np(code);
    return text != NULL ? text : "Unknown error";
}

static int64_t nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t clinux_monotonic_ns(void) { return nanoseconds(CLOCK_MONOTONIC); }

int64_t clinux_monotonic_coarse_ns(void) { return nanoseconds(CLOCK_MONOTONIC_COARSE); }

int64_t clinux_wall_ms(void) { return nanoseconds(CLOCK_REALTIME) / 1000000; }
