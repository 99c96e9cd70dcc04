/*
 * testd: the test daemon that every supervisor keeps alive.
 *
 * It reads CLOCK_MONOTONIC first of all, writes the stamp as one line to a FIFO, keeps a record of
 * its starts in a shared file, and then waits. It needs no measuring program: where none reads the
 * FIFO, it goes on all the same. ../README.md describes options and formats.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EX_USAGE = 64, EX_NOINPUT = 66, EX_UNAVAILABLE = 69, EX_OSERR = 71, EX_CANTCREAT = 73 };

#define MILLISECOND INT64_C(1000000)
#define SECOND INT64_C(1000000000)
#define NEVER INT64_MAX
#define HEARTBEAT (SECOND / 2)

/* DIR/SERVICE.count, shared by all starts of a service; the measuring program reads it. */
struct record {
	uint64_t starts; /* starts up to now, this one included */
	uint64_t lost;   /* lines that could not be written to the FIFO */
	uint64_t pid;    /* the current daemon; 0 while the fields below change */
	uint64_t begun_ns;
	uint64_t main_ns;
	uint64_t up_ns;
} __attribute__((aligned(8))); /* for atomic access on 32-bit machines, too */

struct options {
	const char *service, *dir, *pidfile, *ready, *mark, *watchdog, *exec;
	long daemonize, forks, slow_start, late_pidfile, ignore_term, note_term;
	long exit_after, exit_code, exit_signal, ready_after, hang_after;
	long children, sessions, port, orphans, chatter, allocate, allocate_after;
};

static struct options opt = {.dir = "/srv/testd", .forks = 2, .exit_after = -1, .hang_after = -1};
static struct record no_record; /* used where the file cannot be mapped */
static struct record *record = &no_record;
static uint64_t main_ns, seq;
static unsigned long long chatted; /* lines that this process has written to stdout */
static int term_fd = -1; /* DIR/SERVICE.term: one line for each SIGTERM */

#ifdef __x86_64__
/*
 * The entry point. The time between its stamp and main()'s stamp is the daemon's own cost, and must
 * not depend on the supervisor. But it depends on what ran on the processor just before: after a
 * wakeup for a direct exec it was up to 0.5 us longer than after a shell. Therefore the entry point
 * first does once what makes the difference. It touches the page of the stack that one start in
 * eight needs, by the kernel's random placement, and makes each system call that follows until
 * main()'s stamp.
 */
__attribute__((used, section(".bss.begun"))) static struct timespec begun;
__asm__(".pushsection .text.begin, \"ax\", @progbits\n"
	".globl begin\n"
	"begin:\n"
	"	movq $0, -1024(%rsp)\n"
	"	mov $218, %eax\n" /* set_tid_address: none, as it is */
	"	xor %edi, %edi\n"
	"	syscall\n"
	"	mov $158, %eax\n" /* arch_prctl */
	"	mov $0x1002, %edi\n" /* ARCH_SET_FS: 0, as it is */
	"	xor %esi, %esi\n"
	"	syscall\n"
	"	mov $228, %eax\n" /* clock_gettime */
	"	mov $1, %edi\n" /* CLOCK_MONOTONIC */
	"	lea begun(%rip), %rsi\n"
	"	syscall\n"
	"	mov $228, %eax\n" /* the stamp that counts */
	"	syscall\n"
	"	jmp _start\n"
	"	.balign 16\n" /* makes _start begin a cache line */
	".popsection");
#else
static struct timespec begun;
#endif

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

/*
 * Read main()'s stamp by a system call. The vDSO would be slower here: in a new process its two
 * pages are not mapped yet, and each costs a page fault.
 */
static int64_t main_stamp(void)
{
#ifdef SYS_clock_gettime64 /* 32-bit machines: seconds have 64 bits in this call only */
	enum { CALL = SYS_clock_gettime64 };
#else
	enum { CALL = SYS_clock_gettime };
#endif
	struct {
		int64_t seconds, ns;
	} t;

	if (syscall(CALL, CLOCK_MONOTONIC, &t))
		return now(); /* a 32-bit kernel before 5.1 */
	return t.seconds * SECOND + t.ns;
}

__attribute__((noreturn, format(printf, 2, 3))) static void die(int code, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	fputs("testd: ", stderr);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
	va_end(list);
	exit(code);
}

/* ---- options ---- */

enum kind { FLAG, NUMBER, TEXT };

