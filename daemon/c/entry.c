/*
 * entry: starts a container's PID 1, as a container engine does: it executes a command line.
 *
 * The command line is a file with one word a line. entry puts the time just before the exec into
 * the environment, where the program that is started in the end finds it. ../README.md describes
 * the formats.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { EX_USAGE = 64, EX_NOINPUT = 66, EX_OSERR = 71, SIZE = 4096, WORDS = 64 };

/* Read the file into a buffer of SIZE bytes; return whether all of it fitted. */
static int read_file(const char *path, char *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, SIZE - 1);

	if (fd >= 0)
		close(fd);
	return size > 0 && size < SIZE - 1;
}

static void note_time(void)
{
	struct timespec t;
	char text[32];

	clock_gettime(CLOCK_MONOTONIC, &t);
	snprintf(text, sizeof text, "%lld", t.tv_sec * 1000000000LL + t.tv_nsec);
	setenv("ENTRY_NS", text, 1);
}

int main(int argc, char **argv)
{
	static char text[SIZE], *words[WORDS];
	char *rest = text;
	int count = 0;

	if (argc != 2) {
		fprintf(stderr, "entry: usage: entry FILE\n");
		return EX_USAGE;
	}
	if (!read_file(argv[1], text)) {
		fprintf(stderr, "entry: %s: not 1 to %d bytes that can be read\n", argv[1], SIZE - 2);
		return EX_NOINPUT;
	}
	for (char *word; count < WORDS - 1 && (word = strsep(&rest, "\n"));)
		if (*word)
			words[count++] = word;
	if (!count) {
		fprintf(stderr, "entry: %s: no command\n", argv[1]);
		return EX_NOINPUT;
	}
	note_time();
	execv(words[0], words);
	fprintf(stderr, "entry: %s: %s\n", words[0], strerror(errno));
	return EX_OSERR;
}
