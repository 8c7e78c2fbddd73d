# Lists the recipes.
default:
    @just --list --unsorted

# Formats the code.
fmt:
    cargo fmt --all

# Applies clippy's automatic fixes, then formats.
fix: && fmt
    cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged

# Checks formatting and lints.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Runs the quick tests.
test:
    cargo test --workspace --locked

# Runs all tests.
slow:
    RUN_SLOW_TESTS=1 cargo test --workspace --locked

# Compares random requests to two processes with a model, for ten minutes.
soak:
    EASEL_SOAK_SECONDS="${EASEL_SOAK_SECONDS:-600}" cargo test --package easel --test it random:: -- --nocapture

# Tests Easel against OpenAI's API document and servers that imitate OpenAI's. Installs them first.
interop:
    tests/interop/run

# Generates schema/ from the types of the protocol.
schema:
    cargo run --quiet -- app-server generate-json-schema --out schema
    cargo run --quiet -- app-server generate-ts --out schema

# Runs a conversation with the embedded preview provider.
demo:
    cargo run --release -- demo

# Runs the tests with every message checked against the schema of the Codex app-server, from its npm package.
conformance:
    mkdir -p target/codex
    npm install --prefix target/codex --no-fund --no-audit @openai/codex@0.169.0
    target/codex/node_modules/.bin/codex app-server generate-json-schema --out target/codex/schema
    EASEL_PEER_SCHEMA="$PWD/target/codex/schema" cargo test --workspace --locked

# Generates docs/COMPATIBILITY.md from both schemas. The other one is in EASEL_PEER_SCHEMA or in ../shared.
compatibility:
    EASEL_PEER_SCHEMA="$(realpath "${EASEL_PEER_SCHEMA:-../shared/peer/schema}")" EASEL_WRITE_COMPATIBILITY=1 \
        cargo test --quiet --package easel-protocol --lib compatibility

# Runs public clients of the Codex app-server against Easel. Their drivers are in EASEL_SHARED or ../shared.
clients:
    .ci/clients

# Runs the benchmarks.
bench:
    cargo bench --package easel --profile dist

# Counts private words, undocumented items and other violations of the rules on language and structure.
vocabulary *ARGS:
    .ci/vocabulary {{ARGS}}

# Lints the code for Windows. Needs `rustup target add x86_64-pc-windows-gnu` and a MinGW C compiler.
lint-windows:
    cargo clippy --workspace --all-targets --target x86_64-pc-windows-gnu --locked -- -D warnings

# Runs everything that CI runs.
check:
    .ci/run