/* early: takes effect before the mode file is read, and cannot stand there. */
static const struct option {
	const char *name;
	enum kind kind;
	void *value;
	long low, high;
	int early;
} all_options[] = {
	{"--dir", TEXT, &opt.dir, 0, 0, 1},
	{"--daemonize", FLAG, &opt.daemonize, 0, 0, 1},
	{"--forks", NUMBER, &opt.forks, 1, 2, 1},
	{"--pidfile", TEXT, &opt.pidfile, 0, 0, 1},
	{"--slow-start", NUMBER, &opt.slow_start, 0, LONG_MAX / 1000000, 1},
	{"--late-pidfile", NUMBER, &opt.late_pidfile, 0, LONG_MAX / 1000000, 1},
	{"--mark", TEXT, &opt.mark, 0, 0, 1},
	{"--exec", TEXT, &opt.exec, 0, 0, 1},
	{"--exit-after", NUMBER, &opt.exit_after, 0, LONG_MAX / 1000000, 0},
	{"--exit-code", NUMBER, &opt.exit_code, 0, 255, 0},
	{"--exit-signal", NUMBER, &opt.exit_signal, 1, 64, 0},
	{"--ignore-term", FLAG, &opt.ignore_term, 0, 0, 0},
	{"--note-term", FLAG, &opt.note_term, 0, 0, 0},
	{"--ready", TEXT, &opt.ready, 0, 0, 0},
	{"--ready-after", NUMBER, &opt.ready_after, 0, LONG_MAX / 1000000, 0},
	{"--children", NUMBER, &opt.children, 0, 10000, 0},
	{"--sessions", NUMBER, &opt.sessions, 0, 10000, 0},
	{"--port", NUMBER, &opt.port, 1, 65535, 0},
	{"--orphans", NUMBER, &opt.orphans, 0, 1000000, 0},
	{"--chatter", NUMBER, &opt.chatter, 1, 1000000, 0},
	{"--allocate", NUMBER, &opt.allocate, 1, LONG_MAX >> 20, 0},
	{"--allocate-after", NUMBER, &opt.allocate_after, 0, LONG_MAX / 1000000, 0},
	{"--watchdog", TEXT, &opt.watchdog, 0, 0, 0},
	{"--hang-after", NUMBER, &opt.hang_after, 0, LONG_MAX / 1000000, 0},
};

static const struct option *find_option(const char *name)
{
	for (size_t i = 0; i < sizeof all_options / sizeof *all_options; i++)
		if (!strcmp(all_options[i].name, name))
			return &all_options[i];
	return NULL;
}

static long parse_number(const struct option *o, const char *word)
{
	char *end;

	errno = 0;
	long value = strtol(word, &end, 10);
	if (errno || end == word || *end || value < o->low || value > o->high)
		die(EX_USAGE, "%s takes a number from %ld to %ld, not '%s'", o->name, o->low, o->high, word);
	return value;
}

/* Parse the command line, or (late) the mode file. */
static void parse_options(int count, char **words, int late)
{
	for (int i = 0; i < count; i++) {
		if (words[i][0] != '-' && !late && !opt.service) {
			opt.service = words[i];
			continue;
		}
		const struct option *o = find_option(words[i]);
		if (!o)
			die(EX_USAGE, "unknown option '%s'", words[i]);
		if (late && o->early)
			die(EX_USAGE, "%s cannot be set in a mode file: it is acted upon before", o->name);
		if (o->kind == FLAG) {
			*(long *)o->value = 1;
			continue;
		}
		if (++i == count)
			die(EX_USAGE, "%s needs a value", o->name);
		if (o->kind == NUMBER)
			*(long *)o->value = parse_number(o, words[i]);
		else
			*(const char **)o->value = words[i];
	}
}

/* Names must need no quotes: they become parts of file names and of JSON. */
static int good_name(const char *name)
{
	size_t length = strlen(name);

	if (!length || length > 64 || name[0] == '.')
		return 0;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("._@-", *name))
			return 0;
	return 1;
}

/* Return the path in --watchdog file:PATH; NULL for --watchdog notify. */
static const char *heartbeat_path(void)
{
	return strncmp(opt.watchdog, "file:/", 6) ? NULL : opt.watchdog + 5;
}

static int ready_fd(void)
{
	static const struct option fd = {"--ready fd:N", NUMBER, NULL, 0, 1 << 20, 0};

	return (int)parse_number(&fd, opt.ready + 3);
}

