/*
 * Runs a program and stands at the gate of each of its system calls that change files: counts them, writes them down, and at
 * the n-th kills the program or lets the call fail, before the call has done anything.
 *
 *   gate --under DIRECTORY... --log FILE --output FILE [--at N kill|error|full] [--pause TEXT] [--hold TEXT MILLIS] -- PROGRAM...
 *
 *   --under    only calls that change something in such a directory count; real paths, without symbolic links
 *   --log      one line for each call that counts: number, thread, name, paths
 *   --output   what the program says on stdout and stderr
 *   kill       ends the program with SIGKILL at call N
 *   error      call N fails with EIO, and no other
 *   full       call N and all later ones that need space fail with ENOSPC, as on a full disk
 *   --pause    at the first call with this text in its line: prints a line, and waits for one
 *   --hold     at the first call with this text in its line: lets it wait until no other call came for so long
 *
 * Calls are seen by a seccomp filter with user notification (Linux 5.5), which all threads inherit: it needs no privilege, no
 * ptrace, and no library gets around it. What is not seen are stores to mapped files, and io_uring.
 *
 * The exit status is that of the program, 128 + signal if it was ended by one, and 70 if the gate itself failed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define GATE_FAILED 70
#define MAX_DIRECTORIES 8
#define PATH_BYTES 4096

/* Where the arguments of a call say what it changes. */
enum form { FD, FD_2, PATH, AT, PATH_PATH, AT_AT, PATH_AT, OPEN, OPENAT };

struct call {
    int number;
    const char *name;
    enum form form;
    int grows; /* whether it needs space on the disk */
};

static const struct call calls[] = {
#ifdef __NR_open
    {__NR_open, "open", OPEN, 1},
#endif
#ifdef __NR_creat
    {__NR_creat, "creat", PATH, 1},
#endif
    {__NR_openat, "openat", OPENAT, 1},
    {__NR_write, "write", FD, 1},
    {__NR_pwrite64, "pwrite64", FD, 1},
    {__NR_writev, "writev", FD, 1},
    {__NR_pwritev, "pwritev", FD, 1},
    {__NR_pwritev2, "pwritev2", FD, 1},
    {__NR_copy_file_range, "copy_file_range", FD_2, 1},
    {__NR_sendfile, "sendfile", FD, 1},
    {__NR_splice, "splice", FD_2, 1},
    {__NR_fallocate, "fallocate", FD, 1},
    {__NR_ftruncate, "ftruncate", FD, 0},
    {__NR_truncate, "truncate", PATH, 0},
#ifdef __NR_rename
    {__NR_rename, "rename", PATH_PATH, 1},
#endif
#ifdef __NR_renameat
    {__NR_renameat, "renameat", AT_AT, 1},
#endif
    {__NR_renameat2, "renameat2", AT_AT, 1},
#ifdef __NR_link
    {__NR_link, "link", PATH_PATH, 1},
#endif
    {__NR_linkat, "linkat", AT_AT, 1},
#ifdef __NR_symlink
    {__NR_symlink, "symlink", PATH_PATH, 1},
#endif
    {__NR_symlinkat, "symlinkat", PATH_AT, 1},
#ifdef __NR_unlink
    {__NR_unlink, "unlink", PATH, 0},
#endif
    {__NR_unlinkat, "unlinkat", AT, 0},
#ifdef __NR_mkdir
    {__NR_mkdir, "mkdir", PATH, 1},
#endif
    {__NR_mkdirat, "mkdirat", AT, 1},
#ifdef __NR_rmdir
    {__NR_rmdir, "rmdir", PATH, 0},
#endif
#ifdef __NR_mknod
    {__NR_mknod, "mknod", PATH, 1},
#endif
    {__NR_mknodat, "mknodat", AT, 1},
    {__NR_fsync, "fsync", FD, 0},
    {__NR_fdatasync, "fdatasync", FD, 0},
    {__NR_sync_file_range, "sync_file_range", FD, 0},
#ifdef __NR_chmod
    {__NR_chmod, "chmod", PATH, 0},
#endif
    {__NR_fchmod, "fchmod", FD, 0},
    {__NR_fchmodat, "fchmodat", AT, 0},
#ifdef __NR_fchmodat2
    {__NR_fchmodat2, "fchmodat2", AT, 0},
#endif
#ifdef __NR_chown
    {__NR_chown, "chown", PATH, 0},
    {__NR_lchown, "lchown", PATH, 0},
#endif
    {__NR_fchown, "fchown", FD, 0},
    {__NR_fchownat, "fchownat", AT, 0},
#ifdef __NR_utime
    {__NR_utime, "utime", PATH, 0},
    {__NR_utimes, "utimes", PATH, 0},
    {__NR_futimesat, "futimesat", AT, 0},
#endif
    {__NR_utimensat, "utimensat", AT, 0},
    {__NR_setxattr, "setxattr", PATH, 1},
    {__NR_lsetxattr, "lsetxattr", PATH, 1},
    {__NR_fsetxattr, "fsetxattr", FD, 1},
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

enum action { NOTHING, KILL, ERROR, FULL };

static const char *directories[MAX_DIRECTORIES];
static int directory_count;
static FILE *call_log;
static const char *output_path;
static long at;
static enum action action;
static const char *pause_text;
static const char *hold_text;
static int hold_millis;

static void fail(const char *what)
{
    fprintf(stderr, "gate: %s: %s\n", what, strerror(errno));
    exit(GATE_FAILED);
}

/* Opens that neither create nor cut off are many, and change nothing: they pass in the kernel. */
static int install_filter(void)
{
    static struct sock_filter filter[8 * CALLS + 8];
    unsigned short n = 0;
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < CALLS; i++) {
        if (calls[i].form == OPEN || calls[i].form == OPENAT) {
            unsigned flags = calls[i].form == OPEN ? 1 : 2;
            filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 4);
            filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                       offsetof(struct seccomp_data, args) + 8 * flags);
            filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_CREAT | O_TRUNC, 0, 1);
            filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
            filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        } else {
            filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 1);
            filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
        }
    }
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = n, .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        fail("cannot give up new privileges");
    int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    if (listener < 0)
        fail("cannot install the seccomp filter");
    return listener;
}

