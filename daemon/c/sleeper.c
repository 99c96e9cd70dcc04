/*
 * sleeper: how late this host wakes a sleeper up, and whether its clock can be trusted.
 *
 * usage: sleeper SECONDS INTERVAL_US
 *
 * Sleeps until each of a row of instants, as cyclictest does at ordinary priority, and prints, when
 * it is done, a line a wakeup: how late it was and how far CLOCK_MONOTONIC was ahead of
 * CLOCK_MONOTONIC_RAW, both in ns. The last line is `backwards N of M`: how often CLOCK_MONOTONIC
 * was smaller on one processor than just before on another, of so many moves.
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
	int on = sched_getcpu();
	int64_t before = now(CLOCK_MONOTONIC);

	for (long i = 0; i < MOVES; i++) {
		cpu_set_t one;
		CPU_ZERO(&one);
		CPU_SET(i % processors, &one);
		if (sched_setaffinity(0, sizeof one, &one))
			continue;
		int64_t after = now(CLOCK_MONOTONIC);
		if (sched_getcpu() != on) {
			backwards += after < before;
			moves++;
		}
		on = sched_getcpu();
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
	} *seen = calloc(count > 0 ? count : 1, sizeof *seen);

	if (count < 1 || !seen) {
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
		seen[i].late = woken - next;
		seen[i].ahead = woken - now(CLOCK_MONOTONIC_RAW);
		if (woken > next + interval)
			next = woken; /* one late wakeup is not counted again and again */
	}
	for (long i = 0; i < count; i++)
		printf("%lld %lld\n", (long long)seen[i].late, (long long)seen[i].ahead);
	compare_processors();
	return 0;
}
