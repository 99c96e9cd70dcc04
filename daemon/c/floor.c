/*
 * floor: the smallest possible supervisor, the limit that each figure is compared to.
 *
 * usage: floor COMMAND [ARG...] [-- COMMAND [ARG...]]...
 *
 * Starts each command and, when one ends, starts it again at once; as PID 1 it reaps orphans too.
 * On SIGTERM it terminates its commands and exits when they have ended. Commands are full paths.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct command {
	char **argv;
	pid_t pid; /* 0: not running */
};

static sigset_t awaited, none;

static int start(struct command *c)
{
	volatile int error = 0; /* the child shares our memory until it has executed */

	c->pid = vfork();
	if (c->pid == 0) {
		sigprocmask(SIG_SETMASK, &none, NULL);
		execv(c->argv[0], c->argv);
		error = errno;
		_exit(127);
	}
	if (c->pid > 0 && !error)
		return 1;
	fprintf(stderr, "floor: %s: %s\n", c->argv[0], strerror(error ? error : errno));
	c->pid = 0; /* what is left of the child is reaped like an orphan */
	return 0;
}

static int split(char **argv, struct command *commands)
{
	int count = 0;

	for (char **word = argv; *word; word++) {
		commands[count++] = (struct command){word, 0};
		while (*word && strcmp(*word, "--"))
			word++;
		if (commands[count - 1].argv == word || (*word && !word[1]))
			return 0;
		if (!*word)
			break;
		*word = NULL;
	}
	return count;
}

/* The ended child's command is started again; returns 0 if that cannot be done. */
static int replace(struct command *commands, int count, pid_t pid, int stopping)
{
	for (int i = 0; i < count; i++) {
		if (commands[i].pid != pid)
			continue;
		commands[i].pid = 0;
		return stopping || start(&commands[i]);
	}
	return 1; /* an orphan */
}

static void terminate(struct command *commands, int count)
{
	for (int i = 0; i < count; i++)
		if (commands[i].pid > 0)
			kill(commands[i].pid, SIGTERM);
}

static int running(struct command *commands, int count)
{
	while (count--)
		if (commands[count].pid > 0)
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	struct command commands[argc];
	int count = split(argv + 1, commands), stopping = 0, failed = 0;

	if (!count) {
		fprintf(stderr, "usage: floor COMMAND [ARG...] [-- COMMAND [ARG...]]...\n");
		return 64;
	}
	sigemptyset(&none);
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGCHLD);
	sigaddset(&awaited, SIGTERM);
	sigprocmask(SIG_BLOCK, &awaited, NULL);
	for (int i = 0; i < count && !failed; i++)
		failed = !start(&commands[i]);
	do {
		if (failed || sigwaitinfo(&awaited, NULL) == SIGTERM) {
			stopping = 1;
			terminate(commands, count);
		}
		for (pid_t pid; (pid = waitpid(-1, NULL, failed && stopping ? 0 : WNOHANG)) > 0;)
			if (!replace(commands, count, pid, stopping))
				failed = 1;
	} while (running(commands, count));
	return failed ? 71 : 0;
}
