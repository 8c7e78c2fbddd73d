// Runs a program and kills it at one of the system calls that change what others can see: files, folders, sockets and
// standard output. It counts the calls of all threads together, which strace cannot.
//
//     tracer [-a] [-k NUMBER] [-t] [-d] -o LOG PROGRAM ARGUMENT...
//
//     -k  kills the program with SIGKILL at the call with this number, before the call runs
//     -t  counts only writes to files, and lets half of the last one happen
//     -a  counts from the start; otherwise from SIGUSR1 on
//     -d  adds the bytes that were written to the log
//
// The log has a line for each call: name, whether it was counted, kind of file, inode, offset or flags, result, path and
// second path, separated by tabs, with `-` for what a call does not have. With -d, the bytes of a write follow its line.
// The exit code is that of the program, or 137 if it was killed.

#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_PATH = 4096, MAX_THREADS = 1024, MAX_VECTORS = 64 };

// What the arguments of a call are.
enum shape { WRITE, PWRITE, WRITEV, PWRITEV, SEND, COPY, SENDFILE, CLONE_RANGE, SYNC, TRUNCATE, OPEN, CREATE, NAME, NAME_AT, TWO_NAMES,
             TWO_NAMES_AT, CONNECT, PRCTL };

static const struct call {
    long number;
    const char *name;
    enum shape shape;
} CALLS[] = {
    {SYS_write, "write", WRITE}, {SYS_pwrite64, "write", PWRITE}, {SYS_writev, "write", WRITEV},
    {SYS_pwritev, "write", PWRITEV}, {SYS_sendto, "write", SEND}, {SYS_copy_file_range, "write", COPY},
    {SYS_sendfile, "write", SENDFILE}, {SYS_ioctl, "write", CLONE_RANGE}, {SYS_fsync, "sync", SYNC},
    {SYS_fdatasync, "sync", SYNC}, {SYS_ftruncate, "truncate", TRUNCATE}, {SYS_open, "open", OPEN},
    {SYS_openat, "open", CREATE}, {SYS_unlink, "unlink", NAME}, {SYS_rmdir, "rmdir", NAME}, {SYS_mkdir, "mkdir", NAME},
    {SYS_unlinkat, "unlink", NAME_AT}, {SYS_mkdirat, "mkdir", NAME_AT}, {SYS_rename, "rename", TWO_NAMES},
    {SYS_link, "link", TWO_NAMES}, {SYS_renameat, "rename", TWO_NAMES_AT}, {SYS_renameat2, "rename", TWO_NAMES_AT},
    {SYS_linkat, "link", TWO_NAMES_AT}, {SYS_connect, "connect", CONNECT}, {SYS_prctl, "prctl", PRCTL},
};
enum { CALL_COUNT = sizeof CALLS / sizeof *CALLS };

// A call that a thread has begun.
struct pending {
    pid_t thread;
    const struct call *call;
    int counted, half;
    char kind[8];
    uint64_t inode, arguments[6];
    char path[MAX_PATH], second[MAX_PATH];
};

static struct pending pending_calls[MAX_THREADS];
static FILE *log_file;
static pid_t program;
static long kill_at, counted_calls;
static int half_writes, with_data, was_killed;
static volatile sig_atomic_t is_counting;
static struct stat output;

static void start_counting(int signal) {
    (void)signal;
    is_counting = 1;
}

static void fail(const char *what) {
    perror(what);
    exit(125);
}

static const struct call *find_call(long number) {
    for (int at = 0; at < CALL_COUNT; at++) {
        if (CALLS[at].number == number) return &CALLS[at];
    }
    return NULL;
}

static struct pending *slot_of(pid_t thread) {
    struct pending *empty = NULL;
    for (int at = 0; at < MAX_THREADS; at++) {
        if (pending_calls[at].thread == thread) return &pending_calls[at];
        if (!empty && !pending_calls[at].thread) empty = &pending_calls[at];
    }
    if (!empty) fail("too many threads");
    empty->thread = thread;
    return empty;
}

static size_t read_memory(pid_t thread, uint64_t address, void *buffer, size_t length) {
    struct iovec local = {buffer, length}, remote = {(void *)(uintptr_t)address, length};
    ssize_t got = process_vm_readv(thread, &local, 1, &remote, 1, 0);
    return got < 0 ? 0 : (size_t)got;
}