static void check_options(void)
{
	if (!opt.service)
		die(EX_USAGE, "usage: testd [options] SERVICE");
	if (!good_name(opt.service))
		die(EX_USAGE, "'%s' is no service name: 1 to 64 of a-z A-Z 0-9 . _ @ -", opt.service);
	if (opt.exit_code && opt.exit_signal)
		die(EX_USAGE, "--exit-code and --exit-signal exclude each other");
	if (opt.exit_after < 0 && (opt.exit_code || opt.exit_signal))
		die(EX_USAGE, "--exit-code and --exit-signal need --exit-after MS");
	if (opt.late_pidfile && !opt.pidfile)
		die(EX_USAGE, "--late-pidfile needs --pidfile PATH");
	if (opt.watchdog && strcmp(opt.watchdog, "notify") && !heartbeat_path())
		die(EX_USAGE, "--watchdog takes notify or file:/PATH, not '%s'", opt.watchdog);
	if (!opt.ready)
		return;
	if (!strncmp(opt.ready, "fd:", 3))
		ready_fd();
	else if (strcmp(opt.ready, "notify") && strcmp(opt.ready, "stop") && strcmp(opt.ready, "never"))
		die(EX_USAGE, "--ready takes fd:N, notify, stop or never, not '%s'", opt.ready);
}

/* ---- lines and record ---- */

static void path_in_dir(char *path, const char *name, const char *suffix)
{
	if (snprintf(path, PATH_MAX, "%s/%s%s", opt.dir, name, suffix) >= PATH_MAX)
		path[0] = 0;
}

/* Allocate blocks where possible: on a full disk, the first write would raise SIGBUS. */
static int allocate_record(int fd)
{
	int error = posix_fallocate(fd, 0, sizeof *record);

	return !error || (error == EOPNOTSUPP && !ftruncate(fd, sizeof *record));
}

static void open_record(void)
{
	char path[PATH_MAX];
	struct stat st;

	path_in_dir(path, opt.service, ".count");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	if (!fstat(fd, &st) && ((size_t)st.st_size >= sizeof *record || allocate_record(fd))) {
		void *map = mmap(NULL, sizeof *record, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (map != MAP_FAILED)
			record = map;
	}
	close(fd);
}

/* Write one line by one write shorter than PIPE_BUF: it arrives whole or not at all. */
static void write_line(const char *line, int length)
{
	char path[PATH_MAX];
	struct stat st;

	path_in_dir(path, "stamps", "");
	int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || !S_ISFIFO(st.st_mode) || write(fd, line, length) != length)
		__atomic_fetch_add(&record->lost, 1, __ATOMIC_RELAXED);
	if (fd >= 0)
		close(fd);
}

static void write_start_line(void)
{
	char line[512];

	prctl(PR_SET_NAME, "testd"); /* the measuring program looks for this name */
	__atomic_store_n(&record->pid, 0, __ATOMIC_SEQ_CST);
	seq = __atomic_add_fetch(&record->starts, 1, __ATOMIC_SEQ_CST);
	uint64_t begun_ns = begun.tv_sec * SECOND + begun.tv_nsec;
	__atomic_store_n(&record->begun_ns, begun_ns, __ATOMIC_SEQ_CST);
	__atomic_store_n(&record->main_ns, main_ns, __ATOMIC_SEQ_CST);
	uint64_t up_ns = now();
	__atomic_store_n(&record->up_ns, up_ns, __ATOMIC_SEQ_CST);
	__atomic_store_n(&record->pid, getpid(), __ATOMIC_SEQ_CST);
	write_line(line, snprintf(line, sizeof line,
			    "{\"event\":\"start\",\"service\":\"%s\",\"pid\":%d,\"ppid\":%d,\"seq\":%llu,"
			    "\"begun_ns\":%llu,\"main_ns\":%llu,\"up_ns\":%llu}\n",
			    opt.service, getpid(), getppid(), (unsigned long long)seq,
			    (unsigned long long)begun_ns, (unsigned long long)main_ns,
			    (unsigned long long)up_ns));
}

static void write_event_line(const char *event)
{
	char line[512];

	write_line(line, snprintf(line, sizeof line,
			    "{\"event\":\"%s\",\"service\":\"%s\",\"pid\":%d,\"seq\":%llu,\"%s_ns\":%lld,"
			    "\"chatted\":%llu}\n",
			    event, opt.service, getpid(), (unsigned long long)seq, event,
			    (long long)now(), chatted));
}

/* ---- daemonizing ---- */

