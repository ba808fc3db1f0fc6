// Runs a program in Node.js and says how it ended: node_driver.js TASK NONCE_FD VERDICT_FD
"use strict";
const fs = require("fs");
const path = require("path");

const [task, nonceFd, verdictFd] = process.argv.slice(2);
const nonce = fs.readFileSync(Number(nonceFd), "utf8");
fs.closeSync(Number(nonceFd));
// As kept here: the program may replace what these names stand for.
const { writeSync } = fs;
const { stringify } = JSON;
const leave = process.reallyExit.bind(process);
process.argv = [process.argv[0], task];

function verdictOf(error) {
  if (error === undefined) return { outcome: "passed", detail: "", nonce };
  const name = (error && error.name) || typeof error;
  const detail = `${name}: ${String((error && error.message) || error)}`.replace(/\s+/g, " ").slice(0, 300);
  if (name === "AssertionError") return { outcome: "failed", detail };
  return { outcome: name === "SyntaxError" ? "syntax_error" : "error", detail };
}

let thrown;
try {
  require(path.resolve(task));
} catch (error) {
  thrown = error === undefined ? new Error("undefined was thrown") : error;
}
writeSync(Number(verdictFd), stringify({ confined: true, ...verdictOf(thrown) }));
leave(0);