static void read_string(pid_t thread, uint64_t address, char *buffer) {
    size_t length = 0;
    // A page at a time, since the page after the text may not exist.
    while (length < MAX_PATH - 1) {
        size_t chunk = 4096 - (address + length) % 4096;
        if (chunk > MAX_PATH - 1 - length) chunk = MAX_PATH - 1 - length;
        size_t got = read_memory(thread, address + length, buffer + length, chunk);
        if (!got || memchr(buffer + length, 0, got)) break;
        length += got;
    }
    buffer[MAX_PATH - 1] = 0;
}

static void link_target(char *target, const char *format, ...) {
    char path[64];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path, sizeof path, format, arguments);
    va_end(arguments);
    ssize_t length = readlink(path, target, MAX_PATH - 1);
    target[length < 0 ? 0 : length] = 0;
}

static void read_path(pid_t thread, int folder, uint64_t address, char *path) {
    char name[MAX_PATH] = "", base[MAX_PATH];
    read_string(thread, address, name);
    if (name[0] == '/') {
        strcpy(path, name);
        return;
    }
    if (folder == AT_FDCWD) link_target(base, "/proc/%d/cwd", thread);
    else link_target(base, "/proc/%d/fd/%d", thread, folder);
    if (snprintf(path, MAX_PATH, "%s/%s", base, name) >= MAX_PATH) fail("long path");
}

// Sets path, inode and kind of an open file. Returns whether a change of it can be seen from outside.
static int describe_file(struct pending *pending, int descriptor) {
    char link[64];
    struct stat found;
    snprintf(link, sizeof link, "/proc/%d/fd/%d", pending->thread, descriptor);
    link_target(pending->path, "%s", link);
    if (stat(link, &found)) return 0;
    pending->inode = found.st_ino;
    int is_output = found.st_dev == output.st_dev && found.st_ino == output.st_ino;
    const char *kind = S_ISREG(found.st_mode) ? "file" : S_ISDIR(found.st_mode) ? "folder"
        : S_ISSOCK(found.st_mode) ? "socket" : is_output ? "output" : "other";
    strcpy(pending->kind, kind);
    // The index of the log is in memory that processes share, and is built again from the log.
    size_t length = strlen(pending->path);
    int is_index = length > 4 && !strcmp(pending->path + length - 4, "-shm");
    return strcmp(kind, "other") && !is_index && strncmp(pending->path, "/proc/", 6);
}

static int is_plain_path(const char *path) {
    size_t length = strlen(path);
    int is_index = length > 4 && !strcmp(path + length - 4, "-shm");
    return !is_index && strncmp(path, "/proc/", 6) && strncmp(path, "/dev/null", 9) && strncmp(path, "/sys/", 5);
}

static int creates_file(uint64_t flags) {
    return flags & (O_CREAT | O_TRUNC) || (flags & O_TMPFILE) == O_TMPFILE;
}

// Reads the arguments of a call. Returns whether it is a point.
static int describe_call(struct pending *pending) {
    uint64_t *arguments = pending->arguments;
    pid_t thread = pending->thread;
    pending->inode = 0;
    strcpy(pending->kind, "name");
    strcpy(pending->path, "-");
    strcpy(pending->second, "-");
    switch (pending->call->shape) {
    case WRITE: case PWRITE: case WRITEV: case PWRITEV: case SEND: case SYNC: case TRUNCATE: case SENDFILE:
        return describe_file(pending, (int)arguments[0]);
    case COPY:
        return describe_file(pending, (int)arguments[2]);
    case CLONE_RANGE:
        return arguments[1] == FICLONE && describe_file(pending, (int)arguments[0]);
    case OPEN:
        read_path(thread, AT_FDCWD, arguments[0], pending->path);
        return creates_file(arguments[1]) && is_plain_path(pending->path);
    case CREATE:
        read_path(thread, (int)arguments[0], arguments[1], pending->path);
        return creates_file(arguments[2]) && is_plain_path(pending->path);
    case NAME:
        read_path(thread, AT_FDCWD, arguments[0], pending->path);
        return 1;
    case NAME_AT:
        read_path(thread, (int)arguments[0], arguments[1], pending->path);
        return 1;
    case TWO_NAMES:
        read_path(thread, AT_FDCWD, arguments[0], pending->path);
        read_path(thread, AT_FDCWD, arguments[1], pending->second);
        return 1;
    case TWO_NAMES_AT:
        read_path(thread, (int)arguments[0], arguments[1], pending->path);
        read_path(thread, (int)arguments[2], arguments[3], pending->second);
        return 1;
    case CONNECT:
        describe_file(pending, (int)arguments[0]);
        return 1;
    case PRCTL:
        return 0;
    }
    return 0;
}

