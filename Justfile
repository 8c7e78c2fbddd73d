# Lists the recipes.
default:
    @just --list --unsorted

# Formats the code.
fmt:
    cargo fmt --all

# Applies what clippy can mend by itself, then formats.
fix: && fmt
    cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged

# What CI says of style.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings

# The quick tests.
test:
    cargo test --workspace --locked

# All tests.
slow:
    RUN_SLOW_TESTS=1 cargo test --workspace --locked

# Random calls over two processes, held against a model, for ten minutes.
soak:
    EASEL_SOAK_SECONDS="${EASEL_SOAK_SECONDS:-600}" cargo test --package easel --test it random:: -- --nocapture

# Servers and documents that others wrote: installs them, speaks to them, and is judged by them.
interop:
    tests/interop/run

# Writes schema/ anew from the protocol's types.
schema:
    cargo run --quiet -- app-server generate-json-schema --out schema
    cargo run --quiet -- app-server generate-ts --out schema

# A whole conversation on the embedded preview provider.
demo:
    cargo run --release -- demo

# The tests with every message judged by the schema of the Codex app-server, which its npm package writes.
conformance:
    mkdir -p target/codex
    npm install --prefix target/codex --no-fund --no-audit @openai/codex@0.169.0
    target/codex/node_modules/.bin/codex app-server generate-json-schema --out target/codex/schema
    EASEL_PEER_SCHEMA="$PWD/target/codex/schema" cargo test --workspace --locked

# Writes docs/COMPATIBILITY.md anew from both schemas; the other server's is in EASEL_PEER_SCHEMA or in ../shared.
compatibility:
    EASEL_PEER_SCHEMA="$(realpath "${EASEL_PEER_SCHEMA:-../shared/peer/schema}")" EASEL_WRITE_COMPATIBILITY=1 \
        cargo test --quiet --package easel-protocol --lib compatibility

# Runs public clients of the Codex app-server against Easel; their drivers are in EASEL_SHARED or ../shared.
clients:
    .ci/clients

# Measures the server.
bench:
    cargo bench --package easel --profile dist

# What lint says of the parts for Windows; wants `rustup target add x86_64-pc-windows-gnu` and a MinGW C compiler.
lint-windows:
    cargo clippy --workspace --all-targets --target x86_64-pc-windows-gnu --locked -- -D warnings

# Everything that CI does.
check:
    .ci/run
