// Driver program of the Node.js driver (cassandra-driver). Commands: ../README.md.
'use strict';
const cassandra = require('cassandra-driver');

const sessions = new Map();
const prepared = new Map(); // this driver prepares a text when it first executes it so

async function connect(command) {
  const where =
    command.bundle !== undefined
      ? { cloud: { secureConnectBundle: command.bundle } }
      : { contactPoints: [`${command.host}:${command.port}`], localDataCenter: 'datacenter1' };
  const options = {
    ...where,
    keyspace: command.keyspace,
    protocolOptions: { maxVersion: command.version },
    pooling: { maxRequestsPerConnection: command.in_flight || 2048 },
    socketOptions: { readTimeout: 20000, connectTimeout: 20000 }, // a busy machine is no failure
  };
  if (command.username !== undefined) {
    options.authProvider = new cassandra.auth.PlainTextAuthProvider(command.username, command.password);
  }
  if (command.client_timestamps === false) {
    options.policies = { timestampGeneration: null };
  }
  const client = new cassandra.Client(options);
  try {
    await client.connect();
  } catch (problem) {
    await client.shutdown();
    throw problem;
  }
  sessions.set(command.session, client);
  const nodes = client.hosts.values().map((host) => host.address.split(':')[0]);
  return { protocol: client.controlConnection.protocolVersion, nodes };
}

// Gives text, values and options as client.execute takes them. Of a text that is not prepared the driver would guess each number a double.
function statement(command) {
  const hints = command.values.map((value) => (typeof value === 'number' ? 'int' : 'text'));
  if (command.prepared !== undefined) return [prepared.get(command.prepared), command.values, { prepare: true }];
  return [command.text, command.values, { hints }];
}

const plain = (rows) => (rows || []).map((row) => row.values().map((value) => (value instanceof cassandra.types.Long ? value.toString() : value)));

const commands = {
  connect,
  async prepare(command) {
    prepared.set(command.id, command.text);
    return { prepared: command.id };
  },
  async execute(command) {
    const [text, values, options] = statement(command);
    const consistency = command.consistency && cassandra.types.consistencies[command.consistency.toLowerCase()];
    const result = await sessions.get(command.session).execute(text, values, { ...options, consistency });
    const columns = (result.columns || []).map((column) => column.name);
    return { columns, rows: plain(result.rows), applied: columns.includes('[applied]') ? result.wasApplied() : null };
  },
  async batch(command) {
    const statements = command.statements.map((one) => ({ query: statement(one)[0], params: one.values }));
    await sessions.get(command.session).batch(statements, { prepare: true });
    return {};
  },
  async many(command) {
    const client = sessions.get(command.session);
    const text = prepared.get(command.prepared);
    const first = new Array(command.values.length).fill(null);
    let next = 0;
    async function work() {
      while (next < command.values.length) {
        const mine = next++;
        const rows = plain((await client.execute(text, command.values[mine], { prepare: true })).rows);
        first[mine] = rows.length ? rows[0] : null;
      }
    }
    await Promise.all(Array.from({ length: command.in_flight }, work));
    return { first };
  },
  async page(command) {
    const [text, values, options] = statement(command);
    const paging = { fetchSize: command.size, pageState: command.state || undefined };
    const result = await sessions.get(command.session).execute(text, values, { ...options, ...paging });
    return { rows: plain(result.rows), state: result.pageState || null };
  },
  async set_keyspace(command) {
    await sessions.get(command.session).execute(`USE ${command.keyspace}`);
    return {};
  },
  async columns(command) {
    const table = await sessions.get(command.session).metadata.getTable(command.keyspace, command.table);
    return { columns: table.columns.map((column) => column.name) };
  },
  async close(command) {
    await sessions.get(command.session).shutdown();
    sessions.delete(command.session);
    return {};
  },
};

function className(problem) {
  const code = problem.code !== undefined && Object.entries(cassandra.types.responseErrorCodes).find((entry) => entry[1] === problem.code);
  return code ? code[0] : problem.constructor.name;
}

async function answer(command) {
  let said;
  try {
    said = await commands[command.do](command);
  } catch (problem) {
    const inner = Object.values(problem.innerErrors || {}).map((one) => (one && one.message) || String(one));
    said = { error: { class: className(problem), message: [problem.message, ...inner].join('; ') } };
  }
  process.stdout.write(JSON.stringify({ id: command.id, ...said }) + '\n');
}

require('readline')
  .createInterface({ input: process.stdin })
  .on('line', (line) => answer(JSON.parse(line)))
  .on('close', () => process.exit(0));
