"""A read of thirty reminders in plain text behind the same kind of token, as somebody would write it with FastAPI: asyncpg,
PyJWT, two workers. Prints its port and a token, and serves until it is ended."""

import asyncio
import os
import sys
import time
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from uuid import UUID, uuid4

import asyncpg
import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from fastapi import FastAPI, Header, HTTPException


@asynccontextmanager
async def life(app):
    app.state.pool = await asyncpg.create_pool(os.environ["URL"], min_size=4, max_size=8)
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=life)


@app.get("/reminders")
async def reminders(authorization: str = Header()):
    try:
        claims = jwt.decode(authorization.removeprefix("Bearer "), os.environ["KEY"], algorithms=["EdDSA"], audience="bench")
    except jwt.InvalidTokenError as error:
        raise HTTPException(401) from error
    rows = await app.state.pool.fetch(
        "select id, step, ordinal, due_at, status, action from reminder where person = $1 order by due_at limit 30",
        UUID(claims["sub"]))
    return {"items": [dict(row) for row in rows]}


async def prepare(url, person):
    connection = await asyncpg.connect(url)
    await connection.execute("""create table reminder (id uuid primary key, person uuid not null, step uuid not null,
        ordinal int not null, due_at timestamptz not null, status text not null, action text not null)""")
    await connection.execute("create index on reminder (person, due_at)")
    now = datetime.now(timezone.utc)
    for who in [person, *(uuid4() for _ in range(100))]:
        step = uuid4()
        rows = [(uuid4(), who, step, n, now + timedelta(hours=8 * n), "upcoming", "Take amoxicillin 500 mg") for n in range(30)]
        await connection.copy_records_to_table("reminder", records=rows)
    await connection.close()


def main():
    url, port = sys.argv[1], int(sys.argv[2])
    person, key = uuid4(), Ed25519PrivateKey.generate()
    asyncio.run(prepare(url, person))
    os.environ["URL"] = url
    os.environ["KEY"] = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    claims = {"sub": str(person), "aud": "bench", "exp": int(time.time()) + 3600}
    print(jwt.encode(claims, private, algorithm="EdDSA"), flush=True)
    uvicorn.run("fastapi_read:app", host="127.0.0.1", port=port, workers=2, log_level="error", app_dir=os.path.dirname(__file__))


if __name__ == "__main__":
    main()
