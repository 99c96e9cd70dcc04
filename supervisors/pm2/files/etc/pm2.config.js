const fs = require("fs");

const files = fs.readdirSync("/etc/pm2").filter((name) => name.endsWith(".json"));
module.exports = { apps: files.map((name) => require("/etc/pm2/" + name)) };
