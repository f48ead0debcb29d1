// DuckDB as a contender of the benchmark. MODULES is the folder in which npm installed @duckdb/node-api.
//
//   node duckdb.mjs MODULES load FILE < ROWS   makes the database of what duckdb.sh sends
//   node duckdb.mjs MODULES serve FILE         answers requests, one JSON object a line, until its input
//                                              ends: {"prepare": SQL}, then {"ask": true} over and over
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

process.on("uncaughtException", (error) => {
  console.error(`duckdb.mjs: ${error.message.split("\n")[0]}`);
  process.exit(1);
});

const [modules, command, file] = process.argv.slice(2);
const { DuckDBInstance } = createRequire(modules + "/")("@duckdb/node-api");

async function load() {
  const connection = await (await DuckDBInstance.create()).connect();
  // The newest format of the file: smaller, and read twice as fast as the one it defaults to.
  await connection.run(`ATTACH '${file}' AS store (STORAGE_VERSION 'latest')`);
  await connection.run(`CREATE TABLE store.calls AS
    SELECT make_timestamp(seconds * 1000000) AS snapshot_timestamp, * EXCLUDE (seconds)
    FROM read_csv('/dev/stdin', header = false, allow_quoted_nulls = false,
      columns = {
        seconds: 'BIGINT', customer_acc_id: 'INTEGER', src_country_id: 'INTEGER', dst_country_id: 'INTEGER',
        src_prefix_routing: 'VARCHAR', dst_prefix_routing: 'VARCHAR', duration: 'INTEGER',
        auth_orig_ip: 'VARCHAR', customer_price: 'DOUBLE'
      })
    ORDER BY customer_acc_id, snapshot_timestamp`);
  await connection.run("CHECKPOINT store");
}

async function serve() {
  const connection = await (await DuckDBInstance.create(file, { access_mode: "READ_ONLY" })).connect();
  let prepared;

  async function answer(request) {
    if (request.prepare !== undefined) {
      prepared = await connection.prepare(request.prepare);
      return {};
    }
    const start = performance.now();
    const result = await prepared.run();
    const chunks = await result.fetchAllChunks();
    const milliseconds = performance.now() - start;
    const column = (i) => chunks.flatMap((chunk) => chunk.getColumnValues(i));
    return {
      milliseconds,
      t: column(0).map((timestamp) => Number(timestamp.micros / 1000000n)),
      calls: column(1).map(Number),
    };
  }

  for await (const line of createInterface({ input: process.stdin })) {
    const reply = await answer(JSON.parse(line)).catch((error) => ({ error: error.message }));
    process.stdout.write(JSON.stringify(reply) + "\n");
  }
}

await { load, serve }[command]();
