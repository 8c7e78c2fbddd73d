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

# Kills the process at every system call of each scenario, cuts the power there, and prints the kills. Takes about an
# hour.
crash-points *ARGS:
    EASEL_CRASH_POINTS=all cargo test --package easel --test it crash::{{ARGS}} -- --nocapture

# Lets two processes compete for the last image of a day 1,000 times, and kills one of them now and then.
spending-race:
    RUN_SLOW_TESTS=1 cargo test --package easel --test it spending::race

# Runs a thread of 2,000 turns against a provider that counts tokens, with the default limit.
long-thread turns="2000":
    EASEL_LONG_THREAD_TURNS={{turns}} cargo test --package easel --test it context::limit -- --nocapture

# Runs one fuzz target for some seconds. Needs cargo-fuzz.
fuzz target seconds="600":
    .ci/fuzz {{seconds}} {{target}}

# Runs each fuzz target for some seconds, as many at once as there are cores.
fuzz-all seconds="60":
    .ci/fuzz {{seconds}}

# Changes the pure core in small ways, and lists the changes that its own tests do not notice. Needs cargo-mutants.
mutants *ARGS:
    cargo mutants --output target --package easel-imagegen --package easel-thread \
        --file 'crates/easel-imagegen/**' --file 'crates/easel-thread/src/machine*' \
        --file 'crates/easel-thread/src/machine/**' {{ARGS}}

# Changes the parsers and the journal in the same way.
mutants-parsers *ARGS:
    cargo mutants --output target --package easel-config --package easel-provider --package easel-rpc \
        --package easel-store --file 'crates/easel-config/src/layers/**' --file 'crates/easel-provider/src/http/sse.rs' \
        --file 'crates/easel-provider/src/json_images/**' --file 'crates/easel-rpc/src/inbound/envelope.rs' \
        --file 'crates/easel-rpc/src/inbound/line.rs' --file 'crates/easel-store/src/journal/**' {{ARGS}}

# Tests Easel against OpenAI's API document and servers that imitate OpenAI's. Installs them first.
interop:
    tests/interop/run

# Generates schema/ from the types of the protocol.
schema:
    cargo run --quiet -- app-server generate-json-schema --out schema
    cargo run --quiet -- app-server generate-ts --out schema

# Runs public clients of MCP and ACP against Easel.
faces:
    .ci/faces

# Runs code generators for Python, TypeScript, Go and Java over schema/. Installs them first.
generators:
    .ci/generators

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

# Measures Easel beside an echo, an older build (EASEL_BASELINE_BIN) and the Codex app-server (EASEL_PEER_BIN), in one
# table. `--only NAME` runs one scenario, `--long` adds a thread of 10,000 turns, and `--quick` tries everything once.
bench *ARGS: build-bench
    target/dist/easel-bench table --json target/bench.json --easel target/dist/easel \
        ${EASEL_BASELINE_BIN:+--baseline "$EASEL_BASELINE_BIN"} ${EASEL_PEER_BIN:+--peer "$EASEL_PEER_BIN"} {{ARGS}}
    cargo bench --package easel --profile dist

# Measures like `bench --long`, and writes the table, the plots and the phases of a turn to docs/.
performance *ARGS: build-bench
    target/dist/easel-bench table --docs docs --json docs/performance/results.json --long --easel target/dist/easel \
        ${EASEL_BASELINE_BIN:+--baseline "$EASEL_BASELINE_BIN"} ${EASEL_PEER_BIN:+--peer "$EASEL_PEER_BIN"} {{ARGS}}
    target/dist/easel-bench phases --docs docs --easel target/dist/easel

[private]
build-bench:
    cargo build --profile dist --locked --package easel --package easel-bench

# Counts the instructions of frequent operations with valgrind, and compares them with the kept counts. `--write` keeps
# the new ones.
instructions *ARGS:
    cargo build --workspace --locked --bins --tests
    target/debug/easel-bench instructions --easel target/debug/easel --counts crates/easel-bench/instructions.json \
        {{ARGS}}

# Measures the copies that models see of these pictures: size, cost and similarity, as rows of a table.
copies +FILES:
    @for file in {{FILES}}; do cargo run --quiet --release --package easel-picture --example measure_copies -- "$file"; done

# Draws the prompts and edits of docs/preview-sheet.png with the preview provider.
preview-sheet:
    cargo run --quiet --package easel-preview --example draw_sheet -- docs/preview-sheet.png

# Counts private words, undocumented items and other violations of the rules on language and structure.
vocabulary *ARGS:
    .ci/vocabulary {{ARGS}}

# Lints the code for Windows. Needs `rustup target add x86_64-pc-windows-gnu` and a MinGW C compiler.
lint-windows:
    cargo clippy --workspace --all-targets --target x86_64-pc-windows-gnu --locked -- -D warnings

# Runs everything that CI runs.
check:
    .ci/run
