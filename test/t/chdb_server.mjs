// The current ClickHouse engine, which the library chdb is, behind as much of ClickHouse's HTTP interface as the tests
// ask for: POST / with a query, a user and a password. It prints its port.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const { Session } = createRequire(import.meta.url)(process.env.CHDB);
const session = new Session(process.argv[2]);

createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.headers['x-clickhouse-user'] !== 'yeti' || request.headers['x-clickhouse-key'] !== process.env.PASSWORD) {
        response.writeHead(403).end('Code: 516. DB::Exception: yeti: Authentication failed. (AUTHENTICATION_FAILED)\n');
        return;
    }
    try {
        const answer = session.query(Buffer.concat(chunks).toString(), 'TabSeparated');
        response.writeHead(200).end(answer ?? '');
    } catch (error) {
        response.writeHead(404).end(`${error.message}\n`);
    }
}).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
