// Inserts by ClickHouse's own client, in the way that the argument names; prints the outcome as JSON.
import { createReadStream, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";

const { URL: url, CLIENT, PASSWORD, FEED, COMPRESSION } = process.env;
const { createClient, ClickHouseError } = createRequire(import.meta.url)(CLIENT);
const what = process.argv[2];
const client = createClient({
    url,
    username: "default",
    password: what === "bad-password" ? "wrong" : PASSWORD,
    compression: { request: COMPRESSION === "1", response: false },
    max_open_connections: 10,
});

const table = "active_calls";
const format = "JSONEachRow";
const query_id = `q-${what}`;
const sample = () => readFileSync(FEED, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
const row = (fields) => ({ snapshot_timestamp: "2026-01-01 12:00:00", customer_acc_id: 7, ...fields });

async function* sampleRows() {
    for await (const line of createInterface({ input: createReadStream(FEED) })) yield JSON.parse(line);
}

const ways = {
    ping: () => client.ping(),
    values: () => client.insert({ table, format, query_id, values: sample() }),
    stream: () => client.insert({ table, format, query_id, values: Readable.from(sampleRows(), { objectMode: true }) }),
    columns: () => client.insert({ table, format, query_id, values: sample(), columns: Object.keys(sample()[0]) }),
    many: async () => {
        const batch = (n) => Array.from({ length: 10 }, (_, i) => row({ duration: n * 10 + i }));
        const all = Array.from({ length: 50 }, (_, n) => client.insert({ table, format, values: batch(n) }));
        return { ok: (await Promise.all(all)).length };
    },
    "bad-row": () => client.insert({ table, format, values: [row({}), row({ duration: "long" })] }),
    "bad-table": () => client.insert({ table: "calls", format, values: [row({})] }),
    "bad-password": () => client.insert({ table, format, values: [row({})] }),
    select: () => client.query({ query: "SELECT 1" }),
};

try {
    const { executed, success, ok, summary, query_id } = await ways[what]();
    console.log(JSON.stringify({ success, ok, summary, query_id }));
} catch (error) {
    if (!(error instanceof ClickHouseError)) throw error;
    const { code, type, message } = error;
    console.log(JSON.stringify({ code, type, message }));
}
await client.close();
