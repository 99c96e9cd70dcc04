// An application that runs a program and ends with it.
const { spawn } = require("child_process");

const program = spawn("{{ services[0].program }}", "{{ services[0].arguments }}".split(" "), {
  stdio: "inherit",
});
program.on("exit", (code) => process.exit(code));
