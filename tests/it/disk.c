/* Between the program and the C library: the KAOHE_AT-th change of a file below KAOHE_BELOW fails, is torn, is late, or is the last thing
   that the process does (KAOHE_DOES). In: calls. Out: the same calls, but that one; with KAOHE_COUNTS, the number of changes in that file at the end. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int seen;
enum { AS_EVER, FAIL, TEAR };
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int is_below(const char *path) {
    const char *below = getenv("KAOHE_BELOW");
    char whole[4096];
    if (!below || !path) return 0;
    if (path[0] != '/') {
        char here[2048];
        if (!getcwd(here, sizeof here)) return 0;
        snprintf(whole, sizeof whole, "%s/%s", here, path);
        path = whole;
    }
    return strncmp(path, below, strlen(below)) == 0;
}

static int is_file_below(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_below(path);
}

static int step(void) {
    int number = __atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST);
    const char *at = getenv("KAOHE_AT"), *does = getenv("KAOHE_DOES");
    if (!at || !does) return AS_EVER;
    /* A disk that has failed goes on failing; what is torn, late or deadly happens once. */
    int is_at = number == atoi(at), is_after = number > atoi(at);
    if (!strcmp(does, "fail") && (is_at || is_after)) { errno = EIO; return FAIL; }
    if (!is_at) return AS_EVER;
    if (!strcmp(does, "once")) { errno = EIO; return FAIL; }
    if (!strcmp(does, "tear")) return TEAR;
    if (!strcmp(does, "kill")) kill(getpid(), SIGKILL);
    if (!strcmp(does, "late")) { struct timespec t = {0, 300000000}; nanosleep(&t, 0); }
    return AS_EVER;
}

__attribute__((destructor)) static void tell(void) {
    const char *counts = getenv("KAOHE_COUNTS");
    if (!counts) return;
    FILE *file = fopen(counts, "w");
    if (file) { fprintf(file, "%d\n", seen); fclose(file); }
}

ssize_t write(int fd, const void *bytes, size_t length) {
    if (is_file_below(fd)) switch (step()) {
        case FAIL: return -1;
        /* Half of it reaches the disk, and the power goes. */
        case TEAR: if (length > 1) NEXT(write)(fd, bytes, length / 2); kill(getpid(), SIGKILL);
    }
    return NEXT(write)(fd, bytes, length);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (is_file_below(fd)) switch (step()) {
        case FAIL: return -1;
        case TEAR: if (count > 1) NEXT(writev)(fd, parts, count / 2); kill(getpid(), SIGKILL);
    }
    return NEXT(writev)(fd, parts, count);
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
    if (is_file_below(fd)) switch (step()) {
        case FAIL: return -1;
        case TEAR: if (length > 1) NEXT(pwrite64)(fd, bytes, length / 2, at); kill(getpid(), SIGKILL);
    }
    return NEXT(pwrite64)(fd, bytes, length, at);
}
int fsync(int fd) {
    if (is_file_below(fd) && step() == FAIL) return -1;
    return NEXT(fsync)(fd);
}
int fdatasync(int fd) {
    if (is_file_below(fd) && step() == FAIL) return -1;
    return NEXT(fdatasync)(fd);
}
int rename(const char *from, const char *to) {
    if (is_below(to) && step() == FAIL) return -1;
    return NEXT(rename)(from, to);
}
int link(const char *from, const char *to) {
    if (is_below(to) && step() == FAIL) return -1;
    return NEXT(link)(from, to);
}
int linkat(int a, const char *from, int b, const char *to, int flags) {
    if (is_below(to) && step() == FAIL) return -1;
    return NEXT(linkat)(a, from, b, to, flags);
}
int mkdir(const char *path, mode_t mode) {
    if (is_below(path) && step() == FAIL) return -1;
    return NEXT(mkdir)(path, mode);
}
int unlink(const char *path) {
    if (is_below(path) && step() == FAIL) return -1;
    return NEXT(unlink)(path);
}
int rmdir(const char *path) {
    if (is_below(path) && step() == FAIL) return -1;
    return NEXT(rmdir)(path);
}
int unlinkat(int folder, const char *path, int flags) {
    int counts = path[0] == '/' || folder == AT_FDCWD ? is_below(path) : is_file_below(folder);
    if (counts && step() == FAIL) return -1;
    return NEXT(unlinkat)(folder, path, flags);
}
ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags) {
    if (is_file_below(to)) switch (step()) {
        case FAIL: return -1;
        case TEAR: if (length > 1) NEXT(copy_file_range)(from, from_at, to, to_at, length / 2, flags); kill(getpid(), SIGKILL);
    }
    return NEXT(copy_file_range)(from, from_at, to, to_at, length, flags);
}
ssize_t sendfile64(int to, int from, off64_t *at, size_t length) {
    if (is_file_below(to)) switch (step()) {
        case FAIL: return -1;
        case TEAR: if (length > 1) NEXT(sendfile64)(to, from, at, length / 2); kill(getpid(), SIGKILL);
    }
    return NEXT(sendfile64)(to, from, at, length);
}
int ftruncate64(int fd, off64_t length) {
    if (is_file_below(fd) && step() == FAIL) return -1;
    return NEXT(ftruncate64)(fd, length);
}
int open64(const char *path, int flags, ...) {
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }
    if ((flags & O_CREAT) && is_below(path) && step() == FAIL) return -1;
    return NEXT(open64)(path, flags, mode);
}
