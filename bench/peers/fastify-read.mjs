// A read of thirty reminders in plain text behind the same kind of token, as somebody would write it with Fastify and pg.
// Prints a token, and serves until it is ended.
import { generateKeyPairSync, randomUUID, sign, verify } from "node:crypto";
import Fastify from "fastify";
import pg from "pg";

const [url, port] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: url, max: 10 });
const person = randomUUID();
await pool.query(`create table reminder (id uuid primary key, person uuid not null, step uuid not null, ordinal int not null,
  due_at timestamptz not null, status text not null, action text not null)`);
await pool.query("create index on reminder (person, due_at)");
for (const who of [person, ...Array.from({ length: 100 }, () => randomUUID())]) {
  await pool.query(
    `insert into reminder select gen_random_uuid(), $1, gen_random_uuid(), n, now() + n * interval '8 hours', 'upcoming', 'Take amoxicillin 500 mg'
     from generate_series(0, 29) n`, [who]);
}
const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const message = `${part({ alg: "EdDSA", typ: "JWT" })}.${part({ sub: person, aud: "bench", exp: Math.floor(Date.now() / 1000) + 3600 })}`;
const token = `${message}.${sign(null, Buffer.from(message), privateKey).toString("base64url")}`;

const app = Fastify();
app.get("/reminders", async (request, reply) => {
  const [header, claims, signature] = (request.headers.authorization ?? "").replace("Bearer ", "").split(".");
  const good = verify(null, Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature ?? "", "base64url"));
  const said = good ? JSON.parse(Buffer.from(claims, "base64url")) : {};
  if (!good || said.exp * 1000 < Date.now()) return reply.code(401).send();
  const { rows } = await pool.query({
    name: "read",
    text: "select id, step, ordinal, due_at, status, action from reminder where person = $1 order by due_at limit 30",
    values: [said.sub],
  });
  return { items: rows };
});
await app.listen({ port: Number(port), host: "127.0.0.1" });
console.log(token);