static void send_descriptor(int socket, int descriptor)
{
    char byte = 0;
    union {
        char space[CMSG_SPACE(sizeof(int))];
        struct cmsghdr header;
    } control = {0};
    struct iovec vector = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof(control.space)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
    if (sendmsg(socket, &message, 0) != 1)
        _exit(GATE_FAILED);
}

static int receive_descriptor(int socket)
{
    char byte;
    union {
        char space[CMSG_SPACE(sizeof(int))];
        struct cmsghdr header;
    } control = {0};
    struct iovec vector = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof(control.space)};
    int descriptor = -1;
    if (recvmsg(socket, &message, 0) == 1 && CMSG_FIRSTHDR(&message) != NULL)
        memcpy(&descriptor, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
    return descriptor;
}

static pid_t start(char **program, int *listener)
{
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
        fail("cannot make a socket");
    pid_t child = fork();
    if (child < 0)
        fail("cannot fork");
    if (child == 0) {
        int output = open(output_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (output < 0 || input < 0)
            fail(output_path);
        dup2(input, 0);
        dup2(output, 1);
        dup2(output, 2);
        send_descriptor(sockets[1], install_filter()); /* close-on-exec, as the kernel makes it */
        execv(program[0], program);
        _exit(GATE_FAILED);
    }
    close(sockets[1]);
    *listener = receive_descriptor(sockets[0]);
    close(sockets[0]);
    if (*listener < 0) {
        errno = ENOTSUP;
        fail("this kernel or container does not let a process watch system calls");
    }
    return child;
}

static void descriptor_path(pid_t pid, int descriptor, char *path)
{
    char link[64];
    if (descriptor == AT_FDCWD)
        snprintf(link, sizeof(link), "/proc/%d/cwd", pid);
    else
        snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, descriptor);
    ssize_t length = readlink(link, path, PATH_BYTES - 1);
    path[length < 0 ? 0 : length] = 0;
}

static void argument_path(pid_t pid, int directory, uint64_t address, char *path)
{
    char name[PATH_BYTES] = "";
    size_t length = 0;
    /* Page by page: what follows the text may not be mapped. */
    while (address != 0 && length < PATH_BYTES - 1) {
        size_t part = 4096 - (address + length) % 4096;
        if (part > PATH_BYTES - 1 - length)
            part = PATH_BYTES - 1 - length;
        struct iovec local = {name + length, part};
        struct iovec remote = {(void *)(uintptr_t)(address + length), part};
        ssize_t got = process_vm_readv(pid, &local, 1, &remote, 1, 0);
        if (got <= 0)
            break;
        if (memchr(name + length, 0, (size_t)got) != NULL)
            break;
        length += (size_t)got;
    }
    name[PATH_BYTES - 1] = 0;
    if (name[0] == '/') {
        strcpy(path, name);
        return;
    }
    descriptor_path(pid, directory, path);
    if (name[0] != 0 && strlen(path) + strlen(name) + 2 < PATH_BYTES) {
        strcat(path, "/");
        strcat(path, name);
    }
}

static int watched(const char *path)
{
    for (int i = 0; i < directory_count; i++) {
        size_t length = strlen(directories[i]);
        if (strncmp(path, directories[i], length) == 0 && (path[length] == '/' || path[length] == 0))
            return 1;
    }
    return 0;
}

static const struct call *find(int number)
{
    for (size_t i = 0; i < CALLS; i++)
        if (calls[i].number == number)
            return &calls[i];
    return NULL;
}

