// Runs llama.cpp for `spanfill bench`: one JSON request a line on stdin, one JSON answer a line on stdout.
//
// Knows token ids and clocks. Prompts, stopping rules and statistics are the caller's, so that both sides
// are given the same. Times are taken here, beside the model, so that no pipe is in them.

import {createInterface} from "node:readline";
import path from "node:path";
import process from "node:process";
import {pathToFileURL} from "node:url";

const [folder] = process.argv.slice(2);
const entry = path.join(folder, "node_modules", "node-llama-cpp", "dist", "index.js");
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(entry).href);

let llama, model, context, sequence;

async function open(asked) {
    llama = await getLlama({
        gpu: false,
        // The package's own binary or none: nothing is compiled, nothing is fetched.
        build: "never",
        skipDownload: true,
        maxThreads: asked.threads,
        progressLogs: false,
        logLevel: LlamaLogLevel.error,
        logger: (_, message) => process.stderr.write(message)
    });
    model = await llama.loadModel({modelPath: asked.model});
    context = await model.createContext({
        contextSize: asked.context_tokens,
        batchSize: 512,
        threads: asked.threads,
        sequences: 1,
        flashAttention: "auto"
    });
    sequence = context.getSequence();
    return {
        release: llama.llamaCppRelease.release,
        features: [...llama.systemInfo.matchAll(/(\w+) = 1/g)].map(([, name]) => name),
        weights: model.typeDescription,
        threads: context.currentThreads
    };
}

// Greedy decoding behind `ids`. With `keep`, what the cache shares with them is not read again.
async function run({ids, keep, limit, line}) {
    if (!keep) await sequence.clearHistory();
    const began = performance.now();
    if (keep) await sequence.adaptStateToTokens(ids.slice(0, -1), false);
    const cached = sequence.nextTokenIndex;
    const tokens = [], atMs = [];
    for await (const token of sequence.evaluate(ids.slice(cached), {temperature: 0})) {
        atMs.push(performance.now() - began);
        tokens.push(token);
        if (tokens.length >= limit || (line && hasLine(tokens))) break;
    }
    return {cached, tokens, at_ms: atMs, end_ms: performance.now() - began};
}

// Whether a line with something in it is finished: no rule that ends a line comes later.
function hasLine(tokens) {
    return /\S[^\n]*\n/.test(model.detokenize(tokens));
}

const requests = {open, run};

for await (const text of createInterface({input: process.stdin})) {
    const asked = JSON.parse(text);
    let answer;
    try {
        answer = await requests[asked.op](asked);
    } catch (error) {
        answer = {error: String(error?.message ?? error)};
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
}
await llama?.dispose();