static uint64_t position(const struct pending *pending, int descriptor) {
    char path[64];
    unsigned long long found = 0;
    snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", pending->thread, descriptor);
    FILE *file = fopen(path, "r");
    if (file) {
        if (fscanf(file, "pos: %llu", &found) != 1) found = 0;
        fclose(file);
    }
    return found;
}

// The inode that a path names, or 0.
static uint64_t inode_of(const char *path) {
    struct stat found;
    return lstat(path, &found) ? 0 : found.st_ino;
}

static void write_data(const struct pending *pending, int descriptor, uint64_t offset, size_t length) {
    char *bytes = calloc(1, length + 1);
    if (!bytes) fail("memory");
    if (!strcmp(pending->kind, "file")) {
        char link[64];
        snprintf(link, sizeof link, "/proc/%d/fd/%d", pending->thread, descriptor);
        int file = open(link, O_RDONLY | O_CLOEXEC);
        if (file < 0 || pread(file, bytes, length, (off_t)offset) != (ssize_t)length) fail(pending->path);
        close(file);
    } else if (pending->call->shape == WRITEV) {
        struct iovec vectors[MAX_VECTORS];
        size_t count = pending->arguments[2] < MAX_VECTORS ? pending->arguments[2] : MAX_VECTORS, done = 0;
        read_memory(pending->thread, pending->arguments[1], vectors, count * sizeof *vectors);
        for (size_t at = 0; at < count && done < length; at++) {
            size_t part = vectors[at].iov_len < length - done ? vectors[at].iov_len : length - done;
            done += read_memory(pending->thread, (uintptr_t)vectors[at].iov_base, bytes + done, part);
        }
    } else {
        read_memory(pending->thread, pending->arguments[1], bytes, length);
    }
    fwrite(bytes, 1, length, log_file);
    free(bytes);
}

static void log_call(struct pending *pending, long long result) {
    int descriptor = (int)pending->arguments[0];
    unsigned long long number = 0;
    int is_write = 0;
    switch (pending->call->shape) {
    case WRITE: case WRITEV: case SEND: case SENDFILE:
        is_write = 1;
        number = position(pending, descriptor) - (result > 0 ? (unsigned long long)result : 0);
        break;
    case PWRITE: case PWRITEV:
        is_write = 1;
        number = pending->arguments[3];
        break;
    case COPY:
        is_write = 1;
        descriptor = (int)pending->arguments[2];
        number = position(pending, descriptor) - (result > 0 ? (unsigned long long)result : 0);
        break;
    case CLONE_RANGE: {
        struct stat found;
        char link[64];
        snprintf(link, sizeof link, "/proc/%d/fd/%d", pending->thread, descriptor);
        is_write = 1;
        if (result == 0 && !stat(link, &found)) result = found.st_size;
        break;
    }
    case TRUNCATE:
        number = pending->arguments[1];
        break;
    case OPEN:
        number = pending->arguments[1];
        break;
    case CREATE:
        number = pending->arguments[2];
        break;
    default:
        break;
    }
    if (!strcmp(pending->call->name, "open") && result >= 0) describe_file(pending, (int)result);
    if (!strcmp(pending->call->name, "mkdir")) pending->inode = inode_of(pending->path);
    if (pending->second[0] == '/') pending->inode = inode_of(result == 0 ? pending->second : pending->path);
    fprintf(log_file, "%s\t%d\t%s\t%llu\t%llu\t%lld\t%s\t%s\n", pending->call->name, pending->counted, pending->kind,
            (unsigned long long)pending->inode, number, result, pending->path, pending->second);
    if (with_data && is_write && result > 0 && strcmp(pending->kind, "other")) {
        write_data(pending, descriptor, number, (size_t)result);
    }
}

static void skip_call(pid_t thread, long long result) {
    struct user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, thread, 0, &registers)) return;
    registers.orig_rax = (unsigned long long)-1;
    registers.rax = (unsigned long long)result;
    ptrace(PTRACE_SETREGS, thread, 0, &registers);
}