/* Says what a call changes: one path or two. */
static void paths_of(const struct seccomp_notif *notice, const struct call *call, char *first, char *second)
{
    pid_t pid = (pid_t)notice->pid;
    const __u64 *args = notice->data.args;
    first[0] = second[0] = 0;
    switch (call->form) {
    case FD:
        descriptor_path(pid, (int)args[0], first);
        break;
    case FD_2:
        descriptor_path(pid, (int)args[2], first);
        break;
    case OPEN:
    case PATH:
        argument_path(pid, AT_FDCWD, args[0], first);
        break;
    case OPENAT:
    case AT:
        argument_path(pid, (int)args[0], args[1], first);
        break;
    case PATH_PATH:
        argument_path(pid, AT_FDCWD, args[0], first);
        argument_path(pid, AT_FDCWD, args[1], second);
        break;
    case AT_AT:
        argument_path(pid, (int)args[0], args[1], first);
        argument_path(pid, (int)args[2], args[3], second);
        break;
    case PATH_AT:
        argument_path(pid, (int)args[1], args[2], first);
        break;
    }
}

static void answer(int listener, __u64 id, int error)
{
    struct seccomp_notif_resp response = {
        .id = id, .error = -error, .flags = error == 0 ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0};
    /* The thread may have been killed meanwhile. */
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) != 0 && errno != ENOENT)
        fail("cannot answer a call");
}

static void pause_here(void)
{
    char line[8];
    puts("paused");
    fflush(stdout);
    if (fgets(line, sizeof(line), stdin) == NULL)
        fail("nobody says how to go on");
}

static int child_status(pid_t child)
{
    int status;
    if (waitpid(child, &status, 0) != child)
        fail("cannot wait");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int watch(pid_t child, int listener)
{
    static char first[PATH_BYTES], second[PATH_BYTES], line[2 * PATH_BYTES + 128];
    int ended = (int)syscall(SYS_pidfd_open, child, 0);
    if (ended < 0)
        fail("pidfd_open");
    long count = 0;
    int full = 0;
    __u64 held = 0;
    int holding = 0;
    for (;;) {
        struct pollfd polls[2] = {{.fd = listener, .events = POLLIN}, {.fd = ended, .events = POLLIN}};
        int ready = poll(polls, 2, holding ? hold_millis : -1);
        if (ready < 0 && errno != EINTR)
            fail("poll");
        if (ready == 0) {
            answer(listener, held, 0);
            holding = 0;
        }
        if (ready <= 0)
            continue;
        if ((polls[0].revents & POLLIN) == 0)
            return child_status(child);
        struct seccomp_notif notice = {0};
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notice) != 0) {
            if (errno == ENOENT || errno == EINTR)
                continue; /* the thread was killed before it was looked at */
            fail("cannot look at a call");
        }
        const struct call *call = find(notice.data.nr);
        paths_of(&notice, call, first, second);
        if (!watched(first) && !watched(second)) {
            answer(listener, notice.id, 0);
            continue;
        }
        count++;
        snprintf(line, sizeof(line), "%ld %u %s %s %s", count, notice.pid, call->name, first, second);
        fprintf(call_log, "%s\n", line);
        fflush(call_log);
        if (pause_text != NULL && strstr(line, pause_text) != NULL) {
            pause_text = NULL;
            pause_here();
        }
        if (count == at && action == KILL) {
            kill(child, SIGKILL);
            return child_status(child);
        }
        if (count == at && action == FULL)
            full = 1;
        if (count == at && action == ERROR) {
            answer(listener, notice.id, EIO);
        } else if (full && call->grows) {
            answer(listener, notice.id, ENOSPC);
        } else if (!holding && hold_text != NULL && strstr(line, hold_text) != NULL) {
            hold_text = NULL;
            held = notice.id;
            holding = 1;
        } else {
            answer(listener, notice.id, 0);
        }
    }
}

static enum action action_of(const char *name)
{
    return strcmp(name, "kill") == 0    ? KILL
           : strcmp(name, "error") == 0 ? ERROR
           : strcmp(name, "full") == 0  ? FULL
                                        : NOTHING;
}

int main(int argc, char **argv)
{
    int i = 1;
    for (; i + 1 < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *option = argv[i];
        const char *value = argv[++i];
        if (strcmp(option, "--under") == 0 && directory_count < MAX_DIRECTORIES)
            directories[directory_count++] = value;
        else if (strcmp(option, "--log") == 0)
            call_log = fopen(value, "we");
        else if (strcmp(option, "--output") == 0)
            output_path = value;
        else if (strcmp(option, "--pause") == 0)
            pause_text = value;
        else if (strcmp(option, "--hold") == 0 && i + 1 < argc)
            hold_text = value, hold_millis = atoi(argv[++i]);
        else if (strcmp(option, "--at") == 0 && i + 1 < argc)
            at = atol(value), action = action_of(argv[++i]);
        else
            directory_count = -1;
    }
    if (directory_count <= 0 || call_log == NULL || output_path == NULL || i + 1 >= argc) {
        fprintf(stderr, "gate: wrong arguments; see the beginning of its source\n");
        return GATE_FAILED;
    }
    int listener;
    pid_t child = start(argv + i + 1, &listener);
    return watch(child, listener);
}