static pid_t fork_or_die(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die(EX_OSERR, "fork: %s", strerror(errno));
	return pid;
}

/* Write by rename: a reader finds the old content or the new, never a part of it. */
static void write_pidfile(void)
{
	char temporary[PATH_MAX];

	if (snprintf(temporary, sizeof temporary, "%s.%d", opt.pidfile, getpid()) >= PATH_MAX)
		die(EX_CANTCREAT, "%s: name too long", opt.pidfile);
	FILE *file = fopen(temporary, "we");
	if (!file || fprintf(file, "%d\n", getpid()) < 0 || fclose(file))
		die(EX_CANTCREAT, "%s: %s", temporary, strerror(errno));
	if (rename(temporary, opt.pidfile))
		die(EX_CANTCREAT, "%s: %s", opt.pidfile, strerror(errno));
}

/* Take long to get up, as a program does that reads a lot first. A signal ends it. */
static void start_slowly(void)
{
	int64_t end = now() + opt.slow_start * MILLISECOND;
	struct timespec until = {end / SECOND, end % SECOND};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL))
		;
}

/* Wait, in the first process, for the byte that the daemon sends when it is up; exit 0. */
__attribute__((noreturn)) static void wait_for_daemon(int fd, pid_t child)
{
	char byte;
	ssize_t got;

	do
		got = read(fd, &byte, 1);
	while (got < 0 && errno == EINTR);
	if (opt.forks == 2)
		waitpid(child, NULL, 0);
	_exit(got == 1 ? 0 : EX_OSERR);
}

/* Fork, and return in the daemon: the descriptor that releases the first process. */
static int daemonize(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		die(EX_OSERR, "pipe: %s", strerror(errno));
	pid_t child = fork_or_die();
	if (child) {
		close(ends[1]);
		wait_for_daemon(ends[0], child);
	}
	close(ends[0]);
	setsid();
	if (opt.forks == 2 && fork_or_die())
		_exit(0);
	umask(022);
	if (chdir("/"))
		die(EX_OSERR, "chdir /: %s", strerror(errno));
	return ends[1];
}

/* Redirect the three streams and release. Comes last: errors before it still reach stderr. */
static void release_first_process(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; null >= 0 && i < 3; i++)
		dup2(null, i);
	if (write(fd, "", 1) != 1)
		_exit(EX_OSERR);
	close(fd);
}

/* ---- behaviour that options ask for ---- */

static void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	if (!path || strlen(path) >= sizeof to.sun_path) {
		fprintf(stderr, "testd: no usable NOTIFY_SOCKET for %s\n", state);
		return;
	}
	strcpy(to.sun_path, path);
	if (path[0] == '@')
		to.sun_path[0] = 0;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (fd < 0 || sendto(fd, state, strlen(state), MSG_NOSIGNAL, (void *)&to, length) < 0)
		fprintf(stderr, "testd: %s to %s: %s\n", state, path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* Write the line first: after SIGSTOP it would wait for the supervisor's SIGCONT. */
static void become_ready(void)
{
	write_event_line("ready");
	if (!strcmp(opt.ready, "notify")) {
		notify("READY=1");
		return;
	}
	if (!strcmp(opt.ready, "stop")) {
		raise(SIGSTOP);
		return;
	}
	int fd = ready_fd();
	if (write(fd, "\n", 1) != 1 || close(fd))
		fprintf(stderr, "testd: readiness to descriptor %d: %s\n", fd, strerror(errno));
}

__attribute__((noreturn)) static void end_daemon(void)
{
	sigset_t all;

	write_event_line("exit");
	if (!opt.exit_signal)
		_exit((int)opt.exit_code);
	prctl(PR_SET_DUMPABLE, 0); /* no core file: its place is a setting of the host */
	signal((int)opt.exit_signal, SIG_DFL);
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	kill(getpid(), (int)opt.exit_signal);
	die(EX_USAGE, "signal %ld does not end a process", opt.exit_signal);
}

/* Listen on a TCP port, as servers do. Children inherit it: it is free once all have ended. */
static void listen_on_port(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port)};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) ||
	    bind(fd, (void *)&any, sizeof any) || listen(fd, 1))
		die(EX_UNAVAILABLE, "port %ld: %s", opt.port, strerror(errno));
}

static void leave_children(long count, const char *name, int in_sessions)
{
	for (long i = 0; i < count; i++) {
		if (fork_or_die())
			continue;
		if (in_sessions)
			setsid();
		prctl(PR_SET_NAME, name);
		for (;;)
			pause();
	}
}

