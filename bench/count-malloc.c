// Counts the allocations of the process it is preloaded into, in a file that others can read:
//
//     cc -O2 -shared -fPIC -o count-malloc.so count-malloc.c
//     COUNT_MALLOC=FILE LD_PRELOAD=./count-malloc.so PROGRAM
//
// A number of 8 bytes, native order: calls of malloc, calloc, realloc and the aligned ones, of all
// threads and of processes that were forked from it.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static atomic_ulong before_start;
static atomic_ulong *counter = &before_start;

__attribute__((constructor)) static void start(void) {
    const char *name = getenv("COUNT_MALLOC");
    int file = name ? open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (file < 0 || ftruncate(file, sizeof *counter))
        return;
    void *place = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (place != MAP_FAILED)
        counter = place;
}

static void count(void) { atomic_fetch_add_explicit(counter, 1, memory_order_relaxed); }

void *malloc(size_t size) { return count(), __libc_malloc(size); }
void *calloc(size_t number, size_t size) { return count(), __libc_calloc(number, size); }
void *realloc(void *old, size_t size) { return count(), __libc_realloc(old, size); }
void *memalign(size_t boundary, size_t size) { return count(), __libc_memalign(boundary, size); }
void *aligned_alloc(size_t boundary, size_t size) { return memalign(boundary, size); }
int posix_memalign(void **place, size_t boundary, size_t size) {
    return (*place = memalign(boundary, size)) ? 0 : ENOMEM;
}
