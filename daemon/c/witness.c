/*
 * witness: the program that a container's PID 1 runs, and some relatives of it.
 *
 * Each of them writes down which signal it gets and from whom. ../README.md describes options and
 * the log's format.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EX_USAGE = 64, EX_OSERR = 71, EX_CANTCREAT = 73, MOST = 1000000 };

#define MILLISECOND INT64_C(1000000)
#define SECOND INT64_C(1000000000)

/* The members, in the order in which they are made; the last one watches the others. */
enum { CHILD, GROUP, SESSION, APART, MEMBERS };
static const char *const names[MEMBERS] = {"child", "group", "session", "apart"};

static struct {
	const char *log;
	long relatives, plain, obey, exit_after, orphans, zombies;
} opt = {.log = "/srv/testd/witness.log", .exit_after = -1};

static pid_t members[MEMBERS], helper;
static int self = CHILD, log_fd = -1;
static int64_t exit_at = INT64_MAX;

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

/* Write a line by one write: it is whole, whoever else writes, and outlives this process. */
static void note_at(int member, const char *what, int number, int sender, int64_t ns)
{
	char line[128];
	int length = snprintf(line, sizeof line, "%s %s %d %d %lld\n", names[member], what, number,
			      sender, (long long)ns);

	if (write(log_fd, line, (size_t)length) != length)
		_exit(EX_OSERR);
}

static void note(const char *what, int number, int sender)
{
	note_at(self, what, number, sender, now());
}

__attribute__((noreturn)) static void refuse(const char *what)
{
	fprintf(stderr, "witness: %s\n"
		"usage: witness [--log FILE] [--relatives] [--plain|--obey] [--exit-after MS]\n"
		"               [--orphans N] [--zombies N] NAME\n", what);
	exit(EX_USAGE);
}

static long number(const char *word)
{
	char *end;
	long value = word ? strtol(word, &end, 10) : -1;

	if (!word || end == word || *end || value < 0 || value > MOST)
		refuse("a number from 0 to 1000000 is missing");
	return value;
}

static void parse(char **words)
{
	int named = 0;

	for (; *words; words++) {
		if (!strcmp(*words, "--log")) {
			if (!(opt.log = *++words))
				refuse("--log needs a file");
		} else if (!strcmp(*words, "--relatives"))
			opt.relatives = 1;
		else if (!strcmp(*words, "--plain"))
			opt.plain = 1;
		else if (!strcmp(*words, "--obey"))
			opt.obey = 1;
		else if (!strcmp(*words, "--exit-after"))
			opt.exit_after = number(*++words);
		else if (!strcmp(*words, "--orphans"))
			opt.orphans = number(*++words);
		else if (!strcmp(*words, "--zombies"))
			opt.zombies = number(*++words);
		else if (**words == '-' || named++)
			refuse(*words);
	}
	if (!named)
		refuse("a name is missing");
}

static pid_t fork_or_die(void)
{
	pid_t pid = fork();

	if (pid < 0) {
		note("failed", errno, 0);
		_exit(EX_OSERR);
	}
	return pid;
}

/* Every signal waits until it is asked for; libc's own calls would leave some of them out. */
static void hold_signals(void)
{
	sigset_t all;

	memset(&all, 0xff, sizeof all);
	sigprocmask(SIG_BLOCK, &all, NULL);
}

/* Leave SIGTERM to the kernel, as a program does that knows nothing of signals. */
static void let_term_act(sigset_t *awaited)
{
	sigset_t term;

	sigdelset(awaited, SIGTERM);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	signal(SIGTERM, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &term, NULL);
}

/* Leave orphans one after the other; each ends as soon as PID 1 has adopted it. */
__attribute__((noreturn)) static void leave_orphans(void)
{
	for (long i = 0; i < opt.orphans; i++) {
		pid_t parent = fork_or_die();
		if (parent) {
			waitpid(parent, NULL, 0);
			continue;
		}
		parent = getpid();
		if (fork_or_die())
			_exit(0);
		prctl(PR_SET_NAME, "orphan");
		while (getppid() == parent)
			nanosleep(&(struct timespec){.tv_nsec = MILLISECOND / 10}, NULL);
		_exit(0);
	}
	note("left", (int)opt.orphans, 0);
	_exit(0);
}

