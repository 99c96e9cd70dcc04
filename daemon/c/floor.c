/*
 * floor: the smallest possible supervisor, the limit to which each figure is compared.
 *
 * usage: floor COMMAND [ARG...] [-- COMMAND [ARG...]]...
 *
 * It starts each command, and starts it again at once when it ends. As PID 1 it reaps orphans, too.
 * On SIGTERM it terminates its commands, and exits when they have ended. Commands are full paths.
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

static sigset_t expected_signals, no_signals;

static int start(struct command *c)
{
	volatile int error = 0; /* the child shares this memory until its exec */

	c->pid = vfork();
	if (c->pid == 0) {
		sigprocmask(SIG_SETMASK, &no_signals, NULL);
		execv(c->argv[0], c->argv);
		error = errno;
		_exit(127);
	}
	if (c->pid > 0 && !error)
		return 1;
	fprintf(stderr, "floor: %s: %s\n", c->argv[0], strerror(error ? error : errno));
	c->pid = 0; /* the failed child is reaped like an orphan */
	return 0;
}

static int split_commands(char **argv, struct command *commands)
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

/* Start the command of an ended child again; return 0 if that fails. */
static int restart_command(struct command *commands, int count, pid_t pid, int stopping)
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

static int any_running(struct command *commands, int count)
{
	while (count--)
		if (commands[count].pid > 0)
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	struct command commands[argc];
	int count = split_commands(argv + 1, commands), stopping = 0, failed = 0;

	if (!count) {
		fprintf(stderr, "usage: floor COMMAND [ARG...] [-- COMMAND [ARG...]]...\n");
		return 64;
	}
	sigemptyset(&no_signals);
	sigemptyset(&expected_signals);
	sigaddset(&expected_signals, SIGCHLD);
	sigaddset(&expected_signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &expected_signals, NULL);
	for (int i = 0; i < count && !failed; i++)
		failed = !start(&commands[i]);
	do {
		if (failed || sigwaitinfo(&expected_signals, NULL) == SIGTERM) {
			stopping = 1;
			terminate(commands, count);
		}
		for (pid_t pid; (pid = waitpid(-1, NULL, failed && stopping ? 0 : WNOHANG)) > 0;)
			if (!restart_command(commands, count, pid, stopping))
				failed = 1;
	} while (any_running(commands, count));
	return failed ? 71 : 0;
}