/* Leave orphans one after the other; each ends as soon as its parent has ended. */
static void leave_orphans(void)
{
	for (long i = 0; i < opt.orphans; i++) {
		pid_t child = fork_or_die();
		if (child) {
			waitpid(child, NULL, 0);
			continue;
		}
		pid_t parent = getpid();
		if (fork_or_die())
			_exit(0);
		prctl(PR_SET_NAME, "testd-orphan");
		while (getppid() == parent)
			nanosleep(&(struct timespec){.tv_nsec = MILLISECOND}, NULL);
		_exit(0);
	}
	if (opt.orphans)
		write_event_line("left");
}

static void allocate(void)
{
	size_t size = (size_t)opt.allocate << 20, page = (size_t)sysconf(_SC_PAGESIZE);
	volatile char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		die(EX_OSERR, "%ld MB: %s", opt.allocate, strerror(errno));
	for (size_t i = 0; i < size; i += page)
		memory[i] = 1;
}

static void write_chatter(void)
{
	dprintf(1, "%s %llu %llu\n", opt.service, (unsigned long long)seq, ++chatted);
}

static void touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || futimens(fd, NULL))
		fprintf(stderr, "testd: %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void feed_watchdog(void)
{
	if (heartbeat_path())
		touch(heartbeat_path());
	else
		notify("WATCHDOG=1");
}

/* ---- a program in the place of testd ---- */

/* Read words that each end with a zero byte, as in /proc/PID/cmdline. They are never freed. */
static char **read_command(void)
{
	enum { SIZE = 1 << 16, WORDS = 1024 };
	char *text = malloc(SIZE), **words = calloc(WORDS, sizeof *words);
	int count = 0, fd = open(opt.exec, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 || !text || !words ? -1 : read(fd, text, SIZE);

	if (size < 0)
		die(EX_NOINPUT, "%s: %s", opt.exec, strerror(errno));
	close(fd);
	if (!size || size == SIZE || text[size - 1])
		die(EX_NOINPUT, "%s: not 1 to %d bytes of words that end with a zero byte", opt.exec, SIZE - 1);
	for (char *word = text; word < text + size && count < WORDS - 1; word += strlen(word) + 1)
		words[count++] = word;
	return words;
}

/*
 * Make the file that takes what the program writes. A pipe would not do: while nobody reads it, it
 * stops the program. It is a new file for each start, since children of an earlier one may live on.
 */
static int make_output(void)
{
	char path[PATH_MAX];

	path_in_dir(path, opt.service, ".output");
	unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0644);
	if (fd < 0)
		die(EX_CANTCREAT, "%s: %s", path, strerror(errno));
	return fd;
}

__attribute__((noreturn)) static void become_program(char **words, int output)
{
	dup2(output, 1);
	dup2(output, 2);
	if (output > 2)
		close(output);
	execv(words[0], words);
	die(EX_OSERR, "%s: %s", words[0], strerror(errno));
}

/* ---- waiting ---- */

static void hang(void);

enum { READY, EXIT, ALLOCATE, CHATTER, WATCHDOG, HANG, PIDFILE, TIMERS };

static void (*const timer_runs[TIMERS])(void) = {
	[READY] = become_ready, [EXIT] = end_daemon, [ALLOCATE] = allocate,
	[CHATTER] = write_chatter, [WATCHDOG] = feed_watchdog, [HANG] = hang,
	[PIDFILE] = write_pidfile,
};

/* Zero until set_timers(): data that have values would not fit the page of main(). */
static struct timer {
	int64_t next, period;
} timers[TIMERS];

/* Stay alive but do nothing more, like a deadlocked program. */
static void hang(void)
{
	for (int i = 0; i < TIMERS; i++)
		timers[i].next = NEVER;
}

static int64_t watchdog_period(void)
{
	if (heartbeat_path())
		return HEARTBEAT;
	const char *microseconds = getenv("WATCHDOG_USEC");
	long long period = microseconds ? atoll(microseconds) * 1000 / 2 : 0;

	if (period > 0)
		return period;
	fprintf(stderr, "testd: --watchdog notify without a usable WATCHDOG_USEC\n");
	return 0;
}

static void set_timers(void)
{
	int64_t begin = now();

	for (int i = 0; i < TIMERS; i++)
		timers[i].next = NEVER;
	if (opt.ready && strcmp(opt.ready, "never"))
		timers[READY].next = begin + opt.ready_after * MILLISECOND;
	if (opt.exit_after >= 0)
		timers[EXIT].next = begin + opt.exit_after * MILLISECOND;
	if (opt.allocate)
		timers[ALLOCATE].next = begin + opt.allocate_after * MILLISECOND;
	if (opt.late_pidfile)
		timers[PIDFILE].next = begin + opt.late_pidfile * MILLISECOND;
	if (opt.hang_after >= 0)
		timers[HANG].next = begin + opt.hang_after * MILLISECOND;
	if (opt.chatter) {
		timers[CHATTER].period = SECOND / opt.chatter;
		timers[CHATTER].next = begin;
	}
	if (opt.watchdog && (timers[WATCHDOG].period = watchdog_period()))
		timers[WATCHDOG].next = begin;
}

__attribute__((noreturn)) static void wait_forever(void)
{
	for (;;) {
		struct timer *first = timers;
		for (int i = 1; i < TIMERS; i++)
			if (timers[i].next < first->next)
				first = &timers[i];
		if (first->next == NEVER) {
			pause();
			continue;
		}
		struct timespec until = {first->next / SECOND, first->next % SECOND};
		if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL))
			continue;
		first->next = first->period ? first->next + first->period : NEVER;
		timer_runs[first - timers]();
	}
}