/* End, and leave to PID 1 children that have ended before, and that nobody has waited for. */
__attribute__((noreturn)) static void leave_zombies(void)
{
	for (long i = 0; i < opt.zombies; i++) {
		if (fork_or_die())
			continue;
		prctl(PR_SET_NAME, "zombie");
		_exit(0);
	}
	nanosleep(&(struct timespec){.tv_nsec = 300 * MILLISECOND}, NULL);
	note("left", (int)opt.zombies, 0);
	_exit(0);
}

/* Tell whether a process is stopped by a signal. */
static int is_stopped(pid_t pid)
{
	char path[32], text[256];

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	if (size <= 0)
		return 0;
	text[size] = 0;
	char *state = strrchr(text, ')');
	return state && state[1] && state[2] == 'T';
}

/* The member in a session of its own sees whom a signal has stopped, and lets it go on. */
static void wake_stopped(void)
{
	for (int i = 0; i < self; i++) {
		if (!is_stopped(members[i]))
			continue;
		note_at(i, "stopped", SIGSTOP, 0, now());
		kill(members[i], SIGCONT);
	}
}

/* Wait only for processes of one's own: a usual program reaps no others. */
static void reap_own(void)
{
	for (int i = 0; i < MEMBERS; i++)
		if (members[i] > 0 && i != self)
			waitpid(members[i], NULL, WNOHANG);
	if (helper)
		waitpid(helper, NULL, WNOHANG);
}

__attribute__((noreturn)) static void live(void)
{
	sigset_t all;
	siginfo_t info;

	memset(&all, 0xff, sizeof all);
	if (opt.plain && self == CHILD)
		let_term_act(&all);
	note("start", getpid(), getppid());
	for (;;) {
		const struct timespec pause = {.tv_nsec = 5 * MILLISECOND};
		int taken = sigtimedwait(&all, &info, &pause);
		if (now() >= exit_at) {
			note("end", 0, 0);
			_exit(0);
		}
		if (taken < 0) {
			if (self == APART)
				wake_stopped();
			continue;
		}
		if (taken == SIGCHLD && info.si_code != SI_USER) {
			reap_own();
			continue;
		}
		note("signal", taken, info.si_pid);
		if (taken == SIGTERM && (opt.obey || opt.plain)) {
			note("end", 0, 0);
			_exit(0);
		}
	}
}

static void make_relatives(void)
{
	for (int i = GROUP; i < MEMBERS; i++) {
		pid_t pid = fork_or_die();
		if (pid) {
			members[i] = pid;
			continue;
		}
		self = i;
		if (i == SESSION)
			setpgid(0, 0);
		if (i == APART)
			setsid();
		exit_at = INT64_MAX;
		live();
	}
}

static void start_helper(void (*run)(void))
{
	helper = fork_or_die();
	if (!helper)
		run();
}

int main(int argc, char **argv)
{
	int64_t main_ns = now();
	const char *entry_ns = getenv("ENTRY_NS");

	(void)argc;
	parse(argv + 1);
	log_fd = open(opt.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (log_fd < 0)
		return EX_CANTCREAT;
	hold_signals();
	note_at(CHILD, "entry", 0, 0, entry_ns ? atoll(entry_ns) : 0);
	note_at(CHILD, "main", getpid(), getppid(), main_ns);
	members[CHILD] = getpid();
	if (opt.exit_after >= 0)
		exit_at = now() + opt.exit_after * MILLISECOND;
	if (opt.relatives)
		make_relatives();
	if (opt.orphans)
		start_helper(leave_orphans);
	if (opt.zombies)
		start_helper(leave_zombies);
	live();
}
