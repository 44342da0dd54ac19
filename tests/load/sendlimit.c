/* The machine's own limit of fan-out: one process writes the same frame to N sockets of the loopback, round after
 * round, as an edge does, and another reads them all. No protocol, no TLS, no second hop.
 *
 *   sendlimit SOCKETS ROUNDS BYTES   prints: frames received a second, and microseconds of CPU the writer took for one
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, READ_BYTES = 1 << 18 };

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void read_all(struct sockaddr_in *address, int sockets, long long wanted)
{
    struct epoll_event ready[EVENTS];
    char *buffer = malloc(READ_BYTES);
    int poll = epoll_create1(0);
    if (buffer == NULL || poll < 0)
        die("reader");
    for (int i = 0; i < sockets; i++) {
        int s = socket(AF_INET, SOCK_STREAM, 0);
        struct epoll_event interest = {.events = EPOLLIN, .data.fd = s};
        if (s < 0 || connect(s, (struct sockaddr *)address, sizeof *address) < 0)
            die("connect");
        if (epoll_ctl(poll, EPOLL_CTL_ADD, s, &interest) < 0)
            die("epoll_ctl");
    }
    while (wanted > 0) {
        int count = epoll_wait(poll, ready, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            ssize_t got = read(ready[i].data.fd, buffer, READ_BYTES);
            if (got <= 0)
                die("read");
            wanted -= got;
        }
    }
}

static void send_whole(int s, const char *frame, size_t size)
{
    for (size_t sent = 0; sent < size;) {
        ssize_t took = send(s, frame + sent, size - sent, 0);
        if (took < 0)
            die("send");
        sent += (size_t)took;
    }
}

int main(int count, char **words)
{
    if (count != 4) {
        fprintf(stderr, "usage: %s SOCKETS ROUNDS BYTES\n", words[0]);
        return 2;
    }
    int sockets = atoi(words[1]), rounds = atoi(words[2]), on = 1;
    size_t size = (size_t)atoi(words[3]);

    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int door = socket(AF_INET, SOCK_STREAM, 0);
    if (door < 0 || bind(door, (struct sockaddr *)&address, sizeof address) < 0 || listen(door, SOMAXCONN) < 0)
        die("listen");
    getsockname(door, (struct sockaddr *)&address, &length);

    pid_t reader = fork();
    if (reader < 0)
        die("fork");
    if (reader == 0) {
        read_all(&address, sockets, (long long)sockets * rounds * (long long)size);
        _exit(0);
    }

    int *out = calloc((size_t)sockets, sizeof *out);
    char *frame = malloc(size);
    if (out == NULL || frame == NULL)
        die("memory");
    memset(frame, 'x', size);
    for (int i = 0; i < sockets; i++) {
        out[i] = accept(door, NULL, NULL);
        if (out[i] < 0)
            die("accept");
        setsockopt(out[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }

    double began = now(), worked = cpu();
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < sockets; i++)
            send_whole(out[i], frame, size);
    worked = cpu() - worked;
    int status = 0;
    if (waitpid(reader, &status, 0) < 0 || status != 0)
        return 1;
    double frames = (double)sockets * rounds;
    printf("%.0f %.3f\n", frames / (now() - began), worked / frames * 1e6);
    return 0;
}