/* ---- the start ---- */

/* Read the mode file. Its text is never freed: options point into it. */
static void read_mode(void)
{
	enum { SIZE = 4096 };
	char path[PATH_MAX], *words[256];
	int count = 0;

	path_in_dir(path, opt.service, ".mode");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	char *text = calloc(1, SIZE), *rest = text;
	if (!text)
		die(EX_OSERR, "%s: %s", path, strerror(errno));
	ssize_t size = read(fd, text, SIZE - 1);
	close(fd);
	if (size == SIZE - 1)
		die(EX_USAGE, "%s: longer than %d bytes", path, SIZE - 2);
	for (char *word; count < 256 && (word = strsep(&rest, " \t\r\n"));)
		if (*word)
			words[count++] = word;
	parse_options(count, words, 1);
	check_options();
}

/* Handle SIGTERM. It formats only integers, while the daemon waits: no lock of libc is held. */
static void note_term(int number)
{
	char line[64];
	int64_t term_ns = now();
	int length = snprintf(line, sizeof line, "%d %lld\n", getpid(), (long long)term_ns);

	if (write(term_fd, line, (size_t)length) != length || opt.ignore_term)
		return;
	signal(number, SIG_DFL);
	raise(number);
}

/* For calibration: write main()'s stamp and one of now as a line that the kernel stamps, too. */
static void write_mark(void)
{
	int fd = open(opt.mark, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		die(EX_CANTCREAT, "%s: %s", opt.mark, strerror(errno));
	dprintf(fd, "testd main_ns=%llu beside_ns=%lld\n", (unsigned long long)main_ns,
		(long long)now());
	close(fd);
}

static void set_up_sigterm(void)
{
	char path[PATH_MAX];

	if (opt.ignore_term)
		signal(SIGTERM, SIG_IGN);
	if (!opt.note_term)
		return;
	path_in_dir(path, opt.service, ".term");
	term_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_SYNC | O_CLOEXEC, 0644);
	if (term_fd < 0)
		die(EX_CANTCREAT, "%s: %s", path, strerror(errno));
	signal(SIGTERM, note_term);
}

/* Not inlined into main(): that lies in the page that exec itself brings in. */
__attribute__((noinline, noreturn)) static void run_daemon(int argc, char **argv)
{
	parse_options(argc - 1, argv + 1, 0);
	check_options();
	if (opt.mark)
		write_mark();
	char **words = opt.exec ? read_command() : NULL;
	open_record();
	int first = opt.daemonize ? daemonize() : -1;
	if (opt.slow_start)
		start_slowly();
	if (opt.pidfile && !opt.late_pidfile)
		write_pidfile();
	set_up_sigterm();
	int output = words ? make_output() : -1;
	write_start_line();
	if (first >= 0)
		release_first_process(first);
	if (words)
		become_program(words, output);
	read_mode();
	set_up_sigterm();
	if (opt.port)
		listen_on_port();
	leave_children(opt.children, "testd-child", 0);
	leave_children(opt.sessions, "testd-session", 1);
	leave_orphans();
	set_timers();
	wait_forever();
}

int main(int argc, char **argv)
{
	main_ns = (uint64_t)main_stamp();
	run_daemon(argc, argv);
}
