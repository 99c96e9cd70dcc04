/*
 * bareloop: the restart trials of the suite with nothing of the suite in them.
 *
 * usage: bareloop DIR TRIALS LOW HIGH SEED COMMAND [ARG...]
 *
 * Starts COMMAND, a supervisor that keeps one testd alive whose folder is DIR, kills that daemon
 * TRIALS times at an uptime of LOW to HIGH ms, and prints a line a trial: the stamp before the kill
 * and the one of the successor's main(), both CLOCK_MONOTONIC in ns. Trials begin at the second
 * kill, so that the first warms up. Exit code 1 where a restart did not come within 15 s.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)
#define PATIENCE_MS 15000

struct life {
	long long pid, main_ns;
};

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static void sleep_until(int64_t instant)
{
	struct timespec until = {instant / SECOND, instant % SECOND};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL))
		;
}

static int open_fifo(const char *dir)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/stamps", dir);
	mkfifo(path, 0666);
	return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

static int field(const char *line, const char *name, long long *value)
{
	const char *at = strstr(line, name);

	return at && sscanf(at + strlen(name), "%lld", value) == 1;
}

/* Lines are below PIPE_BUF, one start at a time: a read brings a whole one. */
static int await_start(int fifo, struct life *life)
{
	char line[4096];

	do {
		if (poll(&(struct pollfd){fifo, POLLIN, 0}, 1, PATIENCE_MS) <= 0)
			return 0;
		ssize_t size = read(fifo, line, sizeof line - 1);
		line[size > 0 ? size : 0] = 0;
	} while (!strstr(line, "\"event\":\"start\""));
	return field(line, "\"pid\":", &life->pid) && field(line, "\"main_ns\":", &life->main_ns);
}

static pid_t start(char **command)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	execv(command[0], command);
	_exit(127);
}

static int trials(int fifo, int count, double low, double high)
{
	struct life life;

	if (!await_start(fifo, &life))
		return 1;
	for (int i = -1; i < count; i++) {
		sleep_until(life.main_ns + (int64_t)((low + (high - low) * drand48()) * 1e6));
		kill((pid_t)life.pid, 0); /* as measure.py does */
		int64_t kill_ns = now();
		kill((pid_t)life.pid, SIGKILL);
		if (!await_start(fifo, &life))
			return 1;
		if (i >= 0)
			printf("%lld %lld\n", (long long)kill_ns, life.main_ns);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 7) {
		fprintf(stderr, "usage: bareloop DIR TRIALS LOW HIGH SEED COMMAND [ARG...]\n");
		return 64;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	int fifo = open_fifo(argv[1]);
	if (fifo < 0) {
		perror(argv[1]);
		return 73;
	}
	srand48(atol(argv[5]));
	pid_t supervisor = start(argv + 6);
	int failed = trials(fifo, atoi(argv[2]), atof(argv[3]), atof(argv[4]));
	kill(supervisor, SIGTERM);
	waitpid(supervisor, NULL, 0);
	return failed;
}
