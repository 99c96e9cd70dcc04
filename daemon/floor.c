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
	if (c->pid < 0)
		error = errno;
	if (error)
		fprintf(stderr, "floor: %s: %s\n", c->argv[0], strerror(error));
	return !error;
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

int main(int argc, char **argv)
{
	struct command commands[argc];
	int count = split(argv + 1, commands), stopping = 0, running;

	if (!count) {
		fprintf(stderr, "usage: floor COMMAND [ARG...] [-- COMMAND [ARG...]]...\n");
		return 64;
	}
	sigemptyset(&none);
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGCHLD);
	sigaddset(&awaited, SIGTERM);
	sigprocmask(SIG_BLOCK, &awaited, NULL);
	for (int i = 0; i < count; i++)
		if (!start(&commands[i]))
			return 71;
	do {
		if (sigwaitinfo(&awaited, NULL) == SIGTERM)
			for (int i = stopping = 1; i <= count; i++)
				if (commands[i - 1].pid)
					kill(commands[i - 1].pid, SIGTERM);
		for (pid_t pid; (pid = waitpid(-1, NULL, WNOHANG)) > 0;)
			for (int i = 0; i < count; i++) {
				if (commands[i].pid != pid)
					continue;
				commands[i].pid = 0;
				if (!stopping && !start(&commands[i]))
					return 71;
				break;
			}
		running = 0;
		for (int i = 0; i < count; i++)
			running += commands[i].pid > 0;
	} while (running);
	return 0;
}
