/* Sends the datagrams of a file over UDP at a rate: statsd_sender PORT RATE SECONDS FILE
 *
 * The file has datagrams, each behind its length in four bytes; it is sent again and again. What is due in a
 * millisecond goes in one system call. At the end it prints how many were sent.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define AT_ONCE 1024

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    long rate = atol(argv[2]);
    double seconds = atof(argv[3]);
    FILE *file = fopen(argv[4], "rb");
    if (!file) return 2;
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *all = malloc(size);
    if (fread(all, 1, size, file) != (size_t)size) return 2;
    struct iovec *packets = calloc(size / 5 + 1, sizeof *packets);
    long number = 0;
    for (char *at = all; at < all + size; number++) {
        uint32_t length;
        memcpy(&length, at, 4);
        packets[number] = (struct iovec){at + 4, length};
        at += 4 + length;
    }
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int door = socket(AF_INET, SOCK_DGRAM, 0);
    if (connect(door, (struct sockaddr *)&to, sizeof to)) return 2;
    static struct mmsghdr messages[AT_ONCE];
    long sent = 0, failed = 0, end = (long)(rate * seconds);
    double begin = now();
    while (sent + failed < end) {
        long due = (long)((now() - begin) * rate);
        if (due > end) due = end;
        long some = due - sent - failed;
        if (some > AT_ONCE) some = AT_ONCE;
        if (some < rate / 1000 && sent + failed + some < end) {
            nanosleep(&(struct timespec){0, 200000}, NULL);
            continue;
        }
        for (long i = 0; i < some; i++) {
            messages[i].msg_hdr.msg_iov = &packets[(sent + failed + i) % number];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        int done = sendmmsg(door, messages, some, 0);
        if (done > 0) sent += done;
        else failed++;
    }
    printf("{\"sent\": %ld, \"failed\": %ld, \"seconds\": %.3f}\n", sent, failed, now() - begin);
    return 0;
}
