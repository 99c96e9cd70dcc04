/*
 * bareloop: the restart trials of the suite, with nothing of the suite in them.
 *
 * usage: bareloop DIR TRIALS LOW HIGH SEED COMMAND [ARG...]
 *
 * It starts COMMAND, a supervisor that keeps one testd alive whose folder is DIR. It kills that
 * daemon TRIALS times at an uptime of LOW to HIGH ms. For each trial it prints a line: the stamp
 * before the kill, and the stamp of the successor's main(), both of CLOCK_MONOTONIC in ns. One
 * more kill comes first and is not printed: it warms up. Exit code 1: no restart within 15 s.
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

struct instance {
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

static int read_field(const char *line, const char *name, long long *value)
{
	const char *at = strstr(line, name);

	return at && sscanf(at + strlen(name), "%lld", value) == 1;
}

/* Lines are shorter than PIPE_BUF and come one at a time: each read returns a whole line. */
static int await_start(int fifo, struct instance *instance)
{
	char line[4096];

	do {
		if (poll(&(struct pollfd){fifo, POLLIN, 0}, 1, PATIENCE_MS) <= 0)
			return 0;
		ssize_t size = read(fifo, line, sizeof line - 1);
		line[size > 0 ? size : 0] = 0;
	} while (!strstr(line, "\"event\":\"start\""));
	return read_field(line, "\"pid\":", &instance->pid) &&
	       read_field(line, "\"main_ns\":", &instance->main_ns);
}

static pid_t start_supervisor(char **command)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	execv(command[0], command);
	_exit(127);
}

static int run_trials(int fifo, int count, double low, double high)
{
	struct instance instance;

	if (!await_start(fifo, &instance))
		return 1;
	for (int i = -1; i < count; i++) {
		sleep_until(instance.main_ns + (int64_t)((low + (high - low) * drand48()) * 1e6));
		kill((pid_t)instance.pid, 0); /* as the measuring program does */
		int64_t kill_ns = now();
		kill((pid_t)instance.pid, SIGKILL);
		if (!await_start(fifo, &instance))
			return 1;
		if (i >= 0)
			printf("%lld %lld\n", (long long)kill_ns, instance.main_ns);
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
	pid_t supervisor = start_supervisor(argv + 6);
	int failed = run_trials(fifo, atoi(argv[2]), atof(argv[3]), atof(argv[4]));
	kill(supervisor, SIGTERM);
	waitpid(supervisor, NULL, 0);
	return failed;
}
