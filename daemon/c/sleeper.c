/*
 * sleeper: how late this host wakes up a sleeper, and whether its clock can be trusted.
 *
 * usage: sleeper SECONDS INTERVAL_US
 *
 * It sleeps until each of a series of instants, as cyclictest does at ordinary priority. At the end
 * it prints a line for each wakeup: how late it was, and how far CLOCK_MONOTONIC was ahead of
 * CLOCK_MONOTONIC_RAW, both in ns. The last line is `backwards N of M`: of M moves to another
 * processor, CLOCK_MONOTONIC was smaller there than just before on the old one N times.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)
#define MOVES 2000

static int64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static void compare_processors(void)
{
	long backwards = 0, moves = 0, processors = sysconf(_SC_NPROCESSORS_CONF);
	int processor = sched_getcpu();
	int64_t before = now(CLOCK_MONOTONIC);

	for (long i = 0; i < MOVES; i++) {
		cpu_set_t one;
		CPU_ZERO(&one);
		CPU_SET(i % processors, &one);
		if (sched_setaffinity(0, sizeof one, &one))
			continue;
		int64_t after = now(CLOCK_MONOTONIC);
		if (sched_getcpu() != processor) {
			backwards += after < before;
			moves++;
		}
		processor = sched_getcpu();
		before = after;
	}
	printf("backwards %ld of %ld\n", backwards, moves);
}

int main(int argc, char **argv)
{
	int64_t interval = argc == 3 ? atoll(argv[2]) * 1000 : 0;
	long count = interval > 0 ? atoll(argv[1]) * SECOND / interval : 0;
	struct {
		int64_t late, ahead;
	} *wakeups = calloc(count > 0 ? count : 1, sizeof *wakeups);

	if (count < 1 || !wakeups) {
		fprintf(stderr, "usage: sleeper SECONDS INTERVAL_US\n");
		return 64;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int64_t next = now(CLOCK_MONOTONIC);
	for (long i = 0; i < count; i++) {
		next += interval;
		struct timespec until = {next / SECOND, next % SECOND};
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL))
			;
		int64_t woken = now(CLOCK_MONOTONIC);
		wakeups[i].late = woken - next;
		wakeups[i].ahead = woken - now(CLOCK_MONOTONIC_RAW);
		if (woken > next + interval)
			next = woken; /* count a long delay once, not for each instant in it */
	}
	for (long i = 0; i < count; i++)
		printf("%lld %lld\n", (long long)wakeups[i].late, (long long)wakeups[i].ahead);
	compare_processors();
	return 0;
}