static void kill_program(void) {
    was_killed = 1;
    fflush(log_file);
    kill(program, SIGKILL);
}

// Returns whether the end of the call is of interest.
static int enter_call(pid_t thread) {
    struct ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) return 0;
    struct pending *pending = slot_of(thread);
    pending->call = find_call((long)info.seccomp.nr);
    if (!pending->call || was_killed) return 0;
    memcpy(pending->arguments, info.seccomp.args, sizeof pending->arguments);
    if (pending->call->shape == PRCTL) {
        // Otherwise only root could read the memory of the program.
        if (pending->arguments[0] == PR_SET_DUMPABLE) skip_call(thread, 0);
        return 0;
    }
    int is_point = describe_call(pending);
    int can_be_half = (pending->call->shape == WRITE || pending->call->shape == PWRITE)
        && !strcmp(pending->kind, "file") && pending->arguments[2] > 1;
    pending->half = 0;
    pending->counted = is_counting && is_point && (!half_writes || can_be_half);
    if (pending->counted && ++counted_calls == kill_at) {
        if (half_writes) {
            struct user_regs_struct registers;
            if (ptrace(PTRACE_GETREGS, thread, 0, &registers)) fail("registers");
            registers.rdx /= 2;
            if (ptrace(PTRACE_SETREGS, thread, 0, &registers)) fail("registers");
            pending->half = 1;
            return 1;
        }
        log_call(pending, -EINTR);
        skip_call(thread, -EINTR);
        kill_program();
        return 0;
    }
    return is_point;
}

static void leave_call(pid_t thread) {
    struct ptrace_syscall_info info;
    struct pending *pending = slot_of(thread);
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0 || was_killed) return;
    log_call(pending, info.exit.rval);
    if (pending->half) kill_program();
}

static void start_program(char **arguments) {
    int gate[2];
    if (pipe(gate)) fail("pipe");
    program = fork();
    if (program < 0) fail("fork");
    if (program == 0) {
        char byte;
        close(gate[1]);
        if (read(gate[0], &byte, 1) != 1) _exit(125);
        close(gate[0]);
        struct sock_filter filter[CALL_COUNT + 4];
        int at = 0;
        filter[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
        for (int call = 0; call < CALL_COUNT; call++) {
            filter[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)CALLS[call].number,
                                                        (unsigned char)(CALL_COUNT - call), 0);
        }
        filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
        struct sock_fprog rules = {(unsigned short)at, filter};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &rules)) _exit(125);
        execv(arguments[0], arguments);
        _exit(125);
    }
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK
        | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SEIZE, program, 0, options)) fail("ptrace");
    close(gate[0]);
    if (write(gate[1], "x", 1) != 1) fail("pipe");
    close(gate[1]);
}

int main(int count, char **arguments) {
    const char *log_path = NULL;
    int option;
    while ((option = getopt(count, arguments, "+ak:tdo:")) != -1) {
        switch (option) {
        case 'a': is_counting = 1; break;
        case 'k': kill_at = atol(optarg); break;
        case 't': half_writes = 1; break;
        case 'd': with_data = 1; break;
        case 'o': log_path = optarg; break;
        default: return 125;
        }
    }
    log_file = log_path ? fopen(log_path, "we") : NULL;
    if (!log_file || optind >= count) return 125;
    struct sigaction action = {.sa_handler = start_counting, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    fstat(STDOUT_FILENO, &output);
    start_program(arguments + optind);
    // The program has the only ends of its pipes.
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    int status, code = 125;
    pid_t thread;
    while ((thread = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
        if (thread < 0) continue;
        if (!WIFSTOPPED(status)) {
            slot_of(thread)->thread = 0;
            if (thread != program) continue;
            code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            break;
        }
        int signal = WSTOPSIG(status), event = status >> 16;
        if (event == PTRACE_EVENT_SECCOMP) {
            ptrace(enter_call(thread) ? PTRACE_SYSCALL : PTRACE_CONT, thread, 0, 0);
        } else if (signal == (SIGTRAP | 0x80)) {
            leave_call(thread);
            ptrace(PTRACE_CONT, thread, 0, 0);
        } else {
            ptrace(PTRACE_CONT, thread, 0, event ? 0 : signal);
        }
    }
    fclose(log_file);
    return code;
}
